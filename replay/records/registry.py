"""From plain JSON to the right record class, and the JSON Schema of all of them."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from replay.errors import RecordError
from replay.records.base import JsonObject
from replay.records.replays import Approval, CallVerdict, Finding, ReplayRun
from replay.records.traces import (
    Attempt,
    Feedback,
    Interaction,
    ModelCall,
    Pin,
    ToolCall,
    ToolSchema,
    Trace,
)

AnyRecord: TypeAlias = Annotated[
    Trace
    | ModelCall
    | ToolCall
    | Attempt
    | Interaction
    | ToolSchema
    | Feedback
    | ReplayRun
    | CallVerdict
    | Finding
    | Approval
    | Pin,
    Field(discriminator="kind"),
]
"""Any stored record, told apart by its ``kind``."""


@cache
def _adapter() -> TypeAdapter[Any]:
    """Built when first asked for: most processes never read a record of unknown kind."""
    return TypeAdapter(AnyRecord)


def record_from(fields: JsonObject) -> AnyRecord:
    """Return the record that ``fields`` describe.

    Raises:
        RecordError: ``kind`` is missing or unknown, or a field does not fit its record.
    """
    try:
        record: AnyRecord = _adapter().validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the record"
        raise RecordError(
            f"A record of kind {fields.get('kind')!r} does not fit the format: "
            f"{where}: {first['msg']}.",
            hint="`replay db schema` prints the JSON Schema of every record.",
        ) from error
    return record


def record_schema() -> JsonObject:
    """Return the JSON Schema (draft 2020-12) of every record, discriminated by ``kind``."""
    from replay.records import replays, traces
    from replay.records.field_docs import field_docs

    schema: JsonObject = _adapter().json_schema()
    for name, described in schema["$defs"].items():
        cls = getattr(traces, name, None) or getattr(replays, name, None)
        if not isinstance(cls, type) or "properties" not in described:
            continue
        for field, said in field_docs(cls).items():
            described["properties"][field].setdefault("description", said)
    return schema
