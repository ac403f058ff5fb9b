"""Redaction in a replay: what was kept off the disk when recording is kept off it again.

A trace that was recorded without its secrets is replayed without them: what its tools ask is
looked up redacted, and what they answer is compared redacted. So both sides must make the same
placeholders, of the same key.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from replay.errors import ReplayError
from replay.records import JsonObject

if TYPE_CHECKING:
    from replay.config import RedactConfig
    from replay.store import Store
    from replay.store.redaction import Redaction


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
    from replay.store.redaction import Redaction, redactor_of

    try:
        key = known_key(store.path) or secrets.token_bytes(32)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    redaction = Redaction(redactor_of(config, key))
    redaction.redactor.learn_variables(environment or {})
    return redaction, {"key": key.hex(), "config": config.model_dump()}


class WorkerRedaction:
    """The redaction that the pool describes, made when the first trace needs it.

    A worker that replays none that was redacted starts a third sooner without.
    """

    def __init__(self, described: JsonObject | None) -> None:
        """``described``: what `redaction_of_run` told; None: nothing is redacted."""
        self._described = described
        self._made: Redaction | None = None

    def get(self) -> Redaction | None:
        """Return it; None where nothing is redacted."""
        if self._made is None and self._described is not None:
            from replay.config import RedactConfig
            from replay.store.redaction import Redaction, redactor_of

            key = bytes.fromhex(self._described["key"])
            config = RedactConfig.model_validate(self._described["config"])
            self._made = Redaction(redactor_of(config, key))
        return self._made
