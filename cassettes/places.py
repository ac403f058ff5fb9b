"""Where in the user's code something happens: the first frame that is neither Python's nor ours."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from types import CodeType, FrameType
from typing import Final

_STDLIB: Final = (
    sysconfig.get_paths()["stdlib"] + os.sep,
    sysconfig.get_paths()["platstdlib"] + os.sep,
    os.path.dirname(os.__file__) + os.sep,
    os.path.dirname(os.path.abspath(__file__)) + os.sep,
    "<frozen",
    "<attrs",
)
_PACKAGES: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_THROUGH: Final = frozenset({"attr", "attrs", "pydantic", "sqlmodel"})
"""Libraries that call the factories which others gave them: who asked stands further out."""
_INLINED: Final = (".<locals>.<listcomp>", ".<locals>.<setcomp>", ".<locals>.<dictcomp>")
"""Frames of their own before Python 3.12, and part of their function since."""
_KNOWN_MAX: Final = 8192

_sites: dict[tuple[str, str], str | None] = {}
"""By file and name: code objects hash all that is in them, each time."""


def site_of(frame: FrameType | None) -> str:
    """Return the site of the first frame, from ``frame`` outwards, that is the user's.

    It is ``module:qualified.name``, without a line: a site outlives edits above it. "" where no
    frame is the user's.
    """
    while frame is not None:
        code = frame.f_code
        site = _sites.get((code.co_filename, code.co_qualname), "")
        if site == "":
            site = _learn(code, frame.f_globals.get("__name__"))
        if site is not None:
            return site
        frame = frame.f_back
    return ""


def place_of(frame: FrameType | None) -> str:
    """Return file and line of the first frame that is the user's: ``shop/tools.py:31``, or ""."""
    found = user_frame(frame)
    if found is None:
        return ""
    path = found.f_code.co_filename
    for folder in _searched():
        if path.startswith(folder):
            path = path[len(folder) :]
            break
    return f"{path}:{found.f_lineno}"


def user_frame(frame: FrameType | None) -> FrameType | None:
    """Return the first frame, from ``frame`` outwards, that is the user's; None: none is."""
    while frame is not None:
        code = frame.f_code
        site = _sites.get((code.co_filename, code.co_qualname), "")
        if site == "":
            site = _learn(code, frame.f_globals.get("__name__"))
        if site is not None:
            return frame
        frame = frame.f_back
    return None


def is_users(frame: FrameType) -> bool:
    """Return whether the code of ``frame`` itself is the user's."""
    code = frame.f_code
    site = _sites.get((code.co_filename, code.co_qualname), "")
    if site == "":
        site = _learn(code, frame.f_globals.get("__name__"))
    return site is not None


def waiting_call(frame: FrameType | None) -> str:
    """Return what the user's frame has called of Python's or ours: ``Queue.get``, or "a lock"."""
    name = ""
    user = user_frame(frame)
    while frame is not None and frame is not user:
        name = frame.f_code.co_qualname
        frame = frame.f_back
    return "a lock" if not name or name.startswith(("Lock.", "RLock.")) else name


def is_installed(frame: FrameType) -> bool:
    """Return whether the frame's code belongs to an installed package."""
    return any(folder in frame.f_code.co_filename for folder in _PACKAGES)


def _learn(code: CodeType, module: object) -> str | None:
    """Return the site of ``code``; None where it is not the user's."""
    if len(_sites) > _KNOWN_MAX:
        _sites.clear()
    name = module if isinstance(module, str) else "?"
    site = None
    is_written = code.co_filename == "<string>" and code.co_name.startswith("__")  # by dataclasses
    if not is_written and not _is_ours(code.co_filename) and name.partition(".")[0] not in _THROUGH:
        qualname = code.co_qualname
        for inlined in _INLINED:
            qualname = qualname.replace(inlined, "")
        site = f"{name}:{qualname}"
    _sites[code.co_filename, code.co_qualname] = site
    return site


def _is_ours(path: str) -> bool:
    return path.startswith(_STDLIB) and not any(folder in path for folder in _PACKAGES)


def _searched() -> list[str]:
    """Return the folders in which modules are looked for, the innermost first."""
    try:
        return _sorted_folders((*sys.path, os.getcwd()))
    except OSError:
        return []  # the working directory was removed: places are said whole


@lru_cache(maxsize=4)
def _sorted_folders(folders: tuple[str, ...]) -> list[str]:
    whole = {os.path.abspath(one).rstrip(os.sep) + os.sep for one in folders}
    return sorted(whole, key=len, reverse=True)
