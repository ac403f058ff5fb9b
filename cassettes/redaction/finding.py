"""Where in a text personal data stand: by the built-in kinds, and by functions of the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cassettes.errors import CassetteError
from cassettes.redaction.personal import KINDS, Kind

Finder: TypeAlias = Callable[[str], Iterable[tuple[int, int, str]]]
"""A function of the user's: where values start and end in a text, and of what kind each is."""


@dataclass(frozen=True, slots=True)
class Found:
    """One value in a text."""

    start: int
    end: int
    kind: Kind | None
    """None: of no built-in kind."""
    label: str


class FinderFailed(Exception):
    """A function of the user's failed, or gave back what is no span of the text.

    It says which and how, and nothing of the text.
    """


def found_in(text: str, kinds: Sequence[Kind], finders: Sequence[Finder]) -> list[Found]:
    """Return the values in ``text`` in order; of two that overlap the one that is surer."""
    found: list[Found] = []
    for one in _candidates(text, kinds, finders):
        if all(one.end <= other.start or other.end <= one.start for other in found):
            found.append(one)
    return sorted(found, key=_start)


def _candidates(text: str, kinds: Sequence[Kind], finders: Sequence[Finder]) -> Iterator[Found]:
    for kind in kinds:
        for start, end in kind.spans(text):
            yield Found(start, end, kind, kind.name)
    for finder in finders:
        for start, end, label in _asked(finder, text):
            if not 0 <= start < end <= len(text):
                raise FinderFailed(f"{_name(finder)} found {start}:{end} in a text of {len(text)}")
            known = KINDS.get(label)
            is_so = known is not None and known.is_whole(text[start:end])
            yield Found(start, end, known if is_so else None, label)


def _asked(finder: Finder, text: str) -> list[tuple[int, int, str]]:
    try:
        return list(finder(text))
    except CassetteError as error:  # presidio is not there: ours, and tells what to do
        raise FinderFailed(f"{_name(finder)}: {error}") from error
    except Exception as error:
        raise FinderFailed(f"{_name(finder)} raised {type(error).__name__}") from error


def _name(finder: Finder) -> str:
    return str(getattr(finder, "__qualname__", repr(finder)))


def _start(found: Found) -> int:
    return found.start
