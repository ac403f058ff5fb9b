"""Calls that another version read than the one that was recorded: translated, or as they are."""

from __future__ import annotations

from typing import Final

from replay.records import CallVerdict, JsonObject, ToolCall
from replay.report.ink import Ink, count, plain, wrap

_NOT_TRANSLATED: Final = "The recorded response was not translated"
_NOTES: Final = (_NOT_TRANSLATED, "Recorded response translated", "Another chain is as short")
"""How the notes of a call begin that its version line does not say."""


def version_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the part of the report on versions; nothing where each is the recorded one."""
    seen = coverage.get("versions") or []
    if not seen:
        return []
    lines = ["", ink.paint("Read by another version than recorded", "bold")]
    for one in seen:
        lines += wrap(plain(version_words(one)), width, indent="  ")
        if not one["translation"] and one["today"] is not None:
            then = one["recorded"] or "-"
            command = f"replay schema suggest {one['tool']} {then} {one['today']}"
            lines += wrap(f"`{plain(command)}` drafts a translation", width, indent="    ")
    return lines


def versions_words(coverage: JsonObject) -> list[str]:
    """Return the same, one line for each tool and version."""
    return [version_words(one) for one in coverage.get("versions") or []]


def version_words(one: JsonObject) -> str:
    """Return one object of ``VersionsSeen.report`` in words."""
    then = f"of version {one['recorded']}" if one["recorded"] else "from before it had versions"
    calls = f"{one['tool']}: {count(one['calls'], 'call')} {then}"
    if one["translation"]:
        return f"{calls}, translated: {' → '.join(one['translation'])}"
    today = f"version {one['today']}" if one["today"] else "a tool of no version"
    where = f"first in trace {one['trace_id']}, step {one['step_number']}"
    return f"{calls} read by {today} as they are, for there is no translation; {where}"


def version_fact(verdict: CallVerdict, call: ToolCall | None) -> str | None:
    """Return which version read one call, where it is another than recorded; else None."""
    result = verdict.replayed
    if result is None:
        return None
    if result.translation:
        return f"version: arguments translated, {' → '.join(result.translation)}"
    recorded = call.tool_version if call is not None else None
    if recorded is None or result.schema_hash is None or recorded == result.tool_version:
        return None
    today = f"read by {result.tool_version}" if result.tool_version else "read by no version"
    return f"version: recorded with {recorded}, {today} as it is; there is no translation"


def translation_notes(verdict: CallVerdict, *, only_failed: bool = False) -> list[str]:
    """Return what else is known of a call's translations: its answer's, a chain as short.

    ``only_failed``: nothing but that its recorded answer could not be translated.
    """
    notes = verdict.replayed.notes if verdict.replayed is not None else []
    return [note for note in notes if note.startswith(_NOT_TRANSLATED if only_failed else _NOTES)]
