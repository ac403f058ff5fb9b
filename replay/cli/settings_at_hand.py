"""Whether there is a configuration: reading none of it costs a command more than its answer."""

from __future__ import annotations

from pathlib import Path


def has_settings() -> bool:
    """Say whether a pyproject.toml here or above may have a ``[tool.replay]``."""
    here = Path.cwd()
    return any(_mentions(folder / "pyproject.toml") for folder in (here, *here.parents))


def _mentions(file: Path) -> bool:
    try:
        return b"replay" in file.read_bytes()
    except OSError:
        return False  # not there, or not ours to read: `load_config` passes it over, too
