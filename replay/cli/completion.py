"""`replay completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click

from replay.cli import terminal
from replay.cli.arguments import examples

SHELLS = ("bash", "zsh", "fish")


@click.command(
    short_help="Print a shell completion script.",
    epilog=examples(
        "replay completion bash >> ~/.bashrc",
        "replay completion zsh >> ~/.zshrc",
        "replay completion fish > ~/.config/fish/completions/replay.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands and options."""
    from click.shell_completion import get_completion_class

    from replay.cli.main import cli

    completer = get_completion_class(shell)
    assert completer is not None, "SHELLS lists what click knows"
    terminal.emit(completer(cli, {}, "replay", "_REPLAY_COMPLETE").source().strip())
