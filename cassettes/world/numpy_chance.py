"""numpy's module-level draws, answered from the seed of the scope in force.

Generators without a seed need nothing here: numpy asks ``secrets`` for theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cassettes.hooks.imports import when_imported
from cassettes.hooks.unbound import unbound
from cassettes.scope import current

_NOT_DRAWS = frozenset({"get_bit_generator", "set_bit_generator"})


def install_numpy_chance() -> None:
    """Hook ``numpy.random`` once it is imported; nothing is imported for it."""
    when_imported("numpy.random", _hook)


def _hook(module: Any) -> None:
    shared = module.mtrand._rand
    for name in dir(shared):
        method = getattr(shared, name)
        if name.startswith("_") or name in _NOT_DRAWS or not callable(method):
            continue
        if hasattr(module, name):
            drawing = _drawing(module, name, getattr(module, name))
            setattr(module, name, drawing)
            if hasattr(module.mtrand, name):
                setattr(module.mtrand, name, drawing)


def _drawing(module: Any, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def draw(*args: Any, **kwargs: Any) -> Any:
        scope = current.get()
        if scope is None or scope.entropy is None:
            return real(*args, **kwargs)
        # Through a seeded bit generator: RandomState(seed) makes an unseeded one first.
        state = scope.entropy.made("numpy", lambda seed: module.RandomState(module.MT19937(seed)))
        return getattr(state, name)(*args, **kwargs)

    stand_in: Callable[..., Any] = unbound(draw, real)
    return stand_in
