"""The typed records: what a trace is made of, and what a replay run says about it.

Everything that is stored or crosses a process border is one of these. Records are told apart by
their ``kind``; ``record_from`` gives the right class back, ``record_schema`` its JSON Schema.
"""

from replay.records.base import JsonObject, JsonValue, Record
from replay.records.codes import ACTORS, Actor, Cause, Outcome, Policy, Stage, Verdict
from replay.records.registry import AnyRecord, record_from, record_schema
from replay.records.replays import (
    Approval,
    Branch,
    BranchStep,
    CallVerdict,
    Change,
    Edit,
    Finding,
    InteractionChange,
    Lanes,
    OutsideReport,
    ReplayedCall,
    ReplayRun,
)
from replay.records.selection import Sample, Selection, Trait
from replay.records.traces import (
    Attempt,
    CallError,
    CallResult,
    Feedback,
    Interaction,
    ModelCall,
    Pin,
    StageTiming,
    ToolCall,
    ToolSchema,
    Trace,
    Transcript,
    pin_id,
)

__all__ = [
    "ACTORS",
    "Actor",
    "AnyRecord",
    "Approval",
    "Attempt",
    "Branch",
    "BranchStep",
    "CallError",
    "CallResult",
    "CallVerdict",
    "Cause",
    "Change",
    "Edit",
    "Feedback",
    "Finding",
    "Interaction",
    "InteractionChange",
    "JsonObject",
    "JsonValue",
    "Lanes",
    "ModelCall",
    "Outcome",
    "OutsideReport",
    "Pin",
    "Policy",
    "Record",
    "ReplayRun",
    "ReplayedCall",
    "Sample",
    "Selection",
    "Stage",
    "StageTiming",
    "ToolCall",
    "ToolSchema",
    "Trace",
    "Trait",
    "Transcript",
    "Verdict",
    "pin_id",
    "record_from",
    "record_schema",
]
