"""Code that is the same whether it was compiled just now or long ago, and wherever it is imported.

A set literal iterates in another order when its module was compiled just now than when it was
loaded from a ``.pyc``, under one hash seed. And a module that is first imported inside a call would
draw and read the clock of that call, so that the first call differs from the second.
"""

from __future__ import annotations

import importlib
import marshal
from importlib.machinery import SourceFileLoader
from typing import Any, Final

from cassettes.scope import Scope, current

IMPORT_EPOCH_S: Final = 946_684_800.0
"""What the clock says while a module is imported: 2000-01-01, in every run."""


def install_code() -> None:
    """Compile as if read back from a file, and import outside of any call's time and chance."""
    _compile_as_loaded()
    _import_apart()


def _compile_as_loaded() -> None:
    loader: Any = SourceFileLoader
    real = loader.source_to_code

    def source_to_code(self: Any, *args: Any, **kwargs: Any) -> Any:
        return marshal.loads(marshal.dumps(real(self, *args, **kwargs)))

    loader.source_to_code = source_to_code


def _import_apart() -> None:
    bootstrap: Any = importlib._bootstrap
    real = bootstrap._find_and_load

    def _find_and_load(name: str, import_: Any) -> Any:
        # Asked only for what is not imported yet: other imports do not pass here.
        scope = current.get()
        if scope is None or scope.clock is None or scope.imports:
            return real(name, import_)
        apart = _scope_of(scope, name)
        token = current.set(apart)
        try:
            return real(name, import_)
        finally:
            current.reset(token)
            assert apart.clock is not None
            apart.clock.settle()

    bootstrap._find_and_load = _find_and_load


def _scope_of(scope: Scope, name: str) -> Scope:
    """Return the scope in which ``name`` is imported: the caller's, but for time and chance."""
    from cassettes.world.clock import Clock
    from cassettes.world.entropy import Entropy

    clock = Clock(IMPORT_EPOCH_S)
    clock.start()
    apart = Scope(scope.cassette, clock, Entropy(f"import {name}"))
    apart.is_replay = scope.is_replay
    apart.imports = apart.silenced.imports = True
    return apart
