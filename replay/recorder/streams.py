"""Streamed answers put together: the body that the call would have had unstreamed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from replay.recorder.wire import format_of, parse_json
from replay.records import JsonObject

SERVER_SENT: Final = "text/event-stream"
AMAZON: Final = "application/vnd.amazon.eventstream"
_PRELUDE_BYTES: Final = 12
_CHECKSUM_BYTES: Final = 4
_TEXT_HEADER: Final = 7
_HEADER_BYTES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


def is_terminal(api: str, chunk: bytes) -> bool:
    """Whether ``chunk`` holds the event after which the model says nothing more.

    Clients stop reading there, some without closing the stream. A false alarm (a model that writes
    these words) only makes the call be written twice.
    """
    return format_of(api).is_terminal(chunk)


def reassemble(api: str, raw: bytes, kind: str = SERVER_SENT) -> JsonObject | None:
    """Return the whole answer that the events in ``raw`` add up to; None when there is none yet.

    ``kind``: the stream's content type; what is neither of those above is taken for JSON.
    """
    if AMAZON in kind:
        found: Iterator[Any] = _amazon_events(raw)
    elif SERVER_SENT in kind:
        found = _events(raw)
    else:
        found = _json_events(raw)
    events = [event for event in found if isinstance(event, dict)]
    return format_of(api).reassemble(events) if events else None


def _events(raw: bytes) -> Iterator[Any]:
    lines: list[bytes] = []
    for line in [*raw.replace(b"\r\n", b"\n").split(b"\n"), b""]:
        if line.startswith(b"data:"):
            lines.append(line[5:])
        elif not line and lines:
            text = b"\n".join(lines).strip()
            lines = []
            if text != b"[DONE]":
                try:
                    yield parse_json(text)
                except ValueError:
                    continue  # an event that was cut off half way: what came before it counts


def _json_events(raw: bytes) -> Iterator[Any]:
    """Google's stream without ``alt=sse``: one array, perhaps cut off."""
    text = raw.strip()
    for ending in (b"", b"]"):
        try:
            yield from parse_json(text.rstrip(b",") + ending) or ()
        except ValueError:
            continue
        return


def _amazon_events(raw: bytes) -> Iterator[Any]:
    """Bedrock's frames: lengths, headers, a JSON payload, a checksum.

    A payload is laid under its event's name; Anthropic's events come packed as base64.
    """
    start = 0
    while start + _PRELUDE_BYTES <= len(raw):
        size = int.from_bytes(raw[start : start + 4], "big")
        headers_end = start + _PRELUDE_BYTES + int.from_bytes(raw[start + 4 : start + 8], "big")
        if size <= _PRELUDE_BYTES or start + size > len(raw):
            return  # cut off half way: what came before it counts
        headers = _amazon_headers(raw[start + _PRELUDE_BYTES : headers_end])
        payload = raw[headers_end : start + size - _CHECKSUM_BYTES]
        start += size
        try:
            said = parse_json(payload)
            if isinstance(said, dict) and isinstance(said.get("bytes"), str):
                yield parse_json(base64.b64decode(said["bytes"]))
            else:
                name = headers.get(":event-type") or headers.get(":exception-type") or "event"
                yield {name: said}
        except ValueError:
            continue


def _amazon_headers(raw: bytes) -> dict[str, str]:
    headers = {}
    at = 0
    while at < len(raw):
        name_end = at + 1 + raw[at]
        name, kind = raw[at + 1 : name_end].decode(), raw[name_end]
        at = name_end + 1
        if kind in _HEADER_BYTES:
            at += _HEADER_BYTES[kind]
            continue
        size = int.from_bytes(raw[at : at + 2], "big")
        if kind == _TEXT_HEADER:
            headers[name] = raw[at + 2 : at + 2 + size].decode()
        at += 2 + size
    return headers
