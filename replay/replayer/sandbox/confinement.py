"""A worker shuts itself in, where nobody outside does it: Landlock, below the seccomp guard.

It fails closed: what was asked for and cannot be had ends the worker with an error.
"""

from __future__ import annotations

from cassettes.kernel import KernelGuard, landlock
from replay.errors import WorkerError
from replay.records import JsonObject

_ALWAYS_WRITABLE = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")


def confine(wanted: JsonObject | None, guard: KernelGuard) -> None:
    """Confine this process, and all it starts, as its pool wants it; None: it wants nothing.

    ``wanted`` holds ``writable`` (None: the file system is read-only already), and ``network``:
    whether some addresses are allowed.

    Raises:
        WorkerError: this machine cannot do it.
    """
    if wanted is None:
        return
    if wanted["needs_guard"] and not guard.is_on:
        raise WorkerError(
            f"The sandbox needs the kernel's guard, which is not here: {guard.why_not}.",
            hint="Use --sandbox bubblewrap without --allow, or --sandbox off; "
            "`replay doctor` tries them all.",
        )
    if wanted["writable"] is None:
        return
    places = [place for place in (*_ALWAYS_WRITABLE, *wanted["writable"]) if _exists(place)]
    try:
        landlock.hold_writing(places, tcp=not wanted["network"])
    except OSError as error:
        raise WorkerError(
            f"The sandbox needs Landlock, which is not here: {error.strerror or error}.",
            hint="Install bubblewrap (`apt install bubblewrap`), or use --sandbox off; "
            "`replay doctor` tries them all.",
        ) from error


def _exists(place: str) -> bool:
    from pathlib import Path

    return Path(place).exists()
