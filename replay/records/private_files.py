"""Files that hold what was recorded are their owner's alone, unless they are there already."""

from __future__ import annotations

import os
from pathlib import Path


def private(path: Path, *, instead_of: Path | None = None) -> Path:
    """Make ``path`` an empty file that only its owner may read, if it is not there; return it.

    ``instead_of``: the file whose place it will take. One that is there keeps the rights it has.

    Raises:
        OSError: it cannot be made.
    """
    mode = 0o600
    if instead_of is not None and instead_of.is_file():
        mode = instead_of.stat().st_mode & 0o777
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, mode))
        path.chmod(mode)
    return path
