"""The options that say where today's tools are and how their workers run, for several commands."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli.tools_options import (
    env_option,
    jobs_option,
    path_option,
    toolbox_named,
    tools_option,
)

if TYPE_CHECKING:
    from replay.replayer.environment import Place
    from replay.store import Store

_OPTIONS = (
    tools_option,
    path_option,
    env_option,
    click.option(
        "--allow",
        multiple=True,
        metavar="HOST:PORT|run:PROGRAM",
        help="Let the tools really reach this address, or start this program.",
    ),
    click.option(
        "--sandbox",
        type=click.Choice(["off", "auto", "bubblewrap", "kernel"]),
        help="What workers run in, as for `replay run`.",
    ),
    click.option(
        "--deadline",
        "deadline_s",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="How long one call may take before it is ended.",
    ),
)

_ISOLATION = click.option(
    "--isolation",
    type=click.Choice(["trace", "process", "none"]),
    default="trace",
    show_default=True,
    help="What a case or a trace has to itself: a fork, a new process, or only its world.",
)

_FIELDS = (
    "toolbox",
    "paths",
    "variables",
    "allow",
    "sandbox",
    "jobs",
    "deadline_s",
)


@dataclass(frozen=True, slots=True)
class ToolPlace:
    """Where the tools are and how their workers run, as the command line says it."""

    toolbox: str | None
    paths: Sequence[Path]
    variables: Sequence[str]
    allow: Sequence[str]
    sandbox: str | None
    isolation: str
    jobs: int | None
    deadline_s: float | None

    def place(self, store: Store) -> Place:
        """Return the place of the tools; what is not given comes from ``[tool.replay]``.

        Raises:
            click.UsageError: no tools are named anywhere.
        """
        from dataclasses import replace

        from replay.config import load_config
        from replay.replayer.environment import environment_of, place_of
        from replay.replayer.masking import redaction_of_run
        from replay.replayer.sandbox.limits import limits_of

        config = load_config()
        toolbox = toolbox_named(self.toolbox, config)
        place = place_of(
            toolbox,
            paths=self.paths,
            environment=environment_of([*config.env, *self.variables]),
            allow=[*config.allow, *self.allow],
            loose=config.loose,
            limits=limits_of((), config.limits),
            writable=config.writable_paths,
        )
        return replace(place, redact=redaction_of_run(store, config.mask))

    def workers(self) -> dict[str, Any]:
        """Return how workers run, as what runs them takes it."""
        from replay.config import load_config
        from replay.replayer import DEADLINE_MS
        from replay.replayer.pool import Isolation

        config = load_config()
        return {
            "jobs": self.jobs or config.jobs or os.cpu_count() or 1,
            "deadline_s": self.deadline_s or (config.deadline_ms or DEADLINE_MS) / 1000,
            "isolation": Isolation(self.isolation),
            "sandbox": self.sandbox or config.sandbox,
        }


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` these options, and ``--jobs``; it gets them as one ``where``."""
    return jobs_option(one_worker_options(command))


def one_worker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` those options that a single worker has; it gets them as one ``where``."""

    @functools.wraps(command)
    def with_place(*args: Any, isolation: str = "trace", **options: Any) -> Any:
        given = {field: options.pop(field, None) for field in _FIELDS}
        return command(*args, where=ToolPlace(**given, isolation=isolation), **options)

    wrapped: Callable[..., Any] = with_place
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def tool_place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` these options, and ``--isolation``."""
    return _ISOLATION(place_options(command))
