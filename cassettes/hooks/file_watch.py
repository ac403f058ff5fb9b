"""What a replayed call, frozen or live, does to real files: let through, and said.

A file is not frozen: many tools write a scratch file and read it again, and would not work without.
But a replay that changes files must not do so in silence. Temporary files of Python's own making
are nobody's business.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any, Final

from cassettes.scope import current, process

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NAMELESS: Final = getattr(os, "O_TMPFILE", 0)
_ACTS: Final = {
    "os.remove": ("removes", 0),
    "os.rmdir": ("removes", 0),
    "shutil.rmtree": ("removes", 0),
    "os.rename": ("renames", 0),
    "os.mkdir": ("makes", 0),
    "os.link": ("makes", 1),
    "os.symlink": ("makes", 1),
    "os.truncate": ("cuts", 0),
    "os.chmod": ("changes", 0),
    "os.chown": ("changes", 0),
}
FILE_VERBS: Final = (*{verb for verb, _ in _ACTS.values()}, "writes", "opens the database")
"""What is said of a call that did something to a file begins with one of these."""
_FOLDER_AT: Final = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2}
"""Where an event says that its path is relative to an open folder, which has no name here."""
_TEMPORARY: Final = frozenset({"tempfile.mkstemp", "tempfile.mkdtemp"})
_NOWHERE: Final = ("/dev/", "/proc/")

_temporary: set[str] = set()


def install_file_watch() -> None:
    """Note from now on what replayed calls do to files, on their cassettes."""
    tempfile.gettempdir()  # found by writing into folders, once in the life of a process
    sys.addaudithook(_audit)


def forget_files_in(folder: str) -> None:
    """Take what is done in ``folder`` for nobody's business from now on."""
    _temporary.add(os.path.abspath(folder))


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        flags = args[2]
        if isinstance(flags, int) and flags & _WRITES and not _is_nameless(flags):
            _note("writes", args[0])
    elif event in _ACTS:
        verb, at = _ACTS[event]
        folder = _FOLDER_AT.get(event)
        if folder is None or len(args) <= folder or args[folder] in (-1, None):
            _note(verb, args[at])
    elif event == "sqlite3.connect":
        _note_database(args[0])
    elif event in _TEMPORARY:
        _temporary.add(os.path.abspath(os.fsdecode(args[0])))


def _is_nameless(flags: int) -> bool:
    return bool(_NAMELESS) and flags & _NAMELESS == _NAMELESS


def _note_database(name: Any) -> None:
    text = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
    path, _, options = text.removeprefix("file:").partition("?")
    is_read = text.startswith("file:") and ("mode=ro" in options or "immutable=1" in options)
    if path and path != ":memory:" and "mode=memory" not in options and not is_read:
        _note("opens the database", path)


def _note(verb: str, name: Any) -> None:
    scope = current.get()
    if scope is None or scope.cassette is None or not process.blocks:
        return
    if not isinstance(name, str | bytes | os.PathLike):
        return  # a descriptor: what it stands for was noted when it was opened
    path = os.path.abspath(os.fsdecode(name))
    if path.startswith(_NOWHERE) or _is_temporary(path):
        return
    if verb == "writes" and os.path.isdir(path):
        return  # how tempfile opens a file by way of its folder: nobody writes a folder
    inside = os.path.relpath(path)
    scope.cassette.touched[f"{verb} {path if inside.startswith('..') else inside}"] = None


def _is_temporary(path: str) -> bool:
    while path not in _temporary:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True
