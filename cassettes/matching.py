"""Why a request did not match: what differs, field by field, and what comes nearest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from cassettes.interaction import Interaction, Request, canonical_uri

_SHOWN_MAX = 200
_CANDIDATES_MAX = 50
_ITEMS_MAX = 5


class _Absent:
    """A field that one side does not have at all."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


@dataclass(slots=True, frozen=True)
class Difference:
    """One field in which two requests differ. A side that lacks the field holds None."""

    field: str
    """``method``, ``host``, ``path``, ``query.limit``, ``body.items[0].id``, or ``body``."""
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        return f"{self.field}: recorded {self.recorded!r}, asked {self.replayed!r}"


@dataclass(slots=True)
class Miss:
    """A request that the cassette could not answer."""

    request: Request
    nearest: Interaction | None
    """The recorded interaction that comes closest; None when nothing is like it."""
    differences: list[Difference] = field(default_factory=list)
    """In what it differs from the nearest one; empty when that was used up already."""
    why: str = ""
    """The same in words."""
    is_partial: bool = False
    """Whether it was recorded, and its answer is not there as far as it is wanted."""

    @property
    def line(self) -> str:
        """The request in one line."""
        return self.request.line


def compare_requests(recorded: Interaction | Request, asked: Request) -> list[Difference]:
    """Return the fields in which ``asked`` differs from what was recorded, in reading order.

    Headers are not compared, nor are spellings that matching ignores too (key order, query
    order, default ports, multipart boundaries).
    """
    old = recorded.request if isinstance(recorded, Interaction) else recorded
    found: list[Difference] = []
    if old.method.upper() != asked.method.upper():
        found.append(Difference("method", old.method, asked.method))
    found.extend(_compare_uris(old.uri, asked.uri))
    if old.key()[2] != asked.key()[2]:
        found.extend(_compare_bodies(old, asked))
    return found


def _compare_uris(old: str, new: str) -> Iterator[Difference]:
    left, right = urlsplit(canonical_uri(old)), urlsplit(canonical_uri(new))
    old_host, new_host = f"{left.scheme}://{left.netloc}", f"{right.scheme}://{right.netloc}"
    if old_host != new_host:
        yield Difference("host", old_host, new_host)
    if left.path != right.path:
        yield Difference("path", unquote(left.path), unquote(right.path))
    if left.query != right.query:
        yield from _compare_values(_fields(left.query), _fields(right.query), "query")


def _compare_bodies(old: Request, new: Request) -> Iterator[Difference]:
    left, right = _parsed(old), _parsed(new)
    if type(left) is not type(right):
        yield Difference("body", _shown(old.body), _shown(new.body))
    else:
        yield from _compare_values(left, right, "body")


def _parsed(request: Request) -> Any:
    """Return the body as values to compare: JSON, form fields, or a short text."""
    if request.cut is not None:
        return str(request.cut)
    kind = request.header("content-type").lower()
    if "x-www-form-urlencoded" in kind:
        return _fields(request.body.decode("utf-8", "replace"))
    if "multipart/form-data" in kind and (parts := _parts(request.key()[2])):
        return parts
    if "json" in kind or request.body[:1] in (b"{", b"["):
        try:
            return orjson.loads(request.body)
        except orjson.JSONDecodeError:
            pass
    return _shown(request.key()[2])


def _fields(query: str) -> dict[str, Any]:
    grouped: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        grouped.setdefault(name, []).append(value)
    return {name: each[0] if len(each) == 1 else each for name, each in grouped.items()}


_NAME = re.compile(rb'\bname="([^"]*)"')
_FILE_NAME = re.compile(rb'\bfilename="([^"]*)"')


def _parts(body: bytes) -> dict[str, Any]:
    """Return the parts of a form by their names; nothing where it is none."""
    boundary, _, _ = body.partition(b"\r\n")
    if not boundary.startswith(b"--"):
        return {}
    found: dict[str, Any] = {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name, file = _NAME.search(head), _FILE_NAME.search(head)
        if name is None:
            return {}
        shown: Any = _shown(content.removesuffix(b"\r\n"))
        if file is not None:
            shown = {"filename": file[1].decode("utf-8", "replace"), "content": shown}
        called = name[1].decode("utf-8", "replace")
        # Names may come twice: then they are told apart by their place.
        found[called if called not in found else f"{called} {len(found)}"] = shown
    return found


def _shown(body: bytes) -> str | None:
    if not body:
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(body)} bytes starting {body[:16].hex()}"
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}… ({len(text)} characters)"


