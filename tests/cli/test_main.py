from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from replay.cli import main as main_module
from replay.cli.arguments import examples
from replay.cli.lazy import LazyGroup, Place
from replay.cli.main import cli, exit_code_of
from replay.errors import ExitCode, StoreError


def commands() -> dict[str, click.Command]:
    """Every command by its full name: ``list``, ``db check``."""
    found: dict[str, click.Command] = {}

    def walk(group: click.Group, prefix: str) -> None:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found[f"{prefix}{name}"] = command
            if isinstance(command, click.Group):
                walk(command, f"{prefix}{name} ")

    walk(cli, "")
    return found


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command that raises ``error`` and return the exit code."""

    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(main_module, "_failing", failing, raising=False)
    monkeypatch.setitem(cli.places, "failing", Place("replay.cli.main", "_failing", "Fails."))
    return exit_code_of(["failing"])


def test_the_list_of_commands_says_what_each_commands_own_help_says() -> None:
    assert isinstance(cli, LazyGroup)
    own = {name: command.get_short_help_str(200) for name, command in commands().items()}

    assert {name: place.short_help for name, place in cli.places.items()} == {
        name: text for name, text in own.items() if " " not in name
    }


def test_every_command_shows_an_example_of_itself() -> None:
    without = [
        name
        for name, command in commands().items()
        if not isinstance(command, click.Group)
        and f"replay {name}" not in (command.epilog or "") + (command.help or "")
    ]

    assert without == []


def test_every_command_that_prints_values_can_print_json() -> None:
    talkers = {"demo", "record", "proxy", "import", "export", "completion", "ui", "mcp"}
    without = [
        name
        for name, command in commands().items()
        if not isinstance(command, click.Group)
        and name not in talkers
        and not any("--json" in param.opts for param in command.params)
    ]

    others = ("db schema", "debug", "release", "db encrypt", "db decrypt", "db rekey")
    assert [name for name in without if name not in others] == []


def test_every_help_page_fits_into_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wide = []
    for name in commands():
        exit_code_of([*name.split(), "--help"])
        lines = capsys.readouterr().out.splitlines()
        wide += [f"{name}: {line}" for line in lines if len(line) > 80]

    assert wide == []


def test_a_long_example_goes_on_after_a_backslash() -> None:
    said = examples(
        "replay run traces.db --tools shop.tools:toolbox --note 'one or two' --since 7d"
    )

    assert said.split("\n")[2:] == [
        "  replay run traces.db --tools shop.tools:toolbox --note 'one or two' \\",
        "      --since 7d",
    ]


def test_every_option_says_what_it_is_for() -> None:
    silent = [
        f"{name} {param.opts[0]}"
        for name, command in commands().items()
        for param in command.params
        if isinstance(param, click.Option) and not param.help
    ]

    assert silent == []


def test_the_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["--help"]) == ExitCode.OK

    codes = re.findall(r"^ +(\d+)  ", capsys.readouterr().out, re.MULTILINE)
    assert codes == [str(int(code)) for code in ExitCode]


def test_an_unknown_command_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code_of(["aprove"]) == ExitCode.COULD_NOT_RUN

    assert "No such command 'aprove'. Did you mean 'approve'?" in capsys.readouterr().err


def test_a_users_mistake_is_a_message_and_code_3_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = StoreError("There is no database 'x.db'.", nearest="'y.db'", hint="Record one.")

    assert fail_with(error, monkeypatch) == ExitCode.COULD_NOT_RUN
    assert capsys.readouterr() == (
        "",
        "Error: There is no database 'x.db'.\nNearest: 'y.db'\nRecord one.\n",
    )


def test_our_own_bug_shows_its_traceback_and_never_looks_like_a_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's own exit code for a traceback is 1, which means BREAKING here."""
    assert fail_with(ZeroDivisionError("ours"), monkeypatch) == ExitCode.COULD_NOT_RUN

    talk = capsys.readouterr().err
    assert "Traceback (most recent call last)" in talk
    assert "ZeroDivisionError: ours" in talk
    assert "This is a bug in replay" in talk


def test_ctrl_c_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail_with(KeyboardInterrupt(), monkeypatch) == ExitCode.INTERRUPTED

    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_early_changes_neither_the_exit_code_nor_stderr(
    tmp_path: Path,
) -> None:
    program = (
        "import sys; from replay.cli import terminal\n"
        "for _ in range(100_000): terminal.emit('x' * 80)\n"
        "terminal.flush(); sys.exit(2)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        talk = process.stderr.read()

    assert (process.returncode, talk) == (2, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["completion", shell]) == ExitCode.OK

    assert "_REPLAY_COMPLETE" in capsys.readouterr().out


def test_the_shell_completes_commands_and_outcomes(tmp_path: Path) -> None:
    def complete(words: str) -> list[str]:
        ran = subprocess.run(
            [sys.executable, "-c", "from replay.cli.main import main; main()"],
            env={
                "_REPLAY_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split()) - 1),
                "PATH": "",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.split(",")[1] for line in ran.stdout.splitlines()]

    assert complete("replay ru") == ["run", "runs"]
    assert complete("replay list --outcome un") == ["unknown_tool", "unfinished"]
