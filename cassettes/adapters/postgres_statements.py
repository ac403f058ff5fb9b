"""What psycopg is asked, put down and played: the same for both of its kinds of connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from cassettes.adapters.postgres_results import (
    PlayedTransformer,
    keep_diagnosis,
    played,
    recorded,
    with_diagnosis,
)
from cassettes.adapters.questions import Attempts, cassette_of, question, said, told
from cassettes.adapters.rows import TOO_LONG, plain
from cassettes.adapters.statements import effect_of, named, spelled
from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss
from cassettes.interaction import Interaction, Request
from cassettes.scope import Scope

CLIENT: Final = "psycopg"
BEGAN: Final = "_cassettes_began"
"""Replay: whether a statement of a connection has begun a transaction that is not over."""
attempts = Attempts(CLIENT, with_diagnosis)


def statement(query: Any, named_as: str, parameters: Any) -> Request:
    """Return the request that stands for a statement; ``named_as`` is what its parameters are."""
    text = _text(query)
    if named_as == "parameters_of_each":
        parameters = [plain(each) for each in parameters]
    asked = {"sql": spelled(text), named_as: _unwrapped(plain(parameters))}
    return question(CLIENT, named(text), asked, effect_of(text))


def _text(query: Any) -> str:
    if isinstance(query, bytes):
        return query.decode("utf-8", "replace")
    if hasattr(query, "as_string"):
        # Without a connection: what it quotes must not depend on a server that a replay has not.
        try:
            return str(query.as_string(None))
        except Exception:  # noqa: BLE001 - it needs a connection; the application has one
            return repr(query)
    return str(query)


def _unwrapped(parameters: Any) -> Any:
    """Return parameters with psycopg's wrappers of JSON values undone."""
    if isinstance(parameters, list):
        return [_unwrapped(each) for each in parameters]
    if type(parameters) is dict:
        return {name: _unwrapped(each) for name, each in parameters.items()}
    if type(parameters).__module__ == "psycopg.types.json":
        return {"json": parameters.obj}
    return parameters


def ending(what: str) -> Request:
    """Return the request that stands for the end of a transaction."""
    return question(CLIENT, what, {}, "write")


def play(cursor: Any, cassette: Cassette, request: Request, interaction: Interaction) -> None:
    """Put a recorded answer where ``cursor`` keeps what the server sent."""

    def too_long() -> BaseException:
        return CassetteMiss(cassette.cannot_play(request, interaction, TOO_LONG), cassette.name)

    if interaction.response is None:
        assert interaction.failure is not None
        raise with_diagnosis(interaction.failure)
    form = told(interaction)
    cursor._conn.__dict__[BEGAN] = not cursor._conn._autocommit
    cursor._reset()
    cursor._tx = PlayedTransformer(too_long)
    cursor._rowcount = form["rowcount"]
    cursor._execmany_returning = form["returning"]
    cursor._results = [played(each) for each in form["results"]]
    if cursor._results:
        cursor._select_current_result(0)


def keep(cassette: Cassette, interaction: Interaction, cursor: Any) -> None:
    """Put on the cassette what the server sent ``cursor`` for a statement."""
    form = {
        "rowcount": cursor.rowcount,
        "returning": cursor._execmany_returning,
        "results": [recorded(cursor, each, cassette.body_bytes_max) for each in cursor._results],
    }
    interaction.response = said(form, "rows")
    cassette.keep(interaction)


def failed(cassette: Cassette, interaction: Interaction, error: BaseException) -> None:
    """Put on the cassette how a statement failed, with what the server said of it."""
    cassette.keep_failure(interaction, error)
    keep_diagnosis(interaction, error)


def raise_failure(found: Interaction) -> None:
    """Raise what the recorded end of a transaction raised, if it did."""
    if found.failure is not None:
        raise with_diagnosis(found.failure)


def needs_nothing(scope: Scope, what: str) -> bool:
    """Whether this is a rollback in a replay that was not recorded: nothing is there to undo."""
    if not scope.is_replay or not what.startswith("ROLLBACK"):
        return False
    return cassette_of(scope).peek(ending(what)) is None


@contextlib.contextmanager
def recorded_end(scope: Scope, what: str) -> Iterator[None]:
    """Record the end of a transaction that happens inside."""
    cassette = cassette_of(scope)
    interaction = cassette.begin(ending(what), CLIENT)
    try:
        with scope.below():
            yield
    except BaseException as error:
        failed(cassette, interaction, error)
        raise
    interaction.response = said(None)
    cassette.keep(interaction)
