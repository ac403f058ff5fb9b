"""replay's own JSONL: one record per line, as `replay db schema` describes them.

Nothing is lost and nothing is shared between lines: a model call has its whole prompt. Only the
schemas of tools are written once, ahead of the first trace whose calls name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from replay.errors import RecordError
from replay.interchange.lines import BadLine, Line, Misfit, PathPart, misfit_line
from replay.records import AnyRecord, JsonObject, ToolCall, ToolSchema, Transcript, record_from

SOURCE: Final = "records"

_KINDS: Final = frozenset(
    record.model_fields["kind"].default for record in get_args(get_args(AnyRecord)[0])
)


def looks_like(line: JsonObject) -> bool:
    """Return whether ``line`` is one of our records."""
    return line.get("kind") in _KINDS


def read_record(path: Path, line: Line) -> AnyRecord | BadLine:
    """Return the record of ``line``, or the line as a bad one."""
    if not isinstance(line.value, dict) or not looks_like(line.value):
        found = line.value.get("kind") if isinstance(line.value, dict) else line.value
        kinds = ", ".join(sorted(_KINDS))
        return misfit_line(path, line, Misfit(["kind"], f"a kind of record ({kinds})", found))
    try:
        return record_from(line.value)
    except RecordError as error:
        return misfit_line(path, line, _misfit_of(error, line.value))


def write_records(transcript: Transcript) -> Iterator[JsonObject]:
    """Yield the records of one trace in the order they happened; the trace itself is first."""
    yield transcript.trace.model_dump(mode="json")
    for step in transcript.steps:
        yield step.model_dump(mode="json")
        for attempt in transcript.attempts.get(step.id, []):
            yield attempt.model_dump(mode="json")
        for interaction in transcript.interactions.get(step.id, []):
            yield interaction.model_dump(mode="json")
    for said in (*transcript.feedback, *transcript.pins):
        yield said.model_dump(mode="json")


def write_schemas(
    transcript: Transcript, schemas: Mapping[str, ToolSchema], written: set[str]
) -> Iterator[JsonObject]:
    """Yield the schemas that the calls of one trace name, but none that is in ``written``."""
    for step in transcript.steps:
        named = step.schema_hash if isinstance(step, ToolCall) else None
        if named is not None and named in schemas and named not in written:
            written.add(named)
            yield schemas[named].model_dump(mode="json")


def _misfit_of(error: RecordError, value: JsonObject) -> Misfit:
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return Misfit([], "a record", value)
    first = cause.errors(include_url=False)[0]
    path: list[PathPart] = list(first["loc"][1:])  # the first part is the kind
    words = first["msg"][0].lower() + first["msg"][1:]
    found: Any = first.get("input")
    return Misfit(path, f"the format's value here ({words})", found)
