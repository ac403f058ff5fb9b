"""What a change of the tools does to calls that models have already made: counted, not reasoned.

Static rules explain (`replay.compatibility`), captured calls decide (`evidence_for`), and generated
payloads cover what no captured call reaches (`witness_for`).
"""

from __future__ import annotations

from replay.compatibility.changes import Evidence
from replay.evidence.counting import evidence_for
from replay.evidence.tool_evidence import AffectedCalls, Effect, ToolEvidence

__all__ = ["AffectedCalls", "Effect", "Evidence", "ToolEvidence", "evidence_for"]
