"""What a number counts, as its name and its description say it; and other readings of one value."""

from __future__ import annotations

import re
from typing import Final

from replay.compatibility.suggesting.edits import Edit, Here, question
from replay.compatibility.suggesting.fields import Field

_UNITS: Final = {
    "time": {
        "milliseconds": "millisecond milliseconds millis msec",
        "seconds": "seconds secs",
        "minutes": "minutes mins",
        "hours": "hours hrs",
        "days": "days",
        "weeks": "weeks",
        "months": "months",
    },
    "money": {
        "cents": "cents cent pence pennies",
        "minor units": "minor",
        "whole units": "dollars dollar euros euro pounds usd eur gbp major",
    },
    "temperature": {"celsius": "celsius", "fahrenheit": "fahrenheit", "kelvin": "kelvin"},
    "length": {
        "kilometres": "kilometers kilometres",
        "metres": "meters metres",
        "centimetres": "centimeters centimetres",
        "miles": "miles",
        "feet": "feet foot",
        "inches": "inches",
    },
    "weight": {
        "grams": "grams",
        "kilograms": "kilograms kilos",
        "pounds of weight": "lbs",
        "ounces": "ounces",
    },
    "share": {"percent": "percent percentage pct", "a fraction": "fraction ratio"},
    "size": {
        "bytes": "bytes",
        "kilobytes": "kilobytes kib",
        "megabytes": "megabytes mib",
        "gigabytes": "gigabytes gib",
    },
    "angle": {"degrees": "degrees", "radians": "radians"},
}
_SUFFIXES: Final = {
    "ms": ("time", "milliseconds"),
    "s": ("time", "seconds"),
    "sec": ("time", "seconds"),
    "min": ("time", "minutes"),
    "h": ("time", "hours"),
    "hr": ("time", "hours"),
    "km": ("length", "kilometres"),
    "m": ("length", "metres"),
    "cm": ("length", "centimetres"),
    "mi": ("length", "miles"),
    "ft": ("length", "feet"),
    "kg": ("weight", "kilograms"),
    "g": ("weight", "grams"),
    "lb": ("weight", "pounds of weight"),
    "kb": ("size", "kilobytes"),
    "mb": ("size", "megabytes"),
    "gb": ("size", "gigabytes"),
    "c": ("temperature", "celsius"),
    "f": ("temperature", "fahrenheit"),
}
"""Units only as the end of a name, or after "in": ``timeout_s``, "in ms"."""

_BY_WORD: Final = {
    word: (kind, unit)
    for kind, units in _UNITS.items()
    for unit, words in units.items()
    for word in words.split()
}
_AFTER_IN: Final = re.compile(r"\bin\s+(\w+)\b", re.I)
_READINGS: Final = {
    "count": {
        "from 0": re.compile(
            r"\b(?:0|zero)[- ](?:based|indexed)\b|\bstart\w* (?:at|from|with) 0\b", re.I
        ),
        "from 1": re.compile(
            r"\b(?:1|one)[- ](?:based|indexed)\b|\bstart\w* (?:at|from|with) 1\b", re.I
        ),
    },
    "clock": {
        "UTC": re.compile(r"\b(?:UTC|GMT)\b"),
        "local time": re.compile(r"\blocal\b", re.I),
    },
    "moment": {
        "a number since 1970": re.compile(r"\b(?:unix|epoch)\b", re.I),
        "ISO 8601": re.compile(r"\b(?:ISO[- ]?8601|RFC[- ]?3339)\b", re.I),
    },
}
_DATE_FORM: Final = re.compile(
    r"\b(?:[YMDHSymdhs]{2,4}[-/. :T]){1,5}[YMDHSymdhs]{2,4}\b|%[a-zA-Z][-/. :%a-zA-Z]*"
)
_NUMBERS: Final = frozenset(("integer", "number"))


def units_of(field: Field) -> dict[str, frozenset[str]]:
    """Return what a field says its values are counted or written in, by kind of unit."""
    found: dict[str, set[str]] = {}
    said = field.description
    if field.kinds & _NUMBERS and field.choices is None:
        words = [*field.words, *(word.lower() for word in re.findall(r"[A-Za-z]+", said))]
        for word in words:
            if word in _BY_WORD:
                kind, unit = _BY_WORD[word]
                found.setdefault(kind, set()).add(unit)
        ends = [one.lower() for one in _AFTER_IN.findall(said)]
        if len(field.words) > 1:
            ends.append(field.words[-1])
        for word in ends:
            if word in _SUFFIXES:
                kind, unit = _SUFFIXES[word]
                found.setdefault(kind, set()).add(unit)
    for kind, readings in _READINGS.items():
        for reading, pattern in readings.items():
            if pattern.search(said):
                found.setdefault(kind, set()).add(reading)
    for form in _DATE_FORM.findall(said):
        found.setdefault("form", set()).add(form.upper())
    return {kind: frozenset(units) for kind, units in found.items()}


def unit_question(here: Here, old: Field, new: Field) -> Edit | None:
    """Return what must be asked of a field whose unit seems to change; None: nothing.

    A field that keeps its name and only now says its unit is taken to have had it always; under
    another name nothing is taken for granted.
    """
    before, after = units_of(old), units_of(new)
    renamed = old.name != new.name
    for kind in sorted(before.keys() | after.keys()):
        was, now = before.get(kind, frozenset()), after.get(kind, frozenset())
        if was == now or (not renamed and not (was and now)):
            continue
        named = f"{_listed(was)} to {_listed(now)}"
        reckoned = _reckoned(here.item(new.name), was, now)
        return question(
            "unit",
            here.at(new.name),
            f"it seems to go from {named}; nothing here converts it",
            when=here.has(new.name),
            hint=[f"{here.item(new.name)} = {reckoned}"] if reckoned else [],
        )
    return None


def _reckoned(item: str, was: frozenset[str], now: frozenset[str]) -> str | None:
    """Return the code of the usual conversion, for a person to take; None: there is none."""
    if len(was) != 1 or len(now) != 1:
        return None
    (old,), (new,) = was, now
    if (old, new) in _FORMULAS:
        return _FORMULAS[old, new].format(item)
    sizes = next((sizes for sizes in _SIZES if {old, new} <= sizes.keys()), None)
    if sizes is None:
        return None
    larger, smaller = max(sizes[old], sizes[new]), min(sizes[old], sizes[new])
    return f"{item} {'*' if sizes[old] > sizes[new] else '/'} {larger // smaller}"


_SIZES: Final = (
    {
        "milliseconds": 1,
        "seconds": 1000,
        "minutes": 60_000,
        "hours": 3_600_000,
        "days": 86_400_000,
        "weeks": 604_800_000,
    },
    {"centimetres": 1, "metres": 100, "kilometres": 100_000},
    {"grams": 1, "kilograms": 1000},
    {"cents": 1, "whole units": 100},
    {"percent": 1, "a fraction": 100},
)
_FORMULAS: Final = {
    ("whole units", "cents"): "round({} * 100)",
    ("celsius", "fahrenheit"): "{} * 9 / 5 + 32",
    ("fahrenheit", "celsius"): "({} - 32) * 5 / 9",
    ("from 0", "from 1"): "{} + 1",
    ("from 1", "from 0"): "{} - 1",
}


def _listed(units: frozenset[str]) -> str:
    return " or ".join(sorted(units)) if units else "what is not said"
