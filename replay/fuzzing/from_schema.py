"""Payloads made from a JSON Schema alone, by hypothesis: what traffic has not thought of."""

from __future__ import annotations

from typing import Any

from replay.evidence.generating import payloads_of
from replay.records import JsonObject


def payloads_from(schema: JsonObject, count: int, seed: str) -> list[JsonObject]:
    """Return up to ``count`` different payloads that fit ``schema``, the same for the same seed.

    Fewer where the schema has fewer, or where it says what no strategy here can make.
    """
    if count < 1:
        return []
    import zlib

    import hypothesis

    found: list[JsonObject] = []

    @hypothesis.seed(zlib.crc32(seed.encode()))
    @hypothesis.settings(
        database=None,
        deadline=None,
        max_examples=count,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(payloads_of(schema))
    def collect(payload: Any) -> None:
        if isinstance(payload, dict):
            found.append(payload)

    try:
        collect()
    except hypothesis.errors.HypothesisException:
        return found[:count]
    return found[:count]
