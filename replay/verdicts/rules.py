"""Differences that do not count, by path, by tool and by kind.

The rules come from ``[[tool.replay.ignore]]`` (``replay/config.py``, ``docs/config.md``). A
difference that a rule allows is kept in the verdict, apart from those that count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

from replay.config import Config, ConfigError, IgnoreRule
from replay.records import Change, JsonValue
from replay.verdicts import paths

_EPOCH_MIN: Final = 946_684_800
"""2000-01-01. Smaller numbers are taken for counts."""
_EPOCH_MAX: Final = 4_102_444_800
"""2100-01-01."""

_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
_ID_RUNS: Final = re.compile(
    r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|[A-Za-z]*\d[A-Za-z0-9]*"
    r"|\b[0-9a-fA-F]{8,}\b"
)
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")


class Rules:
    """The ignore rules of one replay run."""

    def __init__(self, rules: Iterable[IgnoreRule] = ()) -> None:
        self._rules = tuple(rules)
        for index, rule in enumerate(self._rules):
            _check_pattern(index, rule)

    @classmethod
    def from_config(cls, config: Config) -> Rules:
        """Return the rules that ``[[tool.replay.ignore]]`` says.

        Raises:
            ConfigError: a ``path`` is not written as paths are.
        """
        return cls(config.ignore)

    def for_tool(self, tool: str) -> tuple[IgnoreRule, ...]:
        """Return the rules that are about ``tool``."""
        return tuple(
            rule for rule in self._rules if any(fnmatchcase(tool, glob) for glob in rule.tools)
        )

    def sift(self, tool: str, changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
        """Return the changes that count and those that a rule allows, each in given order."""
        rules = self.for_tool(tool)
        if not rules:
            return list(changes), []
        counting: list[Change] = []
        allowed: list[Change] = []
        for change in changes:
            fits = any(allows(rule, change) for rule in rules)
            (allowed if fits else counting).append(change)
        return counting, allowed


def allows(rule: IgnoreRule, change: Change) -> bool:
    """Return whether ``rule`` allows ``change``."""
    if not paths.matches(rule.path, change.path, beneath=rule.kind == "any"):
        return False
    if rule.kind == "any":
        return True
    if rule.kind == "unordered":
        return change.change == "moved"
    if change.change not in ("changed", "type_changed"):
        return False
    if rule.kind == "float":
        return _is_near(rule, change.recorded, change.replayed)
    is_kind = _KINDS[rule.kind]
    return is_kind(change.recorded, change.replayed)


def _is_near(rule: IgnoreRule, recorded: JsonValue, replayed: JsonValue) -> bool:
    numbers = (recorded, replayed)
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        return False
    if recorded != recorded or replayed != replayed:  # NaN, as the only value, is not itself
        return bool(recorded != recorded and replayed != replayed)
    try:
        return _within(rule, recorded, replayed)
    except OverflowError:
        return False  # an integer that no float can hold


def _within(rule: IgnoreRule, recorded: float, replayed: float) -> bool:
    distance = abs(recorded - replayed)
    by_size = rule.relative is not None and distance <= rule.relative * abs(recorded)
    return by_size or (rule.tolerance is not None and distance <= rule.tolerance)


def _are_timestamps(recorded: JsonValue, replayed: JsonValue) -> bool:
    return _is_timestamp(recorded) and _is_timestamp(replayed)


def _is_timestamp(value: JsonValue) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return any(
            _EPOCH_MIN * unit <= value <= _EPOCH_MAX * unit for unit in (1, 10**3, 10**6, 10**9)
        )
    if not isinstance(value, str):
        return False
    if _HTTP_DATE.fullmatch(value) or _CLOCK.fullmatch(value):
        return True
    if not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _are_ids(recorded: JsonValue, replayed: JsonValue) -> bool:
    """Two ids of one make: ``ord_8f2`` and ``ord_c31`` are, ``ord_8f2`` and ``none`` are not."""
    if isinstance(recorded, bool) or isinstance(replayed, bool):
        return False
    if isinstance(recorded, int) and isinstance(replayed, int):
        return True
    if not isinstance(recorded, str) or not isinstance(replayed, str):
        return False
    return bool(recorded) and bool(replayed) and _id_shape(recorded) == _id_shape(replayed)


def _id_shape(text: str) -> str:
    """``ord_8f2`` -> ``ord_#``: words stay; uuids, runs with a digit in them and hex do not."""
    return _ID_RUNS.sub("#", text)


_KINDS: Final[dict[str, Callable[[JsonValue, JsonValue], bool]]] = {
    "timestamp": _are_timestamps,
    "id": _are_ids,
}


def _check_pattern(index: int, rule: IgnoreRule) -> None:
    try:
        paths.split_pattern(rule.path)
    except ValueError as error:
        raise ConfigError(
            f"tool.replay.ignore[{index}].path = {rule.path!r}: {error}.",
            nearest="items[*].id, **.etag, prices['2024-05-20']",
            hint="docs/config.md says how paths are written.",
        ) from error
