"""A model's words in pieces, each with its probability: together they say what it said."""

from __future__ import annotations

from typing import Any, Final

GONE: Final = "*"
"""What stands for each piece of a value that is masked."""


def are_tokens(value: list[Any]) -> bool:
    """Whether a list is of tokens, as models tell them with their log-probabilities."""
    return bool(value) and all(
        type(one) is dict and "logprob" in one and type(one.get("token")) is str for one in value
    )


def without_tokens(tokens: list[dict[str, Any]], whole: str, clean: str) -> list[dict[str, Any]]:
    """Return tokens without those from the first to the last that ``clean`` has not.

    ``whole`` is what they say together, ``clean`` the same masked.
    """
    start = _common(whole, clean)
    rest = min(len(whole), len(clean)) - start
    end = len(whole) - _common(whole[::-1][:rest], clean[::-1][:rest])
    found, at = [], 0
    for one in tokens:
        begins, at = at, at + len(one["token"])
        is_part = begins < end and at > start
        found.append(_gone(one) if is_part else one)
    return found


def _gone(token: dict[str, Any]) -> dict[str, Any]:
    kept = {**token, "token": GONE}
    if "bytes" in kept:
        kept["bytes"] = None
    if "top_logprobs" in kept:
        kept["top_logprobs"] = []
    return kept


def _common(one: str, other: str) -> int:
    """Return with how many letters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
