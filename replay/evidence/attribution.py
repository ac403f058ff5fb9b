"""Which difference of the schemas explains that a call is rejected or read otherwise.

By place first: a rule speaks of a path, and so does an error of a validator and a difference of two
payloads. Where several rules speak of one place, or none of just that place, the kind of the error
decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.records import Outcome
from replay.replayer.questions.compared import Compared, Misfit, Place, ReadChange, Watched
from replay.verdicts import paths

Kind: TypeAlias = Literal["missing", "extra", "null", "enum", "type", "bounds", "other"]

_TYPES: Final = ("TYPE", "UNION", "VARIANT", "DISCRIMINATOR", "STRICT", "RESTRICTION", "ALLOWED")
_RULE_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "missing": ("REQUIRED", "RENAME", "DEFAULT"),
    "extra": ("REMOVED", "CLOSED", "RENAME", "ADDITIONAL", "ALLOWED"),
    "null": ("NULL", "REQUIRED", *_TYPES),
    "enum": ("ENUM", "CONST", *_TYPES),
    "type": ("FORMAT", "ENUM", "CONST", *_TYPES),
    "bounds": (
        *("BOUND", "MIN", "MAX", "RANGE", "LENGTH", "PATTERN", "FORMAT", "UNIQUE", "MULTIPLE"),
        *("TIGHTENED", "NARROWED", "LIMIT", "RESTRICTION"),
    ),
    "other": ("FORMAT", "PATTERN", *_TYPES),
    "added": ("ADDED", "DEFAULT", "RENAME", "REQUIRED"),
    "removed": ("REMOVED", "CLOSED", "RENAME"),
    "changed": ("DEFAULT", "FORMAT", "NULL", *_TYPES),
    "moved": ("TYPE", "UNIQUE"),
}
"""Words in the names of rules that speak of such an error, or of such a difference."""

_ONLY_BY_KIND: Final = ("missing", "extra")
"""Errors that no rule of another kind explains, not even one of just that place."""
_OF_ONE_OBJECT: Final = ("CLOSED", "ADDITIONAL")
_BOUNDS: Final = ("than", "too_", "multiple", "pattern", "unique", "contains", "length", "count")


def kind_of(error: Misfit) -> Kind:
    """Return what an error complains of, whatever validator it comes from."""
    name = error.type
    if name.startswith("missing"):
        return "missing"
    if name in ("extra_forbidden", "unexpected_keyword_argument", "not_allowed"):
        return "extra"
    if error.value is None:
        return "null"
    if name in ("enum", "const", "literal_error"):
        return "enum"
    if any(word in name for word in _BOUNDS):
        return "bounds"
    if name.endswith(("_type", "_parsing", "_from_float")) or name in ("type", "any_of", "one_of"):
        return "type"
    return "type" if name.startswith(("union_", "is_instance", "model_")) else "other"


def causes_of(changes: Sequence[SchemaChange], compared: Compared) -> list[int | None]:
    """Return, for each way in which a call is affected, the change (its index) that explains it.

    These are, in order: its errors; where it has none and is not accepted, its outcome; where it is
    accepted, what is read otherwise. None: no change explains it.
    """
    if compared.errors:
        return [explaining_error(changes, error) for error in compared.errors]
    if compared.outcome is Outcome.UNKNOWN_TOOL:
        gone = (index for index, one in enumerate(changes) if one.rule.startswith("TOOL_"))
        return [next(gone, None)]
    if compared.outcome is not Outcome.OK:
        return [None]
    return [explaining_read(changes, change) for change in compared.changes]


def explaining_error(changes: Sequence[SchemaChange], error: Misfit) -> int | None:
    """Return which change explains that arguments do not fit there; None: none does."""
    kind = kind_of(error)
    able = [
        index
        for index, one in enumerate(changes)
        if one.on_payloads is not OnPayloads.SAFE
        and (error.value is None or "NULL" not in one.rule)
        and ("DEFAULT" not in one.rule or kind == "missing")
    ]
    words = _RULE_WORDS[kind]
    if kind in _ONLY_BY_KIND:
        able = [index for index in able if any(word in changes[index].rule for word in words)]
    found = _nearest(changes, able, error.path, words, message=error.message)
    return _of_all_the_tool(changes, kind) if found is None else found


def _of_all_the_tool(changes: Sequence[SchemaChange], kind: Kind) -> int | None:
    """Return the change of how the whole tool reads that explains an error of this kind."""
    wanted = (*(("COERCION_REMOVED",) if kind == "type" else ()), "GATE_ADDED", "JUDGED_OTHERWISE")
    by_rule = {one.rule: index for index, one in reversed(list(enumerate(changes)))}
    return next((by_rule[rule] for rule in wanted if rule in by_rule), None)


def explaining_read(changes: Sequence[SchemaChange], read: ReadChange) -> int | None:
    """Return which change explains that a place is read otherwise; None: none does."""
    return _nearest(changes, range(len(changes)), read.path, _RULE_WORDS[read.change])


def _nearest(
    changes: Sequence[SchemaChange],
    able: Sequence[int],
    path: str,
    words: tuple[str, ...],
    *,
    message: str = "",
) -> int | None:
    best: tuple[int, ...] | None = None
    found = None
    for index in able:
        change = changes[index]
        distance = min(
            (d for place in _places(change) if (d := _distance(place, path)) is not None),
            default=None,
        )
        if distance is None:
            continue
        fits = any(word in change.rule for word in words)
        if distance != 0 and not fits:
            continue
        if distance > 1 and any(word in change.rule for word in _OF_ONE_OBJECT):
            continue  # what is deeper is another object's
        harms = change.on_payloads is not OnPayloads.SAFE
        rank = (int(fits), -abs(distance), int(harms), int(_is_named(change.new, message)))
        if best is None or rank > best:
            best, found = rank, index
    return found


def _is_named(limit: object, message: str) -> bool:
    """Whether an error names the limit: of a lower and an upper one it is about the one it says."""
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        return False
    return re.search(rf"(?<![\w.-]){re.escape(f'{limit:g}')}(?![\w]|\.\d)", message) is not None


def _places(change: SchemaChange) -> list[str]:
    """Where a change is; of a field that has another name now, under both names."""
    places = [change.path]
    if "RENAME" in change.rule:
        above = _above(change.path)
        places += [
            paths.join(above, name) for name in (change.old, change.new) if isinstance(name, str)
        ]
    return places


def _above(path: str) -> str:
    cut = max(path.rfind("."), path.rfind("["))
    return path[:cut] if cut > 0 else ""


def _distance(pattern: str, path: str) -> int | None:
    """Return how many levels ``path`` lies beneath the place ``pattern``, above it (negative)...

    None: neither beneath it nor above it.
    """
    try:
        levels = len(paths.split(path)) - len(paths.split_pattern(pattern))
        if levels >= 0:
            return levels if paths.matches(pattern, path, beneath=True) else None
        return levels if _is_above(path, pattern) else None
    except ValueError:
        return None


def _is_above(path: str, pattern: str) -> bool:
    above = pattern
    for _ in range(len(paths.split_pattern(pattern)) - len(paths.split(path))):
        above = _above(above)
    return paths.matches(above, path) if above else path == ""


def watched_places(changes: Sequence[SchemaChange], *, is_given: bool) -> list[tuple[int, Watched]]:
    """Return the changes, by index, that payloads do not show, and where they concern a call.

    A Python default is filled in after validation. And a schema that was given as JSON
    (``is_given``) only judges: what it does not name any more reaches the tool as before.
    """
    found: list[tuple[int, Watched]] = []
    for index, change in enumerate(changes):
        place = place_of(change.path)
        if change.on_payloads is not OnPayloads.SILENT or not place:
            continue
        if "DEFAULT" in change.rule:
            found.append((index, Watched(place)))
        elif is_given and "PROPERTY" in change.rule:
            found.append((index, Watched(place, is_carried=True)))
    return found


def place_of(path: str) -> Place | None:
    """Return the parts of the path of a change; None: it names no one place (``*``, ``**``)."""
    try:
        parts = paths.split_pattern(path)
    except ValueError:
        return None
    place: list[str | int | None] = []
    for part in parts:
        if isinstance(part, paths.Index):
            place.append(part.index)
        elif isinstance(part, paths.Key) and (part.literal or "*" not in part.glob):
            place.append(part.glob)
        else:
            return None
    return tuple(place)
