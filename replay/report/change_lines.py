"""Differences as lines: ``- recorded`` above ``+ replayed``, and only what changed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Final

from replay.records import Change, InteractionChange, JsonValue
from replay.report.ink import Ink, cells, cut, plain, wrap
from replay.verdicts.paths import general_path
from replay.verdicts.requests import is_changed_request
from replay.verdicts.wording import times

_CONTEXT_CHARS: Final = 24
"""How much of what two long texts share is kept around their difference."""

_LOST_MAX: Final = 2
"""More lost fields than this share one line."""

_MOVES_MAX: Final = 12
"""Longer lists say only that they were reordered."""


def summary_lines(
    changes: Sequence[Change], *, width: int, ink: Ink, lines_max: int = 8
) -> list[str]:
    """Return the differences in at most ``lines_max`` lines, one each for those that are alike."""
    lines: list[str] = []
    changes, lost = _lost_fields(changes)
    if lost:
        lines.append(ink.paint(cut("- " + ", ".join(lost), width), "red"))
    kinds: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        kinds.setdefault((change.change, general_path(change.path)), []).append(change)
    left = len(changes)
    for alike in kinds.values():
        more = len(alike) - 1
        block = _lines_of(alike[0], width, ink, f"  ({more} more like it)" if more else "")
        if len(lines) + len(block) > lines_max and lines:
            break
        lines += block
        left -= len(alike)
    if left:
        lines.append(ink.paint(f"… {left:,} more differences", "dim"))
    return lines


def full_lines(changes: Sequence[Change], *, width: int, ink: Ink) -> list[str]:
    """Return every difference in full; long values take several lines."""
    lines: list[str] = []
    for change in changes:
        lines += _full(change, width, ink)
    return lines


def outside_lines(
    changes: Sequence[InteractionChange], *, width: int, ink: Ink, lines_max: int = 6
) -> list[str]:
    """Return what the call asks of the outside otherwise."""
    lines: list[str] = []
    last = None
    for change in changes[:lines_max]:
        told = _outside(change, width, ink)
        of_one = last is not None and _is_another_field(last, change)
        lines += told[1:] if of_one else told
        last = change
    if len(changes) > lines_max:
        lines.append(ink.paint(f"… {len(changes) - lines_max:,} more requests", "dim"))
    return lines


def _is_another_field(last: InteractionChange, change: InteractionChange) -> bool:
    """Whether both are fields of one request, which is named once."""
    both = (last, change)
    return last.request == change.request and all(
        is_changed_request(one) and one.field != "times" for one in both
    )


def is_refused(change: InteractionChange) -> bool:
    """Return whether a program or a bare connection was refused, which nothing could answer."""
    return change.change == "unanswered" and change.request.startswith(("RUN ", "CONNECT "))


def one_value(value: JsonValue) -> str:
    """Return ``value`` on one line; a text is quoted so that its ends show."""
    return plain(json.dumps(value, ensure_ascii=False, default=repr))


def _lost_fields(changes: Sequence[Change]) -> tuple[list[Change], list[str]]:
    """Take out the fields of an answer that is another altogether, to be said on one line."""
    lost = [c for c in changes if c.change == "removed" and c.path.isidentifier()]
    if len(lost) <= _LOST_MAX:
        return list(changes), []
    named = [f"{change.path}: {one_value(change.recorded)}" for change in lost]
    return [change for change in changes if change not in lost], named


def _lines_of(change: Change, width: int, ink: Ink, tail: str = "") -> list[str]:
    label = f"{change.path}: " if change.path else ""
    if change.change == "moved":
        text = f"~ {label}reordered{_moves(change)}"
        return [ink.paint(cut(text, width - cells(tail)), "yellow") + tail]
    old, new = _shown(change, width - len(label) - 2 - cells(tail))
    lines = []
    if change.change != "added":
        text = cut(f"- {label}{old}", width - (cells(tail) if change.change == "removed" else 0))
        lines.append(ink.paint(text, "red"))
    if change.change != "removed":
        lines.append(ink.paint(cut(f"+ {label}{new}", width - cells(tail)), "green"))
    lines[-1] += ink.paint(tail, "dim")
    return lines


def _shown(change: Change, width: int) -> tuple[str, str]:
    old, new = one_value(change.recorded), one_value(change.replayed)
    if change.change == "changed" and max(cells(old), cells(new)) > width:
        return _where_they_part(old, new)
    return old, new


def _where_they_part(old: str, new: str) -> tuple[str, str]:
    """Both texts from a little before their first difference on."""
    same = 0
    for left, right in zip(old, new, strict=False):
        if left != right:
            break
        same += 1
    start = max(0, same - _CONTEXT_CHARS)
    if start == 0:
        return old, new
    return "…" + old[start:], "…" + new[start:]


def _moves(change: Change) -> str:
    order = change.replayed
    if not isinstance(order, list) or len(order) > _MOVES_MAX:
        return f" ({len(order):,} items)" if isinstance(order, list) else ""
    was, now = (" ".join(map(str, indexes)) for indexes in (sorted(order), order))
    return f" (was {was}, now {now})"


def _full(change: Change, width: int, ink: Ink) -> list[str]:
    if change.change == "moved":
        return _lines_of(change, width, ink)
    texts = isinstance(change.recorded, str) and isinstance(change.replayed, str)
    if texts and ("\n" in change.recorded or "\n" in change.replayed):
        return _text_diff(change, width, ink)
    lines = []
    if change.change != "added":
        lines += _value_block("- ", change.path, change.recorded, width, ink, "red")
    if change.change != "removed":
        lines += _value_block("+ ", change.path, change.replayed, width, ink, "green")
    return lines


def _text_diff(change: Change, width: int, ink: Ink) -> list[str]:
    """Two texts of several lines, line by line with one line around each difference."""
    lines = [ink.paint(f"~ {change.path or 'text'}:", "yellow")]
    compared = difflib.unified_diff(
        change.recorded.splitlines(), change.replayed.splitlines(), lineterm="", n=1
    )
    colors = {"-": "red", "+": "green"}
    for line in list(compared)[2:]:
        text = "  ⋮" if line.startswith("@@") else f"  {line}"
        wrapped = wrap(text, width, hang="    ")
        style = colors.get(line[:1])
        lines += [ink.paint(part, style) if style else ink.paint(part, "dim") for part in wrapped]
    return lines


def _value_block(
    mark: str, path: str, value: JsonValue, width: int, ink: Ink, style: str
) -> list[str]:
    label = f"{path}: " if path else ""
    whole = f"{mark}{label}{one_value(value)}"
    if cells(whole) <= width:
        return [ink.paint(whole, style)]
    if isinstance(value, dict | list):
        pretty = json.dumps(value, indent=2, ensure_ascii=False, default=repr).splitlines()
        block = [f"{mark}{label}{pretty[0]}", *(f"{mark}{line}" for line in pretty[1:])]
    else:
        block = [whole]
    return [
        ink.paint(part, style) for line in block for part in wrap_marked(line, width, mark=mark)
    ]


def wrap_marked(line: str, width: int, *, mark: str) -> list[str]:
    """Return ``line`` wrapped so that every part begins with ``mark``; its own indent is kept."""
    if cells(line) <= width:
        return [line]
    body = line[len(mark) :]
    indent = body[: len(body) - len(body.lstrip())]
    return wrap(body.lstrip(), width, indent=mark + indent, hang="    ")


def _outside(change: InteractionChange, width: int, ink: Ink) -> list[str]:
    request = plain(change.request)
    if is_changed_request(change):
        return _changed_request(change, request, width, ink)
    if change.change == "unanswered":
        said = ": refused" if is_refused(change) else ": no recorded answer"
        return [
            ink.paint(_around(request, width, "? ", said), "cyan"),
            *_nearest(change, width, ink),
        ]
    if change.change == "removed" and change.field == "times":
        said = f": sent {times(change.replayed)}, recorded {times(change.recorded)}"
        return [ink.paint(_around(request, width, "~ ", said), "red")]
    if change.change == "removed":
        return [ink.paint(_around(request, width, "no longer asks "), "red")]
    if change.change == "added":
        return [ink.paint(_around(request, width, "now asks "), "green")]
    if change.change == "reordered":
        lines = [ink.paint(_around(request, width, "asks ", " at another place"), "yellow")]
        if change.replayed is not None:
            told = f"now {change.replayed}, recorded {change.recorded}"
            lines += [ink.paint(line, "dim") for line in wrap(plain(told), width, indent="  ")]
        return lines
    return [ink.paint(_around(request, width, "asks ", " otherwise"), "yellow")]


def _changed_request(change: InteractionChange, request: str, width: int, ink: Ink) -> list[str]:
    """One field of a request: what was sent, what is sent now."""
    if change.field == "times":
        said = f": sent {times(change.replayed)}, recorded {times(change.recorded)}"
        return [ink.paint(_around(request, width, "~ ", said), "yellow")]
    said = ": no recorded answer" if change.change == "unanswered" else ""
    sides = [("-", change.recorded, "red"), ("+", change.replayed, "green")]
    if change.recorded is not None or change.replayed is not None:  # else: null, and not there
        sides = [side for side in sides if side[1] is not None]
    return [
        ink.paint(_around(request, width, "~ ", said), "yellow"),
        *(
            ink.paint(cut(f"  {sign} {change.field} {one_value(value)}", width), color)
            for sign, value, color in sides
        ),
    ]


def _nearest(change: InteractionChange, width: int, ink: Ink) -> list[str]:
    """The nearest recorded request and why it did not match, whole: it is what mends a miss."""
    if not change.nearest:
        return []
    lines = wrap(f"nearest: {plain(change.nearest)}", width, indent="  ")
    return [ink.paint(line, "dim") for line in lines]


def _around(request: str, width: int, before: str, after: str = "") -> str:
    """The request is cut where it must be, and never what is said of it."""
    return f"{before}{cut(request, width - cells(before) - cells(after))}{after}"
