"""Rules for types and null."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.compatibility.pairs import BREAKS, MAY_BREAK, SAFE, SILENT, Pair
from replay.compatibility.views import KINDS, View
from replay.records import JsonValue

_WORDS: Final = {
    "boolean": "true or false",
    "integer": "an integer",
    "string": "a text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

COERCED: Final[dict[tuple[str, str], OnPayloads]] = {
    ("string", "integer"): MAY_BREAK,
    ("string", "fraction"): MAY_BREAK,
    ("string", "boolean"): MAY_BREAK,
    ("integer", "boolean"): MAY_BREAK,
    ("fraction", "integer"): BREAKS,
    ("boolean", "integer"): SILENT,
    ("boolean", "fraction"): SILENT,
}
"""What pydantic's lax mode makes of a kind where another is wanted; pairs that are not here are
rejected. A fraction such as 3.5 is no integer for it either; 3.0 is one already."""


def null_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield whether null was taken and is not, or the other way round."""
    old, new, reading = pair.old, pair.new, pair.reading
    if new.nullable and not old.nullable:
        yield pair.change("NULL_ADDED", SAFE, "may be null now")
    if old.kinds >= KINDS - {"null"} and not old.kinds <= new.kinds:
        return  # took anything: that it takes less now is one change, null or not
    if old.nullable and not new.nullable and not new.is_nothing:
        verdict, said = MAY_BREAK, "may not be null any more"
        if pair.presence.new_optional and reading.null_is_left_out:
            verdict, said = SILENT, "may not be null any more: null is read as left out"
        elif pair.presence.old_optional and pair.presence.new_optional and reading.from_strict:
            verdict = BREAKS
            said = "may not be null any more, which strict mode writes where it is left out"
        yield pair.change("NULL_REMOVED", verdict, said)


def type_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield how the kinds of value differ, null apart."""
    old, new = pair.old.kinds, pair.new.kinds
    if old <= new:
        if old < new and pair.old.values is None and pair.new.values is None:
            said = f"was {kinds_in_words(old)}, and may be {kinds_in_words(new)} now"
            yield pair.change("TYPE_WIDENED", SAFE, said, old=_type(pair.old), new=_type(pair.new))
        return
    if not old & new:
        yield _changed(pair)
    elif pair.old.values is None and pair.new.values is None:
        said = f"was {kinds_in_words(old)}, and must be {kinds_in_words(new)} now"
        yield pair.change(
            "TYPE_NARROWED", MAY_BREAK, said, old=_type(pair.old), new=_type(pair.new)
        )


def _changed(pair: Pair) -> SchemaChange:
    old, new = pair.old.kinds, pair.new.kinds
    said = f"was {kinds_in_words(old)}, and is {kinds_in_words(new)} now"
    verdict = BREAKS
    if pair.reading.coerces:
        verdicts = [
            min((COERCED.get((kind, other), BREAKS) for other in new), key=_SEVERITY.index)
            for kind in old
        ]
        if verdicts and any(one is not BREAKS for one in verdicts):
            verdict = MAY_BREAK if MAY_BREAK in verdicts or BREAKS in verdicts else SILENT
            said += "; pydantic takes some of them for it"
            return pair.change(
                "TYPE_COERCED", verdict, said, old=_type(pair.old), new=_type(pair.new)
            )
    if pair.old.nullable and pair.new.nullable:
        verdict = MAY_BREAK  # null still goes through
    return pair.change("TYPE_CHANGED", verdict, said, old=_type(pair.old), new=_type(pair.new))


_SEVERITY: Final = [SAFE, SILENT, MAY_BREAK, BREAKS]


def _type(view: View) -> JsonValue:
    return view.node.get("type")


def kinds_in_words(kinds: Iterable[str]) -> str:
    """Return kinds of value as a sentence names them."""
    kinds = set(kinds)
    if kinds >= KINDS - {"null"}:
        return "anything"
    said = []
    if "fraction" in kinds:
        said.append("a number")
        kinds -= {"fraction", "integer"}
    said += [_WORDS.get(kind, f"a {kind!r}") for kind in sorted(kinds)]
    return " or ".join(said) or "nothing but null"
