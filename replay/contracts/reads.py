"""What later steps of a trace read from a tool's response, found by the values themselves.

A value that a response brought into the conversation, and that nobody had said before, is read
where it comes again: in the arguments of a later call, or in the model's words. Short and common
values, and those that the prompt or the schemas hold already, prove nothing and are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from replay.records import JsonValue, ModelCall, ToolCall, Transcript
from replay.verdicts.canonical import read_response
from replay.verdicts.paths import PathPart, general_path, written

_CHARS_MIN: Final = 3
_CHARS_MIN_IN_WORDS: Final = 5
_CHARS_MAX: Final = 200
_NUMBER_MIN: Final = 10
_LEAVES_MAX: Final = 5_000
"""Of one response: a search that found thousands is read in its first ones."""

Token: TypeAlias = str | int | float
Origin: TypeAlias = tuple[str, str, str]
"""Tool, path and call id of the response that brought a value."""


@dataclass(slots=True)
class PathReads:
    """How often one path of a tool's responses was read, and where first."""

    in_arguments: int = 0
    """Calls whose response was read by a later call's arguments."""
    in_words: int = 0
    """Calls whose response the model spoke of later."""
    trace_id: str = ""
    step_number: int = 0
    """The first step that read it."""
    reader: str = ""
    """What read it there: ``cancel_order(order_id)``, or ``the model's words``."""

    @property
    def count(self) -> int:
        """All calls whose response was read there."""
        return self.in_arguments + self.in_words


@dataclass(slots=True)
class Reads:
    """What was read, by tool and path; add transcripts, then look."""

    of_tool: dict[str, dict[str, PathReads]] = field(default_factory=dict)

    def add(self, transcript: Transcript) -> None:
        """Take up what the steps of ``transcript`` read from its responses."""
        _Reader(self, transcript).run()

    def paths(self, tool: str) -> list[str]:
        """Return the paths of ``tool`` that were read, the most read first."""
        found = self.of_tool.get(tool, {})
        return sorted(found, key=lambda path: (-found[path].count, path))


class _Reader:
    """One transcript on its way."""

    def __init__(self, reads: Reads, transcript: Transcript) -> None:
        self.reads = reads
        self.transcript = transcript
        self.said: list[str] = []
        """What people, prompts and schemas have said so far."""
        self.known: dict[Token, list[Origin]] = {}
        self.counted: set[tuple[Origin, str]] = set()
        self.message_count = 0

    def run(self) -> None:
        for step in self.transcript.steps:
            if isinstance(step, ModelCall):
                self._hear(step)
                self._speak(step)
            else:
                self._ask(step)
                self._answer(step)

    def _hear(self, step: ModelCall) -> None:
        """Take in what the prompt holds that no tool said."""
        if not self.said:
            self.said.append(json.dumps(step.tools, ensure_ascii=False))
        for message in step.messages[self.message_count :]:
            if isinstance(message, dict) and message.get("role") in _PEOPLE:
                self.said.append(" ".join(texts(message)))
        self.message_count = len(step.messages)

    def _speak(self, step: ModelCall) -> None:
        words = " ".join(_spoken(step.output))
        if not words:
            return
        for token, origins in self.known.items():
            if _stands_in(token, words):
                self._count(origins[0], step.step_number, "the model's words", in_words=True)
        self.said.append(words)

    def _ask(self, step: ToolCall) -> None:
        try:
            arguments = json.loads(step.arguments or "{}")
        except (ValueError, RecursionError):
            return
        for path, value in leaves(arguments):
            name = str(path[-1]) if path else ""
            reader = f"{step.tool}({general_path(written(path))})"
            for token in _tokens_in(value, self.known):
                origin = _nearest(self.known[token], name)
                self._count(origin, step.step_number, reader, in_words=False)
        self.said.append(json.dumps(arguments, ensure_ascii=False))

    def _answer(self, step: ToolCall) -> None:
        if step.response is None:
            return
        before = "\n".join(self.said)
        new: dict[Token, list[Origin]] = {}
        for number, (path, value) in enumerate(leaves(read_response(step.response).value)):
            if number >= _LEAVES_MAX:
                break
            if not path or not is_telling(value) or value in self.known:
                continue
            if str(value) not in before:
                origin = (step.tool, general_path(written(path)), step.id)
                new.setdefault(value, []).append(origin)
        self.known |= new

    def _count(self, origin: Origin, step_number: int, reader: str, *, in_words: bool) -> None:
        kind = "words" if in_words else "arguments"
        if (origin, kind) in self.counted:
            return
        self.counted.add((origin, kind))
        tool, path, _ = origin
        found = self.reads.of_tool.setdefault(tool, {}).setdefault(path, PathReads())
        found.in_words += in_words
        found.in_arguments += not in_words
        if not found.reader or (found.reader == _WORDS and not in_words):
            found.trace_id, found.step_number = self.transcript.trace.id, step_number
            found.reader = reader


_WORDS: Final = "the model's words"
_PEOPLE: Final = frozenset(("system", "developer", "user"))
_ASKING: Final = frozenset(
    ("tool_calls", "function_call", "input", "arguments", "id", "call_id", "type", "role", "name")
)


def leaves(value: JsonValue, path: tuple[PathPart, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Return each value that holds no others, with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def is_telling(value: JsonValue) -> bool:
    """Whether a value that comes again was likely read, and not met by chance."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        return _CHARS_MIN <= len(value) <= _CHARS_MAX
    return isinstance(value, float | int) and (abs(value) >= _NUMBER_MIN or _has_fraction(value))


def _has_fraction(value: float) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _tokens_in(value: JsonValue, known: dict[Token, list[Origin]]) -> Iterable[Token]:
    """Return what is known and stands in one argument: all of it, or words of a longer one."""
    if isinstance(value, bool) or value is None:
        return ()
    assert isinstance(value, str | int | float)
    if value in known:
        return (value,)
    if not isinstance(value, str) or len(value) < _CHARS_MIN_IN_WORDS:
        return ()
    return [token for token in known if _stands_in(token, value)]


def _stands_in(token: Token, text: str) -> bool:
    if isinstance(token, str):
        if len(token) < _CHARS_MIN_IN_WORDS or token not in text:
            return False
    elif abs(token) < _NUMBER_MIN * 10 and not _has_fraction(token):
        return False
    return re.search(rf"(?<![\w.]){re.escape(str(token))}(?!\w|\.\d)", text) is not None


def _nearest(origins: list[Origin], name: str) -> Origin:
    """Return the origin whose field is called like the argument; the first where none is."""
    for origin in origins:
        if origin[1].rpartition(".")[2] == name:
            return origin
    return origins[0]


def texts(value: JsonValue) -> Iterator[str]:
    """Return every text in ``value``."""
    for _, inner in leaves(value):
        if isinstance(inner, str):
            yield inner


def _spoken(output: JsonValue) -> Iterator[str]:
    """Return what a model output says in words, without what it asks of tools."""
    if isinstance(output, dict):
        for name, inner in output.items():
            if name not in _ASKING:
                yield from _spoken(inner)
    elif isinstance(output, list):
        for inner in output:
            yield from _spoken(inner)
    elif isinstance(output, str):
        yield output
