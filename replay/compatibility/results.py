"""Results: what the new version returns, read by those who know the old shape.

The direction is the other one: new results must fit what consumers of the old ones expect. So the
schemas are compared the other way round, and each change gets the name that it has for results.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.pairs import BREAKS, MAY_BREAK, SAFE, joined
from replay.compatibility.reading import JSON_SCHEMA
from replay.compatibility.rules import RULES
from replay.records import JsonObject, JsonValue
from replay.verdicts.paths import join


class _As(NamedTuple):
    """What a change seen the other way round is for results."""

    rule: str
    said: str
    on_payloads: OnPayloads | None = None
    """None: as it was judged."""


_NARROWED: Final = _As("RESULT_VALUES_NARROWED", "has fewer values", SAFE)
_WIDENED: Final = _As("RESULT_VALUES_WIDENED", "may have values that were never there")
_ADDED: Final = _As("RESULT_PROPERTY_ADDED", "is new", SAFE)

_AS: Final[dict[str, _As]] = {
    "REQUIRED_PROPERTY_ADDED": _As("RESULT_PROPERTY_REMOVED", "is gone, and was always there"),
    "OPTIONAL_PROPERTY_ADDED": _As("RESULT_PROPERTY_REMOVED", "is gone", MAY_BREAK),
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN": _As("RESULT_PROPERTY_REMOVED", "is gone", MAY_BREAK),
    "OPTIONAL_BECAME_REQUIRED": _As("RESULT_PROPERTY_BECAME_OPTIONAL", "may be missing now"),
    "REQUIRED_BECAME_OPTIONAL": _As("RESULT_PROPERTY_BECAME_REQUIRED", "is always there now"),
    "PROPERTY_REMOVED_FROM_CLOSED": _As(
        "RESULT_PROPERTY_ADDED", "is new; the old shape took no other names", MAY_BREAK
    ),
    "PROPERTY_REMOVED_FROM_OPEN": _ADDED,
    "TYPE_CHANGED": _As("RESULT_TYPE_CHANGED", "has another type"),
    "TYPE_NARROWED": _As("RESULT_TYPE_WIDENED", "may have more types"),
    "TYPE_WIDENED": _As("RESULT_TYPE_NARROWED", "has fewer types"),
    "NULL_ADDED": _As("RESULT_NULL_REMOVED", "is never null now"),
    "NULL_REMOVED": _As("RESULT_NULL_ADDED", "may be null now", MAY_BREAK),
    "UNION_VARIANT_ADDED": _NARROWED,
    "UNION_ORDER_CHANGED": _NARROWED,
    "DISCRIMINATOR_ADDED": _NARROWED,
}
_LEFT_OUT: Final = frozenset({"DEFAULT_CHANGED", "DEFAULT_ADDED", "DEFAULT_REMOVED"})
"""Nobody leaves something out of a result and means a default."""


def compare_results(old: JsonValue, new: JsonValue, *, tool: str = "") -> list[SchemaChange]:
    """Return how what ``tool`` returns changed, for those who read the old shape.

    None: the tool does not say what it returns. ``on_payloads`` is for consumers here: code, later
    steps, and the models that read the next prompt.
    """
    if old is None and new is None:
        return []
    if old is None or new is None:
        return [_said_at_all(tool, old, new)]
    return [
        found
        for change in compare_schemas(_whole(new), _whole(old), tool=tool, reading=JSON_SCHEMA)
        if change.rule not in _LEFT_OUT
        for found in [_turned(change)]
    ]


def _whole(schema: JsonValue) -> JsonObject | bool:
    return schema if isinstance(schema, dict | bool) else {}


def _said_at_all(tool: str, old: JsonValue, new: JsonValue) -> SchemaChange:
    rule = "RESULT_SCHEMA_ADDED" if old is None else "RESULT_SCHEMA_REMOVED"
    verdict = SAFE if old is None else MAY_BREAK
    said = RULES[rule].means.removesuffix(".")
    said = said[0].lower() + said[1:]
    return SchemaChange(rule, tool, "", verdict, OnModel.CHANGED, said, old, new)


def _turned(change: SchemaChange) -> SchemaChange:
    if change.rule == "RENAME_SUSPECTED":
        return _renamed(change)
    known = _AS.get(change.rule)
    if known is None:
        known = _by_verdict(change)
    verdict = change.on_payloads if known.on_payloads is None else known.on_payloads
    return SchemaChange(
        known.rule,
        change.tool,
        change.path,
        verdict,
        RULES[known.rule].on_model,
        _sentence(known.said, change),
        change.new,
        change.old,
    )


def _by_verdict(change: SchemaChange) -> _As:
    from replay.compatibility.rules import WORDS_ONLY

    if change.rule in WORDS_ONLY:
        return _As("RESULT_WORDS_CHANGED", "is described otherwise", SAFE)
    return _NARROWED if change.on_payloads is SAFE else _WIDENED


def _sentence(said: str, change: SchemaChange) -> str:
    """Return the words, with what stood on both sides where that is short."""
    sides = [
        side for side in (change.new, change.old) if isinstance(side, str | int | float | list)
    ]
    if len(sides) == 2 and change.rule not in ("RENAME_SUSPECTED",):
        from replay.compatibility.values import shown

        return f"{said}: was {shown(change.new)}, is {shown(change.old)}"
    return said


def _renamed(change: SchemaChange) -> SchemaChange:
    """Seen the other way round, the name of the change is the new one."""
    old, new = str(change.new), str(change.old)
    above = change.path.removesuffix(join("", new)).removesuffix(".")
    verdict = BREAKS if change.on_payloads is BREAKS else MAY_BREAK
    return replace(
        change,
        rule="RESULT_RENAME_SUSPECTED",
        path=joined(above, join("", old)),
        on_payloads=verdict,
        said=f"seems to be called `{new}` now",
        old=old,
        new=new,
    )
