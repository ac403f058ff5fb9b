"""Which field of a record lives in which column, and in what form.

One list serves the writer, the reader, the migration and the views, so they cannot disagree. Each
record kind has a table ``<name>_rows`` and a view ``<name>`` that shows it as plain JSON.

====== =========================================================================================
form   in the table
====== =========================================================================================
plain  the value itself; NULL is the field's default
time   microseconds since 1970, UTC
text   raw text: the text itself when short, else the key (an integer) of a content
json   a JSON value: its text when short, else the key (an integer) of a content
link   the key of another row; the other's id as text while that row is not known
flag   0 or 1
====== =========================================================================================

What many model calls have in common (model, parameters, tools) is one row of ``model_settings``.

What has no column, or does not fit its column's form, is in ``extra`` (form json) verbatim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Form: TypeAlias = Literal["plain", "time", "text", "json", "link", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the record's field, its form, its name in the table."""

    field: str
    form: Form
    name: str
    default: object = None
    """Stored as NULL."""
    target: str | None = None
    """For a link: the kind it points to."""
    required: bool = False
    shared: bool = False
    """In ``model_settings``, not in the record's own row."""

    @property
    def source(self) -> str:
        """The column with the alias of its table: ``r``, or ``s`` for the shared settings."""
        return f"{'s' if self.shared else 'r'}.{self.name}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The table of one record kind."""

    kind: str
    view: str
    columns: tuple[Column, ...]
    since: int = 1
    """The file format that has it first: a file that nobody may write can be of an older one."""

    @property
    def table(self) -> str:
        """The name of the table."""
        return f"{self.view.removesuffix('s')}_rows"

    @property
    def rows(self) -> str:
        """The FROM clause: the table as ``r``, with what its rows share as ``s``."""
        if any(column.shared for column in self.columns):
            return f"{self.table} r LEFT JOIN model_settings s ON s.key = r.settings"
        return f"{self.table} r"


def _columns(*specs: str) -> tuple[Column, ...]:
    return tuple(_column(spec) for spec in specs)


def _column(spec: str) -> Column:
    """Read ``field form [=default] [->kind] [shared]``; a ``!`` after the form: always there."""
    field, form, *rest = spec.split()
    required = form.endswith("!")
    form = form.removesuffix("!")
    default: object = None
    target = None
    for part in rest:
        if part.startswith("->"):
            target = part[2:]
        elif part.startswith("="):
            default = {"=[]": [], "={}": {}, "=0": 0, "=false": False}.get(part, part[1:])
    name = field
    if form == "time":
        name = field.removesuffix("_at") + "_us"
    if form == "link":
        name = field.removesuffix("_id")
    return Column(field, form, name, default, target, required, "shared" in rest)  # type: ignore[arg-type]  # from the words below


