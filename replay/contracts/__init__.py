"""What tools promise their callers, held against captured traffic.

``check_contracts`` of ``checking`` does it all; ``twice`` runs calls twice with one request id,
``reads`` finds what later steps read from a response, ``judging`` holds what was replayed against
what is declared, and ``inferring`` proposes contracts from traffic.
"""

from __future__ import annotations

from replay.contracts.results import ContractResult, Kind, Status

__all__ = ["ContractResult", "Kind", "Status"]
