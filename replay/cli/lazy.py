"""A click group that imports a command's file when that command is used.

``replay --help`` must answer at once, so the one-line helps live in a table beside the places
where the commands are; a test keeps the two equal.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True)
class Place:
    """Where a command lives, and its line in the list of commands."""

    module: str
    attribute: str
    short_help: str


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, on use."""

    def __init__(self, *args: Any, places: dict[str, Place], **kwargs: Any) -> None:
        """``places``: command name to place, in the order the help lists them."""
        super().__init__(*args, **kwargs)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order a newcomer needs them."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None when there is no such command."""
        place = self.places.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(place.module), place.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that ``args`` start with.

        Raises:
            click.UsageError: there is none; the message names the nearest one.
        """
        name = args[0]
        if not name.startswith("-") and name not in self.places:
            raise click.UsageError(f"No such command {name!r}.{_nearest(name, self.places)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.short_help) for name, place in self.places.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Return the commands and options that start with ``incomplete``; imports nothing."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=place.short_help)
            for name, place in self.places.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)


def _nearest(name: str, names: Sequence[str] | dict[str, Place]) -> str:
    import difflib

    found = difflib.get_close_matches(name, list(names), n=1)
    return f" Did you mean {found[0]!r}?" if found else " `replay --help` lists them."
