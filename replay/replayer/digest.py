"""One hash over a replay run: equal for equal code and equal traces, whatever ran where.

Folded in, in the order of trace ids and steps: how each call ended, what the tool was given, what
it returned, what the model was told, what the outside was asked differently, the world's digest.
Left out is what no two runs share: times, tracebacks, printed output, and addresses in texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from replay.records import CallVerdict, JsonValue
from replay.records.canonical import canonical_json

_ADDRESS = re.compile(rb"0x[0-9a-fA-F]{6,}")


def trace_digest(verdicts: Iterable[CallVerdict]) -> bytes:
    """Return the digest of one trace; ``verdicts`` are its calls in step order."""
    folded = blake2b(digest_size=16)
    for verdict in verdicts:
        folded.update(_ADDRESS.sub(b"0x", _canonical(_facts(verdict))) + b"\n")
    return folded.digest()


def run_digest(traces: Mapping[str, bytes]) -> str:
    """Return the digest of a run from its traces' digests, by trace id."""
    folded = blake2b(digest_size=16)
    for trace_id in sorted(traces):
        folded.update(trace_id.encode("utf-8", "surrogatepass") + b"\0" + traces[trace_id])
    return f"b2-16:{folded.hexdigest()}"


def _facts(verdict: CallVerdict) -> JsonValue:
    changes = [change.model_dump() for change in verdict.interaction_changes]
    result = verdict.replayed
    if result is None:
        return [verdict.tool_call_id, None, changes]
    error = result.error
    return [
        verdict.tool_call_id,
        result.outcome,
        result.payload,
        result.result,
        result.response,
        None if error is None else [error.type, error.message, error.stage],
        result.state_hash,
        changes,
    ]


def _canonical(value: JsonValue) -> bytes:
    try:
        return canonical_json(value)
    except (TypeError, ValueError):
        return repr(value).encode("utf-8", "surrogatepass")
