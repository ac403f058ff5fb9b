"""Approvals in a file of their own, which a team commits: one approval a line, by signature.

Sorted, so that branches which approve different findings seldom conflict. Taking a line out takes
the approval back.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from replay.errors import StoreError
from replay.records import Approval


def read_approvals(file: Path) -> list[Approval]:
    """Return the approvals in ``file``, by signature; none where there is no such file.

    Raises:
        StoreError: it cannot be read, or a line of it is no approval.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"The approvals in '{file}' cannot be read: {_reason(error)}.",
            hint="It is a text file that `replay approve --approvals FILE` writes.",
        ) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            approval = _approval(file, number, line)
            found[approval.signature] = approval
    return [found[signature] for signature in sorted(found)]


def with_those_in(file: Path | None, approvals: list[Approval]) -> list[Approval]:
    """Return ``approvals`` and those of ``file`` (None: there is no such file), whose word counts.

    Raises:
        StoreError: the file cannot be read.
    """
    kept = [] if file is None else read_approvals(file)
    named = {approval.signature for approval in kept}
    return [approval for approval in approvals if approval.signature not in named] + kept


def add_approvals(file: Path, approvals: Iterable[Approval]) -> None:
    """Write ``approvals`` into ``file``, in one step; those of the same findings are replaced.

    Raises:
        StoreError: it cannot be read, or not be written; then it is as it was.
    """
    _write(file, {one.signature: one for one in [*read_approvals(file), *approvals]})


def remove_approvals(file: Path, signatures: Iterable[str]) -> None:
    """Take the approvals of these findings out of ``file``, in one step.

    Raises:
        StoreError: it cannot be read, or not be written; then it is as it was.
    """
    known = {one.signature: one for one in read_approvals(file)}
    kept = {name: one for name, one in known.items() if name not in set(signatures)}
    if kept != known:
        _write(file, kept)


def _write(file: Path, wanted: Mapping[str, Approval]) -> None:
    text = "".join(f"{_line(wanted[signature])}\n" for signature in sorted(wanted))
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        beside.write_text(text, "utf-8")
        os.replace(beside, file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"The approvals cannot be written to '{file}': {error.strerror}.",
            hint="Give a file in a folder that exists and that you may write.",
        ) from error


def _line(approval: Approval) -> str:
    fields = approval.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    return json.dumps(fields, ensure_ascii=True)


def _approval(file: Path, number: int, line: str) -> Approval:
    try:
        return Approval.model_validate_json(line)
    except ValidationError as error:
        merge = line.startswith(("<<<<<<<", "=======", ">>>>>>>"))
        raise StoreError(
            f"Line {number} of '{file}' is no approval: {line[:60]!r}.",
            hint="A merge was left half done: keep the lines of both sides."
            if merge
            else "Each line is a JSON object that `replay approve` wrote; take this one out.",
        ) from error


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8"
