"""A cassette as text: each request with its headers and body, and what it was answered."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from replay.cli.transcripts import lasted, request_line
from replay.records import JsonObject
from replay.report.ink import cut, plain

if TYPE_CHECKING:
    from replay.store.cassettes import StoredCassette

_INDENT = "    "
_LABEL_CELLS = 9


def cassette_lines(one: StoredCassette, source: str, *, width: int) -> list[str]:
    """Return the whole cassette; nothing of it is cut but addresses in headings."""
    call = one.call
    head = f"step {call.step_number}  {call.tool}  (trace {call.trace_id}, call {call.id})"
    lines = [*textwrap.wrap(plain(head), width), *textwrap.wrap(plain(f"from: {source}"), width)]
    for number, interaction in enumerate(one.interactions, start=1):
        lines += [
            "",
            *_exchange_lines(number, request_line(interaction), interaction.exchange, width),
        ]
    return lines


def _exchange_lines(number: int, title: str, exchange: JsonObject, width: int) -> list[str]:
    request = exchange.get("request") or {}
    response = exchange.get("response") or {}
    failure = exchange.get("failure")
    took = lasted(exchange.get("duration_ms"))
    lines = [cut(plain(f"{number}. {title}"), width)]
    lines += _labelled(
        "by", f"{exchange.get('via')}, after {exchange.get('offset_ms')} ms, took {took}", width
    )
    lines += _headers("sent", request.get("headers"), width)
    lines += _body("body", request.get("body"), width)
    lines += _headers("answered", response.get("headers"), width)
    lines += _body("body", response.get("body"), width)
    if failure is not None:
        lines += _labelled("failed", f"{failure['type']}: {failure['message']}", width)
    return lines


def _headers(label: str, headers: Any, width: int) -> list[str]:
    lines: list[str] = []
    for name, values in (headers or {}).items():
        for value in values:
            lines += _labelled("" if lines else label, f"{name}: {value}", width)
    return lines


def _body(label: str, form: Any, width: int) -> list[str]:
    if not form:
        return []
    if "json" in form:
        text = json.dumps(form["json"], ensure_ascii=False)
    elif "text" in form:
        text = str(form["text"])
    else:
        text = f"{len(str(form.get('base64', ''))) * 3 // 4:,} bytes that are no text"
    if form.get("cut"):
        text += f" (only the first bytes were kept: {form['cut']})"
    return _labelled(label, text, width)


def _labelled(label: str, text: str, width: int) -> list[str]:
    first = f"{_INDENT}{label:<{_LABEL_CELLS}}"
    room = max(20, width - len(first))
    pieces = [
        piece
        for line in text.splitlines() or [""]
        for piece in textwrap.wrap(plain(line), room, break_on_hyphens=False) or [""]
    ]
    rest = " " * len(first)
    return [(rest if index else first) + piece for index, piece in enumerate(pieces)]
