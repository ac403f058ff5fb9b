"""From two JSON values to the list of their differences.

Canonical equality first, then one direct walk; lists are aligned before they are compared, so that
a reordered list reads ``flights: reordered`` and not as forty changed fields.

How the changes of one list go together (and how a reader may apply them): a path beneath a
*changed* or *removed* element counts by its recorded index, an *added* element by its replayed
index, and ``moved`` names the list itself: ``recorded`` holds the recorded indexes of the elements
that were kept, in recorded order, ``replayed`` the same indexes in replayed order.
"""

from __future__ import annotations

from replay.records import Change, JsonObject, JsonValue
from replay.verdicts import paths
from replay.verdicts.alignment import align
from replay.verdicts.canonical import nests_deeply, same_value


def diff_values(recorded: JsonValue, replayed: JsonValue, path: str = "") -> list[Change]:
    """Return every difference, in recorded order; empty when the canonical forms are equal.

    Values that nest deeper than 200 levels are compared as one.
    """
    if nests_deeply(recorded) or nests_deeply(replayed):
        return [] if _shallow_equal(recorded, replayed) else [_whole(path, recorded, replayed)]
    changes: list[Change] = []
    _walk(recorded, replayed, path, changes)
    return changes


def _walk(recorded: JsonValue, replayed: JsonValue, path: str, changes: list[Change]) -> None:
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        _walk_objects(recorded, replayed, path, changes)
    elif isinstance(recorded, list) and isinstance(replayed, list):
        if not same_value(recorded, replayed):
            _walk_lists(recorded, replayed, path, changes)
    elif not same_value(recorded, replayed):
        changes.append(_whole(path, recorded, replayed))


def _walk_objects(
    recorded: JsonObject, replayed: JsonObject, path: str, changes: list[Change]
) -> None:
    for key, value in recorded.items():
        if key in replayed:
            other = replayed[key]
            if value is not other:
                _walk(value, other, paths.join(path, key), changes)
        else:
            changes.append(Change(path=paths.join(path, key), change="removed", recorded=value))
    changes.extend(
        Change(path=paths.join(path, key), change="added", replayed=value)
        for key, value in replayed.items()
        if key not in recorded
    )


def _walk_lists(
    recorded: list[JsonValue], replayed: list[JsonValue], path: str, changes: list[Change]
) -> None:
    pairs = align(recorded, replayed)
    kept, placed = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    moved = [old for old, _ in sorted(pairs, key=lambda pair: pair[1])]
    if moved != sorted(moved):
        changes.append(Change(path=path, change="moved", recorded=sorted(moved), replayed=moved))
    changes.extend(
        Change(path=paths.join(path, index), change="removed", recorded=value)
        for index, value in enumerate(recorded)
        if index not in kept
    )
    for old, new in sorted(pairs):
        _walk(recorded[old], replayed[new], paths.join(path, old), changes)
    changes.extend(
        Change(path=paths.join(path, index), change="added", replayed=value)
        for index, value in enumerate(replayed)
        if index not in placed
    )


def _whole(path: str, recorded: JsonValue, replayed: JsonValue) -> Change:
    kind = _json_type(recorded) == _json_type(replayed)
    return Change(
        path=path,
        change="changed" if kind else "type_changed",
        recorded=recorded,
        replayed=replayed,
    )


def _json_type(value: JsonValue) -> str:
    """The type as JSON knows it: whole and broken numbers are of one type."""
    if value is None or isinstance(value, bool):
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def _shallow_equal(recorded: JsonValue, replayed: JsonValue) -> bool:
    try:
        return same_value(recorded, replayed)
    except RecursionError:
        return False
