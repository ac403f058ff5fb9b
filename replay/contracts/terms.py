"""The promises of a toolbox's tools, as they are declared or asked about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from replay.contracts.results import Kind
from replay.replayer.environment import shorter
from replay.replayer.questions.asking import DescribedTool
from replay.tools.contract import READ


@dataclass(frozen=True, slots=True)
class Terms:
    """What one tool promises."""

    tool: DescribedTool
    kinds: frozenset[Kind]
    """What is to be checked of it."""
    budget_ms: float | None = None
    file: str | None = None
    """Where the tool is, from the folder of the tools on."""
    keeps: tuple[str, ...] = ()
    """Paths; nothing: those that captured steps have read."""

    @property
    def keeps_what_is_read(self) -> bool:
        """Whether its paths come from traffic."""
        return Kind.KEEPS in self.kinds and not self.keeps


def terms_of(
    tools: Sequence[DescribedTool], also: Collection[Kind] = (), *, folders: Sequence[str] = ()
) -> list[Terms]:
    """Return what ``tools`` promise; ``also`` is checked of each, declared or not.

    Files are named from that one of ``folders`` on in which they are.
    """
    found = [_terms(tool, set(also), folders) for tool in tools if tool.replay == "cassette"]
    return [terms for terms in found if terms.kinds]


def _terms(tool: DescribedTool, kinds: set[Kind], folders: Sequence[str]) -> Terms:
    declared = tool.contract or {}
    keeps = tuple(declared.get("keeps", ()))
    if tool.idempotent or declared.get("idempotent"):
        kinds.add(Kind.IDEMPOTENT)
    if declared.get("deterministic"):
        kinds.add(Kind.DETERMINISTIC)
    if declared.get("budget_ms") is not None:
        kinds.add(Kind.BUDGET)
    if keeps:
        kinds.add(Kind.KEEPS)
    if declared.get("fits_result") and tool.result is not None:
        kinds.add(Kind.RESULT)
    return Terms(
        tool,
        frozenset(kinds),
        declared.get("budget_ms"),
        None if tool.file is None else shorter(tool.file, folders),
        () if keeps == READ else keeps,
    )
