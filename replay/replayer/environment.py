"""What a worker process starts with: its tools, its environment, its search path.

The environment is an allow-list: a variable that is not named here is not there, so that today's
shell cannot change yesterday's results. ``--env NAME`` lets more through, and the replay run says
so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from replay.errors import ToolboxError
from replay.mcp_reference import allowed_for, is_mcp
from replay.records import JsonObject
from replay.replayer.sandbox.backends import Needs, NoSandbox, Sandbox, sandbox_named
from replay.replayer.sandbox.limits import Limits
from replay.starting import ROOT


@dataclass(frozen=True, slots=True)
class Place:
    """Where tools live: the toolbox's name, and where Python looks for it."""

    toolbox: str
    """``package.module:toolbox``."""
    paths: tuple[str, ...]
    """Put on ``sys.path`` in this order, before everything else."""
    folder: str
    """The worker's working directory."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables, beyond the allow-list."""
    allow: tuple[str, ...] = ()
    """Addresses that the tools may really reach: ``localhost:5432``."""
    loose: tuple[str, ...] = ()
    """Tools (``*`` globs) whose changed requests the recorded answers serve."""
    redact: JsonObject | None = None
    """How traces that were masked are masked again: the key (hex digits) and the fields of a
    `MaskConfig`; None: not at all."""
    sandbox: Sandbox = field(default_factory=NoSandbox)
    """What a worker is started in."""
    limits: Limits = field(default_factory=Limits)
    writable: tuple[str, ...] = ()
    """Folders that a sandbox lets the tools write to."""
    pinned: Mapping[str, str] = field(default_factory=dict)
    """Values that even pinned variables get: for showing what a result depends on."""
    starter: tuple[str, ...] = ()
    """Put before the worker's command line, for the same end."""
    observed: Mapping[str, str | int] | None = None
    """Not None: the worker notes where calls read the clock and draw; ``salt`` changes draws."""
    debugged: JsonObject | None = None
    """Not None: the call that is stopped in, and at which terminal (`debugging.stopping`)."""
    goes_out: bool = False
    """Whether calls of some tools really reach the outside world."""


def place_of(
    toolbox: str,
    *,
    paths: Sequence[str | Path] = (),
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
    loose: Sequence[str] = (),
    sandbox: Sandbox | None = None,
    limits: Limits | None = None,
    writable: Sequence[str | Path] = (),
) -> Place:
    """Return the place of a toolbox as the command line names it.

    The search path is ``paths``, then the working directory, then the caller's ``PYTHONPATH``.
    """
    home = Path(folder or Path.cwd()).resolve()
    named = [str((home / path).resolve()) for path in paths]
    inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    search = dict.fromkeys([*named, str(home), *(str(home / path) for path in inherited)])
    return Place(
        toolbox,
        tuple(search),
        str(home),
        dict(environment or {}),
        (*allow, *allowed_for(toolbox)),
        loose=tuple(loose),
        sandbox=sandbox or NoSandbox(),
        limits=limits or Limits(),
        writable=tuple(str((home / place).resolve()) for place in writable),
    )


def sandboxed(place: Place, name: str, *, worlds: Path) -> Place:
    """Return ``place`` in the sandbox called ``name``; worlds are handed over in ``worlds``.

    Raises:
        WorkerError: this machine does not have it.
    """
    return replace(
        place,
        sandbox=sandbox_named(name),
        writable=tuple(dict.fromkeys((*place.writable, str(worlds.resolve())))),
    )


def needs_of(place: Place, scratch: str | None = None) -> Needs:
    """Return what a worker of ``place`` needs of the machine that it is to run on."""
    named = whole_reference(place.toolbox, place.folder).rpartition(":")[0]
    beside = (os.path.dirname(named),) if named.endswith(".py") else ()
    own = (str(ROOT), *(path for path in sys.path if path))
    return Needs(
        folder=place.folder,
        paths=(*place.paths, *beside, *own),
        code=(*place.paths, place.folder, *beside),
        writable=place.writable,
        scratch=scratch,
        has_network=any(not one.startswith(("run:", "write:")) for one in place.allow),
        limits=place.limits,
    )


def whole_reference(toolbox: str, folder: str | Path) -> str:
    """Return ``toolbox`` with its file, if it names one, as a whole path that starts anywhere."""
    place, colon, attribute = toolbox.partition(":")
    if is_mcp(toolbox):
        return toolbox
    if not (place.endswith(".py") or "/" in place):
        return toolbox
    return f"{(Path(folder) / Path(place).expanduser()).resolve()}{colon}{attribute}"


def shorter(file: str, folders: Sequence[str]) -> str:
    """Return ``file`` from that one of ``folders`` on in which it is; in none: as it is."""
    for folder in folders:
        beginning = folder.rstrip(os.sep) + os.sep
        if file.startswith(beginning):
            return file[len(beginning) :]
    return file


def environment_of(
    named: Sequence[str], inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables that ``NAME`` (its value here) or ``NAME=VALUE`` let through.

    Raises:
        ToolboxError: a ``NAME`` has no value in ``inherited`` (None: this process's environment).
    """
    here = os.environ if inherited is None else inherited
    found = {}
    for one in named:
        name, equals, value = one.partition("=")
        if not equals and name not in here:
            raise ToolboxError(
                f"The environment has no variable {name!r} to hand to the tools.",
                nearest=next(iter(get_close_matches(name, here, 1)), None),
                hint=f"Set it, or give its value: --env {name}=VALUE.",
            )
        found[name] = value if equals else here[name]
    return found
