"""The sandboxes that a worker can be started in, behind one small interface.

``start`` gives a process here; what stands behind its three pipes is the sandbox's own affair.
``confinement`` is what the worker then lays on itself. None of them falls back on less than it
promises: where it cannot, it says so and nothing runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cassettes.kernel import landlock
from cassettes.kernel.filter import this_machine
from replay.errors import WorkerError
from replay.records import JsonObject
from replay.replayer.sandbox.limits import Limits
from replay.starting import started_here

_TEMPORARY: Final = ("/tmp", "/var/tmp", "/run")
"""Where temporary files may be put: the first that the tools themselves do not live in."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker needs of the machine it runs on."""

    folder: str
    """The working directory."""
    paths: tuple[str, ...] = ()
    """Folders and files it reads, beyond its interpreter's own."""
    code: tuple[str, ...] = ()
    """Those of them that hold the tools."""
    writable: tuple[str, ...] = ()
    """Folders it writes to: all others are only read."""
    scratch: str | None = None
    """A folder made for its temporary files, where the sandbox gives it none of its own."""
    has_network: bool = False
    """Whether some addresses are allowed; the guards then judge each."""
    limits: Limits = field(default_factory=Limits)


class Sandbox(Protocol):
    """One kind of sandbox."""

    name: str
    """As ``--sandbox`` takes it."""
    is_here: bool
    """Whether the files of this machine are the worker's: folders can be handed to it."""
    has_scratch: bool
    """Whether temporary files have a place of a limited size."""
    wants_scratch: bool
    """Whether a folder is to be made for temporary files."""

    def where(self, path: str) -> str:
        """Return the place in there of the file or folder that is at ``path`` here."""

    def start(
        self, argv: Sequence[str], *, environment: Mapping[str, str], needs: Needs
    ) -> subprocess.Popen[bytes]:
        """Start ``argv`` and return a process whose pipes are its stdin, stdout and stderr."""

    def confinement(self, needs: Needs) -> JsonObject | None:
        """Return what the worker is to lay on itself once it runs; None: nothing."""

    def status_of(self, status: int) -> int:
        """Return how the worker ended, from how the process of ``start`` did."""


class NoSandbox:
    """A plain process: the guards and limits hold, files are written for real."""

    name = "off"
    is_here = True
    has_scratch = False
    wants_scratch = False

    def where(self, path: str) -> str:
        """Return ``path``."""
        return path

    def start(
        self, argv: Sequence[str], *, environment: Mapping[str, str], needs: Needs
    ) -> subprocess.Popen[bytes]:
        """Start ``argv``."""
        if needs.scratch is not None:
            environment = {**environment, "TMPDIR": needs.scratch}
        return started_here(argv, environment, needs.folder)

    def confinement(self, needs: Needs) -> JsonObject | None:
        """Return None: a plain process confines itself to nothing."""
        return None

    def status_of(self, status: int) -> int:
        """Return ``status``."""
        return status


class Kernel(NoSandbox):
    """Landlock and seccomp, which the worker lays on itself; needs no rights and no program."""

    name = "kernel"
    wants_scratch = True

    def confinement(self, needs: Needs) -> JsonObject | None:
        """Return the places that stay writable."""
        scratch = () if needs.scratch is None else (needs.scratch,)
        return {
            "needs_guard": True,
            "writable": [*needs.writable, *scratch],
            "network": needs.has_network,
        }


class Bubblewrap(NoSandbox):
    """Namespaces of the kernel, made by the program ``bwrap``; needs no rights."""

    name = "bubblewrap"
    has_scratch = True

    def start(
        self, argv: Sequence[str], *, environment: Mapping[str, str], needs: Needs
    ) -> subprocess.Popen[bytes]:
        """Start ``argv`` under ``bwrap``."""
        command = [*bubblewrap_command(needs), "--", *argv]
        return started_here(command, {**environment, "TMPDIR": _temporary(needs)}, needs.folder)

    def confinement(self, needs: Needs) -> JsonObject | None:
        """Return what is left to the kernel's guard: the addresses, where some are allowed."""
        return {"needs_guard": needs.has_network, "writable": None, "network": needs.has_network}

    def status_of(self, status: int) -> int:
        """Return a signal as such: ``bwrap`` adds 128 to it, as shells do."""
        return 128 - status if status > 128 else status


