"""The options that name today's tools, for every command that has them, and their worker.

Tools are code of the user's: they are imported by a worker process, which describes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from replay.config import Config
    from replay.replayer.environment import Place
    from replay.replayer.questions.asking import DescribedToolbox


TODAYS_TOOLS: Final = "Today's tools. Default: `tools` of [tool.replay]."

path_option = click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Look for the tools' modules here first; after it in the working directory.",
)
env_option = click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Hand this environment variable to the tools; they get few others.",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="COUNT",
    help="Worker processes. Default: one for each core.",
)
deadline_option = click.option(
    "--deadline",
    "deadline_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long one call may take before it is ended and counted as a timeout.",
)


def tools_named(help_text: str) -> Callable[..., Any]:
    """Return the option ``--tools``, for a command in which it means something of its own."""
    return click.option("--tools", "toolbox", metavar="MODULE:TOOLBOX", help=help_text)


tools_option = tools_named(TODAYS_TOOLS)


def toolbox_options(help_text: str = TODAYS_TOOLS) -> Callable[..., Any]:
    """Return a decorator that gives a command ``toolbox``, ``paths`` and ``variables``."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (env_option, path_option, tools_named(help_text)):
            command = option(command)
        return command

    return decorate


def toolbox_named(toolbox: str | None, config: Config) -> str:
    """Return the tools that a command is about; None: those that ``[tool.replay]`` names.

    Raises:
        click.UsageError: no tools are named anywhere.
    """
    named = toolbox or config.tools
    if named is None:
        raise click.UsageError(
            "Which tools? Name them with --tools package.module:toolbox, or set `tools` in "
            "[tool.replay] of pyproject.toml."
        )
    return named


def tools_place(
    toolbox: str | None, paths: Sequence[Path] = (), variables: Sequence[str] = ()
) -> Place:
    """Return where today's tools are; None: those that ``[tool.replay]`` names.

    Raises:
        click.UsageError: no tools are named anywhere.
        ToolboxError: a variable has no value here.
    """
    from replay.config import load_config
    from replay.replayer.environment import environment_of, place_of

    config = load_config()
    named = toolbox_named(toolbox, config)
    return place_of(named, paths=paths, environment=environment_of([*config.env, *variables]))


def described(place: Place) -> DescribedToolbox:
    """Return what the toolbox has, as a worker that imports it says.

    Raises:
        ToolboxError: it cannot be loaded.
        WorkerError: loading it ended the worker.
    """
    from replay.replayer.questions.asking import Asking

    with Asking(place) as asking:
        return asking.toolbox
