"""What a PostgreSQL server sent for one statement, as psycopg keeps it: recorded, and rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cassettes.adapters.rows import form_of, rows_of, size_of
from cassettes.failures import Failure
from cassettes.interaction import Interaction
from cassettes.values import decode, encode, register

_DIAGNOSIS = "diagnosis"


def teach_values() -> None:
    """Teach the codec what PostgreSQL's types come as, beyond what Python tools return."""
    import ipaddress

    from psycopg.types.range import Range

    for kind in (
        ipaddress.IPv4Address,
        ipaddress.IPv6Address,
        ipaddress.IPv4Interface,
        ipaddress.IPv6Interface,
        ipaddress.IPv4Network,
        ipaddress.IPv6Network,
    ):
        register(kind.__name__, kind, str, kind)
    register(
        "range",
        Range,
        lambda one: [encode(one.lower), encode(one.upper), one.bounds or None],
        lambda form: Range(decode(form[0]), decode(form[1]), *_bounds(form[2])),
    )


def _bounds(bounds: str | None) -> tuple[Any, ...]:
    return ("[)", True) if bounds is None else (bounds,)


def recorded(cursor: Any, result: Any, limit: int) -> dict[str, Any]:
    """Return the form of one result: its rows as plain tuples, before any row factory.

    None of them where they are over ``limit`` bytes, or where one cannot be read: the application
    hears of that when it fetches, not now.
    """
    from psycopg.adapt import Transformer

    rows: list[Any] | None = []
    error: BaseException | None = None
    if result.ntuples:
        reader = Transformer(cursor)
        reader.set_pgresult(result, format=result.fformat(0) if result.nfields else None)
        try:
            rows = _within(limit, result, reader)
        except Exception as unreadable:  # noqa: BLE001 - it is raised again where it belongs
            rows, error = None, unreadable
    status = result.command_status
    return {
        "status": int(result.status),
        "command": None if status is None else status.decode(),
        "changed": result.command_tuples,
        "columns": [
            {
                "name": name,
                "type": result.ftype(index),
                "modifier": result.fmod(index),
                "size": result.fsize(index),
            }
            for index, name in enumerate(_names(result))
        ],
        "rows": None if rows is None else form_of(_names(result), rows),
        "row_count": result.ntuples,
        "unreadable": error,
    }


def _names(result: Any) -> list[str]:
    columns = range(result.nfields)
    return [(result.fname(index) or b"").decode("utf-8", "replace") for index in columns]


def _within(limit: int, result: Any, reader: Any) -> list[Any] | None:
    if result.ntuples * result.nfields * 2 > limit:
        return None
    rows = [list(row) for row in reader.load_rows(0, result.ntuples, tuple)]
    return rows if sum(map(size_of, rows)) <= limit else None


class PlayedResult:
    """Stands in for libpq's result: the columns are asked for by number, the rows are plain."""

    def __init__(self, form: dict[str, Any]) -> None:
        self.status = form["status"]
        names = [column["name"] for column in form["columns"]]
        self.rows: list[tuple[Any, ...]] = rows_of(names, form["rows"] or ())
        self.is_too_long = form["rows"] is None
        self.unreadable: BaseException | None = form["unreadable"]
        self.ntuples = form["row_count"]
        self.nfields = len(form["columns"])
        self.command_tuples = form["changed"]
        self.command_status = None if form["command"] is None else form["command"].encode()
        self._columns = form["columns"]

    def fname(self, column: int) -> bytes:
        """Return the name of a column."""
        name: str = self._columns[column]["name"]
        return name.encode()

    def ftype(self, column: int) -> Any:
        """Return the number of a column's type."""
        return self._columns[column]["type"]

    def fmod(self, column: int) -> Any:
        """Return the modifier of a column's type."""
        return self._columns[column]["modifier"]

    def fsize(self, column: int) -> Any:
        """Return the size of a column's type."""
        return self._columns[column]["size"]

    def fformat(self, column: int) -> int:
        """Return the format of a column: none matters here, so text."""
        return 0

    def clear(self) -> None:
        """Nothing is held."""


def played(form: dict[str, Any]) -> PlayedResult:
    """Return the result that ``form`` describes."""
    return PlayedResult(form)


class PlayedTransformer:
    """Stands in for psycopg's own: the rows of a :class:`PlayedResult` are loaded already."""

    def __init__(self, too_long: Callable[[], BaseException]) -> None:
        """``too_long`` gives what reading rows raises that were not kept."""
        self._result: PlayedResult | None = None
        self._too_long = too_long

    def set_pgresult(self, result: Any, **options: Any) -> None:
        """Take the result that rows are now asked of."""
        self._result = result

    def load_row(self, row: int, make_row: Any) -> Any:
        """Return one row as its factory makes it; None behind the last."""
        rows = self._rows()
        return make_row(rows[row]) if 0 <= row < len(rows) else None

    def load_rows(self, start: int, end: int, make_row: Any) -> list[Any]:
        """Return rows as their factory makes them."""
        return [make_row(row) for row in self._rows()[start:end]]

    def _rows(self) -> list[tuple[Any, ...]]:
        result = self._result
        if result is None:
            return []
        if result.unreadable is not None:
            raise result.unreadable
        if result.is_too_long:
            raise self._too_long()
        return result.rows


def keep_diagnosis(interaction: Interaction, error: BaseException) -> None:
    """Put what the server said of an error (``error.diag``) on its failure."""
    diagnosis = getattr(error, "diag", None)
    if interaction.failure is None or diagnosis is None:
        return
    from psycopg.pq import DiagnosticField

    found = {}
    for each in DiagnosticField:
        value = diagnosis._error_message(each)
        if value is not None:
            found[each.name] = value
    if found:
        interaction.failure.attributes[_DIAGNOSIS] = {"fields": found}


def with_diagnosis(failure: Failure) -> BaseException:
    """Return the recorded exception; one of psycopg's says again what the server said."""
    from psycopg import Error
    from psycopg.pq import DiagnosticField

    error = failure.rebuild()
    if isinstance(error, Error):
        known = (failure.attributes.get(_DIAGNOSIS) or {}).get("fields", {})
        error._info = {
            DiagnosticField[name]: value.encode() for name, value in known.items()
        } or None
        error._pgconn = None
        error.__dict__.pop(_DIAGNOSIS, None)
    return error
