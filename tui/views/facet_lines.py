"""Facets as lines: the name of each group, then its values with bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.rows.facets import Facet
from tui.rows.filter_words import filter_word
from tui.views.parts import Part, count, fit, printable
from tui.views.signs import outcome_sign, verdict_sign

_NOUNS = {
    "tool": "tools called",
    "model": "models, as they were asked for and as they answered",
    "outcome": "outcomes of calls, other than ok",
    "verdict": "verdicts of today, other than same",
    "app": "applications",
    "source": "where it came from",
    "label": "labels",
}
_BAR_MAX = 24


@dataclass(frozen=True, slots=True)
class FacetLine:
    """One line: a group's name, one of its values, or how many are left out."""

    name: str
    value: str | None
    """None: no value, but the name or a note."""
    count: int = -1
    """Traces; -1: the name."""
    share: float = 0.0
    """Of the most frequent value of the group."""


def facet_lines(facets: Sequence[Facet]) -> list[FacetLine]:
    """Return the lines of all facets."""
    lines: list[FacetLine] = []
    for facet in facets:
        lines.append(FacetLine(facet.name, None))
        most = max(number for _, number in facet.values)
        lines += [
            FacetLine(facet.name, value, number, number / most) for value, number in facet.values
        ]
        if facet.more:
            lines.append(FacetLine(facet.name, None, facet.more))
    return lines


def facet_parts(line: FacetLine, width: int) -> list[Part]:
    """Return one line."""
    if line.value is None:
        if line.count < 0:
            return [(_NOUNS[line.name], "strong")]
        return [(f"    … {count(line.count, 'value')} more: type it after f", "dim")]
    sign: Part = ("  ", "")
    if line.name == "outcome":
        mark, role = outcome_sign(line.value)
        sign = (f"{mark} ", role)
    elif line.name == "verdict":
        mark, role = verdict_sign(line.value)
        sign = (f"{mark} ", role)
    bar_max = _BAR_MAX if width >= 70 else max(0, width - 46)
    room = max(12, width - bar_max - 18)
    return [
        ("  ", ""),
        sign,
        (fit(printable(filter_word(line.name, line.value)), room), ""),
        (f"{line.count:>9,}  ", "number"),
        ("█" * max(1, round(line.share * bar_max)) if bar_max else "", "accent"),
    ]
