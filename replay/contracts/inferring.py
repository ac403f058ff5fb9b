"""Contracts proposed from traffic: what the captured calls have kept, as code to paste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from replay.contracts.results import ContractResult, Kind, Status

ALL_KINDS: Final = frozenset(Kind)
_NICE_MS: Final = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
_ROOM: Final = 3.0
"""A budget is three times what 95 of 100 captured calls take here, rounded up: machines differ."""
_READ_MIN: Final = 2
"""A path read once may be chance."""
_LINE_MAX: Final = 88


@dataclass(slots=True)
class Proposal:
    """A contract that one tool has kept so far."""

    tool: str
    file: str | None
    line: int | None
    call_count: int
    idempotent: bool = False
    deterministic: bool = False
    budget_ms: int | None = None
    keeps: dict[str, int] = field(default_factory=dict)
    """Paths that later steps read, with how often, the most read first."""
    against: list[str] = field(default_factory=list)
    """Why a promise is not proposed."""

    @property
    def code(self) -> str:
        """The contract as code to paste."""
        words = [f"{name}=True" for name in ("idempotent", "deterministic") if getattr(self, name)]
        words += [f"budget_ms={self.budget_ms}"] if self.budget_ms is not None else []
        if self.keeps:
            words.append(f"keeps=[{', '.join(_quoted(path) for path in self.keeps)}]")
        line = f"@toolbox.tool(contract=Contract({', '.join(words)}))"
        if len(line) <= _LINE_MAX:
            return line
        parts = [f"        {word}," for word in words if not word.startswith("keeps=")]
        if self.keeps:
            parts += _list_of_keeps([_quoted(path) for path in self.keeps])
        return "\n".join(["@toolbox.tool(", "    contract=Contract(", *parts, "    )", ")"])


def _list_of_keeps(paths: list[str]) -> list[str]:
    line = f"        keeps=[{', '.join(paths)}],"
    if len(line) <= _LINE_MAX:
        return [line]
    return ["        keeps=[", *(f"            {path}," for path in paths), "        ],"]


def proposals(results: Sequence[ContractResult]) -> list[Proposal]:
    """Return what the results of all kinds propose, for each tool that was called."""
    found: dict[str, Proposal] = {}
    called = {one.tool for one in results if one.call_count}
    for one in results:
        if one.tool not in called:
            continue
        proposal = found.setdefault(one.tool, Proposal(one.tool, one.file, one.line, 0))
        proposal.call_count = max(proposal.call_count, one.call_count)
        _take(proposal, one)
    return list(found.values())


def _take(proposal: Proposal, one: ContractResult) -> None:
    if one.status is Status.BROKEN:
        proposal.against.append(one.title.partition(": ")[2])
    elif not one.call_count:
        if one.kind is Kind.IDEMPOTENT:
            proposal.against.append(one.title.partition(": ")[2])
    elif one.kind is Kind.IDEMPOTENT:
        proposal.idempotent = True
    elif one.kind is Kind.DETERMINISTIC:
        proposal.deterministic = True
    if one.kind is Kind.BUDGET and one.measured:
        wanted = float(one.measured["p95_ms"]) * _ROOM
        proposal.budget_ms = next((nice for nice in _NICE_MS if nice >= wanted), None)
    if one.kind is Kind.KEEPS:
        reads = one.measured.get("reads", {})
        counts = {path: read["arguments"] + read["words"] for path, read in reads.items()}
        lost = one.measured.get("lost", [])
        often = {
            path: count for path, count in counts.items() if count >= _READ_MIN and path not in lost
        }
        proposal.keeps = dict(sorted(often.items(), key=lambda item: (-item[1], item[0])))


def _quoted(path: str) -> str:
    return f'"{path}"' if '"' not in path and "\\" not in path else repr(path)
