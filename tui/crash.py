"""A bug of ours: what is told on the terminal, once it is sane again, and what goes into a file."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from replay import __version__


def write_report(error: BaseException, *, folder: Path | None, screen: str) -> Path | None:
    """Write what happened into a new file in ``folder``, else in that for temporary ones.

    It has no values of variables: these may be recorded texts. None: no folder can be written.
    """
    text = _report(error, screen)
    for place in (folder, Path(tempfile.gettempdir())):
        if place is None:
            continue
        name = f"replay-ui-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(place / name, "x", encoding="utf-8", errors="backslashreplace") as file:
                os.chmod(file.fileno(), 0o600)
                file.write(text)
        except OSError:
            continue
        return place / name
    return None


def crash_words(error: BaseException, report: Path | None) -> str:
    """Return what a person is told."""
    said = " ".join(str(error).split())[:200]
    where = f"The report is {report}" if report is not None else "No report could be written"
    return (
        f"replay ui ended because of a mistake of its own: {type(error).__name__}: {said}\n"
        "Nothing is lost: it only reads the database.\n"
        f"{where}; the last keys you pressed would tell more.\n"
    )


def _report(error: BaseException, screen: str) -> str:
    lines = [
        f"replay {__version__}, Python {platform.python_version()}, {sys.platform}",
        ", ".join(f"{name} {_version(name)}" for name in ("textual", "rich", "pydantic")),
        f"TERM={os.environ.get('TERM', '')} COLORTERM={os.environ.get('COLORTERM', '')}",
        f"on {screen}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return "\n".join(lines)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"
