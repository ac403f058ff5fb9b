"""Files with one JSON value per line, read as a stream, with errors that name the place."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from replay.errors import ImportFileError
from replay.interchange.sources import open_source
from replay.records import JsonValue

PathPart = str | int


class Misfit(Exception):
    """A value in a line that is not what the format has there."""

    def __init__(self, path: Sequence[PathPart], expected: str, value: JsonValue) -> None:
        """``path``: keys and indexes from the root of the line to the value."""
        self.path = tuple(path)
        self.expected = expected
        self.value = value
        super().__init__(f"{spell_path(path)}: expected {expected}, found {spell_value(value)}.")


@dataclass(frozen=True)
class Line:
    """One line of a file, parsed."""

    number: int
    """From 1, as editors count."""
    text: str
    value: JsonValue
    size_bytes: int


class BadLine(Exception):
    """A line that cannot be imported; ``error`` says where and why."""

    def __init__(self, number: int, size_bytes: int, error: ImportFileError) -> None:
        """``number``: of the line, from 1."""
        super().__init__(str(error))
        self.number = number
        self.size_bytes = size_bytes
        self.error = error


def read_lines(path: Path) -> Iterator[Line | BadLine]:
    """Yield every line of ``path`` that is not blank, one at a time.

    Raises:
        ImportFileError: the file cannot be opened or read.
    """
    with open_source(path) as source:
        for number, raw in enumerate(source.bytes, start=1):
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.strip():
                yield _parsed(path, number, raw)


def _parsed(path: Path, number: int, raw: bytes) -> Line | BadLine:
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02x}"
        return BadLine(
            number,
            len(raw),
            file_error(path, number, error.start + 1, f"expected UTF-8 text, found {found}."),
        )
    try:
        return Line(number, text, json.loads(text, parse_constant=_refuse_constant), len(raw))
    except json.JSONDecodeError as error:
        return BadLine(
            number, len(raw), file_error(path, number, error.colno, _json_trouble(error, raw))
        )
    except (ValueError, RecursionError) as error:
        trouble = _value_trouble(error)
        return BadLine(number, len(raw), file_error(path, number, _constant_column(text), trouble))


def misfit_line(path: Path, line: Line, misfit: Misfit) -> BadLine:
    """Return ``line`` as a bad line: ``misfit`` with the column where it stands."""
    column = column_of(line.text, misfit.path)
    return BadLine(line.number, line.size_bytes, file_error(path, line.number, column, str(misfit)))


def file_error(path: Path, line: int, column: int, trouble: str) -> ImportFileError:
    """Return the error for one place of a file, in the form editors can jump to."""
    return ImportFileError(f"{path}:{line}:{column}: {trouble}")


def column_of(text: str, path: Sequence[PathPart]) -> int:
    """Return the column, from 1, where the value at ``path`` starts in the JSON ``text``.

    Where the path leaves the text (a missing key), it is the column of the last value on it.
    """
    at = _skip_space(text, 0)
    for part in path:
        below = _member(text, at, part)
        if below is None:
            break
        at = below
    return at + 1


def spell_path(path: Sequence[PathPart]) -> str:
    """Return ``path`` as people write it: ``messages[3].content``."""
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
    return words or "the line"


def spell_value(value: JsonValue) -> str:
    """Return ``value`` in at most 60 characters, as JSON; long ones by their kind."""
    text = json.dumps(value, ensure_ascii=True)
    if len(text) <= 60:
        return text
    if isinstance(value, dict):
        keys = ", ".join(list(value)[:6])
        return f"an object with the keys {keys[:80]}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return text[:57] + "..."


def _member(text: str, at: int, part: PathPart) -> int | None:
    decoder = json.JSONDecoder()
    opening = "{" if isinstance(part, str) else "["
    if not text.startswith(opening, at):
        return None
    position, index = _skip_space(text, at + 1), 0
    while position < len(text) and text[position] not in "}]":
        key: PathPart = index
        if opening == "{":
            key, position = decoder.raw_decode(text, position)
            position = _skip_space(text, _skip_space(text, position) + 1)
        if key == part:
            return position
        _, position = decoder.raw_decode(text, position)
        position = _skip_space(text, position)
        position = _skip_space(text, position + 1) if text[position] == "," else position
        index += 1
    return None


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _json_trouble(error: json.JSONDecodeError, raw: bytes) -> str:
    words = error.msg.removesuffix(" starting at").removesuffix(" at")
    rest = error.doc[error.pos : error.pos + 20]
    found = f"at {rest!r}" if rest.strip() else "at the end of the line"
    is_cut = not raw.endswith(b"\n") and (not rest.strip() or "Unterminated" in words)
    more = " The file ends inside this line: was it still being written?" if is_cut else ""
    return f"the line is not one whole JSON value: {words[0].lower()}{words[1:]} {found}.{more}"


def _value_trouble(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply to read."
    if "set_int_max_str_digits" in str(error):
        return f"expected numbers of at most {sys.get_int_max_str_digits():,} digits."
    return str(error)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"expected a JSON number, found {word}, which JSON does not have.")


def _constant_column(text: str) -> int:
    places = [text.find(word) for word in ("NaN", "Infinity")]
    return min((place for place in places if place >= 0), default=0) + 1


def want(value: Any, kind: type | tuple[type, ...], path: Sequence[PathPart], words: str) -> Any:
    """Return ``value`` when it is of ``kind``; ``words`` say what was expected otherwise.

    Raises:
        Misfit: it is not.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, float)):
        raise Misfit(path, words, value)
    return value
