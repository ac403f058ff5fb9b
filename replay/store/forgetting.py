"""`replay forget`: every trace that holds one person's value goes, whole.

A trace is not rewritten without the value: what else it says is of the same person. Looked for are
the value itself, in any case and however JSON writes it, and its placeholder, where the key that
made placeholders is known: in a masked database only that is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from replay.store import database
from replay.store.keep_rules import Due
from replay.store.pruned import Pruned
from replay.store.pruning import Pruner
from replay.store.shrinking import empty_log, vacuum
from replay.store.spool import spool_files, spool_folder
from replay.store.value_finder import ValueFinder

VALUE_SIZE_MIN: Final = 4
"""Shorter values stand in too many others."""
_ROUNDS_MAX: Final = 5


@dataclass(slots=True)
class Forgotten:
    """What `forget` found and removed."""

    pruned: Pruned
    trace_ids: list[str] = field(default_factory=list)
    """Traces that held the value; removed, unless they are in ``pruned.held``."""
    set_aside: int = 0
    """Records that fit no table or belong to no call, and held it: they went."""
    left: list[str] = field(default_factory=list)
    """Where it still stands, and is no trace's: a schema, an approval. For a person to judge."""
    recording: list[int] = field(default_factory=list)
    """Processes that still record: what they wrote stays in their spool until they end."""
    is_in_log: bool = False
    """Another program read an older state all the while: the file has parts of what went."""


def forget(pruner: Pruner, path: Path, values: Iterable[str], *, dry_run: bool) -> Forgotten:
    """Remove every trace that holds one of ``values``, and leave nothing of it in the file.

    Held traces stay and are named; pinned ones go and are named. ``pruner`` is an open
    `replay.store.pruning.pruning_of`.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed. What went until then is gone whole; what is left of
            it in gaps of the file goes when the same is asked for again.
    """
    connection = pruner.connection
    connection.execute("PRAGMA secure_delete=ON")
    finder = ValueFinder(connection, values, pruner.tell)
    done = Forgotten(pruner.pruned)
    done.recording = sorted(
        {int(one.stem.partition("-")[0]) for one in spool_files(spool_folder(path))}
    )
    seen = _version(connection)
    going = _found(finder, done)
    if dry_run:
        pruner.note(pruner.candidates.may_go(going, with_pinned=True))
        done.left = finder.others()
        return done
    for _ in range(_ROUNDS_MAX):
        may_go = pruner.candidates.may_go(going, with_pinned=True)
        pruner.remove(may_go, with_pinned=True, even_going_on=True)
        database.transaction_in_turn(connection, lambda: _remove_set_aside(finder, done))
        pruner.free()
        if _version(connection) == seen:
            break
        # Others wrote while that was read and removed: perhaps more of the same person.
        seen = _version(connection)
        going = _found(finder, done)
        if not pruner.candidates.may_go(going, with_pinned=True):
            break
    done.left = finder.others()
    vacuum(connection, partial(pruner.tell, "bytes written anew"))  # gaps in pages have old parts
    done.is_in_log = not empty_log(connection)
    return done


def _found(finder: ValueFinder, done: Forgotten) -> list[Due]:
    """Return the traces that hold it, oldest first, and note which they are."""
    found = finder.traces()
    done.trace_ids += [one.id for one in found if one.id not in done.trace_ids]
    return found


def _version(connection: sqlite3.Connection) -> int:
    """Return what changes when another connection has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _remove_set_aside(finder: ValueFinder, done: Forgotten) -> None:
    done.set_aside += finder.remove_set_aside()
