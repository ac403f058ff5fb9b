"""The edited branches of a trace: what is known of all their calls, and one call with its values.

A branch has the values of all its calls, twice, and of each edit both sides: a few calls with
megabytes are a hundred. What a list shows is read without them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from itertools import product
from typing import Any, Final

from pydantic import ValidationError

from replay.records import Branch, BranchStep, CallVerdict, JsonValue, ReplayRun
from replay.records.replays import WHAT_IF
from replay.store.content_parts import Parts, value_at, value_without
from replay.store.json_cutting import EACH, NotCutError, Place
from replay.store.selecting import run_key, trace_key
from tui.rows.both import without_values as texts_of
from tui.rows.database import Database

_SIDES: Final = ("today", "edited")
_VALUES: Final = (("replayed", "payload"), ("replayed", "result"))
_TEXTS: Final = (("replayed", "response"), ("translated_response",))
_SIDES_OF_EDIT: Final = ("recorded", "edited")
_STEP: Final = ("branch", "steps", EACH)
_STEP_VALUES: Final = tuple((side, *path) for side, path in product(_SIDES, _VALUES))
_EDIT_VALUES: Final = tuple(("branch", "edits", EACH, side) for side in _SIDES_OF_EDIT)
_RUN_VALUES: Final = (
    *_EDIT_VALUES,
    *((*_STEP, side, *path) for side, path in product(_SIDES, _VALUES + _TEXTS)),
)
"""What is left out where a run is read."""
_PLACES: Final = (*_EDIT_VALUES, _STEP, *((*_STEP, *path) for path in _STEP_VALUES))
"""What is read of a branch at once, and what is left out then."""
_ALL: Final[frozenset[str]] = frozenset()
_EXTRA: Final = frozenset(("extra",))


def trace_row(database: Database, trace_id: str) -> int:
    """Return the row of a trace.

    Raises:
        SelectionError: it is not there.
    """
    with database.reading() as connection:
        return trace_key(connection, trace_id)


def newest_branch(database: Database, trace_id: str, limit: int = 50) -> ReplayRun | None:
    """Return the newest branch of a trace, among the newest 50 what-ifs; None: there is none.

    It has the values of no call and of no edit.
    """
    with database.reading() as connection:
        rows = connection.execute(
            f"SELECT key, extra FROM replay_run_rows WHERE id GLOB '{WHAT_IF}*' "
            "ORDER BY started_us DESC, key DESC LIMIT ?",
            (limit,),
        ).fetchall()
        mine = (key for key, extra in rows if _trace_of(database, key, extra) == trace_id)
        found = next(mine, None)
    runs = [] if found is None else read_runs(database, [found])
    return runs[0] if runs else None


def read_runs(database: Database, keys: Sequence[int], *, branches: bool = True) -> list[ReplayRun]:
    """Return the replay runs in these rows, newest first; branches without values.

    ``branches`` False: without branches. Even what is left out of one has to be passed by: of
    megabytes that takes longer than a list may.

    Raises:
        StoreError: the database cannot be read, or one of them is gone.
    """
    marks = ", ".join("?" * len(keys))
    condition, order = f"r.key IN ({marks})", "r.started_us DESC, r.key DESC"
    left_out = _EXTRA if database.places is None else _ALL  # whole records tell what is hidden
    with database.reading() as connection:
        runs = database.records.records("replay_run", condition, keys, order, left_out=left_out)
        if len(runs) != len(keys):
            raise sqlite3.DatabaseError("a row that was there a moment ago is gone")
        if database.places is not None:
            return [_without_values(run) for run in runs]
        if not branches:
            return runs
        query = f"SELECT id, extra FROM replay_run_rows r WHERE {condition}"
        extras = dict(connection.execute(query, keys))
        return [_with_extra(database, run, extras[run.id]) for run in runs]


def read_run(database: Database, run_id: str) -> ReplayRun:
    """Return a replay run with everything that it has.

    Raises:
        SelectionError: it is not there any more.
        StoreError: the database cannot be read.
    """
    with database.reading() as connection:
        key = run_key(connection, run_id)
        run: ReplayRun = database.records.records("replay_run", "r.key = ?", [key])[0]
        return run


def has_run(database: Database, run_id: str) -> bool:
    """Say whether a replay run is still there."""
    with database.reading() as connection:
        found = connection.execute("SELECT 1 FROM replay_run_rows WHERE id = ?", (run_id,))
        return found.fetchone() is not None


def branch_size(database: Database, run_id: str) -> int:
    """Return the bytes of a branch: how long it takes to read one call of it."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT r.extra, c.size FROM replay_run_rows r LEFT JOIN contents c ON c.key = r.extra "
            "WHERE r.id = ?",
            (run_id,),
        ).fetchone()
        if row is None or row[1] is None:
            return 0
        return max(int(row[1]), database.content_size([row[0]]))


