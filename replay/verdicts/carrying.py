"""What of old arguments a translation did not carry over into the new ones.

A translation puts a payload into other words, so the two differ by design: fields are renamed,
regrouped, split and joined, and new ones get a value. What must not happen is that a value of the
old payload is nowhere in the new one.

This reads one payload and what was made of it: of a stored call that is all there is. Where the
chain itself can be run, `replay.replayer.questions.chains` changes each value and looks whether the
new payload changes with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from replay.records import Change, JsonValue
from replay.verdicts import paths
from replay.verdicts.canonical import nests_deeply, same_but_spelling

_NOTHING: Final[tuple[JsonValue, ...]] = (None, "", [], {})
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_BETWEEN_MOMENTS: Final = "TZ"
"""What is left of ``2026-05-01T09:00Z`` beside its date and its time."""
_PART_CHARS_MIN: Final = 3
"""A shorter text may be inside another one by chance."""


def not_carried(old: JsonValue, new: JsonValue, *, dropped: Sequence[str] = ()) -> list[Change]:
    """Return the values of ``old`` that are nowhere in ``new``: ``removed``, or ``changed``.

    A value is carried where it stands under its own path or any other, in another spelling
    (``"#7"`` and 7), or as a part of a text, or split into parts. An empty value, and null, may be
    left out, and what is ``dropped`` on purpose: paths with ``[*]`` for indexes.
    """
    if nests_deeply(old) or nests_deeply(new):
        return []
    left = dict(_values_by_path(new))
    missing: list[tuple[str, JsonValue]] = []
    for path, value in _values_by_path(old):
        if path in left and same_but_spelling(left[path], value):
            del left[path]
        else:
            missing.append((path, value))
    missing = [one for one in missing if not _taken(one[1], left)]
    lost = [
        _change(path, value, left)
        for path, value in missing
        if value not in _NOTHING and not _is_part(value, left)
    ]
    return [
        change for change in _whole_fields(lost, old, new) if not is_dropped(change.path, dropped)
    ]


def _whole_fields(lost: list[Change], old: JsonValue, new: JsonValue) -> list[Change]:
    """Say ``zone`` for all that was in it, where it is gone and nothing of it was carried over."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return lost
    told: list[Change] = []
    for name, value in old.items():
        path = paths.join("", name)
        inside = [one for one in lost if paths.split(one.path)[0] == name]
        count = sum(leaf not in _NOTHING for _, leaf in paths.leaves(value))
        if name not in new and len(inside) == count and inside:
            inside = [Change(path=path, change="removed", recorded=value)]
        told += inside
    return told


def is_dropped(path: str, dropped: Sequence[str]) -> bool:
    """Return whether a path is one of ``dropped``, or beneath one: ``[*]`` stands for indexes."""
    general = paths.general_path(path)
    return any(general == one or general.startswith((f"{one}.", f"{one}[")) for one in dropped)


def _values_by_path(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    return ((paths.written(parts), leaf) for parts, leaf in paths.leaves(value))


def _taken(value: JsonValue, left: dict[str, JsonValue]) -> bool:
    """Take ``value`` out of what is left of the new payload; False: it is not there."""
    for path, other in left.items():
        if same_but_spelling(value, other) or _same_number(value, other):
            del left[path]
            return True
    return False


def _same_number(old: JsonValue, new: JsonValue) -> bool:
    """Whether one is a number and the other a text that holds just this one: ``"#7"`` and 7."""
    texts = [one for one in (old, new) if isinstance(one, str)]
    numbers = [one for one in (old, new) if isinstance(one, int | float) and type(one) is not bool]
    if len(texts) != 1 or len(numbers) != 1:
        return False
    found = _NUMBER.findall(texts[0])
    return len(found) == 1 and float(found[0]) == float(numbers[0])


def _is_part(value: JsonValue, left: dict[str, JsonValue]) -> bool:
    """Whether a text is inside a new one, or new ones are inside it and nothing is left of it."""
    if not isinstance(value, str):
        return False
    others = [one for one in left.values() if isinstance(one, str) and one]
    if len(value) >= _PART_CHARS_MIN and any(value in one for one in others):
        return True
    for part in sorted(others, key=len, reverse=True):
        value = value.replace(part, " ", 1)
    return not any(char.isalnum() and char not in _BETWEEN_MOMENTS for char in value)


def _change(path: str, value: JsonValue, left: dict[str, JsonValue]) -> Change:
    if path in left:
        return Change(path=path, change="changed", recorded=value, replayed=left[path])
    return Change(path=path, change="removed", recorded=value)
