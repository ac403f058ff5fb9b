"""Values that stand openly in a trace whose placeholders are in it, too: what was stored first.

A prompt is stored before a later call shows that a word in it is a name, and older versions did not
follow every value. The placeholder is a keyed hash: who has the key can hash what stands in the
trace, and where the same comes out, that is what the placeholder stands for. Of a date only its
year is kept, which proves nothing: such dates are told, and masked where that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction.prefilter import search
from replay.records.base import JsonObject, JsonValue
from replay.records.sensitive import Fit
from replay.store.json_text import encode

if TYPE_CHECKING:
    from cassettes.redaction import Redactor
    from replay.store.redaction import Redaction

_WORD: Final = re.compile(r"""[^\s"'`\\,;:(){}\[\]<>=|&]+""")
_WORDS_MAX: Final = 4
"""A name of so many words, or an address, is found within a text; a longer value only whole."""
_LENGTH_MAX: Final = 128
_LEARNED_MIN: Final = 6
_NAME_MIN: Final = 10
"""Shorter words of letters alone are not looked for elsewhere: see `is_learnable`."""
_CODE: Final = re.compile(r"[0-9]{8,}")
_CODE_LENGTH_MAX: Final = 15
_JOINED: Final = frozenset("abcdefABCDEF.-")
"""What beside digits makes them a part of something longer."""
_DATE: Final = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_LETTER: Final = re.compile(r"[a-z]")
_CAPITAL: Final = re.compile(r"[A-Z]")
_DIGIT: Final = re.compile(r"[0-9]")

_MARK: Final = re.compile("R([0-9a-f]{12})R")
_has_marks: Final = search("R[0-9a-f]{12}R")
_has_emails: Final = search("r[0-9a-f]{4,12}r(?:@|%40)example")

Places = dict[tuple[str | None, Fit], set[str]]
"""By what marks say of their places, the placeholders that stand there."""


def learn_leftovers(redaction: Redaction, records: list[JsonObject]) -> None:
    """Have ``redaction`` know what placeholders in a trace's records stand for, as they tell."""
    whole = _text(records)
    marks = {bytes.fromhex(one) for one in _MARK.findall(whole)} if _has_marks(whole) else set()
    is_found = any(kind.name == "email" for kind in redaction.redactor.rules.kinds)
    emails = set(PLACEHOLDER.findall(whole)) if not is_found and _has_emails(whole) else set()
    places = _at_marks(redaction, records)
    shapes = {_shape(made): key for key, found in places.items() for made in found}
    codes = _codes(redaction, whole)
    if not marks and not emails and not shapes and not codes:
        return
    from cassettes.redaction.shapes import mark_of

    redactor = redaction.redactor
    key, learn = redactor.key, redactor.vault.learn  # which learns no words
    for one in {part for text in set(_texts(records)) for part in _parts(text)}:
        if (marks and mark_of(key, one) in marks) or (
            emails and "@" in one and _is_email_of(redactor, one, emails)
        ):
            learn(one, redactor.placeholder(one), is_marked=True)
        elif shapes and (of := shapes.get(_shape(one))) is not None:
            made = _stand_in(redaction, one, *of)
            if made in places[of] and made != one and not _DATE.match(made):
                learn(one, made, is_marked=True)
        elif codes and one.isdecimal() and len(one) <= _CODE_LENGTH_MAX and one not in codes:
            made = redactor.placeholder(one)
            if made in codes:
                learn(one, made)


def without_dates(redaction: Redaction, records: list[JsonObject]) -> list[JsonObject]:
    """Return records with the dates masked that a marked date in the same or a later call may be.

    They are of its year, and the answer holds nothing else of it. What a model was told again of
    them is masked, too.
    """
    dates = dict(_dates(redaction, records))
    if not dates:
        return records
    return [
        {
            name: value if name in _NAMING else _exchanged(value, dates)
            for name, value in fields.items()
        }
        for fields in records
    ]


