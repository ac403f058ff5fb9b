"""How long what is recorded is kept, as a recorder is told."""

from __future__ import annotations

from replay.config import load_config
from replay.errors import ReplayError
from replay.records.lengths import seconds_kept
from replay.store import Store


def keep_as_told(store: Store) -> None:
    """Have ``store`` remove old traces in its gaps, if ``[tool.replay.keep]`` says how old.

    Raises:
        ConfigError: ``[tool.replay]`` of the pyproject.toml here cannot be read.
    """
    keep = load_config().keep
    if keep.at_open and not keep.says_nothing and store.keeping is None:
        from replay.store.keep_rules import KeepRules
        from replay.store.keeping import Keeping

        rules = KeepRules(keep.default, keep.apps, keep.labels, keep.tools)
        store.keeping = Keeping(store.path, rules)


def checked_age(keep: str | None) -> str | None:
    """Return a length of time as it is stored; None stays None.

    Raises:
        ReplayError: it is none.
    """
    if keep is not None:
        try:
            seconds_kept(keep)
        except ValueError as error:
            raise ReplayError(f"recorder.trace(keep={keep!r}): {error}.") from error
    return keep
