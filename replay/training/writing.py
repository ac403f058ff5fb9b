"""Training data on the disk: a folder with a file for each part and a data card."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from replay.errors import ReplayError
from replay.records.private_files import private
from replay.training.collecting import Collection, OnProgress
from replay.training.data_card import data_card

CARD: Final = "README.md"
COUNTS: Final = "data-card.json"


def write_training_data(
    collection: Collection,
    folder: Path,
    *,
    command: Sequence[str] = (),
    on_progress: OnProgress | None = None,
) -> list[Path]:
    """Write the parts and the data card; return their paths.

    Every file is written beside its place and moved there when all are whole: after an interruption
    the folder is as it was. Parts of an earlier export there that this one does not have go: what
    was for testing in them may be for training now.

    Raises:
        ReplayError: the folder cannot be made or written.
    """
    counts = collection.counts
    counts.files = {name: f"{name}.jsonl" for name in counts.parts}
    names = [*counts.files.values(), COUNTS, CARD]
    partial = {name: folder / f".{name}.{os.getpid()}.partial" for name in names}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        former = _former_parts(folder)
        for name in names:
            private(partial[name], instead_of=folder / name)
        with ExitStack() as stack:
            sinks = {
                part: stack.enter_context(partial[name].open("w", encoding="utf-8", newline="\n"))
                for part, name in counts.files.items()
            }
            for part, example in collection.examples(on_progress):
                line = json.dumps(example.line, ensure_ascii=False, separators=(",", ":"))
                sinks[part].write(_encodable(line) + "\n")
        told = {"format": collection.format_name, "keep": collection.keep, **counts.to_json()}
        text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
        partial[COUNTS].write_text(_encodable(text), "utf-8")
        partial[CARD].write_text(_encodable(data_card(collection, command)), "utf-8")
        for name in names:
            partial[name].replace(folder / name)
        for name in former - set(names):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ReplayError(
            f"Cannot write training data to {str(folder)!r}: {error.strerror}.",
            hint="Nothing was changed there. Give a folder that you may write: -o FOLDER.",
        ) from error
    finally:
        for path in partial.values():
            if path.exists():
                path.unlink()
    return [folder / name for name in names]


def _former_parts(folder: Path) -> set[str]:
    """Return the files of parts that the data card in a folder names; none without one of ours."""
    try:
        told = json.loads((folder / COUNTS).read_text("utf-8"))
        parts = list(told["parts"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {f"{name}.jsonl" for name in parts if re.fullmatch(r"\w[\w.-]*", str(name))}


def _encodable(text: str) -> str:
    """Lone surrogates, which UTF-8 has no form for, become the escapes that JSON has for them."""
    return text.encode("utf-8", "backslashreplace").decode()
