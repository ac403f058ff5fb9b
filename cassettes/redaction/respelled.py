r"""Texts that are spelled otherwise: ``\u0061``, ``&#97;``, full-width digits.

A form would pass them by. A stretch that is spelled so is read, masked, and written again where
that changed it; all else stays as it was.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cassettes.redaction.prefilter import search


@dataclass(frozen=True, slots=True)
class _Spelling:
    sign: re.Pattern[str]
    """One letter that is spelled so."""
    beside: re.Pattern[str]
    """What may stand between two of these in one value."""
    read: Callable[[str], str]
    write: Callable[[str], str]


def _read_unicode(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


def _write_unicode(text: str) -> str:
    return re.sub(
        r"[\"'\\<>&\x00-\x1f]|[^\x00-\x7f]",
        lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found[0])),
        text,
    )


def _units(letter: str) -> Iterator[int]:
    coded = letter.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(coded), 2):
        yield int.from_bytes(coded[at : at + 2])


def _read_wide(text: str) -> str:
    return "".join(_WIDE_READ.get(one) or unicodedata.normalize("NFKC", one) for one in text)


_WIDE_READ: Final = dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-") | {
    chr(first + digit): str(digit) for first in (0x660, 0x6F0, 0x966, 0xFF10) for digit in range(10)
}
_WIDE: Final = (
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff0b\uff0d\uff0e\uff20"
    "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\U0001d7ce-\U0001d7ff"
)
_BETWEEN: Final = "\u00a0\u2007\u202f\u2010-\u2013\u2212"

_UNSEEN: Final = "\u00ad\u200b-\u200d\u2060\ufeff"
"""What is not shown: a hyphen where a line may break, spaces of no width."""


def _read_hex(text: str) -> str:
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)


def _write_hex(text: str) -> str:
    return re.sub(r"[\"'\\<>&\x00-\x1f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def _read_unseen(text: str) -> str:
    return re.sub(f"[{_UNSEEN}]", "", text)


_CODED: Final = (
    r"\\u(?:(?:00[2-7]|[fF]{2}[0-5])[0-9a-fA-F]"
    r"|00[aA][dD]|200[b-dB-D]|2060|[fF][eE][fF]{2})"
)
_GAP: Final = r"[ ()](?=[0-9(])|(?<=[0-9)])[ ()]"
"""What is between the digits of one number."""

_SPELLINGS: Final = (
    _Spelling(
        re.compile(_CODED),
        re.compile(rf"[\w.@+\-/=~%:]|\\u[0-9a-fA-F]{{4}}|{_GAP}"),
        _read_unicode,
        _write_unicode,
    ),
    _Spelling(
        re.compile(r"&(?:#[0-9]{2,3}|#[xX][2-7][0-9a-fA-F]|commat|period|plus|colon|sol|lowbar);"),
        re.compile(rf"[\w.@+\-/=~%:]|&#?\w{{2,8}};|{_GAP}"),
        html.unescape,
        html.escape,
    ),
    _Spelling(
        re.compile(r"\\x[2-7][0-9a-fA-F]"),
        re.compile(rf"[\w.@+\-/=~%:]|\\x[0-9a-fA-F]{{2}}|{_GAP}"),
        _read_hex,
        _write_hex,
    ),
    _Spelling(
        re.compile(f"[{_UNSEEN}]"),
        re.compile(rf"[\w.@+\-/=~%:{_UNSEEN}]|{_GAP}"),
        _read_unseen,
        str,
    ),
    _Spelling(
        re.compile(f"[{_WIDE}]|(?<=[0-9])[{_BETWEEN}](?=[0-9])"),
        re.compile(rf"[A-Za-z0-9 +\-().:/@_%#{_WIDE}{_BETWEEN}]"),
        _read_wide,
        str,
    ),
)

_ESCAPED: Final = (
    rf"{_CODED}|\\x[2-7][0-9a-fA-F]"
    r"|&(?:#[0-9xX]|commat;|period;|plus;)"
)
_FOREIGN: Final = f"[{_WIDE}{_UNSEEN}]|[0-9][{_BETWEEN}][0-9]"


def may_be_respelled(text: str) -> bool:
    """Whether something in a readable text is spelled otherwise."""
    return search(_ESCAPED)(text) or (not text.isascii() and search(_FOREIGN)(text))


def respelled(text: str, masked: Callable[[str], str]) -> str:
    """Return ``text`` with what stands in it spelled otherwise masked."""
    for spelling in _SPELLINGS:
        if spelling.sign.search(text):
            text = _respelled(text, spelling, masked)
    return text


def _respelled(text: str, spelling: _Spelling, masked: Callable[[str], str]) -> str:
    parts: list[str] = []
    done = 0
    for start, end in _stretches(text, spelling):
        plain = spelling.read(text[start:end])
        clean = masked(plain)
        if clean != plain:
            parts += (text[done:start], spelling.write(clean))
            done = end
    return "".join(parts) + text[done:] if parts else text


def _stretches(text: str, spelling: _Spelling) -> Iterator[tuple[int, int]]:
    done = 0
    for sign in spelling.sign.finditer(text):
        if sign.start() < done:
            continue
        start = sign.start()
        while start > done and spelling.beside.fullmatch(text, start - 1, start):
            start -= 1
        end = sign.end()
        while found := spelling.beside.match(text, end):
            end = found.end()
        yield start, end
        done = end
