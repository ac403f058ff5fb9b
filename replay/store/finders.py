"""Functions of the user's that find what is to be masked, by their names in ``[tool.replay.mask]``.

They run where masking does: in the application that records, and in the workers of a replay.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from replay.config import ConfigError

if TYPE_CHECKING:
    from cassettes.redaction.finding import Finder


def finders_of(names: Iterable[str]) -> list[Finder]:
    """Return the functions that ``names`` name: ``package.module:function``.

    Raises:
        ConfigError: one cannot be imported, or is no function.
    """
    return [_finder(name) for name in names]


def _finder(name: str) -> Finder:
    module, _, path = name.partition(":")
    try:
        found: Finder = attrgetter(path)(importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"The function {name!r} of [tool.replay.mask] cannot be imported: {error}.",
            hint="Name it as Python imports it where the application runs: package.module:name.",
        ) from error
    if not callable(found):
        raise ConfigError(f"{name!r} of [tool.replay.mask] is no function.")
    return found
