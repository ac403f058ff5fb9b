"""JSON values of a file, one after the other, in memory that does not grow with the file.

A file may hold one value per line, values over many lines, one list, or one object. Of a list each
element is a value. An object that is too large to hold is taken apart where it is known what it
is a list of (`resourceSpans`, `samples`, ...): each element comes with the fields before the list,
and the list with this element alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from replay.interchange.lines import BadLine, Line, file_error, read_lines
from replay.interchange.sources import Source, open_source
from replay.records import JsonObject

LINE_BYTES_MAX: Final = 4 * 2**20
"""A first line longer than this is not read as a line, but as it comes."""
OBJECT_BYTES_MAX: Final = 8 * 2**20
"""An object larger than this is taken apart."""
_LISTS: Final = frozenset(
    (
        *("resourceSpans", "resourceLogs", "resource_spans", "resource_logs"),
        *("data", "traces", "spans", "observations", "runs", "samples", "batch", "post", "patch"),
    )
)
"""What files are lists of, where they are one object."""

_CHUNK_BYTES: Final = 2**18
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_OPENING: Final = re.compile(rb'["\[{]')


def read_values(path: Path) -> Iterator[Line | BadLine]:
    """Yield every JSON value of ``path`` in order; what is none is yielded as a bad line.

    Raises:
        ImportFileError: the file cannot be read.
    """
    if _has_values_in_lines(path):
        yield from read_lines(path)
        return
    with open_source(path) as source:
        yield from _Scanner(path, source).values()


def _has_values_in_lines(path: Path) -> bool:
    """Whether the first line is a whole value that is no list."""
    with open_source(path) as source:
        while True:
            line = source.bytes.readline(LINE_BYTES_MAX)
            if not line:
                return True
            text = line.removeprefix(b"\xef\xbb\xbf").strip()
            if text:
                break
        if text.startswith(b"["):
            return False
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            return False
        try:
            json.loads(text)
        except UnicodeDecodeError:
            return True
        except (ValueError, RecursionError):
            # A line that is broken is one line among others; an object over many lines begins so.
            return _OPENING.match(text) is None or len(text) > 200
        return True


@dataclass
class _Open:
    """An object that is being taken apart."""

    header: JsonObject
    key: str | None = None
    is_told: bool = False
    """Whether an element was yielded."""


class _Scanner:
    """Finds where values begin and end, without reading them."""

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self.source = source
        self.file: IO[bytes] = source.bytes
        self.buffer = bytearray()
        self.at = 0
        """Where to look on, in the buffer."""
        self.line = 1
        """Of the first byte of the buffer."""
        self.is_over = False

    def values(self) -> Iterator[Line | BadLine]:
        while True:
            opening = self._next(_OPENING)
            if opening is None:
                return
            self._drop(opening.start())
            if self.buffer[:1] == b"[":
                self._drop(1)
                yield from self._elements(None)
            else:
                yield from self._whole_or_parts()

    def _whole_or_parts(self) -> Iterator[Line | BadLine]:
        end = self._end_of_value(OBJECT_BYTES_MAX)
        if end is not None:
            yield self._parsed(end, None)
        elif self.is_over:
            yield self._cut_off()
        else:
            self.at = 0
            self._drop(1)
            yield from self._parts()

    def _parts(self) -> Iterator[Line | BadLine]:
        """The elements of the lists of an object; its other fields go along with them."""
        open_object = _Open({})
        while True:
            token = self._next(_TOKEN)
            if token is None:
                yield self._cut_off()
                return
            text = token.group()
            if text == b"}":
                self._drop(token.end())
                if not open_object.is_told:
                    header = open_object.header
                    yield Line(self.line, "", header, self.source.passed())
                return
            if not text.startswith(b'"'):
                self._drop(token.end())
                continue
            key = json.loads(text)
            self._drop(token.end())
            if not (yield from self._field(open_object, key)):
                return

    def _field(self, open_object: _Open, key: str) -> Generator[Line | BadLine, None, bool]:
        """One field of an object that is taken apart; False: the file is over."""
        while b":" not in self.buffer[:1]:
            if not self.buffer and not self._more():
                yield self._cut_off()
                return False
            self._drop(1)
        self._drop(1)
        while not self.buffer or self.buffer[:1].isspace():
            if self.buffer:
                self._drop(1)
            elif not self._more():
                return False
        if self.buffer[:1] == b"[" and key in _LISTS:
            open_object.key = key
            self._drop(1)
            yield from self._elements(open_object)
            return True
        end = self._end_of_value(None)
        if end is None:
            yield self._cut_off()
            return False
        value = self._parsed(end, None)
        if isinstance(value, BadLine):
            yield value
        else:
            open_object.header[key] = value.value
        return True

    def _elements(self, around: _Open | None) -> Iterator[Line | BadLine]:
        """The elements of a list whose bracket was just passed."""
        while True:
            while not self.buffer or self.buffer[:1] in b" \t\r\n,":
                if self.buffer:
                    self._drop(1)
                elif not self._more():
                    yield self._cut_off()
                    return
            if self.buffer[:1] == b"]":
                self._drop(1)
                return
            end = self._end_of_value(None)
            if end is None:
                yield self._cut_off()
                return
            yield self._parsed(end, around)

    def _end_of_value(self, bytes_max: int | None) -> int | None:
        """Where the value at the buffer's start ends; None: the file, or the patience, is over."""
        self.at, depth = 0, 0
        while True:
            token = self._next(_TOKEN, bytes_max)
            if token is None:
                return None if depth or not self.is_over else len(self.buffer)
            text, start = token.group(), token.start()
            if text in b"[{":
                depth += 1
            elif text in b"]}":
                if depth == 0:
                    return start  # a number or a word, and what is around it ends
                depth -= 1
            elif text == b"," and depth == 0:
                return start
            if depth == 0 and text not in b",":
                return token.end()
            self.at = token.end()

    def _next(
        self, pattern: re.Pattern[bytes], bytes_max: int | None = None
    ) -> re.Match[bytes] | None:
        while True:
            found = pattern.search(self.buffer, self.at)
            quote = self.buffer.find(b'"', self.at)
            if found is not None and (quote < 0 or found.start() <= quote):
                return found
            # A text whose end is not here yet must be read on from its own beginning.
            if bytes_max is not None and len(self.buffer) > bytes_max:
                return None
            if not self._more():
                return None

    def _more(self) -> bool:
        chunk = self.file.read(_CHUNK_BYTES)
        self.buffer += chunk
        self.is_over = not chunk
        return bool(chunk)

    def _drop(self, count: int) -> None:
        self.line += self.buffer.count(b"\n", 0, count)
        del self.buffer[:count]
        self.at = 0

    def _parsed(self, end: int, around: _Open | None) -> Line | BadLine:
        raw, number = bytes(self.buffer[:end]), self.line
        self._drop(end)
        taken = self.source.passed()
        try:
            text = raw.decode("utf-8")
            value: Any = json.loads(text, parse_constant=str)
        except json.JSONDecodeError as error:
            line, column = number + error.lineno - 1, error.colno
            trouble = f"no JSON value: {error.msg[0].lower()}{error.msg[1:]}."
            return BadLine(line, taken, file_error(self.path, line, column, trouble))
        except (ValueError, RecursionError) as error:
            return BadLine(number, taken, file_error(self.path, number, 1, f"{error}."))
        if around is not None and around.key is not None:
            value = {**around.header, around.key: [value]}
            around.is_told = True
        return Line(number, text, value, taken)

    def _cut_off(self) -> BadLine:
        line = self.line
        self.buffer.clear()
        self.at = 0
        trouble = "a JSON value begins here, and the file is over before it ends."
        return BadLine(line, self.source.passed(), file_error(self.path, line, 1, trouble))