class BranchReader:
    """Reads the calls and the edits of a branch one by one, each when the screen shows it."""

    def __init__(self, database: Database, run: ReplayRun) -> None:
        """``run`` as `read_runs` gives it."""
        assert run.branch is not None
        self._database = database
        self._run_id = run.id
        self._parts = Parts(_PLACES)
        self.branch = run.branch

    def step(self, index: int) -> BranchStep:
        """Return a call with what the model is told; without payloads and results.

        Raises:
            SelectionError: the run is gone.
            StoreError: the database cannot be read.
        """
        try:
            place = ("branch", "steps", str(index))
            found = self._at(place, *((*place, *path) for path in _STEP_VALUES))
            step = BranchStep.model_validate(found)
        except (NotCutError, ValidationError):
            step = self.whole().steps[index]
        texts = {side: texts_of(getattr(step, side)) for side in _SIDES}
        return step.model_copy(update=texts)

    def read_before(self, text: str) -> JsonValue:
        """Return what a text says, as some screen holds it; None: none does."""
        return self._database.read_before(text)

    def side(self, index: int, side: str) -> JsonValue:
        """Return the ``recorded`` or the ``edited`` side of an edit; raises as `step`."""
        try:
            return self._at(("branch", "edits", str(index), side))
        except NotCutError:
            return getattr(self.whole().edits[index], side)

    def whole(self) -> Branch:
        """Return the branch with everything that it has; raises as `step`."""
        branch = read_run(self._database, self._run_id).branch
        assert branch is not None
        return branch

    def _at(self, path: Place, *left_out: Place) -> JsonValue:
        if self._database.places is not None:  # only whole records tell what is hidden
            raise NotCutError(path)
        with self._database.reading() as connection:
            key = run_key(connection, self._run_id)
            (extra,) = connection.execute(
                "SELECT extra FROM replay_run_rows WHERE key = ?", (key,)
            ).fetchone()
            return self._parts.read(self._database.contents, extra, path, *left_out)


def _trace_of(database: Database, key: int, extra: Any) -> str | None:
    """Return the trace that a what-if is of."""
    if database.places is None:
        with suppress(NotCutError):
            return str(value_at(database.contents, extra, ("branch", "trace_id")))
    run: ReplayRun = database.records.records("replay_run", "r.key = ?", [key])[0]
    return None if run.branch is None else run.branch.trace_id


def _with_extra(database: Database, run: ReplayRun, extra: Any) -> ReplayRun:
    if extra is None:
        return run
    more = value_without(database.contents, extra, _RUN_VALUES)
    return _without_values(ReplayRun.model_validate({**run.model_dump(), **more}))


def _without_values(run: ReplayRun) -> ReplayRun:
    if run.branch is None:
        return run
    nothing = dict.fromkeys(_SIDES_OF_EDIT)
    edits = [edit.model_copy(update=nothing) for edit in run.branch.edits]
    steps = [
        step.model_copy(update={side: _named(getattr(step, side)) for side in _SIDES})
        for step in run.branch.steps
    ]
    branch = run.branch.model_copy(update={"edits": edits, "steps": steps})
    return run.model_copy(update={"branch": branch})


def _named(verdict: CallVerdict) -> CallVerdict:
    """Return a verdict without values and answers."""
    replayed = verdict.replayed
    if replayed is not None:
        nothing = dict.fromkeys(("payload", "result", "response"))
        replayed = replayed.model_copy(update=nothing)
    return verdict.model_copy(update={"replayed": replayed, "translated_response": None})
