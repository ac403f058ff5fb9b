"""A folder of its own for the temporary files of each trace.

Their names come from the seed, so they would meet what an earlier replay, or one that runs now,
left under the same name; and the next name that is tried changes the result. The folder's own name
is nobody's business: `shown` takes it out of what a tool says.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

from cassettes.hooks.file_watch import forget_files_in
from cassettes.scope import current


class _Place:
    folder: str | None = None
    shown_as = ""
    is_used = False


_place = _Place()


def install_temporary() -> None:
    """Hook where ``tempfile`` puts its files."""
    module: Any = tempfile
    real = module._gettempdir

    def _gettempdir() -> Any:
        scope = current.get()
        if scope is None or scope.clock is None or _place.folder is None:
            return real()
        if not _place.is_used:
            _make(_place.folder, os.fspath(real()))
        return _place.folder

    module._gettempdir = _gettempdir


def _make(folder: str, shown_as: str) -> None:
    token = current.set(None)  # it is no doing of the tool's
    try:
        os.makedirs(os.path.dirname(folder), 0o700, exist_ok=True)
        os.makedirs(folder, 0o700, exist_ok=True)
    finally:
        current.reset(token)
    forget_files_in(folder)
    _place.shown_as, _place.is_used = shown_as, True


@contextlib.contextmanager
def temporary_folder(path: str | None) -> Iterator[None]:
    """Let temporary files of frozen scopes be made in ``path``, until the end; None: as always."""
    before = _place.folder, _place.is_used
    _place.folder, _place.is_used = path, False
    try:
        yield
    finally:
        if _place.is_used and path is not None:
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):  # others are in there
                os.rmdir(os.path.dirname(path))
        _place.folder, _place.is_used = before


def shown(value: Any) -> Any:
    """Return a JSON value with the folder called as it would be called without us."""
    if not _place.is_used or _place.folder is None:
        return value
    return _renamed(value, _place.folder, _place.shown_as)


def _renamed(value: Any, folder: str, name: str) -> Any:
    if isinstance(value, str):
        return value.replace(folder, name)
    if isinstance(value, list):
        return [_renamed(one, folder, name) for one in value]
    if isinstance(value, dict):
        return {
            _renamed(key, folder, name): _renamed(one, folder, name) for key, one in value.items()
        }
    return value
