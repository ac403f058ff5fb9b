"""Redaction in a replay: what was kept off the disk when recording is kept off it again.

A trace that was recorded without its secrets is replayed without them: what its tools ask is
looked up redacted, and what they answer is compared redacted. So both sides must make the same
placeholders, of the same key.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from replay.config import RedactConfig
from replay.errors import ReplayError
from replay.records import JsonObject
from replay.store import Store
from replay.store.redaction import Redaction, redactor_of


def redaction_of_run(
    store: Store, config: RedactConfig, environment: Mapping[str, str] | None
) -> tuple[Redaction | None, JsonObject | None]:
    """Return the redaction of what a replay brings, and how workers make the same of it.

    Without the key of the recording all of them share a fresh one: requests are then matched blind
    to placeholders.
    """
    if not config.enabled:
        return None, None
    from cassettes.redaction import KeyUnusable, known_key

    try:
        key = known_key(store.path) or secrets.token_bytes(32)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    redaction = Redaction(redactor_of(config, key))
    redaction.redactor.learn_variables(environment or {})
    return redaction, {"key": key.hex(), "config": config.model_dump()}


def redaction_in_worker(described: JsonObject | None) -> Redaction | None:
    """Return the redaction that the pool describes; None where nothing is redacted."""
    if described is None:
        return None
    key = bytes.fromhex(described["key"])
    return Redaction(redactor_of(RedactConfig.model_validate(described["config"]), key))