def _dates(redaction: Redaction, records: list[JsonObject]) -> Iterator[tuple[str, str]]:
    """Yield the dates that answers hold, with what a marked date in the same or a later call is.

    In what follows a marked call it was known, and is masked.
    """
    calls = [fields for fields in records if fields["kind"] == "tool_call"]
    masked: dict[str, str] = {}
    for fields in sorted(calls, key=_step_number, reverse=True):
        made = {one for found in _at_marks(redaction, [fields]).values() for one in found}
        masked |= {one[:4]: one[:10] for one in made if _DATE.match(one)}
        told = _text([{name: fields[name] for name in _ANSWER if name in fields}])
        for one in set(_DATE.findall(told)) if masked else ():
            stands_for = masked.get(one[:4])
            if stands_for is not None and stands_for not in told and one != stands_for:
                yield one, stands_for


def _step_number(fields: JsonObject) -> int:
    return int(fields["step_number"])


_ANSWER: Final = ("result", "response", "error")
_NAMING: Final = frozenset(("kind", "id", "trace_id", "started_at", "ended_at"))


def _at_marks(redaction: Redaction, records: list[JsonObject]) -> Places:
    """Return what stands at marked places and has no mark of its own."""
    found: Places = {}

    def note(value: JsonValue, kind: str | None, fit: Fit) -> JsonValue:
        for one in _texts([value]):
            if not fit.choices and not PLACEHOLDER.search(one):
                found.setdefault((kind, fit), set()).add(one)
        return value

    for fields in records:
        if fields["kind"] == "tool_call":
            redaction.at_marks(fields["tool"], fields.get("arguments", ""), note)
    return found


def _codes(redaction: Redaction, text: str) -> set[str]:
    """Return the digits that pass for placeholders: nothing but the key tells them from others."""
    if not redaction.redactor.rules.names_stand_in(text):
        return set()  # those at marks are known by their places
    found = set()
    for one in _CODE.finditer(text):
        start, end = one.span()
        is_whole = text[start - 1] not in _JOINED and text[end] not in _JOINED
        if is_whole and end - start <= _CODE_LENGTH_MAX:
            found.add(one[0])
    return {one for one in found if redaction.redactor.placeholder(one) == one}


def _is_email_of(redactor: Redactor, text: str, marks: set[str]) -> bool:
    if PLACEHOLDER.match(text):
        return False
    return not marks.isdisjoint(PLACEHOLDER.findall(redactor.placeholder(text)))


def _parts(text: str) -> Iterator[str]:
    """Yield what may have been masked as a whole: the text, words, and a few words together."""
    if len(text) <= _LENGTH_MAX:
        yield text
    words = [found.span() for found in _WORD.finditer(text)]
    for at, (start, end) in enumerate(words):
        if end - start >= _LEARNED_MIN and (
            end - start >= _NAME_MIN or not text[start:end].isalpha()
        ):
            yield from _bare(text[start:end])
        if not text[start].isupper() and not text[start].isdigit():
            continue  # no name begins so, and no address
        for begins, ends in words[at + 1 : at + _WORDS_MAX]:
            if begins != end + 1:
                break
            end = ends
            yield from _bare(text[start:end])


def _bare(part: str) -> Iterator[str]:
    yield part
    if part[-1] in ".!?":
        yield part[:-1]


def _stand_in(redaction: Redaction, text: str, kind: str | None, fit: Fit) -> str:
    from cassettes.redaction.sensitive import Sensitives

    redactor = redaction.redactor
    return Sensitives(redactor.key, redactor.placeholder).text(text, kind, fit)


def _shape(text: str) -> str:
    """Return what a placeholder without a mark shares with its value: letters for letters."""
    return _DIGIT.sub("0", _CAPITAL.sub("A", _LETTER.sub("a", text)))


def _texts(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif type(value) is int:
        yield str(value)
    elif type(value) is list:
        for item in value:
            yield from _texts(item)
    elif type(value) is dict:
        for name, item in value.items():
            if name not in _NAMING:
                yield from _texts(item)


def _text(records: list[JsonObject]) -> str:
    return encode(records)[0].decode()


def _exchanged(value: JsonValue, pairs: dict[str, str]) -> JsonValue:
    if type(value) is str:
        return _DATE.sub(lambda found: pairs.get(found[0], found[0]), value)
    if type(value) is dict:
        return {name: _exchanged(item, pairs) for name, item in value.items()}
    return [_exchanged(item, pairs) for item in value] if type(value) is list else value
