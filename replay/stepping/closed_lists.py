"""The facts whose values are from a closed list: what is on none of them never holds."""

from __future__ import annotations

from typing import Final

from replay.records.codes import VERDICT_WORD, Cause, Outcome, code_named

_LISTS: Final = {
    "verdict": tuple(VERDICT_WORD.values()),
    "outcome": tuple(str(one) for one in Outcome),
    "cause": tuple(str(one) for one in Cause),
    "kind": ("tool", "model"),
}


def words_of(fact: str) -> tuple[str, ...] | None:
    """Return what the fact can be, as one says it; None: it is from no closed list."""
    return _LISTS.get(fact)


def is_on_its_list(fact: str, value: str) -> bool:
    """Return whether the fact, which is from a closed list, can be ``value``."""
    if fact == "verdict" or fact == "outcome":
        return code_named("verdict" if fact == "verdict" else "outcome", value) is not None
    return value in _LISTS[fact]
