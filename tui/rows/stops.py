"""Breakpoints and watches of one database, kept from session to session beside no recording.

A small file for each database in the state folder of the user (``$XDG_STATE_HOME/replay``): the
database itself is only read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from replay.errors import ReplayError
from replay.records import JsonObject
from replay.stepping.breakpoints import Breakpoint
from replay.stepping.watches import Watch

_VERSION: Final = 1


@dataclass(slots=True)
class Stops:
    """What stepping stops at in a database, and what is watched there."""

    file: Path
    breakpoints: list[Breakpoint] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)

    @property
    def enabled(self) -> tuple[Breakpoint, ...]:
        """Those breakpoints that count."""
        return tuple(one for one in self.breakpoints if one.is_enabled)

    def save(self) -> None:
        """Keep them: in one step, so that a reader sees the old file or the new one.

        Raises:
            ReplayError: the folder cannot be written.
        """
        kept = {
            "version": _VERSION,
            "breakpoints": [one.to_json() for one in self.breakpoints],
            "watches": [one.to_json() for one in self.watches],
        }
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            _write_in_one_step(self.file, json.dumps(kept, indent=1, ensure_ascii=False))
        except OSError as error:
            raise ReplayError(
                f"Breakpoints could not be kept in '{self.file}': {error.strerror}.",
                hint="They hold until this program ends; XDG_STATE_HOME names another folder.",
            ) from error


def state_folder() -> Path:
    """Return where programs keep what is worth keeping, and no more than that."""
    named = os.environ.get("XDG_STATE_HOME", "")
    home = Path(named) if named and Path(named).is_absolute() else Path.home() / ".local" / "state"
    return home / "replay"


def stops_of(database: Path) -> tuple[Stops, ReplayError | None]:
    """Return the stops of ``database``, none where none were kept, and what went wrong if it did.

    A file that cannot be read is put aside: what is kept next does not overwrite it.
    """
    real = str(database.resolve()).encode("utf-8", "surrogateescape")
    named = f"{database.stem[:40]}-{hashlib.sha256(real).hexdigest()[:16]}.json"
    file = state_folder() / "stops" / named
    try:
        return _read(file, json.loads(file.read_text("utf-8"))), None
    except (FileNotFoundError, NotADirectoryError):
        return Stops(file), None
    except (OSError, ValueError, ReplayError) as error:
        aside = file.with_suffix(".unreadable")
        with contextlib.suppress(OSError):
            file.replace(aside)
        said = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        problem = ReplayError(
            f"The breakpoints that were kept cannot be read: {said}",
            hint=f"They are in '{aside}' now." if aside.exists() else f"They are in '{file}'.",
        )
        return Stops(file), problem


def _read(file: Path, kept: JsonObject) -> Stops:
    if not isinstance(kept, dict) or kept.get("version") != _VERSION:
        raise ReplayError("it is of another version.")
    return Stops(
        file,
        [Breakpoint.from_json(one) for one in kept.get("breakpoints", [])],
        [Watch.from_json(one) for one in kept.get("watches", [])],
    )


def _write_in_one_step(file: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as open_file:
            open_file.write(text)
            open_file.flush()
            os.fsync(open_file.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
