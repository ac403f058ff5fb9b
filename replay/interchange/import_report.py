"""What an import did: counts in against counts out, and what it could not carry over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from replay.errors import ImportFileError
from replay.interchange.conversation import ORPHANS, Conversation
from replay.records import JsonObject, ModelCall, ToolCall, Transcript

LEFT_OUT = "left out"
"""The format of a file in a folder that is of none, or that needs a package which is not there."""

EMPTY = "empty"
"""The format of a file without a value."""

NOT_CARRIED = "not_carried"
"""What a trace says, in its attributes under ``imported``, that its source could not tell."""

KINDS = {
    "conversations": ("conversation", "trace"),
    "traces": ("trace", "trace"),
    "messages": ("message", "message"),
    "model_calls": ("model call", "model call"),
    "tool_calls": ("tool call", "tool call"),
    "answers": ("answer", "answer"),
    "scores": ("score", "piece of feedback"),
    "interactions": ("question outside", "interaction"),
    # Of records, by their own names.
    "feedback": ("piece of feedback", "piece of feedback"),
    "attempt": ("try", "try"),
    "call_verdict": ("verdict", "verdict"),
}
"""What is counted in a conversation or trace, and what becomes of it."""

_PLURALS = {
    "try": "tries",
    "question outside": "questions outside",
    "piece of feedback": "pieces of feedback",
}


def counted(kind: str, number: int, *, written: bool) -> str:
    """Return the name of what is counted, for ``number`` of it: in the file, or as written."""
    name = KINDS.get(kind, (kind.replace("_", " "),) * 2)[written]
    return name if number == 1 else _PLURALS.get(name, f"{name}s")


ALWAYS_MISSING = (
    "Chat files have no validated payloads, stage timings or outside interactions; these are empty."
)
TRACES_MISSING = (
    "Traces of other tools have no validated payloads or outside interactions; these are empty."
)
PAYLOADS_MISSING = "Traces of other tools have no validated payloads; these are empty."


@dataclass
class FileReport:
    """What was read from one file and what was written of it."""

    path: str
    format: str
    read: Counter[str] = field(default_factory=Counter)
    """Counted in the file, by kind."""
    written: Counter[str] = field(default_factory=Counter)
    """Counted in the records that went to the database, by kind."""
    new_count: int = 0
    known_count: int = 0
    """Traces that the database had already, exactly so."""
    renewed_count: int = 0
    """Traces that the database had otherwise, written anew."""
    notes: Counter[str] = field(default_factory=Counter)
    """What could not be carried over or was not in the file, in words, counted."""
    bad_lines: list[ImportFileError] = field(default_factory=list)
    """Lines left out, with the reason."""
    missing_extra: str | None = None
    """What would have to be installed to read it, `replay-sandbox[...]`; None: nothing."""

    def say_instead(self, place: str, name: str) -> None:
        """Call a file by ``name`` wherever ``place`` is told: stdin has no place of its own."""
        self.path = self.path.replace(place, name)
        said = [(one.wanted.replace(place, name), one.hint) for one in self.bad_lines]
        self.bad_lines = [ImportFileError(wanted, hint=hint) for wanted, hint in said]

    @property
    def always_missing(self) -> str | None:
        """What no file of this format has, in words; None for one that has everything."""
        if not self.read or self.format in ("records", "bundle"):
            return None
        if self.read["traces"]:
            return PAYLOADS_MISSING if self.read["interactions"] else TRACES_MISSING
        return ALWAYS_MISSING if self.read["conversations"] else None

    @property
    def is_empty(self) -> bool:
        """Nothing in the file is in the database, be it since now or since before."""
        held = self.new_count + self.known_count + self.renewed_count
        return not held and not any(self.written.values())

    @property
    def is_complete(self) -> bool:
        """Everything that was counted in the file was written, by kind."""
        return all(self.read[kind] == self.written[kind] for kind in self.read)

    def to_json(self) -> JsonObject:
        """Return the report as plain JSON."""
        return {
            "path": self.path,
            "format": self.format,
            "read": dict(self.read),
            "written": dict(self.written),
            "new": self.new_count,
            "known": self.known_count,
            "renewed": self.renewed_count,
            "notes": dict(self.notes),
            "bad_lines": [error.wanted for error in self.bad_lines],
            "complete": self.is_complete,
            "missing_extra": self.missing_extra,
        }


def count_written(conversation: Conversation, transcript: Transcript) -> Counter[str]:
    """Return what became of ``conversation``, counted in its records."""
    steps = transcript.steps
    attributes = transcript.trace.attributes
    kept = attributes.get("messages", {})
    last = next((step for step in reversed(steps) if isinstance(step, ModelCall)), None)
    shown = len(attributes.get("after", ()))
    if last is not None:
        shown += len(last.messages) + 1
    shown -= attributes.get("prefix_count", 0)
    hidden = sum("hidden" in entry for entry in kept.values())
    answered = sum(isinstance(step, ToolCall) and step.bound_by is not None for step in steps)
    return Counter(
        conversations=1,
        messages=shown + hidden,
        model_calls=sum(isinstance(step, ModelCall) for step in steps),
        tool_calls=sum(isinstance(step, ToolCall) for step in steps),
        answers=answered + conversation.notes[ORPHANS],
    )
