"""What a replay run says of one call, in parts: today's values are read where they are looked at.

A verdict has today's arguments, result and response. The screens show the response, of the
arguments mostly whether they are the same, and of the result nothing.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import orjson
from pydantic import ValidationError

from replay.records import CallResult, CallVerdict, JsonValue
from replay.store.content_parts import object_without, stands_at, value_at, value_without
from replay.store.contents import ContentReader
from replay.store.json_cutting import NotCutError
from tui.rows.both import Both, without_values
from tui.rows.calls import read_payload
from tui.rows.database import Database

_VALUES: Final = (("payload",), ("result",))
"""The members of a `CallResult` that are values."""
_FROM_TO: Final = ("payload", "response")
"""The first of them, and what follows the last."""
_PAYLOAD: Final = ("payload",)
_OF_CALL: Final = "r.run = ? AND r.tool_call = ?"


def verdict_texts(database: Database, run: int | None, tool_call: int) -> CallVerdict | None:
    """Return what a run says of a call, without today's payload and result; None: nothing.

    They are megabytes where texts are, and stay unread where that is possible; not where values
    are hidden, which only whole records tell.
    """
    keys = [run, tool_call]
    with database.reading() as connection:
        stored = _replayed(database, connection, run, tool_call)
        replayed = None if stored is None else _result(_texts(database.contents, stored))
        if replayed is None:
            found = database.records.records("call_verdict", _OF_CALL, keys)
            return without_values(found[0]) if found else None
        left_out = frozenset(("replayed",))
        verdict: CallVerdict = database.records.records(
            "call_verdict", _OF_CALL, keys, left_out=left_out
        )[0]
    return without_values(verdict.model_copy(update={"replayed": replayed}))


def verdict_shown(database: Database, run: int | None, tool_call: int) -> CallVerdict | None:
    """Return `verdict_texts`, with today's payload where that is what changed."""
    verdict = verdict_texts(database, run, tool_call)
    if verdict is None or verdict.verdict != "payload_changed" or verdict.replayed is None:
        return verdict
    payload = _todays_payload(database, run, tool_call)
    replayed = verdict.replayed.model_copy(update={"payload": payload})
    return verdict.model_copy(update={"replayed": replayed})


def read_payloads(database: Database, run: int | None, tool_call: int) -> Both:
    """Return the payload of a call then and today; one that is stored alike is decoded once.

    Raises:
        StoreError: the call is gone, or the database cannot be read.
    """
    recorded = read_payload(database, tool_call)
    if _is_stored_alike(database, run, tool_call, recorded):
        return Both(recorded, recorded, is_same=True)
    return Both.of(recorded, _todays_payload(database, run, tool_call))


def _is_stored_alike(
    database: Database, run: int | None, tool_call: int, recorded: JsonValue
) -> bool:
    """Say whether both payloads are the same JSON; False: they may say the same nevertheless."""
    with database.reading() as connection:
        stored = _replayed(database, connection, run, tool_call)
        row = connection.execute(
            "SELECT payload FROM tool_call_rows WHERE key = ?", (tool_call,)
        ).fetchone()
        if stored is None or row is None:
            return False
        try:
            if row[0] == 0:  # it is what the arguments say, however they are spelled
                form, own = "json", orjson.dumps(recorded)
            else:
                form, body = database.contents.encoded(row[0])
                own = bytes(body)
            return stands_at(database.contents, stored, _PAYLOAD, form, own)
        except (NotCutError, TypeError):  # surrogates, integers beyond 64 bits
            return False


def _todays_payload(database: Database, run: int | None, tool_call: int) -> JsonValue:
    with database.reading() as connection:
        stored = _replayed(database, connection, run, tool_call)
        if stored is not None:
            try:
                return value_at(database.contents, stored, _PAYLOAD)
            except NotCutError:
                pass
        found: list[CallVerdict] = database.records.records(
            "call_verdict", _OF_CALL, [run, tool_call]
        )
    replayed = found[0].replayed if found else None
    return None if replayed is None else replayed.payload


def _replayed(
    database: Database, connection: sqlite3.Connection, run: int | None, tool_call: int
) -> int | str | None:
    """Return the column with what today gave; None: nothing, or it may only be read whole."""
    if database.places is not None:
        return None
    row = connection.execute(
        "SELECT replayed FROM call_verdict_rows r WHERE " + _OF_CALL, (run, tool_call)
    ).fetchone()
    return None if row is None else row[0]


def _texts(contents: ContentReader, stored: int | str) -> JsonValue:
    texts = object_without(contents, stored, *_FROM_TO)
    return value_without(contents, stored, _VALUES) if texts is None else texts


def _result(texts: JsonValue) -> CallResult | None:
    """Return what a replayed call gave; None: somebody changed it, which reading it whole tells."""
    try:
        return CallResult.model_validate(texts)
    except ValidationError:
        return None