def _compare_values(old: Any, new: Any, path: str) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            inner = f"{path}.{name}" if str(name).isidentifier() else f"{path}[{name!r}]"
            yield from _compare_values(old.get(name, ABSENT), new.get(name, ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(old, new, path)
    elif old != new or type(old) is not type(new):
        if _present(old) is None and _present(new) is None:
            # JSON's null beside no field at all: as values they could not be told apart.
            old, new = ("null" if each is None else str(each) for each in (old, new))
        yield Difference(path, _present(old), _present(new))


def _compare_lists(old: list[Any], new: list[Any], path: str) -> Iterator[Difference]:
    """Items that were put in or left out in one place are named; other lengths, the whole list."""
    if len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _compare_values(left, right, f"{path}[{index}]")
        return
    start = _shared_items(old, new)
    rest = _shared_items(old[start:][::-1], new[start:][::-1])
    gone, come = old[start : len(old) - rest], new[start : len(new) - rest]
    if (gone and come) or len(gone) + len(come) > _ITEMS_MAX:
        yield Difference(path, old, new)
        return
    for index, item in enumerate(gone, start):
        yield Difference(f"{path}[{index}]", item, None)
    for index, item in enumerate(come, start):
        yield Difference(f"{path}[{index}]", None, item)


def _shared_items(old: list[Any], new: list[Any]) -> int:
    """Count the leading items that two lists share."""
    count = 0
    for left, right in zip(old, new, strict=False):
        if next(_compare_values(left, right, ""), None) is not None:
            break
        count += 1
    return count


def _present(value: Any) -> Any:
    return None if isinstance(value, _Absent) else value


def describe_miss(request: Request, nearest: Interaction | None, *, is_used: bool) -> Miss:
    """Return the miss of ``request`` with its reason in words."""
    if nearest is None:
        return Miss(request, None, [], "Nothing like it was recorded.")
    differences = compare_requests(nearest, request)
    if not differences:
        why = "It matches, but was served already: it is asked more often than when recorded."
        return Miss(request, nearest, [], why)
    words = "; ".join(map(str, differences[:3]))
    more = f" (and {len(differences) - 3} more)" if len(differences) > 3 else ""
    used = "It was served already. " if is_used else ""
    return Miss(request, nearest, differences, f"{used}It differs in {words}{more}.")


class NearestIndex:
    """Recorded interactions by method and path, to find the nearest without reading them all."""

    def __init__(self, interactions: Iterable[Interaction]) -> None:
        """Index ``interactions``; their order is kept."""
        self._by_place: dict[tuple[str, str], list[Interaction]] = {}
        for one in interactions:
            self._by_place.setdefault(_place(one.request), []).append(one)

    def same_path(self, request: Request, used: set[int]) -> Interaction | None:
        """Return the unused interaction of the same method and path that differs least, or None."""
        same = self._by_place.get(_place(request), ())
        return _least_different((one for one in same if id(one) not in used), request)

    def nearest(self, request: Request, used: set[int]) -> Interaction | None:
        """Return what comes nearest, unused ones first; None when nothing is like it.

        Alike are requests to one host, and those for one path of different hosts.
        """
        found = self.same_path(request, used)
        if found is None:
            found = _least_different(self._by_place.get(_place(request), ()), request)
        if found is not None:
            return found
        method, where = _place(request)
        scored = [
            (_likeness(where, other) * 2 + (method == other_method), index, place)
            for index, place in enumerate(self._by_place)
            for other_method, other in [place]
        ]
        best = max(scored, default=None, key=lambda entry: (entry[0], -entry[1]))
        if best is None or best[0] < 2:
            return None
        rows = self._by_place[best[2]]
        fresh = [one for one in rows if id(one) not in used]
        return _least_different(fresh or rows, request)


def _place(request: Request) -> tuple[str, str]:
    return request.method.upper(), canonical_uri(request.uri).partition("?")[0]


def _likeness(left: str, right: str) -> int:
    """Count the leading segments that two locations share, the host being the first.

    Where only the hosts differ, all segments of the path count.
    """
    host, *path = left.split("/")[2:]
    other_host, *other_path = right.split("/")[2:]
    if host != other_host:
        return len(path) if path == other_path and any(path) else 0
    count = 1
    for one, other in zip(path, other_path, strict=False):
        if one != other:
            break
        count += 1
    return count


def _least_different(rows: Iterable[Interaction], request: Request) -> Interaction | None:
    best: Interaction | None = None
    best_count = -1
    for number, one in enumerate(rows):
        if number >= _CANDIDATES_MAX:
            break
        count = len(compare_requests(one, request))
        if best is None or count < best_count:
            best, best_count = one, count
    return best
