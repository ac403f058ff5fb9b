"""Tokens added up column by column are those of each call."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from replay.metrics import Tokens, tokens_of, usage_sums
from replay.metrics.usage_sums import Used, used_by

NAMES = (
    *("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "inputTokens"),
    *("outputTokens", "cache_read_input_tokens", "cacheReadInputTokens", "total_tokens"),
    *("cache_creation_input_tokens", "promptTokenCount", "cachedContentTokenCount"),
)
DETAILS = ("prompt_tokens_details", "input_tokens_details")


def by_call(usages: list[dict[str, Any]]) -> Used:
    told = [one for one in map(tokens_of, usages) if one is not None]
    return Used(sum(told, Tokens()), len(told), sum(one.cached > 0 for one in told))


def a_count(chance: random.Random, odd: float) -> Any:
    return chance.choice((None, "7", 2.5, True)) if chance.random() < odd else chance.randrange(40)


def some_details(chance: random.Random, odd: float) -> Any:
    if chance.random() < odd:
        return chance.choice((None, {}, "many"))
    return {"cached_tokens": a_count(chance, odd), "audio_tokens": 0}


@pytest.mark.parametrize("odd", [0.0, 0.1, 0.5])
def test_calls_that_report_alike_used_what_each_of_them_did(odd: float) -> None:
    chance = random.Random(1)
    for _ in range(300):
        counts = chance.sample(NAMES, chance.randrange(1, 5))
        detailed = chance.sample(DETAILS, chance.choice((0, 0, 1, 1, 2)))
        makes: dict[str, Callable[[random.Random, float], Any]] = dict.fromkeys(counts, a_count)
        makes |= dict.fromkeys(detailed, some_details)
        usages = [{name: make(chance, odd) for name, make in makes.items()} for _ in range(9)]

        assert used_by(usages) == by_call(usages)


def test_calls_that_report_alike_are_not_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_sums, "tokens_of", None)
    usages = [
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": n}}
        for n in range(3)
    ]

    assert used_by(usages) == Used(Tokens(27, 6, 3), 3, 2)
