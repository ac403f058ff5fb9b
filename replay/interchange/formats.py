"""The formats that can be read and written, and how a file's own content tells which it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from replay.errors import ImportFileError
from replay.interchange import anthropic, openai_chat, record_lines
from replay.interchange.contexts import Contexts
from replay.interchange.conversation import Conversation
from replay.interchange.line_fields import ReadOptions
from replay.interchange.lines import BadLine, Line, file_error, read_lines
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

_LOOK_AT_LINES_MAX: Final = 200
_FOREIGN: Final = {
    "traj": "a tau-bench result; write its `traj` as `messages`",
    "conversations": "ShareGPT; write `from`/`value` as `role`/`content` of `messages`",
    "resourceSpans": "OpenTelemetry (OTLP), which this version does not read",
    "run_type": "a LangSmith run, which this version does not read",
    "simulations": "a tau2-bench result; write each simulation on a line of its own",
    "custom_id": "an OpenAI batch; write each `body` on a line of its own",
}
_EXPECTED: Final = (
    "expected a conversation with `messages` (OpenAI chat or Anthropic), or a record of replay's "
    "with `kind`"
)


def detect_format(path: Path) -> str | None:
    """Return the name of the format of ``path``, read from its first lines; None for no lines.

    A file whose conversations could be both (text alone) is OpenAI chat.

    Raises:
        ImportFileError: it is no format that we know, or not JSON lines at all.
    """
    undecided = None
    for line in islice(read_lines(path), _LOOK_AT_LINES_MAX):
        if isinstance(line, BadLine):
            if line.number == 1:
                raise _no_json_lines(path, line)
            continue
        found = _format_of(path, line)
        if found is not None:
            return found
        undecided = openai_chat.SOURCE
    return undecided


def _format_of(path: Path, line: Line) -> str | None:
    value = line.value
    if isinstance(value, dict) and record_lines.looks_like(value):
        return record_lines.SOURCE
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        raise file_error(path, line.number, 1, f"{_EXPECTED}; {_found(value)}.")
    return next((name for name, one in CHAT_FORMATS.items() if one.looks_like(value)), None)


def _found(value: JsonValue) -> str:
    if not isinstance(value, dict):
        return f"found {'a list' if isinstance(value, list) else 'a single value'}"
    foreign = next((words for key, words in _FOREIGN.items() if key in value), None)
    keys = ", ".join(list(value)[:8]) or "none"
    return f"found the keys {keys[:100]}" + (f": this looks like {foreign}" if foreign else "")


def _no_json_lines(path: Path, bad: BadLine) -> ImportFileError:
    with path.open("rb") as file:
        start = file.read(4)
    if start.lstrip()[:1] in (b"{", b"["):
        hint = (
            "If the file is one JSON document over many lines, `jq -c '.[]' FILE` (or `jq -c .`) "
            "writes it one value per line."
        )
    else:
        hint = "The files to import have one JSON object per line (JSONL)."
    return ImportFileError(str(bad.error), hint=hint)
