"""The rows of one statement: copied as they are read, and given out again in a replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cassettes.adapters.questions import said, told
from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss
from cassettes.failures import Failure
from cassettes.interaction import Interaction, Request

Row = tuple[Any, ...]


def plain(parameters: Any) -> Any:
    """Return a statement's parameters as they are matched: a list is as good as a tuple."""
    return list(parameters) if isinstance(parameters, tuple) else parameters


TOO_LONG = (
    "It was recorded, but its rows were over the cassette's limit: none was kept. Record it with a "
    "larger body_bytes_max, or ask for less."
)


def size_of(row: Sequence[Any]) -> int:
    """Return about how many bytes a row takes on a cassette."""
    return sum(len(one) if isinstance(one, str | bytes) else 8 for one in row)


def form_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Return rows as they are kept: by the names of their columns, where each has one of its own.

    So they can be read, and what masks secrets by their names finds them.
    """
    if len(set(columns)) < len(columns):
        return [list(row) for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def rows_of(columns: Sequence[str], form: Sequence[Any]) -> list[Row]:
    """Return the rows that ``form_of`` made a form of."""
    return [
        tuple(row[name] for name in columns) if isinstance(row, dict) else tuple(row)
        for row in form
    ]


class RowCopy:
    """The answer to a statement that is being recorded, growing as its rows are read."""

    def __init__(
        self,
        cassette: Cassette,
        interaction: Interaction,
        columns: list[str] | None,
        counts: Callable[[], dict[str, Any]],
    ) -> None:
        """``columns`` None: it has no rows. ``counts`` gives ``rowcount`` and the like."""
        self.interaction = interaction
        self.done = False
        self._cassette = cassette
        self._columns = columns
        self._counts = counts
        self._rows: list[list[Any]] = []
        self._size_bytes = 0
        cassette.hold(self)
        if columns is None:
            self.finish(is_whole=True)

    def append(self, row: Row) -> None:
        """Take the next row."""
        self._size_bytes += size_of(row)
        if self._size_bytes > self._cassette.body_bytes_max:
            self._rows = []
            self.finish(is_whole=False)
        else:
            self._rows.append(list(row))

    def finish(self, *, is_whole: bool, error: BaseException | None = None) -> None:
        """Keep the answer as far as it was read; further calls do nothing."""
        if self.done:
            return
        self.done = True
        form = {
            "columns": self._columns,
            "rows": form_of(self._columns or (), self._rows),
            "is_whole": is_whole,
            "is_too_long": self._size_bytes > self._cassette.body_bytes_max,
        }
        self.interaction.response = said({**form, **self._counts()}, "rows")
        if error is not None:
            self.interaction.failure = Failure.of(error, "body")
        self._cassette.release(self)

    def close(self) -> None:
        """Keep what was read; the cassette is closed."""
        self.finish(is_whole=False)


@dataclass(slots=True)
class PlayedRows:
    """The recorded answer to a statement."""

    cassette: Cassette
    request: Request
    interaction: Interaction
    columns: list[str] | None
    rows: list[Row]
    is_whole: bool
    is_too_long: bool = False
    counts: dict[str, Any] = field(default_factory=dict)
    at: int = 0
    """The place of the next row."""

    @classmethod
    def of(cls, cassette: Cassette, request: Request, interaction: Interaction) -> PlayedRows:
        """Return the rows of a recorded answer; raise where there is a failure instead."""
        form = dict(told(interaction))
        columns = form.pop("columns")
        return cls(
            cassette,
            request,
            interaction,
            columns,
            rows_of(columns or (), form.pop("rows")),
            form.pop("is_whole"),
            form.pop("is_too_long"),
            form,
        )

    def take(self, count: int | None = None) -> Sequence[Row]:
        """Return the next ``count`` rows, or all that are left; fewer only at their end.

        Raises:
            CassetteMiss: More are wanted than were read when this was recorded.
            BaseException: What reading them raised then.
        """
        end = len(self.rows) if count is None else self.at + count
        found = self.rows[self.at : end]
        self.at += len(found)
        if count is None or len(found) < count:
            self._reach_end()
        return found

    def _reach_end(self) -> None:
        failure = self.interaction.failure
        if failure is not None:
            raise failure.rebuild()
        if self.is_whole:
            return
        read = len(self.rows)
        why = (
            f"It was recorded, but only its first {read} rows were read then"
            if read != 1
            else "It was recorded, but only its first row was read then"
        )
        why = TOO_LONG if self.is_too_long else f"{why}; how it goes on, nobody knows."
        miss = self.cassette.cannot_play(self.request, self.interaction, why)
        raise CassetteMiss(miss, self.cassette.name)
