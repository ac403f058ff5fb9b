"""Where one was, kept across starts: a small file that nothing depends on.

``$XDG_STATE_HOME/replay/ui.json`` (``~/.local/state``), by the database's place. It is read with
suspicion: whatever is missing, damaged, huge or hostile in it is as if nothing had been kept. It
is written whole into another file that then takes its name, so that a kill leaves the old one.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SIZE_MAX: Final = 1_000_000
"""Bytes of a file that is read at all."""
DATABASES_MAX: Final = 50
PLACES_MAX: Final = 200
"""Transcripts of one database, those looked at last."""
_TEXT_MAX: Final = 500
_VERSION: Final = 1
THEMES: Final = ("dark", "light")


@dataclass(slots=True)
class Place:
    """Where one was in one database."""

    trace: str | None = None
    """The id of the trace under the cursor of the list."""
    sort: tuple[str, bool] = ("started", False)
    """The list's column, and whether it is the other way round."""
    steps: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """The id of the step and the tab that was chosen, by the id of the trace; the last one last."""


class State:
    """The file, or nothing at all (``path`` None): then everything is forgotten at the end."""

    def __init__(self, path: Path | None) -> None:
        """Read nothing yet."""
        self.path = path

    @classmethod
    def of_user(cls) -> State:
        """Return the state of whoever runs this."""
        home = os.environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(home):
            home = str(Path(os.environ.get("HOME") or "/nonexistent") / ".local" / "state")
        return cls(Path(home) / "replay" / "ui.json")

    @property
    def folder(self) -> Path | None:
        """The folder of the file."""
        return None if self.path is None else self.path.parent

    def place_in(self, database: Path) -> Place:
        """Return where one was in ``database``; an empty place where nothing is known."""
        held = _databases(self._held()).get(_name(database))
        return _place(held) if isinstance(held, dict) else Place()

    def keep(self, database: Path, place: Place) -> None:
        """Write where one is in ``database``; what other databases had stays.

        A disk that is full or a folder that cannot be written costs the memory, nothing else.
        """
        if self.path is None:
            return
        held = self._held()
        known = _databases(held)
        known.pop(_name(database), None)
        known[_name(database)] = {
            "trace": place.trace,
            "sort": list(place.sort),
            "steps": {id_: list(where) for id_, where in list(place.steps.items())[-PLACES_MAX:]},
        }
        kept = dict(list(known.items())[-DATABASES_MAX:])
        self._write({"theme": _theme(held), "databases": kept})

    def theme(self) -> str | None:
        """Return the theme that was chosen last, whatever the database; None: none ever was."""
        return _theme(self._held())

    def keep_theme(self, theme: str) -> None:
        """Write which theme was chosen; fails as `keep` does."""
        self._write({"theme": theme, "databases": _databases(self._held())})

    def _write(self, held: dict[str, Any]) -> None:
        if self.path is None:
            return
        text = json.dumps({"version": _VERSION, **held}, ensure_ascii=True)
        with contextlib.suppress(OSError), _replacing(self.path) as file:
            file.write_text(text, "utf-8")

    def _held(self) -> dict[str, Any]:
        if self.path is None:
            return {}
        try:
            if not self.path.is_file() or self.path.stat().st_size > SIZE_MAX:
                return {}
            held = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return held if isinstance(held, dict) and held.get("version") == _VERSION else {}


def _databases(held: dict[str, Any]) -> dict[str, Any]:
    known = held.get("databases")
    return known if isinstance(known, dict) else {}


def _theme(held: dict[str, Any]) -> str | None:
    theme = held.get("theme")
    return theme if theme in THEMES else None


def _name(database: Path) -> str:
    return os.path.realpath(database)


def _place(held: dict[str, Any]) -> Place:
    place = Place()
    if _is_text(held.get("trace")):
        place.trace = held["trace"]
    sort = held.get("sort")
    if isinstance(sort, list) and len(sort) == 2 and _is_text(sort[0]) and sort[1] in (True, False):
        place.sort = (sort[0], bool(sort[1]))
    steps = held.get("steps")
    for trace, where in list(steps.items())[-PLACES_MAX:] if isinstance(steps, dict) else []:
        is_place = isinstance(where, list) and len(where) == 2 and _is_text(where[0])
        if is_place and _is_text(trace) and (where[1] is None or _is_text(where[1])):
            place.steps[trace] = (where[0], where[1])
    return place


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _TEXT_MAX


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give another file in the same folder that takes the name of ``path`` at the end."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ui-")
    os.close(handle)
    other = Path(name)
    try:
        yield other
        other.replace(path)
    finally:
        other.unlink(missing_ok=True)
