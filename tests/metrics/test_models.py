"""Metrics of model calls: tokens in every provider's form, cache hits, cost, durations."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from replay.metrics import Price, Scope, Tokens, read_models, tokens_of
from replay.store import Store


def test_tokens_and_durations_equal_an_sql_sum(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    rows = read_models(connection)

    with Store.open(store_path) as store:
        _, summed = store.query(
            "SELECT model, count(*), sum(usage ->> '$.prompt_tokens'), "
            "sum(usage ->> '$.completion_tokens'), "
            "total(usage ->> '$.prompt_tokens_details.cached_tokens'), "
            "count(usage ->> '$.prompt_tokens_details'), sum(duration_ms) "
            "FROM model_calls GROUP BY 1 ORDER BY 2 DESC, 1"
        )
    assert [
        (
            *(row.model, row.call_count, row.tokens.input, row.tokens.output, row.tokens.cached),
            *(row.cache_hit_count, pytest.approx(row.total_ms)),
        )
        for row in rows
    ] == summed


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}, Tokens(9, 2)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            },
            Tokens(9, 2, 4),
        ),
        (
            {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}},
            Tokens(9, 2, 4),
        ),
        (
            {
                "input_tokens": 3,
                "output_tokens": 2,
                "cache_read_input_tokens": 4,
                "cache_creation_input_tokens": 2,
            },
            Tokens(9, 2, 4, 2),
        ),
        ({"total_tokens": 11}, None),
        ("many", None),
    ],
)
def test_tokens_are_read_in_every_providers_form(usage: object, tokens: Tokens | None) -> None:
    assert tokens_of(json.loads(json.dumps(usage))) == tokens


def test_a_cost_counts_fresh_cached_and_written_tokens_apart() -> None:
    price = Price(input=2.0, output=10.0, cached=0.5, cache_written=2.5)

    cost = price.of(Tokens(input=1_000_000, output=100_000, cached=400_000, cache_written=100_000))

    assert cost == pytest.approx(0.5 * 2 + 0.1 * 10 + 0.4 * 0.5 + 0.1 * 2.5)


def test_a_model_without_a_price_has_no_cost(connection: sqlite3.Connection) -> None:
    rows = read_models(connection, Scope(), prices={"small-*": Price(1.0, 2.0)})

    costs = {row.model: row.cost for row in rows}
    small = next(row for row in rows if row.model == "small-1")
    assert costs["large-2"] is None
    assert costs["small-1"] == pytest.approx((small.tokens.input + 2 * small.tokens.output) / 1e6)
