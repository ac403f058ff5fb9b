"""What a finished replay asked of the outside world, against what was recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from cassettes.cassette import Cassette
from cassettes.interaction import Interaction, Key
from cassettes.matching import Miss, compare_requests

ChangeKind = Literal["added", "removed", "changed", "reordered", "unanswered"]


@dataclass(slots=True, frozen=True)
class SideEffect:
    """One difference in what was asked."""

    change: ChangeKind
    """``unanswered``: asked and not on the cassette; ``removed``: recorded and no longer asked, or
    less often;
    ``changed``: another field that differs, of a request named above or of one served loosely;
    ``reordered``: asked after a request that used to start only when this one had ended;
    ``added``: not on the cassette, and let through to an allowed address."""
    request: str
    """The request in one line."""
    field: str | None = None
    """The part that differs (``body.amount``, ``query.limit``), or None for the whole request;
    ``times`` where a recorded request is asked more often than it was, or less."""
    recorded: Any = None
    replayed: Any = None
    nearest: str | None = None
    """For ``unanswered``: the nearest recorded request and why it did not match."""


@dataclass(slots=True)
class SideEffects:
    """All of it: every request asked, and every difference."""

    asked: list[str] = field(default_factory=list)
    changes: list[SideEffect] = field(default_factory=list)


def side_effects(cassette: Cassette) -> SideEffects:
    """Return what the replay on ``cassette`` asked that differs from the recording.

    A miss whose nearest recorded request was never asked is that request, changed: it is reported
    once, field by field, and not as removed as well. So is a request that was asked, word for
    word, more often than recorded.
    """
    changes: list[SideEffect] = []
    explained: set[int] = set()
    told: set[Key] = set()
    for miss in cassette.misses:
        if (key := miss.request.key()) in told:
            continue  # asked once more: a retry of what is told already
        found = _asked_more_often(miss, cassette) or _unanswered(miss, explained, cassette)
        if found[0].field is not None or miss.is_partial:
            told.add(key)
        changes.extend(found)
    for interaction, asked in cassette.drifted:
        changes.extend(
            SideEffect("changed", asked.line, each.field, each.recorded, each.replayed)
            for each in compare_requests(interaction, asked)
        )
    for asked, differences in cassette.headed:
        changes.extend(
            SideEffect("changed", asked.line, each.field, each.recorded, each.replayed)
            for each in differences
        )
    changes.extend(SideEffect("added", line) for line in cassette.live)
    changes.extend(_removed([one for one in cassette.unused if id(one) not in explained], cassette))
    changes.extend(_reordered(cassette.played))
    return SideEffects(list(cassette.asked), changes)


def _removed(unused: list[Interaction], cassette: Cassette) -> list[SideEffect]:
    """Requests that are never asked any more, and those that are asked less often."""
    counts = Counter(one.request.key() for one in unused)
    still = Counter(one.request.key() for one in cassette.played) if unused else Counter()
    found: list[SideEffect] = []
    for one in unused:
        key = one.request.key()
        asked = still[key]
        if not asked:
            found.append(SideEffect("removed", one.request.line))
        elif left := counts.pop(key, 0):  # told once for all of them
            found.append(SideEffect("removed", one.request.line, "times", asked + left, asked))
    return found


def _asked_more_often(miss: Miss, cassette: Cassette) -> list[SideEffect]:
    """The miss of a request whose every recorded answer was served already; else nothing."""
    if miss.nearest is None or miss.differences or miss.is_partial or miss.nearest.is_cut:
        return []
    key = miss.request.key()
    recorded = sum(one.request.key() == key for one in cassette.interactions) or 1
    again = sum(other.request.key() == key for other in cassette.misses)
    why = _told(miss, miss.nearest)
    return [SideEffect("unanswered", miss.line, "times", recorded, recorded + again, why)]


def _unanswered(miss: Miss, explained: set[int], cassette: Cassette) -> list[SideEffect]:
    nearest = miss.nearest
    if nearest is None:
        return [SideEffect("unanswered", miss.line)]
    told = _told(miss, nearest)
    same_place = all(each.field not in ("method", "host", "path") for each in miss.differences)
    is_free = id(nearest) not in explained and any(nearest is one for one in cassette.unused)
    if not miss.differences or not same_place or not is_free:
        return [SideEffect("unanswered", miss.line, nearest=told)]
    explained.add(id(nearest))
    first, *rest = miss.differences
    return [
        SideEffect("unanswered", miss.line, first.field, first.recorded, first.replayed, told),
        *(
            SideEffect("changed", miss.line, each.field, each.recorded, each.replayed)
            for each in rest
        ),
    ]


def _told(miss: Miss, nearest: Interaction) -> str | None:
    return f"{nearest.request.line}: {miss.why[0].lower()}{miss.why[1:]}" if miss.why else None


def _reordered(played: list[Interaction]) -> list[SideEffect]:
    """Requests asked after one that, when recorded, started only once they had ended.

    Requests that overlapped when recorded have no order between them.
    """
    found: list[SideEffect] = []
    latest: Interaction | None = None
    for one in played:
        ended_ms = one.offset_ms + one.duration_ms
        if latest is not None and latest.sequence > one.sequence and latest.offset_ms >= ended_ms:
            found.append(
                SideEffect(
                    "reordered",
                    one.request.line,
                    recorded=f"before {latest.request.line}",
                    replayed=f"after {latest.request.line}",
                )
            )
        elif latest is None or one.offset_ms >= latest.offset_ms:
            latest = one
    return found
