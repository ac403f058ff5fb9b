"""What became of one promise of one tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from replay.records import JsonObject


class Kind(StrEnum):
    """The promises that a contract can hold."""

    IDEMPOTENT = "idempotent"
    DETERMINISTIC = "deterministic"
    BUDGET = "budget"
    KEEPS = "keeps"
    RESULT = "result"


class Status(StrEnum):
    """Whether a promise was kept."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_JUDGED = "not_judged"
    """No captured call could show it either way."""


@dataclass(slots=True)
class ContractResult:
    """One promise of one tool, held against the captured calls."""

    tool: str
    kind: Kind
    status: Status
    said: str
    """One line: what broke it, how it was kept, or why it was not judged."""
    details: list[str] = field(default_factory=list)
    """More lines for a person: values, lines of code, other ways in which it broke."""
    call_count: int = 0
    """Captured calls that could show it."""
    broken_count: int = 0
    trace_id: str | None = None
    """Where it broke first, by the order of the traces; None: it did not."""
    step_number: int | None = None
    file: str | None = None
    line: int | None = None
    """Where the tool is; None: Python does not know."""
    measured: JsonObject = field(default_factory=dict)
    """Numbers behind it: ``p50_ms``, ``p95_ms``, ``reads`` by path."""

    @property
    def title(self) -> str:
        """The promise and what became of it, in one line."""
        return f"{self.tool}: {_WORDS[self.kind][self.status]}{self.said}"


_WORDS = {
    Kind.IDEMPOTENT: {
        Status.KEPT: "idempotent: ",
        Status.BROKEN: "not idempotent: ",
        Status.NOT_JUDGED: "idempotent? ",
    },
    Kind.DETERMINISTIC: {
        Status.KEPT: "deterministic: ",
        Status.BROKEN: "not deterministic: ",
        Status.NOT_JUDGED: "deterministic? ",
    },
    Kind.BUDGET: {
        Status.KEPT: "in its budget: ",
        Status.BROKEN: "over its budget: ",
        Status.NOT_JUDGED: "in its budget? ",
    },
    Kind.KEEPS: {
        Status.KEPT: "keeps what is read: ",
        Status.BROKEN: "lost what is read: ",
        Status.NOT_JUDGED: "keeps what is read? ",
    },
    Kind.RESULT: {
        Status.KEPT: "its results fit: ",
        Status.BROKEN: "its results do not fit: ",
        Status.NOT_JUDGED: "its results fit? ",
    },
}
