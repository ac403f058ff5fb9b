"""Which versions of a package a middleware is for, and what is said to the others."""

from __future__ import annotations

import importlib.metadata
import logging
import re
from typing import Final

from replay.errors import ReplayError

_log = logging.getLogger("replay")

SUPPORTED: Final = {
    "anthropic": ("1.0", "2"),
    "fastapi": ("0.110", "0"),
    "google-genai": ("2.0", "3"),
    "langchain": ("1.0", "1"),
    "langchain-core": ("1.0", "1"),
    "langgraph-prebuilt": ("1.0.2", "1"),
    "litellm": ("1.75", "1"),
    "mcp": ("2.0", "2"),
    "openai": ("2.20", "3"),
    "openai-agents": ("0.20", "0"),
    "pydantic-ai-slim": ("2.0", "2"),
    "starlette": ("0.40", "1"),
}
"""The lowest version, and the newest major one that the tests have run with."""


class UnsupportedVersion(ReplayError, ImportError):
    """A package is missing, or older than what its middleware can hook into."""


def require(package: str) -> str:
    """Return the installed version of ``package``; one of a newer major version is warned of once.

    Raises:
        UnsupportedVersion: it is not installed, or too old.
    """
    lowest, newest_major = SUPPORTED[package]
    command = f"pip install -U '{package}>={lowest}'"
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise UnsupportedVersion(
            f"The middleware for {package} needs {package} {lowest} or newer, and there is none "
            "in this environment.",
            hint=f"Install it: {command}",
        ) from error
    if _numbers(version) < _numbers(lowest):
        raise UnsupportedVersion(
            f"The middleware for {package} needs {package} {lowest} or newer; {version} is "
            "installed, and has not the hooks that it uses.",
            hint=f"Upgrade it: {command}. Or record without it: replay.install() and "
            "@recorder.tool work with every version.",
        )
    if _numbers(version)[0] > int(newest_major):
        _log.warning(
            "The middleware for %s was made for its versions up to %s; %s is installed. If calls "
            "are missing or bound by order, tell us.",
            package,
            newest_major,
            version,
        )
    return version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