LAYOUTS: Final[dict[str, Layout]] = {
    layout.kind: layout
    for layout in (
        Layout(
            "trace",
            "traces",
            _columns(
                "id plain!",
                "app plain",
                "started_at time!",
                "ended_at time",
                "outcome plain",
                "start json",
                "labels json ={}",
                "source plain =recorded",
                "code_version plain",
                "attributes json ={}",
            ),
        ),
        Layout(
            "model_call",
            "model_calls",
            _columns(
                "id plain!",
                "trace_id link! ->trace",
                "step_number plain!",
                "provider plain shared",
                "api plain! shared",
                "model plain shared",
                "response_model plain shared",
                "parameters json ={} shared",
                "request_mode plain =full shared",
                "previous_response_id plain",
                "output json",
                "finish_reason plain shared",
                "usage json",
                "response_id plain",
                "request_id plain",
                "streamed flag =false shared",
                "stream text",
                "started_at time!",
                "duration_ms plain",
                "first_chunk_ms plain",
                "status_code plain shared",
                "error json",
                "attributes json ={}",
            ),
        ),
        Layout(
            "tool_call",
            "tool_calls",
            _columns(
                "id plain!",
                "trace_id link! ->trace",
                "step_number plain!",
                "model_call_id link ->model_call",
                "call_index plain =0",
                "provider_call_id plain",
                "actor plain =assistant",
                "tool plain!",
                "tool_version plain",
                "schema_hash plain",
                "arguments text!",
                "positional json",
                "payload json",
                "result json",
                "response text",
                "outcome plain",
                "error json",
                "stages json =[]",
                "started_at time!",
                "offset_ms plain",
                "duration_ms plain",
                "state_hash plain",
                "bound_by plain",
                "attributes json ={}",
            ),
        ),
        Layout(
            "attempt",
            "attempts",
            _columns(
                "id plain!",
                "call_id plain!",
                "attempt_number plain!",
                "started_at time!",
                "duration_ms plain",
                "outcome plain",
                "status_code plain",
                "error json",
            ),
        ),
        Layout(
            "interaction",
            "interactions",
            _columns(
                "id plain!",
                "tool_call_id link! ->tool_call",
                "interaction_index plain!",
                "protocol plain =http",
                "exchange json!",
            ),
        ),
        Layout(
            "tool_schema",
            "tool_schemas",
            _columns(
                "id plain!",
                "tool plain!",
                "tool_version plain",
                "dialect plain!",
                "definition json",
                "first_seen_at time",
                "last_seen_at time",
            ),
        ),
        Layout(
            "feedback",
            "feedback",
            _columns(
                "id plain!",
                "trace_id link! ->trace",
                "step_number plain",
                "label plain",
                "score plain",
                "correction json",
                "text text",
                "annotator plain",
                "created_at time!",
            ),
        ),
        Layout(
            "replay_run",
            "replay_runs",
            _columns(
                "id plain!",
                "started_at time!",
                "ended_at time",
                "status plain =running",
                "toolbox plain!",
                "code_version plain",
                "python plain",
                "baseline plain",
                "selection json ={}",
                "options json ={}",
                "trace_count plain =0",
                "call_count plain =0",
                "verdict_counts json ={}",
                "conditional_count plain =0",
                "digest plain",
                "coverage json ={}",
                "exit_code plain",
            ),
        ),
        Layout(
            "call_verdict",
            "call_verdicts",
            _columns(
                "run_id link! ->replay_run",
                "trace_id link! ->trace",
                "tool_call_id link! ->tool_call",
                "step_number plain!",
                "tool plain!",
                "actor plain =assistant",
                "model plain",
                "verdict plain!",
                "cause plain",
                "conditional flag =false",
                "recorded_outcome plain",
                "replayed json",
                "changes json =[]",
                "allowed json =[]",
                "interaction_changes json =[]",
                "effect_changed flag =false",
                "schema_errors json =[]",
                "signature plain",
                "approved flag =false",
            ),
        ),
        Layout(
            "finding",
            "findings",
            _columns(
                "run_id link! ->replay_run",
                "signature plain!",
                "tool plain!",
                "verdict plain!",
                "cause plain!",
                "title plain!",
                "paths json =[]",
                "error_type plain",
                "call_count plain!",
                "first_divergence_count plain!",
                "trace_count plain!",
                "tool_call_total plain!",
                "models json ={}",
                "example_tool_call_id plain!",
                "example_trace_id plain!",
                "example_step_number plain!",
                "approved flag =false",
            ),
        ),
        Layout(
            "approval",
            "approvals",
            _columns(
                "signature plain!",
                "title plain!",
                "approved_at time!",
                "approved_by plain",
                "note text",
            ),
        ),
        Layout(
            "pin",
            "pins",
            _columns(
                "id plain!",
                "trace_id link! ->trace",
                "step_number plain",
                "note text",
                "pinned_by plain",
                "pinned_at time!",
            ),
            since=3,
        ),
    )
}


def layouts_of(file_format: int) -> list[Layout]:
    """Return the layouts of the kinds that a file of this format has tables for."""
    return [layout for layout in LAYOUTS.values() if layout.since <= file_format]


IDENTITY: Final[dict[str, tuple[str, ...]]] = {
    "call_verdict": ("run_id", "tool_call_id"),
    "finding": ("run_id", "signature"),
    "approval": ("signature",),
}
"""The fields that name a record of a kind; ``id`` where nothing is said."""


def identity_fields(kind: str) -> tuple[str, ...]:
    """Return the fields that name a record: a later one with the same values replaces."""
    return IDENTITY.get(kind, ("id",))
