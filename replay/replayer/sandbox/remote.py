"""A micro-VM elsewhere, by E2B: a process here stands for the worker there.

Code of the tools and of replay is shipped; the machine gets no network. It must bring a Python with
what replay and the tools import: a template of the user's, named by ``REPLAY_E2B_TEMPLATE``.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from replay.errors import WorkerError
from replay.records import JsonObject
from replay.replayer.sandbox.backends import Needs
from replay.starting import ROOT, started_here

_HERE_ONLY: Final = frozenset(
    {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV"}
)
_SKIPPED: Final = frozenset({"__pycache__", "node_modules", ".git", ".hg", ".venv"})
_SKIPPED_ENDS: Final = (".pyc", ".db", ".db-wal", ".db-shm", ".sqlite", ".sqlite3")
_SHIPPED_BYTES_MAX: Final = 64 << 20
_FOLDER: Final = "/home/user/replay"


class RemoteMachine:
    """One machine for each worker; ended with it, or by itself five minutes after."""

    name = "e2b"
    is_here = False
    has_scratch = False
    wants_scratch = False

    def __init__(self) -> None:
        """Nothing is started yet.

        Raises:
            WorkerError: the SDK is not installed, or no key is set.
        """
        if find_spec("e2b") is None:
            raise WorkerError(
                "--sandbox e2b needs the package `e2b`, which is not installed.",
                hint="pip install 'replay-sandbox[e2b]'",
            )
        if not os.environ.get("E2B_API_KEY"):
            raise WorkerError(
                "--sandbox e2b needs a key of E2B, and E2B_API_KEY is not set.",
                hint="Set E2B_API_KEY; REPLAY_E2B_TEMPLATE names the template to start from.",
            )
        self._folder = os.environ.get("REPLAY_E2B_FOLDER", _FOLDER)

    def where(self, path: str) -> str:
        """Return the place there of the file or folder that is at ``path`` here."""
        return self._folder + path if path.startswith("/") else path

    def start(
        self, argv: Sequence[str], *, environment: Mapping[str, str], needs: Needs
    ) -> subprocess.Popen[bytes]:
        """Start a machine, ship the code, and start ``argv`` there with the Python it has."""
        python = os.environ.get("REPLAY_E2B_PYTHON", "python3")
        words = [word.replace(repr(str(ROOT)), repr(self.where(str(ROOT)))) for word in argv[1:]]
        with NamedTemporaryFile(suffix=".tgz", delete=False) as shipped:
            shipped.write(packed(needs))
        orders = {
            "template": os.environ.get("REPLAY_E2B_TEMPLATE"),
            "shipped": shipped.name,
            "there": self._folder,
            "folder": self.where(needs.folder),
            "lines": self.where(str(Path(__file__).with_name("lines.py"))),
            "python": python,
            "argv": [python, *words],
            "environment": {
                name: value for name, value in environment.items() if name not in _HERE_ONLY
            },
        }
        bridge = [sys.executable, "-P", "-c", _START, str(ROOT), json.dumps(orders)]
        return started_here(bridge, os.environ, needs.folder)

    def confinement(self, needs: Needs) -> JsonObject | None:
        """Return None: the machine is the worker's own."""
        return None

    def status_of(self, status: int) -> int:
        """Return ``status``."""
        return status


_START: Final = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from replay.replayer.sandbox.e2b_bridge import main; main(sys.argv[2])"
)


def packed(needs: Needs) -> bytes:
    """Return the code that the worker needs as a tar archive: replay's own, and the tools'.

    Raises:
        WorkerError: it is more than one would ship.
    """
    found = io.BytesIO()
    size = 0
    with tarfile.open(fileobj=found, mode="w:gz", compresslevel=1) as archive:
        for file in _files((str(ROOT / "replay"), str(ROOT / "cassettes"), *needs.code)):
            size += file.stat().st_size
            if size > _SHIPPED_BYTES_MAX:
                raise WorkerError(
                    f"The folders of the tools hold more than {_SHIPPED_BYTES_MAX >> 20} MiB, "
                    f"which is not shipped to E2B: {', '.join(needs.code)}.",
                    hint="Start replay in a folder with the tools alone, or name it with --path.",
                )
            archive.add(file, arcname=str(file).lstrip("/"), recursive=False)
    return found.getvalue()


def _files(places: Sequence[str]) -> Iterator[Path]:
    for place in dict.fromkeys(places):
        for folder, folders, names in os.walk(place):
            folders[:] = [
                name
                for name in sorted(folders)
                if name not in _SKIPPED and not Path(folder, name, "pyvenv.cfg").exists()
            ]
            for name in sorted(names):
                path = Path(folder, name)
                if not name.endswith(_SKIPPED_ENDS) and path.is_file() and not path.is_symlink():
                    yield path
