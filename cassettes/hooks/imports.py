"""Run something right after a module was imported, without importing it ourselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_waiting: dict[str, Callable[[Any], None]] = {}


class _PostImport:
    """Lets the other finders find, and wraps what loads a module that somebody waits for."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the real spec with a loader that runs the hook afterwards; else None."""
        if fullname not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                _wrap_loader(fullname, spec)
                return spec
        return None


def _wrap_loader(name: str, spec: ModuleSpec) -> None:
    loader = spec.loader
    execute = getattr(loader, "exec_module", None)
    if loader is None or execute is None:
        return

    def exec_module(module: ModuleType) -> None:
        execute(module)
        hook = _waiting.pop(name, None)
        if hook is not None:
            hook(module)

    # On this one loader only: its class, which importlib.resources looks at, stays as it is.
    loader.exec_module = exec_module  # type: ignore[method-assign]


_finder = _PostImport()


def when_imported(name: str, hook: Callable[[Any], None]) -> None:
    """Call ``hook(module)`` now if ``name`` is imported, else as soon as it is."""
    module = sys.modules.get(name)
    if module is not None and not _is_being_imported(module):
        hook(module)
        return
    _waiting[name] = hook
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _is_being_imported(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
