"""What people say of recordings is masked as the recordings are, before it is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.config import Config
    from replay.records import Record, Transcript
    from replay.store import Store
    from replay.store.redaction import Redaction

    R = TypeVar("R", bound=Record)

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
    return subprocess.run(command, env=environment, check=False).returncode


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
