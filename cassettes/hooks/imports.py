"""Run something right after a module was imported, without importing it ourselves.

Any number of users may wait for one module. It may be imported already, not at all yet, or be in
the middle of its import, in this thread or in another: each hook runs once, when it is complete.
"""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Hook = Callable[[Any], None]

_waiting: dict[str, list[Hook]] = {}
_lock = threading.Lock()


class _Looking(threading.local):
    """What this thread is looking for through us; another tool's finder may ask us back."""

    names: tuple[str, ...] = ()


_looking = _Looking()


class _PostImport:
    """Lets the other finders find, and wraps what loads a module that somebody waits for."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the real spec with a loader that runs the hooks afterwards; else None."""
        if fullname not in _waiting or fullname in _looking.names:
            return None
        before = _looking.names
        _looking.names = (*before, fullname)
        try:
            spec = self._find(fullname, path, target)
        finally:
            _looking.names = before
        if spec is not None:
            _wrap_loader(fullname, spec)
        return spec

    def _find(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        # Only those after us: the ones before were asked already, or are who is asking.
        finders: list[Any] = list(sys.meta_path)
        for finder in finders[finders.index(self) + 1 :]:
            if not hasattr(finder, "find_spec"):
                continue
            spec: ModuleSpec | None = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None


def _wrap_loader(name: str, spec: ModuleSpec) -> None:
    loader = spec.loader
    execute = getattr(loader, "exec_module", None)
    if loader is None or isinstance(loader, type) or execute is None:
        # Built-in and frozen modules share their loader with all others of their kind.
        _run_when_complete(name, spec)
        return

    def exec_module(module: ModuleType) -> None:
        execute(module)
        _run(name, sys.modules.get(name, module))

    # On this one loader only: its class, which importlib.resources looks at, stays as it is.
    loader.exec_module = exec_module  # type: ignore[method-assign]


class _WatchedSpec(ModuleSpec):
    """The spec of a module whose import is under way: the import system says here that it ends."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "_initializing" and not value:
            _completed(self)


def _completed(spec: ModuleSpec) -> None:
    spec.__class__ = ModuleSpec
    module = sys.modules.get(spec.name)
    if module is not None:  # an import that failed is forgotten; the next one passes our finder
        _run(spec.name, module)


def _run_when_complete(name: str, spec: ModuleSpec) -> None:
    if type(spec) is ModuleSpec:
        spec.__class__ = _WatchedSpec


_finder = _PostImport()


def when_imported(name: str, hook: Hook) -> None:
    """Call ``hook(module)`` now if ``name`` is imported, else as soon as it is.

    A hook that raises is told of as a warning: the import of the module, and the hooks of others,
    go on.
    """
    with _lock:
        _waiting.setdefault(name, []).append(hook)
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)
    module = sys.modules.get(name)
    if module is None:
        # Another thread may have asked the finders before ours was among them: wait for it.
        importlib._bootstrap._lock_unlock_module(name)  # type: ignore[attr-defined]
        module = sys.modules.get(name)
        if module is None:
            return
    spec = getattr(module, "__spec__", None)
    if isinstance(spec, ModuleSpec) and getattr(spec, "_initializing", False):
        _run_when_complete(name, spec)
        if getattr(spec, "_initializing", False):
            return
        # Another thread finished it in between, maybe before it could tell us.
    _run(name, sys.modules.get(name, module))


def _run(name: str, module: Any) -> None:
    with _lock:
        hooks = _waiting.pop(name, [])
    for hook in hooks:
        try:
            hook(module)
        except Exception as error:  # noqa: BLE001 -- the program's import must not fail with us
            warnings.warn(
                f"{name} is imported, but {hook!r} could not be put on it: "
                f"{type(error).__name__}: {error}. What it does is not seen.",
                RuntimeWarning,
                stacklevel=2,
            )
