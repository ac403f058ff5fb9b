"""Redaction in a replay: what was kept off the disk when recording is kept off it again.

A trace that was recorded without its secrets is replayed without them: what its tools ask is
looked up masked, and what they answer is compared masked. So both sides must make the same
placeholders, of the same key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from replay.errors import ReplayError
from replay.records import JsonObject

if TYPE_CHECKING:
    from replay.config import MaskConfig
    from replay.store import Store
    from replay.store.redaction import Redaction


class RedactionOnDemand:
    """A redaction that is made when the first trace needs it: that takes a tenth of a second."""

    def __init__(
        self, described: JsonObject | None, environment: Mapping[str, str] | None = None
    ) -> None:
        """``described``: what `redaction_of_run` told; None: nothing is masked.

        ``environment``: variables whose values are secret where their names say so.
        """
        self._described = described
        self._environment = environment or {}
        self._made: dict[tuple[str, ...], Redaction] = {}

    def get(self, masked: bool | list[str] = True) -> Redaction | None:
        """Return it for traces of which ``masked`` was; None where nothing is masked.

        ``masked`` is what `is_redacted` says of a trace: personal data were masked by the settings
        of whoever recorded it, and are so again whatever today's say.
        """
        if self._described is None or not masked:
            return None
        kinds = tuple(masked) if isinstance(masked, list) else ()
        if kinds not in self._made:
            from replay.config import MaskConfig
            from replay.store.redaction import redaction_of

            key = bytes.fromhex(self._described["key"])
            config = MaskConfig.model_validate(self._described["config"])
            own = config.personal
            personal = own if isinstance(own, bool) and own else [*(own or ()), *kinds]
            made = redaction_of(config.model_copy(update={"personal": personal}), key)
            made.redactor.learn_variables(self._environment)
            self._made[kinds] = made
        return self._made[kinds]


class MaskedOtherwise:
    """Counts traces that were masked with fewer kinds of personal data than today's settings mask.

    What their tools are asked and answer is masked as today's settings say, and what was recorded
    is not: that alone makes calls differ.
    """

    def __init__(self, described: JsonObject | None) -> None:
        """``described``: what `redaction_of_run` told."""
        personal = described["config"]["personal"] if described is not None else False
        self._kinds = _every_kind() if personal is True else tuple(personal or ())
        self._trace_count = 0
        self._found: set[str] = set()

    def add(self, masked: bool | list[str]) -> None:
        """Take in a trace; ``masked`` is what `is_redacted` says of it."""
        if not masked:
            return  # nor is anything of it masked in the replay
        recorded = masked if isinstance(masked, list) else []
        missing = [kind for kind in self._kinds if kind not in recorded]
        self._trace_count += bool(missing)
        self._found.update(missing)

    def report(self) -> JsonObject | None:
        """Return how many traces, and the kinds; None: all were masked as they are now."""
        if not self._trace_count:
            return None
        return {"trace_count": self._trace_count, "kinds": sorted(self._found)}


def _every_kind() -> tuple[str, ...]:
    from replay.config import PersonalKind

    return get_args(PersonalKind)


def redaction_of_run(store: Store, config: MaskConfig) -> JsonObject | None:
    """Return how all of a replay run make the same redaction of what it brings; None: they do not.

    Without the key of the recording they share a fresh one: requests are then matched blind to
    placeholders.

    Raises:
        ReplayError: the key cannot be used.
    """
    if not config.enabled:
        return None
    key = _recorded_key(store.path) or secrets.token_bytes(32)
    return {"key": key.hex(), "config": config.model_dump()}


def _recorded_key(path: Path) -> bytes | None:
    """Return the key that the recording was masked with; None: there is none here."""
    if "REPLAY_MASKING_KEY" not in os.environ and not Path(f"{path}.masking-key").exists():
        return None  # and nothing of redaction need be loaded before the workers start
    from cassettes.redaction import KeyUnusable, known_key

    try:
        return known_key(path)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
