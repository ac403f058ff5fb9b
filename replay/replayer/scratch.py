"""Where a worker keeps the temporary files of the traces that it runs: a folder for each."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile


class _Scratch:
    folder: str | None = None
    owner = 0


_scratch = _Scratch()


def make_scratch() -> None:
    """Choose this worker's folder, for its forks too; it is made when a tool wants one."""
    _scratch.folder = os.path.join(tempfile.gettempdir(), f"replay-{secrets.token_hex(8)}")
    _scratch.owner = os.getpid()


def scratch_folder(number: int) -> str | None:
    """Return the folder for the job ``number``, which is not made yet; None outside a worker."""
    return None if _scratch.folder is None else os.path.join(_scratch.folder, str(number))


def remove_scratch() -> None:
    """Remove what is left, at the worker's end."""
    if _scratch.folder is not None and _scratch.owner == os.getpid():
        shutil.rmtree(_scratch.folder, ignore_errors=True)
