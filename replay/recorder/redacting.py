"""What the recorder keeps off the disk, and with which key: set up once, when it is made."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from replay.config import RedactConfig, load_config
from replay.errors import ReplayError
from replay.recorder.failures import Failures
from replay.store import Store
from replay.store.redaction import Redaction, redactor_of

if TYPE_CHECKING:
    from cassettes.redaction import Redactor

Redact: TypeAlias = "bool | RedactConfig | Redactor | None"
"""What `Recorder` takes: on or off, what beside the built-in, a redactor, or the project's own."""


def redact_into(store: Store, redact: Redact, failures: Failures) -> bool:
    """Redact everything that is stored from now on, if ``redact`` says so; say whether it does.

    A masker of the caller's own on the store stays in its place.

    Raises:
        ConfigError: ``[tool.replay]`` cannot be read.
        ReplayError: the environment's key is too short to be one.
    """
    if redact is None:
        redact = load_config().redact
    elif isinstance(redact, bool):
        redact = RedactConfig(enabled=redact)
    if isinstance(redact, RedactConfig) and not redact.enabled:
        return False
    if store.masker is not None:
        return isinstance(store.masker, Redaction)
    if isinstance(redact, RedactConfig):
        _refuse_a_short_key()
        redact = redactor_of(redact, lambda: _key(store.path, failures))
    store.masker = Redaction(redact)
    return True


def _key(database: Path, failures: Failures) -> bytes:
    """Return the database's key. Where it cannot be had, placeholders hold in this process only."""
    from cassettes.redaction import KeyUnusable, key_beside

    try:
        return key_beside(database)
    except KeyUnusable as error:
        failures.note("use its redaction key, so equal secrets differ from run to run", error)
        return secrets.token_bytes(32)


def _refuse_a_short_key() -> None:
    from cassettes.redaction import KeyUnusable
    from cassettes.redaction.keys import key_of_environment

    try:
        key_of_environment()
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
