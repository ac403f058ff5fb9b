"""Values inside a page: whole where they are small, folded where they are large, cut where huge."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from replay.records import Change, InteractionChange, JsonValue
from replay.report.html.page import folded, tag, text

_SHOWN_CHARS: Final = 1_500
"""Longer texts are folded: their first line is shown."""

_SHOWN_LINES: Final = 25
_CHARS_MAX: Final = 200_000
"""No page holds more of one value: a phone has to open it."""

_CHANGES_MAX: Final = 200
_PREVIEW_CHARS: Final = 240


def labelled(label: str, value: JsonValue) -> str:
    """Return a value under its name; nothing where there is none."""
    if value is None or value == "":
        return ""
    return tag("h3", text(label)) + block(value)


def block(value: JsonValue) -> str:
    """Return a value as preformatted text: JSON is laid out, other text stays as it is."""
    words = pretty(value)
    left_out = len(words) - _CHARS_MAX
    shown = words[:_CHARS_MAX]
    body = f"<pre>{text(shown)}</pre>"
    if left_out > 0:
        more = f"… {left_out:,} more characters are not in this page; `replay show` has them."
        body += tag("p", text(more), "dim")
    if len(words) <= _SHOWN_CHARS and words.count("\n") < _SHOWN_LINES:
        return body
    head = f"{text(preview(words, 80))} {tag('span', f'{len(words):,} characters', 'dim')}"
    return folded(head, [body])


def pretty(value: JsonValue) -> str:
    """Return JSON laid out over lines; a text that holds none comes back as it is."""
    if isinstance(value, str):
        words = value
        if words[:1] not in ("{", "["):
            return words
        try:
            value = json.loads(words)
        except (ValueError, RecursionError):
            return words
    return json.dumps(value, indent=2, ensure_ascii=False)


def compact(value: JsonValue) -> str:
    """Return JSON on one line."""
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def preview(value: str, chars_max: int = _PREVIEW_CHARS) -> str:
    """Return how a text begins, on one line."""
    words = " ".join(value[: chars_max * 4].split())
    return words if len(words) <= chars_max else f"{words[:chars_max]}…"


def changes(found: Iterable[Change], *, old: str = "recorded", new: str = "today") -> str:
    """Return differences of a value, each with both sides."""
    rows = []
    for number, one in enumerate(found):
        if number == _CHANGES_MAX:
            rows.append(tag("span", "… and more", "path"))
            break
        rows.append(_change(one, old, new))
    return tag("div", "".join(rows), "diff") if rows else ""


def _change(one: Change, old: str, new: str) -> str:
    where = text(one.path or "the whole value")
    sides = ""
    if one.change != "added":
        sides += _side("del", old, one.recorded)
    if one.change != "removed":
        sides += _side("ins", new, one.replayed)
    return f'<span class="path"><code>{where}</code> {text(_WORDS[one.change])}</span>{sides}'


_WORDS: Final = {
    "added": "is new",
    "removed": "is gone",
    "changed": "changed",
    "type_changed": "has another type",
    "moved": "moved",
}


def _side(name: str, label: str, value: JsonValue) -> str:
    words = compact(value)
    said = f"{words[:2_000]}… ({len(words):,} characters)" if len(words) > 2_000 else words
    return f'<{name} title="{text(label)}">{text(said)}</{name}>'


def outside_changes(found: Iterable[InteractionChange]) -> str:
    """Return differences in what was asked of the outside."""
    rows = "".join(_outside(one) for one in found)
    return tag("div", rows, "diff") if rows else ""


def _outside(one: InteractionChange) -> str:
    field = f" {one.field}" if one.field else ""
    where = f"<code>{text(one.request)}{text(field)}</code>"
    row = tag("span", f"{text(one.change)} {where}", "path")
    if one.recorded is not None:
        row += _side("del", "recorded", one.recorded)
    if one.replayed is not None:
        row += _side("ins", "today", one.replayed)
    return row + (tag("span", text(f"nearest: {one.nearest}"), "path") if one.nearest else "")
