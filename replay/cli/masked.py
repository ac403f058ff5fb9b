"""What people say of recordings is masked as the recordings are, before it is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, cast

from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.config import Config
    from replay.records import Record, Transcript
    from replay.store import Store
    from replay.store.masked_reading import MaskedReading
    from replay.store.redaction import Redaction

    R = TypeVar("R", bound=Record)

Mask: TypeAlias = Literal["secrets", "personal", "revealed"]
"""What is masked: what ``[tool.replay.mask]`` says, or personal data of all kinds too; `revealed`:
not even what is hidden."""

_CHILD: Final = "REPLAY_MASK_CHILD"


def in_a_child(config: Config) -> int | None:
    """Run this command in a process where functions of the user's mask; return its exit code.

    None: none is named, or this is that process.
    """
    if not config.mask.enabled or not config.mask.functions or _CHILD in os.environ:
        return None
    folder = str(config.file.parent if config.file else Path.cwd())
    paths = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-c", "from replay.cli.main import main; main()", *sys.argv[1:]]
    environment = {**os.environ, "PYTHONPATH": paths, _CHILD: "1"}
    return _waited_for(subprocess.Popen(command, env=environment))


def _waited_for(process: subprocess.Popen[bytes]) -> int:
    """Return how a process ended. What Ctrl-C does is its own affair; a terminal tells it, too."""
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                process.send_signal(signal.SIGINT)
        else:
            return code if code >= 0 else 128 - code


def is_child() -> bool:
    """Return whether this process was started by `in_a_child`."""
    return _CHILD in os.environ


def masking_for(store: Store, config: Config, about: Transcript | None = None) -> Redaction | None:
    """Return what masks that which is written beside recordings; None: masking is off.

    ``about``: the trace that it is about. The kinds of personal data that were masked in it are
    masked in what is said of it, whatever ``[tool.replay.mask]`` says today.

    Raises:
        ReplayError: the masking key cannot be read.
    """
    from cassettes.redaction import KeyUnusable, key_beside, known_key
    from replay.store.redaction import is_redacted, redaction_of
    from replay.tools.marks import recorded_marks

    chosen = config.mask
    if not chosen.enabled:
        return None
    told = is_redacted(about.trace.attributes) if about is not None else False
    if isinstance(told, list) and chosen.personal is not True:
        chosen = chosen.model_copy(update={"personal": [*(chosen.personal or ()), *told]})
    try:
        known_key(store.path)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    marks = recorded_marks(store.tool_schemas())
    return redaction_of(chosen, lambda: key_beside(store.path), marks=marks)


def masked(redaction: Redaction | None, record: R) -> R:
    """Return a record as it may be kept."""
    if redaction is None:
        return record
    from replay.store.masking import masked_records

    [fields] = masked_records(redaction, [record.model_dump(mode="json")])
    return type(record).model_validate(fields)


def masked_text(redaction: Redaction | None, text: str) -> str:
    """Return a text as it may be kept."""
    return text if redaction is None else redaction.redactor.text(text)


def importing_mask(mask: str | None) -> Config | None:
    """Return the settings that what is imported is masked by; None: it is kept as it stands.

    ``mask``: ``secrets``, ``personal`` or ``no``, as asked for; None: masked where
    ``[tool.replay.mask]`` says anything of what is to be masked.
    """
    from replay.config import MaskConfig, load_config

    config = load_config()
    if mask == "no" or (mask is None and (config.mask == MaskConfig() or not config.mask.enabled)):
        return None
    return _asked(config, personal=mask == "personal")


def _asked(config: Config, *, personal: bool) -> Config:
    """Return settings that mask, whether or not recordings are masked."""
    chosen = {"enabled": True, **({"personal": True} if personal else {})}
    return config.model_copy(update={"mask": config.mask.model_copy(update=chosen)})


@contextmanager
def opened_to_export(database: Path, mask: Mask | None) -> Iterator[Store]:
    """Open a database to write out what is in it: as it is but for what is hidden, or masked.

    Raises:
        StoreError: it cannot be opened.
        ReplayError: the masking key cannot be read.
    """
    from replay.config import load_config
    from replay.store import Store

    store = Store.open(database, mode="r")
    try:
        if mask != "revealed":
            mask_hidden(store, load_config())
        if mask in (None, "revealed"):
            yield store
        else:
            masks = reading_masked(store, load_config(), personal=mask == "personal")
            yield cast("Store", masks)
    finally:
        store.close()


def mask_hidden(store: Store, config: Config) -> bool:
    """Have ``store`` read placeholders for what is hidden; return whether anything may be.

    Placeholders fit where they stand, so that what is written is still valid, and replays.

    Raises:
        ReplayError: the masking key cannot be read.
    """
    from cassettes.redaction import KeyUnusable, Redactor, key_beside, known_key
    from replay.hiding import hide_in
    from replay.tools.marks import recorded_marks

    redactor = Redactor(lambda: key_beside(store.path), environment=False)
    try:
        known_key(store.path)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    hides = hide_in(
        store,
        config.hidden_paths,
        rules_of=lambda schemas: recorded_marks(schemas).rules,
        stand_in=redactor.sensitive,
    )
    return hides is not None


def reading_masked(store: Store, config: Config, *, personal: bool) -> MaskedReading:
    """Return ``store`` with everything masked that is read from it to be written elsewhere.

    ``personal``: personal data of all kinds, whatever ``[tool.replay.mask]`` says.

    Raises:
        ReplayError: the masking key cannot be read.
    """
    from replay.store.masked_reading import MaskedReading

    redaction = masking_for(store, _asked(config, personal=personal))
    assert redaction is not None
    return MaskedReading(store, redaction)
