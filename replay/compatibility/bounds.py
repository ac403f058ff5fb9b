"""Rules for limits: of numbers, lengths, counts, and for ``pattern`` and ``format``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import BREAKS, MAY_BREAK, SAFE, Pair
from replay.compatibility.patterns import is_within
from replay.compatibility.values import is_number, shown
from replay.compatibility.views import View, limit_of

_COUNTED: Final = (
    ("string", "Length", "LENGTH_LIMIT", "characters"),
    ("array", "Items", "COUNT_LIMIT", "items"),
    ("object", "Properties", "COUNT_LIMIT", "properties"),
)


def bound_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield the limits that differ, for the kinds of value that both versions take."""
    kinds = pair.old.kinds & pair.new.kinds
    if kinds & {"integer", "fraction"}:
        yield from _numbers(pair)
    for kind, keyword, rule, noun in _COUNTED:
        if kind in kinds:
            old, new = _counts(pair.old, keyword), _counts(pair.new, keyword)
            yield from _range(pair, rule, noun, old, new)
    if "string" in kinds:
        yield from _texts(pair)
    if "array" in kinds:
        was, now = (view.node.get("uniqueItems") is True for view in (pair.old, pair.new))
        if now and not was:
            said = "its items must differ from each other now"
            yield pair.change("UNIQUE_ITEMS_ADDED", MAY_BREAK, said)
        elif was and not now:
            yield pair.change("UNIQUE_ITEMS_REMOVED", SAFE, "its items may repeat now")


_SINGULAR: Final = {"characters": "character", "items": "item", "properties": "property"}

_Edge = tuple[float, bool] | None
"""A limit, and whether it is itself left out; None: none."""


def _counts(view: View, keyword: str) -> tuple[_Edge, _Edge]:
    low, high = limit_of(view, f"min{keyword}"), limit_of(view, f"max{keyword}")
    return (
        None if low is None or low <= 0 else (low, False),
        None if high is None else (high, False),
    )


def _numbers(pair: Pair) -> Iterator[SchemaChange]:
    old, new = _edges(pair.old), _edges(pair.new)
    yield from _range(pair, "NUMBER_LIMIT", "", old, new)
    before, now = limit_of(pair.old, "multipleOf"), limit_of(pair.new, "multipleOf")
    if before != now:
        said = f"must be a multiple of {now:g} now" if now else "need be no multiple any more"
        fits = not now or (before is not None and before > 0 and (before / now).is_integer())
        rule = "MULTIPLE_LOOSENED" if fits else "MULTIPLE_TIGHTENED"
        verdict = SAFE if fits else MAY_BREAK
        yield pair.change(rule, verdict, said, old=before, new=now)


def _edges(view: View) -> tuple[_Edge, _Edge]:
    """Return the lower and the upper limit of numbers."""
    only_integers = "fraction" not in view.kinds
    edges: list[_Edge] = []
    for inclusive, exclusive, sign in (
        ("minimum", "exclusiveMinimum", 1),
        ("maximum", "exclusiveMaximum", -1),
    ):
        said, apart = limit_of(view, inclusive), view.node.get(exclusive)
        found: list[tuple[float, bool]] = []
        if said is not None:
            found.append((said, apart is True))  # draft 4 says true beside the limit
        if is_number(apart):
            found.append((apart, True))
        edge = max(found, key=lambda one: (one[0] * sign, one[1]), default=None)
        if edge is not None and edge[1] and only_integers and float(edge[0]).is_integer():
            edge = (edge[0] + sign, False)  # above 3 is 4 and more
        edges.append(edge)
    return edges[0], edges[1]


def _range(
    pair: Pair, rule: str, noun: str, old: tuple[_Edge, _Edge], new: tuple[_Edge, _Edge]
) -> Iterator[SchemaChange]:
    apart = _is_apart(old, new) and _is_all(pair, noun)
    for index, sign in ((0, 1), (1, -1)):
        before, now = old[index], new[index]
        if before == now:
            continue
        tighter = now is not None and (before is None or _rank(now, sign) > _rank(before, sign))
        verdict = (BREAKS if apart else MAY_BREAK) if tighter else SAFE
        said = _sentence(before, now, index, noun)
        kind = "TIGHTENED" if tighter else "LOOSENED"
        was, is_now = before and before[0], now and now[0]
        yield pair.change(f"{rule}_{kind}", verdict, said, old=was, new=is_now)


def _is_all(pair: Pair, noun: str) -> bool:
    """Whether only values with such limits go through here: no null, nothing of another kind."""
    limited = next((kind for kind, *_, counted in _COUNTED if counted == noun), "")
    kinds = {limited} if limited else {"integer", "fraction"}
    both = pair.old.kinds & pair.new.kinds
    return both <= kinds and not (pair.old.nullable and pair.new.nullable)


def _rank(edge: tuple[float, bool], sign: int) -> tuple[float, bool]:
    return edge[0] * sign, edge[1]


def _is_apart(old: tuple[_Edge, _Edge], new: tuple[_Edge, _Edge]) -> bool:
    """Whether no value within the old limits is within the new ones."""
    pairs = ((new[0], old[1]), (old[0], new[1]))
    return any(
        low is not None
        and high is not None
        and (low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1])))
        for low, high in pairs
    )


def _sentence(before: _Edge, now: _Edge, index: int, noun: str) -> str:
    most = ("at least", "at most")[index]

    def said(edge: _Edge) -> str:
        if edge is None:
            return "no limit"
        counted = _SINGULAR.get(noun, noun) if edge[0] == 1 else noun
        words = f" {counted}" if noun else ""
        apart = (" more than", " less than")[index] if edge[1] else f" {most}"
        return f"{apart.strip()} {edge[0]:g}{words}"

    return f"had {said(before)}, and has {said(now)} now"


def _texts(pair: Pair) -> Iterator[SchemaChange]:
    yield from _pattern(pair)
    old, new = pair.old.node.get("format"), pair.new.node.get("format")
    if old == new:
        return
    if not new:
        yield pair.change("FORMAT_REMOVED", SAFE, f"need be no {old} any more", old=old)
        return
    verdict = MAY_BREAK if pair.reading.checks_formats else SAFE
    rule = "FORMAT_CHANGED" if old else "FORMAT_ADDED"
    yield pair.change(rule, verdict, f"must be a {new} now", old=old, new=new)


def _pattern(pair: Pair) -> Iterator[SchemaChange]:
    old, new = pair.old.node.get("pattern"), pair.new.node.get("pattern")
    if old == new:
        return
    if not isinstance(new, str) or is_within(None, new):
        said = f"need not match {shown(old)} any more"
        if isinstance(old, str):
            yield pair.change("PATTERN_REMOVED", SAFE, said, old=old, new=new)
    elif not isinstance(old, str):
        yield pair.change("PATTERN_ADDED", MAY_BREAK, f"must match {shown(new)} now", new=new)
    elif is_within(old, new):
        said = f"matched {shown(old)}, and need only match {shown(new)}"
        yield pair.change("PATTERN_LOOSENED", SAFE, said, old=old, new=new)
    else:
        said = f"matched {shown(old)}, and must match {shown(new)} now"
        yield pair.change("PATTERN_CHANGED", MAY_BREAK, said, old=old, new=new)
