"""Recorded responses of older versions, and whose doing it is that today's differ from them.

A response that was translated is compared in today's words. What the translation put there and
today's tool does not say is the translation's to explain; what it left alone is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from replay.records import Cause, Change
from replay.verdicts import paths
from replay.verdicts.canonical import read_response
from replay.verdicts.diffing import diff_values


def cause_of_change(
    recorded: str | None, translated: str | None, changes: Sequence[Change]
) -> Cause | None:
    """Return ``translation`` where today's answer differs only in what the translation wrote.

    None: it was not translated, or something that the translation left alone differs, too.
    """
    if translated is None or not changes:
        return None
    written = diff_values(read_response(recorded).value, read_response(translated).value)
    touched = {paths.general_path(change.path) for change in written}
    if all(_is_in(paths.general_path(change.path), touched) for change in changes):
        return Cause.TRANSLATION
    return None


def _is_in(path: str, touched: set[str]) -> bool:
    """Whether ``path`` is one of ``touched``, inside one, or around one."""
    return any(_begins(path, one) or _begins(one, path) for one in touched)


def _begins(path: str, with_path: str) -> bool:
    return path == with_path or path.startswith((f"{with_path}.", f"{with_path}["))
