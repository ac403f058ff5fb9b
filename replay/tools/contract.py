"""What a tool promises its callers, said where the tool is; `replay contract` checks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replay.errors import ToolboxError
from replay.records import JsonObject

READ: Final = ("read",)
"""For ``Contract(keeps=...)``: every field that later steps of captured traces have read."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The promises of one tool.

    ::

        @toolbox.tool(contract=Contract(idempotent=True, keeps=["status", "items[*].id"]))
        def get_order(order_id: str) -> dict: ...
    """

    idempotent: bool = False
    """A second call with the same request id answers the same, and writes nothing again."""
    deterministic: bool = False
    """The same arguments in the same world get the same answer: no clock, no chance, no order."""
    budget_ms: float | None = None
    """How long 95 of 100 calls may take at most, in milliseconds; None: there is no budget."""
    keeps: Sequence[str] = ()
    """Paths of a response that callers read, and that must stay; ``READ``: those that they have
    read in captured traces."""
    fits_result: bool = True
    """The result fits the schema of what the function says it returns, where it says so."""

    def __post_init__(self) -> None:
        if self.budget_ms is not None and self.budget_ms <= 0:
            raise ToolboxError(
                f"A contract's budget_ms={self.budget_ms!r} leaves no time at all.",
                hint="Give milliseconds above 0, or leave it out: no budget.",
            )
        if isinstance(self.keeps, str):
            raise ToolboxError(
                f"A contract's keeps={self.keeps!r} is one text.",
                hint=f"Give a list of paths: keeps=[{self.keeps!r}].",
            )

    def plain(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "idempotent": self.idempotent,
            "deterministic": self.deterministic,
            "budget_ms": self.budget_ms,
            "keeps": list(self.keeps),
            "fits_result": self.fits_result,
        }
