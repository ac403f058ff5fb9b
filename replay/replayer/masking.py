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
from replay.records import CallVerdict, JsonObject

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
        self._made: dict[tuple[bool, tuple[str, ...]], Redaction] = {}

    def get(self, masked: bool | list[str] = True) -> Redaction | None:
        """Return it for traces of which ``masked`` was; None where nothing is masked.

        ``masked`` is what `is_redacted` says of a trace: the kinds of personal data that were
        masked by the settings of whoever recorded it are so again, and no others, whatever today's
        settings say. So like is compared with like; what is kept of it is masked by `kept`.
        """
        return self._of(_kinds_of(masked)) if masked else None

    def kept(self, masked: bool | list[str], *, functions: bool = True) -> Redaction | None:
        """Return what masks what is kept of a replay of such a trace: today's settings, too.

        ``functions`` False: without the user's, which the worker has applied.

        Raises:
            ConfigError: a function cannot be imported in this process.
        """
        if not masked:
            return None
        kinds = (*_kinds_of(masked), *missing_kinds(self._described, masked))
        return self._of(kinds, functions=functions)

    def _of(self, kinds: tuple[str, ...], *, functions: bool = True) -> Redaction | None:
        if self._described is None:
            return None
        asked = functions, kinds
        if asked not in self._made:
            from replay.config import MaskConfig
            from replay.store.redaction import redaction_of

            key = bytes.fromhex(self._described["key"])
            config = MaskConfig.model_validate(self._described["config"])
            chosen = {"personal": list(kinds), **({} if functions else {"functions": []})}
            made = redaction_of(config.model_copy(update=chosen), key)
            made.redactor.learn_variables(self._environment)
            self._made[asked] = made
        return self._made[asked]


def missing_kinds(described: JsonObject | None, masked: bool | list[str]) -> tuple[str, ...]:
    """Return the kinds of personal data that today's settings mask and a trace holds in the clear.

    ``described``: what `redaction_of_run` told; ``masked``: what `is_redacted` says of the trace.
    None of a trace in which nothing is masked: nor is anything of it in a replay.
    """
    if described is None or not masked:
        return ()
    personal = described["config"]["personal"]
    wanted = _every_kind() if personal is True else tuple(personal or ())
    return tuple(kind for kind in wanted if kind not in _kinds_of(masked))


def as_kept(verdict: CallVerdict, redaction: Redaction) -> CallVerdict:
    """Return a verdict on a trace that was masked less, masked as today's settings say."""
    from replay.store.mask_rewriting import plain
    from replay.store.masking import masked_records

    [fields] = masked_records(redaction, [plain(verdict)])
    return CallVerdict.model_validate(fields)


class MaskedOtherwise:
    """Counts traces that were masked with fewer kinds of personal data than today's settings mask.

    They are compared as they were recorded; what the replay keeps of them is masked as today.
    """

    def __init__(self, described: JsonObject | None) -> None:
        """``described``: what `redaction_of_run` told."""
        self._described = described
        self._trace_count = 0
        self._found: set[str] = set()

    def add(self, masked: bool | list[str]) -> None:
        """Take in a trace; ``masked`` is what `is_redacted` says of it."""
        missing = missing_kinds(self._described, masked)
        self._trace_count += bool(missing)
        self._found.update(missing)

    def report(self) -> JsonObject | None:
        """Return how many traces, and the kinds; None: all were masked as they are now."""
        if not self._trace_count:
            return None
        return {"trace_count": self._trace_count, "kinds": sorted(self._found)}


def _kinds_of(masked: bool | list[str]) -> tuple[str, ...]:
    return tuple(masked) if isinstance(masked, list) else ()


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
