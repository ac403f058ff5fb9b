"""Evidence as plain JSON, for whatever reads it next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from replay.compatibility.changes import Evidence
from replay.evidence import ToolEvidence
from replay.evidence.tool_evidence import shares
from replay.records import JsonObject


def evidence_report(
    tools: Sequence[ToolEvidence],
    *,
    left_out: Mapping[str, int] | None = None,
    is_partial: bool = False,
) -> JsonObject:
    """Return all counts, by tool; keys keep their order."""
    return {
        "is_partial": is_partial,
        "left_out": dict(left_out or {}),
        "tools": [_tool(one) for one in tools],
    }


def _tool(one: ToolEvidence) -> JsonObject:
    return {
        "tool": one.tool,
        "actor": one.actor,
        "version": one.version,
        "exists": one.exists,
        "is_compared": one.is_compared,
        "call_count": one.call_count,
        "distinct": one.distinct,
        "accepted": one.accepted,
        "translated": one.translated,
        "effects": {str(effect): number for effect, number in one.effects.items()},
        "recorded_versions": dict(one.versions),
        "by_model": _shares(shares(one.affected_models, one.models)),
        "by_dialect": _shares(shares(one.affected_dialects, one.dialects)),
        "affected": [
            {
                "effect": str(kind.effect),
                "type": kind.type,
                "path": kind.path,
                "said": kind.said,
                "old": kind.old,
                "new": kind.new,
                "rule": kind.rule,
                "call_count": kind.call_count,
                "by_model": _shares(shares(kind.by_model, one.models)),
                "first": _first(kind.first),
            }
            for kind in one.affected
        ],
        "not_listed": one.others,
        "changes": [_change(each) for each in one.evidence],
    }


def _change(each: Evidence) -> JsonObject:
    return {
        **{name: value for name, value in asdict(each.change).items() if name != "tool"},
        "call_count": each.call_count,
        "breaks": each.breaks,
        "silent": each.silent,
        "reported": each.reported,
        "same": each.same,
        "by_model": _shares(each.by_model),
        "first": _first(each.first),
        "witness": each.witness,
    }


def _shares(by_name: dict[str, tuple[int, int]]) -> JsonObject:
    return {name: {"affected": affected, "of": of} for name, (affected, of) in by_name.items()}


def _first(first: tuple[str, int] | None) -> JsonObject | None:
    return None if first is None else {"trace_id": first[0], "step_number": first[1]}
