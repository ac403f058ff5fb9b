"""One answer of the outside world against another to the same request: what differs, by path."""

from __future__ import annotations

from typing import Any

import orjson

from replay.records import Change, JsonObject, JsonValue
from replay.verdicts.diffing import diff_values


def answer_changes(recorded: JsonObject, now: JsonObject) -> list[Change]:
    """Return how the answer in exchange ``now`` differs from the one in ``recorded``.

    Both are `cassettes.Interaction.to_json`. Paths begin with ``status``, ``content-type`` or
    ``body`` (``body.items[0].price``); ``answer`` is the whole of it, where one of them is none.
    Other headers, which differ each time, are not compared, nor is how a body was packed.
    """
    old, new = recorded.get("response"), now.get("response")
    if old is None or new is None:
        before, after = _ended(recorded), _ended(now)
        if before == after:
            return []
        return [Change(path="answer", change="changed", recorded=before, replayed=after)]
    changes = [
        Change(path=name, change="changed", recorded=before, replayed=after)
        for name, before, after in (
            ("status", old["status"], new["status"]),
            ("content-type", _media_type(old), _media_type(new)),
        )
        if before != after
    ]
    return changes + diff_values(_value(old.get("body")), _value(new.get("body")), "body")


def _ended(exchange: JsonObject) -> JsonValue:
    """How an exchange ended in one word: its status, or the failure in the place of an answer."""
    if exchange.get("response") is not None:
        return exchange["response"]["status"]
    failure = exchange.get("failure") or {}
    return failure.get("type") or "no answer"


def _media_type(response: JsonObject) -> str | None:
    for name, values in (response.get("headers") or {}).items():
        if name.lower() == "content-type":
            return str(values[0]).partition(";")[0].strip().lower()
    return None


def _value(form: Any) -> JsonValue:
    """A body as a value to compare: its JSON, its text, or its bytes in base64."""
    if not isinstance(form, dict):
        return form
    if "json" in form:
        value: JsonValue = form["json"]
        return value
    text = form.get("text")
    if isinstance(text, str) and text.lstrip()[:1] in ("{", "["):
        try:
            parsed: JsonValue = orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
        return parsed
    return form.get("text", form.get("base64"))
