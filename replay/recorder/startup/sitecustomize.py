"""Runs at the start of every Python under ``replay record``, which puts this folder on its path.

It imports nothing of replay until the first model call, so that Pythons that never make one pay
nothing. A ``sitecustomize`` of the distribution or of the user, which this file hides, runs first.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_MODULES = ("httpx", "httpx2", "urllib3.connectionpool")
_PATHS = (
    "/chat/completions",
    "/responses",
    "/messages",
    "enerateContent",
    "awPredict",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
)

_lock = threading.Lock()
_watched: dict[str, ModuleType] = {}
_stubs: list[tuple[Any, str, Any]] = []
_watch: Callable[[ModuleType], None] | None = None
"""Watches one HTTP module for good; None until the first model call."""


def _run_hidden() -> None:
    """Run the ``sitecustomize`` that Python would have found without us."""
    paths = [path for path in sys.path if os.path.abspath(path or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", paths)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the other finders find the HTTP modules, and looks at them once they are imported."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the real spec with a loader that calls `_imported` afterwards; else None."""
        if fullname not in _MODULES or fullname in _watched:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                execute = spec.loader.exec_module

                def exec_module(module: ModuleType, execute: Any = execute) -> None:
                    execute(module)
                    _imported(module)

                spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # this one only
                return spec
        return None


def _imported(module: ModuleType) -> None:
    with _lock:
        if module.__name__ in _watched:
            return
        _watched[module.__name__] = module
        if _watch is not None:
            _watch(module)
            return
        if module.__name__ not in ("httpx", "httpx2"):
            _put(module.HTTPConnectionPool, "urlopen", _pool_stub)
            return
        for kind in (module.Client, module.AsyncClient):
            _put(kind, "send", _stub)


def _put(kind: Any, name: str, make: Callable[[Any, Any], Any]) -> None:
    original = getattr(kind, name)
    _stubs.append((kind, name, original))
    setattr(kind, name, make(kind, original))


def _stub(kind: Any, send: Any) -> Any:
    """A ``send`` that waits for the first model call; then the recorder's takes its place."""

    @functools.wraps(send)
    def first(self: Any, request: Any, **options: Any) -> Any:
        is_post = _watch is None and request.method == "POST"
        if is_post and request.url.path.rstrip("/").endswith(_PATHS):
            _begin()
            return kind.send(self, request, **options)
        return send(self, request, **options)

    return first


def _pool_stub(kind: Any, urlopen: Any) -> Any:
    """The same for urllib3's pools."""

    @functools.wraps(urlopen)
    def first(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        if _watch is None and method == "POST" and url.partition("?")[0].endswith(_PATHS):
            _begin()
            return kind.urlopen(self, method, url, *args, **options)
        return urlopen(self, method, url, *args, **options)

    return first


def _begin() -> None:
    """Take the stubs out and let the recorder watch instead."""
    global _watch
    with _lock:
        if not _stubs:
            return
        for kind, name, original in _stubs:
            if getattr(getattr(kind, name), "__wrapped__", None) is original:
                setattr(kind, name, original)  # else another hook was laid over it
        _stubs.clear()
        try:
            from replay.recorder.process import watching

            _watch = watching()
            for module in _watched.values():
                _watch(module)
        except Exception as error:  # noqa: BLE001 -- the program goes on, unrecorded
            _watch = _ignore
            sys.stderr.write(
                f"replay: {sys.executable} (process {os.getpid()}) is not recorded: "
                f"{type(error).__name__}: {error}\n"
                "replay: the program goes on. Is replay-sandbox installed for this Python?\n"
            )


def _ignore(module: ModuleType) -> None:
    """Watch nothing."""


try:
    _run_hidden()
finally:
    if "REPLAY_RECORD" in os.environ:
        sys.meta_path.insert(0, _Finder())
