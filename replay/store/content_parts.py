"""Parts of big contents: what nobody asks for is not decoded, and the page not copied for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from replay.records.base import JsonObject, JsonValue
from replay.store.contents import REFERENCE, ColumnValue, ContentReader
from replay.store.json_cutting import (
    NotCutError,
    Place,
    Span,
    member_span,
    member_spans,
    member_start,
    without_members,
    without_spans,
)

_NEAR_SIZE: Final = 256 * 2**10
"""So near to the ends of a huge value is looked for what is before and behind its big members."""


def object_without(
    contents: ContentReader, value: ColumnValue, first: str, then: str
) -> JsonObject | None:
    """Return an object without its members from ``first`` to before ``then``; those stay unread.

    None: it is not that easy. What is before and behind them is taken as JSON of its own: it is
    that only where brackets close at the same depth, and the last bracket closes the object itself.
    """
    form, body = contents.encoded(value)
    if form not in ("json", "split"):
        return None
    head, tail = bytes(body[:_NEAR_SIZE]), bytes(body[-_NEAR_SIZE:])
    start, end = head.find(f',"{first}":'.encode()), tail.rfind(f',"{then}":'.encode())
    end += len(body) - len(tail)
    if start < 0 or end < max(start, len(body) - len(tail)):
        return None
    try:
        before = contents.value_of(form, bytes(body[:start]) + b"}")
        behind = contents.value_of(form, b"{" + bytes(body[end + 1 :]))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(before, dict) or not isinstance(behind, dict) or first in before:
        return None
    return {**before, **behind}


def value_without(contents: ContentReader, value: ColumnValue, paths: Sequence[Place]) -> JsonValue:
    """Return the value of a json column with null at ``paths``; what is there stays unread.

    Where somebody else wrote it, in a way of his own, it is read whole.
    """
    form, body = contents.encoded(value)
    try:
        return contents.value_of(form, without_members(body, paths))
    except NotCutError:
        return contents.json(value)


def value_at(contents: ContentReader, value: ColumnValue, path: Place) -> JsonValue:
    """Return what stands at ``path`` in a json column, and read nothing else; None: nothing does.

    Raises:
        NotCutError: it is to be read whole.
    """
    form, body = contents.encoded(value)
    span = member_span(body, path)
    return None if span is None else contents.value_of(form, body[slice(*span)])


class Parts:
    """Parts of one huge value, read when they are asked for; where they are is looked for once."""

    def __init__(self, paths: Sequence[Place]) -> None:
        """``paths`` of everything that will be asked for, and left out."""
        self._paths = paths
        self._spans: dict[Place, Span] = {}
        self._size = -1

    def read(
        self, contents: ContentReader, value: ColumnValue, path: Place, *left_out: Place
    ) -> JsonValue:
        """Return what stands at ``path``, with null at paths that are ``left_out``.

        Raises:
            NotCutError: there is no such place, or it is to be read whole.
        """
        form, body = contents.encoded(value)
        if self._size != len(body):
            self._spans, self._size = member_spans(body, self._paths), len(body)
        if path not in self._spans:
            raise NotCutError(path)
        spans = [self._spans[one] for one in left_out if one in self._spans]
        part = without_spans(body, spans, self._spans[path])
        del body  # and with it a page that may be ten times as big
        return contents.value_of(form, part)


def stands_at(
    contents: ContentReader, value: ColumnValue, path: Place, form: str, encoded: bytes
) -> bool:
    """Say whether the JSON ``encoded`` stands at ``path`` in a json column, spelled just so.

    ``form`` is that of ``encoded``: where it is another, long texts may be named by their contents.
    Then, and where it is spelled otherwise, the values may be equal nevertheless.

    Raises:
        NotCutError: it is to be read whole.
    """
    own_form, body = contents.encoded(value)
    start = member_start(body, path)
    if start is None or (form != own_form and REFERENCE.encode() in encoded):
        return False
    end = start + len(encoded)
    return bytes(body[start:end]) == encoded and bytes(body[end : end + 1]) in (b",", b"}")
