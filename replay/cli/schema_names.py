"""Naming schemas on the command line: ``TOOL``, ``TOOL@VERSION``, ``TOOL@HASH``, or a hash."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli.completing import words_of
from replay.errors import SelectionError

if TYPE_CHECKING:
    from replay.store import Store
    from replay.store.schemas import KnownSchema

HASH_SHOWN = 8
"""Hex digits of a schema's id that lists show; any unique beginning names it."""


def short_id(schema_id: str) -> str:
    """Return the digits that lists show: ``3f2a91c0``."""
    return schema_id.rpartition(":")[2][:HASH_SHOWN]


def split_reference(reference: str) -> tuple[str, str | None]:
    """Return the tool and the version (or hash) of ``TOOL[@VERSION]``."""
    tool, at, version = reference.rpartition("@")
    return (tool, version) if at and tool else (reference, None)


def named_schemas(store: Store, reference: str) -> list[KnownSchema]:
    """Return the schemas that a reference means, those seen last first.

    Raises:
        SelectionError: there is no such tool, or version of it; names the nearest.
    """
    known = store.schema_registry()
    tool, version = split_reference(reference)
    of_tool = [one for one in known.schemas if one.tool == reference]
    if of_tool:  # a tool's name may hold an @ itself
        tool, version = reference, None
    else:
        of_tool = [one for one in known.schemas if one.tool == tool]
    if not of_tool:
        by_hash = [one for one in known.schemas if _is_hash_of(reference, one.id)]
        if by_hash:
            return _newest_first(by_hash)
        raise _unknown_tool(tool, known.schemas, known.bare_calls)
    if version is None:
        return _newest_first(of_tool)
    found = [one for one in of_tool if version in one.versions]
    found = found or [one for one in of_tool if _is_hash_of(version, one.id)]
    if not found:
        raise _unknown_version(tool, version, of_tool)
    return _newest_first(found)


def unknown_name(tool: str, names: Sequence[str], where: str) -> SelectionError:
    """Return the error of a tool that ``where`` does not have."""
    near = get_close_matches(tool, names, n=1, cutoff=0.5)
    some = ", ".join(sorted(names)[:8]) + (", ..." if len(names) > 8 else "")
    return SelectionError(
        f"{where} has no tool {tool!r}.",
        nearest=near[0] if near else None,
        hint=f"It has {some}." if names else None,
    )


def complete_schema(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Return the words ``TOOL`` and ``TOOL@VERSION`` that begin so; the first may be a database."""
    from click.shell_completion import CompletionItem

    words = tuple(ctx.params.get("words") or ())
    names = [CompletionItem(name) for name in _names_for(words, incomplete)]
    return names if words or names else [CompletionItem(incomplete, type="file")]


def complete_tool(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the recorded tools whose names begin so."""
    return [name for name in _names_for(words_of(ctx), incomplete) if "@" not in name]


def complete_dialect(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the dialects that begin so."""
    return [name for name in DIALECT_NAMES if name.startswith(incomplete)]


DIALECT_NAMES = (
    "openai",
    "openai-strict",
    "openai-responses",
    "openai-responses-strict",
    "anthropic",
    "mcp",
    "pydantic",
    "openai-custom",
    "provider",
)


def _names_for(words: tuple[str, ...], incomplete: str) -> list[str]:
    from replay.cli.arguments import default_database
    from replay.errors import ReplayError
    from replay.store import Store

    first = next((Path(word) for word in words[:1] if Path(word).is_file()), None)
    try:
        with Store.open(first or default_database(), mode="r") as store:
            schemas = store.schema_registry().schemas
    except (ReplayError, click.UsageError):
        return []  # completion has no place for an error; the command itself will tell it
    names = dict.fromkeys(one.tool for one in schemas)
    if "@" in incomplete:
        names |= dict.fromkeys(f"{one.tool}@{v}" for one in schemas for v in one.versions)
        names |= dict.fromkeys(f"{one.tool}@{short_id(one.id)}" for one in schemas)
    return [name for name in names if name.startswith(incomplete)]


def _newest_first(schemas: list[KnownSchema]) -> list[KnownSchema]:
    return sorted(schemas, key=lambda one: one.last_seen_at or "", reverse=True)


def _is_hash_of(wanted: str, schema_id: str) -> bool:
    digits = schema_id.rpartition(":")[2]
    return len(wanted) >= 4 and (schema_id.startswith(wanted) or digits.startswith(wanted))


def _unknown_tool(
    tool: str, schemas: Sequence[KnownSchema], bare_calls: dict[str, int]
) -> SelectionError:
    if tool in bare_calls:
        from replay.verdicts.wording import times

        return SelectionError(
            f"{tool!r} was called {times(bare_calls[tool])}, and no schema of it was recorded.",
            hint="Record with the tools in a Toolbox, or name today's tools with --tools.",
        )
    names = list(dict.fromkeys(one.tool for one in schemas))
    if not names:
        return SelectionError(
            f"No schema is recorded, so none of {tool!r}.",
            hint="Recordings have them where models are shown tools; `replay schema list` says "
            "more.",
        )
    return unknown_name(tool, names, "The database")


def _unknown_version(tool: str, version: str, schemas: Sequence[KnownSchema]) -> SelectionError:
    versions = list(dict.fromkeys(v for one in schemas for v in one.versions))
    hashes = [short_id(one.id) for one in schemas]
    near = get_close_matches(version, [*versions, *hashes], n=1, cutoff=0.5)
    said = f"Recorded are {', '.join(versions)}" if versions else "Its calls name no version"
    return SelectionError(
        f"{tool!r} has no version {version!r}.",
        nearest=f"{tool}@{near[0]}" if near else None,
        hint=f"{said}; by hash: {', '.join(hashes[:6])}{', ...' if len(hashes) > 6 else ''}.",
    )
