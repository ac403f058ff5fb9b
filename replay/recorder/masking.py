"""What the recorder keeps off the disk, and with which key: set up once, when it is made."""

from __future__ import annotations

import secrets
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from replay.config import MaskConfig, load_config
from replay.errors import ReplayError
from replay.recorder.failures import Failures
from replay.store import Store
from replay.store.redaction import Redaction, redaction_of
from replay.store.shape_only import OnlyShapes

if TYPE_CHECKING:
    from cassettes.redaction import Redactor

Mask: TypeAlias = "bool | Literal['secrets', 'personal'] | MaskConfig | Redactor | None"
"""What `Recorder` takes: on or off, personal too, a config, a redactor; None: the project's."""


def mask_into(store: Store, mask: Mask, failures: Failures) -> Redaction | None:
    """Mask everything that is stored from now on, if ``mask`` says so; return by what.

    Where nothing is to be masked, tools of which only the shape is stored are kept to that.
    A masker of the caller's own on the store stays in its place; a function is no `Redaction`, so
    None comes back of it, as where nothing is masked.

    Raises:
        ConfigError: ``[tool.replay]`` cannot be read, or names a function that cannot be imported.
        ReplayError: the environment's key is too short to be one, or ``mask`` is none of these.
    """
    wanted = _wanted(mask)
    is_off = isinstance(wanted, MaskConfig) and not wanted.enabled
    if store.masker is not None:
        return store.masker if isinstance(store.masker, Redaction) and not is_off else None
    if isinstance(wanted, MaskConfig) and is_off:
        store.masker = OnlyShapes(wanted.shape_only, cache(partial(_key, store.path, failures)))
        return None
    if isinstance(wanted, MaskConfig):
        _refuse_a_short_key()
        redaction = redaction_of(wanted, lambda: _key(store.path, failures))
    else:
        redaction = Redaction(wanted)
    redaction.on_failure = lambda act, error: failures.note(act, error)
    store.masker = redaction
    return redaction


def _wanted(mask: Mask) -> MaskConfig | Redactor:
    if mask is None:
        return load_config().mask
    if isinstance(mask, bool):
        return MaskConfig(enabled=mask)
    if isinstance(mask, str):
        if mask not in ("secrets", "personal"):
            raise ReplayError(
                f"Recorder(mask={mask!r}): there is no such masking.",
                hint="Give 'secrets', 'personal', False, or a `replay.config.MaskConfig`.",
            )
        return MaskConfig(personal=mask == "personal")
    return mask


def _key(database: Path, failures: Failures) -> bytes:
    """Return the database's key. Where it cannot be had, placeholders hold in this process only."""
    from cassettes.redaction import KeyUnusable, key_beside

    try:
        return key_beside(database)
    except KeyUnusable as error:
        failures.note("use its masking key, so equal secrets differ from run to run", error)
        return secrets.token_bytes(32)


def _refuse_a_short_key() -> None:
    from cassettes.redaction import KeyUnusable
    from cassettes.redaction.keys import key_of_environment

    try:
        key_of_environment()
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
