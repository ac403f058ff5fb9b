"""`contexts.json` beside a file: toolsets and system prompts that many lines share by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from replay.errors import ImportFileError
from replay.records import JsonObject, JsonValue

FILE_NAME = "contexts.json"


@dataclass(frozen=True)
class Context:
    """One named toolset, and the system prompt that goes with it."""

    tools: list[JsonValue]
    system: str | None


class Contexts:
    """The contexts that lie beside one file; empty where there are none."""

    def __init__(self, entries: dict[str, Context] | None = None) -> None:
        """``entries``: by name."""
        self.entries = entries or {}

    @classmethod
    def beside(cls, path: Path) -> Contexts:
        """Return the contexts in the folder of ``path``.

        Raises:
            ImportFileError: there is a contexts.json, and it is not what the format says.
        """
        place = path.parent / FILE_NAME
        if not place.is_file():
            return cls()
        try:
            entries = json.loads(place.read_bytes())
            return cls({name: _context(entry) for name, entry in entries.items()})
        except json.JSONDecodeError as error:
            trouble = f"{place}:{error.lineno}:{error.colno}: {error.msg}."
        except (AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:
            trouble = f"{place} is not an object of contexts: {error!r}."
        raise ImportFileError(
            trouble, hint='Expected {"<name>": {"tools": [...], "system": "..." or null}, ...}.'
        )

    def named(self, name: JsonValue) -> Context | None:
        """Return the context ``name``, or None."""
        return self.entries.get(name) if isinstance(name, str) else None


def _context(entry: JsonObject) -> Context:
    return Context(list(entry.get("tools") or []), entry.get("system"))
