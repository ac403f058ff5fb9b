"""Failures kept as regression cases: a folder with one small JSON file each, to be reviewed.

``CASES/get_order/undeclared-1f2e3d4c5b6a.json``: its name is the failure's identity, so that
finding it again changes no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from replay.errors import ReplayError
from replay.fuzzing.cases import Case
from replay.fuzzing.judging import Breach, Law


@dataclass(frozen=True, slots=True)
class Kept:
    """One regression case as its file says it."""

    file: Path
    tool: str
    law: Law
    arguments: str
    said: str
    trace_id: str
    call_id: str


def signature_of(breach: Breach) -> str:
    """Return the identity of a failure: 12 hex digits of its tool, law, kind and place.

    The number of a line is no part of it: code above it may grow.
    """
    place = re.sub(r":\d+$", "", breach.place)
    words = "\0".join((breach.tool, breach.law, breach.kind, place))
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def keep(folder: Path, breach: Breach, case: Case) -> Path | None:
    """Write a failure into ``folder`` and return its file; None: it is there already.

    Raises:
        ReplayError: the folder cannot be written to.
    """
    tool = re.sub(r"[^\w.-]+", "_", breach.tool).strip(".") or "tool"
    file = folder / tool / f"{breach.law}-{signature_of(breach)}.json"
    if file.exists():
        return None
    told = {
        "tool": breach.tool,
        "law": str(breach.law),
        "kind": breach.kind,
        "place": breach.place,
        "said": breach.said,
        "change": case.said,
        "trace": case.captured.trace_id,
        "call": case.captured.call_id,
        "arguments": case.arguments,
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise ReplayError(
            f"The case cannot be kept in '{folder}': {error.strerror}.",
            hint="Name another folder: --keep DIRECTORY.",
        ) from error
    return file


def kept_in(folder: Path, tools: Sequence[str]) -> list[Kept]:
    """Return the cases of ``folder`` for ``tools``, in the order of their names.

    Raises:
        ReplayError: a file of it is no case.
    """
    found = []
    for file in sorted(folder.glob("*/*.json")):
        try:
            told = json.loads(file.read_text("utf-8"))
            one = Kept(
                file,
                told["tool"],
                Law(told["law"]),
                told["arguments"],
                told.get("change", ""),
                told.get("trace", ""),
                told.get("call", ""),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReplayError(
                f"'{file}' is no case that was kept: {type(error).__name__}: {error}.",
                hint="Restore it, or remove it: the rest can then be run.",
            ) from error
        if one.tool in tools:
            found.append(one)
    return found
