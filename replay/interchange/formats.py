"""The formats that can be read and written, and how a file's own content tells which it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from replay.errors import ImportFileError
from replay.interchange import (
    anthropic,
    bundle_reading,
    claude_code,
    cline,
    codex,
    continue_dev,
    gateway,
    gemini_cli,
    genai_writing,
    goose,
    goose_database,
    inspect_logs,
    inspect_zip,
    langfuse,
    langsmith,
    mlflow,
    openai_agents,
    openai_chat,
    opencode,
    openinference_writing,
    otlp,
    phoenix,
    qwen_code,
    record_lines,
    vcrpy_runs,
)
from replay.interchange.contexts import Contexts
from replay.interchange.conversation import Conversation
from replay.interchange.json_values import read_values
from replay.interchange.line_fields import ReadOptions
from replay.interchange.lines import BadLine, Line, file_error
from replay.interchange.sources import head_of
from replay.interchange.span_tree import Dialect
from replay.interchange.trace_format import TraceFormat
from replay.records import JsonObject, JsonValue, Transcript


@dataclass(frozen=True)
class ChatFormat:
    """A format with one conversation per line."""

    name: str
    looks_like: Callable[[JsonObject], bool]
    read_line: Callable[[JsonObject, Contexts, ReadOptions], Conversation]
    write_lines: Callable[[Transcript, Counter[str]], list[JsonObject]]
    count_line: Callable[[JsonObject], Counter[str]]
    """Counts what a line holds, by a walk of its own: the check on what was read."""


CHAT_FORMATS: Final = {
    module.SOURCE: ChatFormat(
        module.SOURCE,
        module.looks_like,
        module.read_line,
        module.write_lines,
        module.count_line,
    )
    for module in (openai_chat, anthropic)
}
FORMATS: Final = (*CHAT_FORMATS, record_lines.SOURCE)
"""What can be read and written."""
TRACE_FORMATS: Final[dict[str | None, TraceFormat]] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        *(langfuse, otlp, phoenix, langsmith, mlflow, inspect_logs, openai_agents, gateway),
        *(qwen_code, claude_code, codex, gemini_cli, opencode, cline, goose, continue_dev),
        vcrpy_runs,
    )
}
"""What can be read only."""
SPAN_DIALECTS: Final[dict[str, Dialect]] = {
    otlp.SOURCE: genai_writing.DIALECT,
    "openinference": openinference_writing.DIALECT,
}
"""What is written as spans. Both are read as ``otlp``: the spans tell which dialect they are in."""
LINE_FORMATS: Final = (*FORMATS, *SPAN_DIALECTS)
"""What is written line by line."""
READ_FORMATS: Final = (
    *FORMATS,
    *(one.name for one in TRACE_FORMATS.values() if one.name),
    bundle_reading.SOURCE,
)

_LOOK_AT_LINES_MAX: Final = 200
_FOREIGN: Final = {
    "traj": "a tau-bench result; write its `traj` as `messages`",
    "conversations": "ShareGPT; write `from`/`value` as `role`/`content` of `messages`",
    "simulations": "a tau2-bench result; write each simulation on a line of its own",
    "custom_id": "an OpenAI batch; write each `body` on a line of its own",
}
_EXPECTED: Final = (
    "expected a conversation with `messages` (OpenAI chat or Anthropic), a record of replay's with "
    "`kind`, or traces of one of the tools in docs/import.md"
)
_BINARY: Final = {
    b"PAR1": "a Parquet file; write its rows as JSON, one a line (`to_json(orient='records', "
    "lines=True)` of a DataFrame does)",
    b"SQLite format 3": "a SQLite database; export the traces that are in it with the tool that "
    "wrote it",
    b"\x1f\x8b": "packed twice with gzip; unpack it once",
    b"\n# aider chat": "a history of aider, whose models edit files in words and call no tools: "
    "there is nothing to replay",
}


def detect_format(path: Path) -> str | None:
    """Return the name of the format of ``path``, read from its first values; None for no values.

    A file whose conversations could be both (text alone) is OpenAI chat.

    Raises:
        ImportFileError: it is no format that we know, or neither JSON nor a binary form we know.
    """
    head = head_of(path)
    if goose_database.is_database(path):
        return goose.SOURCE
    for begin, words in _BINARY.items():
        if head.startswith(begin):
            raise ImportFileError(f"{str(path)!r} cannot be imported: this is {words}.")
    binary = next((f for f in TRACE_FORMATS.values() if f.is_binary and f.is_binary(path)), None)
    if binary is not None:
        return binary.name
    if inspect_zip.is_cut(path):
        raise inspect_zip.cut_off(path)
    if bundle_reading.is_zip(path):
        bundle_reading.manifest_of(path)
        return bundle_reading.SOURCE
    undecided, first, bad = None, None, None
    for line in islice(read_values(path), _LOOK_AT_LINES_MAX):
        if isinstance(line, BadLine):
            bad = bad or line
            if first is None and line.number == 1:
                break
            continue
        found = _format_of(line)
        if found is not None:
            return found
        if _is_chat(line.value):
            undecided = openai_chat.SOURCE
        first = first or line
    if first is None and bad is not None:
        raise _no_json_lines(path, bad)
    if undecided is None and first is not None:
        raise file_error(path, first.number, 1, f"{_EXPECTED}; {_found(first.value)}.")
    return undecided


def _format_of(line: Line) -> str | None:
    value = line.value
    if isinstance(value, dict) and record_lines.looks_like(value):
        return record_lines.SOURCE
    traces = (one.name for one in TRACE_FORMATS.values() if one.looks_like(value))
    if (found := next(traces, None)) is not None:
        return found
    if not isinstance(value, dict) or not _is_chat(value):
        return None
    return next((name for name, one in CHAT_FORMATS.items() if one.looks_like(value)), None)


def _is_chat(value: JsonValue) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list)


def _found(value: JsonValue) -> str:
    if not isinstance(value, dict):
        return f"found {'a list' if isinstance(value, list) else 'a single value'}"
    foreign = next((words for key, words in _FOREIGN.items() if key in value), None)
    keys = ", ".join(list(value)[:8]) or "none"
    return f"found the keys {keys[:100]}" + (f": this looks like {foreign}" if foreign else "")


def _no_json_lines(path: Path, bad: BadLine) -> ImportFileError:
    return ImportFileError(
        str(bad.error),
        hint="Nothing was imported. The files to import have one JSON object per line (JSONL), or "
        "a list of them.",
    )