def bubblewrap_command(needs: Needs) -> list[str]:
    """Return the command line before the one that is to run: all is read, little is written."""
    command = ["bwrap", "--unshare-user-try", "--unshare-ipc", "--unshare-pid", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--cap-drop", "ALL", "--die-with-parent", "--new-session"]
    if not needs.has_network:
        command.append("--unshare-net")
    command += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    if needs.limits.scratch_bytes is not None:
        command += ["--size", str(needs.limits.scratch_bytes)]
    temporary = _temporary(needs)
    command += ["--tmpfs", temporary]
    for place in _hidden((*needs.paths, needs.folder, sys.prefix, sys.base_prefix), temporary):
        command += ["--ro-bind", place, place]
    for place in needs.writable:
        command += ["--bind", place, place]
    return [*command, "--chdir", needs.folder]


def _temporary(needs: Needs) -> str:
    taken = {str(Path(place).resolve()) for place in (*needs.paths, *needs.writable, needs.folder)}
    return next((place for place in _TEMPORARY if place not in taken), _TEMPORARY[-1])


def _hidden(places: Sequence[str], folder: str) -> list[str]:
    """Return those of ``places`` that an empty ``folder`` mounted over the real one would hide."""
    found = dict.fromkeys(str(Path(place).resolve()) for place in places)
    return [
        place for place in found if Path(place).is_relative_to(folder) and os.path.exists(place)
    ]


def sandbox_named(name: str) -> Sandbox:
    """Return the sandbox that ``--sandbox NAME`` asks for; ``auto`` is the best one that is here.

    Raises:
        WorkerError: this machine has none, or not that one.
    """
    if name == "off":
        return NoSandbox()
    if name == "e2b":
        from replay.replayer.sandbox.remote import RemoteMachine

        return RemoteMachine()
    tried = {
        "bubblewrap": why_no_bubblewrap if name in ("auto", "bubblewrap") else None,
        "kernel": why_no_kernel if name in ("auto", "kernel") else None,
    }
    reasons = []
    for kind, why_not in tried.items():
        if why_not is None:
            continue
        why = why_not()
        if not why:
            return Bubblewrap() if kind == "bubblewrap" else Kernel()
        reasons.append(f"{kind}: {why}")
    wanted = "no sandbox at all" if name == "auto" else f"no sandbox {name!r}"
    raise WorkerError(
        f"This machine has {wanted} ({'; '.join(reasons)}).",
        hint="Install bubblewrap (`apt install bubblewrap`), or replay without with "
        "--sandbox off. `replay doctor` tries them all.",
    )


def why_no_bubblewrap() -> str:
    """Return why ``bwrap`` cannot be used here, found out by using it; ``""``: it can."""
    if shutil.which("bwrap") is None:
        return "there is no program `bwrap`"
    command = [*bubblewrap_command(Needs(folder="/")), "--", "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return f"`bwrap` does not run: {error}"
    if done.returncode == 0:
        return ""
    return done.stderr.strip().rpartition("\n")[2] or f"`bwrap` ends with {done.returncode}"


def why_no_kernel() -> str:
    """Return why the kernel's own rules cannot be used here; ``""``: as far as it says, they can.

    A worker that cannot lay them on itself says so, and does not run.
    """
    if this_machine() is None:
        return "system calls are filtered on Linux, x86-64 and arm64"
    if not landlock.landlock_version():
        return "this kernel has no Landlock, or it is switched off"
    return ""
