"""Which sandboxes hold on this machine, found out by trying to get out of each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from replay.replayer.environment import needs_of, place_of
from replay.replayer.sandbox.backends import (
    Bubblewrap,
    Kernel,
    Sandbox,
    why_no_bubblewrap,
    why_no_kernel,
)

_SECONDS_MAX: Final = 60
_ROOT: Final = str(Path(__file__).resolve().parent.parent.parent.parent)
_START: Final = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from replay.replayer.sandbox.probe import main; main()"
)


def probe_sandboxes() -> dict[str, str]:
    """Return by sandbox ``""``, or why it cannot be used or what got out of it."""
    tried: tuple[tuple[Sandbox, str], ...] = (
        (Bubblewrap(), why_no_bubblewrap()),
        (Kernel(), why_no_kernel()),
    )
    return {sandbox.name: why_not or _tried(sandbox) for sandbox, why_not in tried}


def _tried(sandbox: Sandbox) -> str:
    with TemporaryDirectory(prefix="replay-probe-") as folder:
        outside = Path(folder, "outside")
        outside.mkdir()
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        needs = needs_of(place_of("probe", folder=outside), str(scratch))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            orders = {
                "confined": sandbox.confinement(needs),
                "port": listener.getsockname()[1],
                "outside": str(outside / "written"),
            }
            try:
                process = sandbox.start(
                    [sys.executable, "-P", "-c", _START, _ROOT], environment={}, needs=needs
                )
                said, errors = process.communicate(json.dumps(orders).encode(), _SECONDS_MAX)
                found: list[str] = json.loads(said)
            except (OSError, subprocess.SubprocessError) as error:
                return f"it could not be tried: {error}"
            except ValueError:
                last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
                return f"it could not be tried: {last}"
    return ", ".join(found)


def main() -> None:
    """Print what got out of this process, once it is confined as the orders on stdin say."""
    from cassettes import kernel
    from replay.replayer.sandbox.confinement import confine

    orders = json.load(sys.stdin)
    # Below a namespace the guard stays off: what is tried is the namespace.
    guard = kernel.enter() if orders["confined"]["needs_guard"] else kernel.active()
    confine(orders["confined"], guard)
    found = []
    try:
        Path(orders["outside"]).write_text("x")
        found.append("a file was written")
    except OSError:
        pass  # as it should be
    try:
        socket.create_connection(("127.0.0.1", orders["port"]), timeout=5).close()
        found.append("a connection was made")
    except OSError:
        pass  # as it should be
    try:
        Path(os.environ["TMPDIR"], "x").write_text("x")
    except OSError as error:
        found.append(f"temporary files cannot be written: {error.strerror}")
    sys.stdout.write(json.dumps(found))
