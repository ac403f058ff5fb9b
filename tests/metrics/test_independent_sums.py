"""Tokens, cost, components and budgets as commands print them, equal to sums over the lines."""

from __future__ import annotations

import math

import pytest

from tests.metrics.cases import Case, name_of
from tests.metrics.independent import (
    Row,
    Told,
    covered_ms,
    moment_us,
)
from tests.metrics.test_calls import quantile


def test_tokens_cache_hits_and_cost_are_sums_over_the_lines(drawn: Case) -> None:
    found = drawn.asked("stats", "--models")["models"]

    wanted = {}
    models = [model for one in drawn.traces for model in one.models]
    for name in {name_of(model) for model in models}:
        own = [model for model in models if name_of(model) == name]
        used = [tokens(one["usage"]) for one in own if one["usage"] is not None]
        fresh, cached, written, out = (sum(one[at] for one in used) for at in range(4))
        if name.startswith("small"):
            cost = (fresh * 2 + cached * 0.5 + written * 2.5 + out * 8) / 1e6
        else:
            cost = ((fresh + cached + written) * 3 + out * 15) / 1e6
        durations = [one["duration_ms"] for one in own if one["duration_ms"] is not None]
        wanted[name] = {
            "call_count": len(own),
            "failed_count": sum(one["output"] is None for one in own),
            "counted_count": len(used),
            "cache_hit_count": sum(one[1] > 0 for one in used),
            "cost": pytest.approx(cost),
            "p95_ms": pytest.approx(quantile(durations, 0.95)),
            "tokens": {
                "input": fresh + cached + written,
                "output": out,
                "cached": cached,
                "cache_written": written,
            },
        }
    assert {one["model"]: {name: one[name] for name in wanted[one["model"]]} for one in found} == (
        wanted
    )


def tokens(usage: Row) -> tuple[int, int, int, int]:
    """Return fresh input, cached, written to the cache, and output, by each provider's pages."""
    if "prompt_tokens" in usage:  # OpenAI: cached tokens are part of the prompt's
        cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        return usage["prompt_tokens"] - cached, cached, 0, usage["completion_tokens"]
    if "input_tokens" in usage:  # Anthropic: beside them
        read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        return usage["input_tokens"], read, written, usage["output_tokens"]
    if "inputTokens" in usage:  # Bedrock: beside them
        read, written = usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]
        return usage["inputTokens"], read, written, usage["outputTokens"]
    cached = usage["cachedContentTokenCount"]  # Gemini: part of them; thoughts beside the answer
    out = usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    return usage["promptTokenCount"] - cached, cached, 0, out


def test_components_are_sums_of_stages_and_of_time_outside(drawn: Case) -> None:
    found = drawn.asked("stats", "--components", "--model", "large-2")["components"]

    wanted: dict[tuple[str | None, str], list[float]] = {}
    for one in drawn.traces:
        for model in one.models:
            if model["duration_ms"] is not None and name_of(model) == "large-2":
                wanted.setdefault((None, "model"), []).append(model["duration_ms"])
        for call in one.calls:
            asked = one.model_of(call)
            if asked is not None and name_of(asked) == "large-2":
                for component, duration in components(call, one).items():
                    wanted.setdefault((None, component), []).append(duration)
                    wanted.setdefault((call["tool"], component), []).append(duration)
    assert {
        (one["tool"], one["component"]): (one["call_count"], one["total_ms"], one["p95_ms"])
        for one in found["rows"]
    } == {
        name: (
            *(len(durations), pytest.approx(math.fsum(durations), abs=1e-6)),
            pytest.approx(quantile(durations, 0.95)),
        )
        for name, durations in wanted.items()
    }


def components(call: Row, one: Told) -> dict[str, float]:
    """Return how long each component of a call took, by the table in docs/metrics.md."""
    found: dict[str, float] = {}
    parts = {"invoke": "tool", "validate": "validate", "authorize": "validate"}
    for stage in call["stages"]:
        component = parts.get(stage["stage"], "marshal")
        found[component] = found.get(component, 0.0) + stage["duration_us"] / 1000
    if not call["stages"] and call["duration_ms"] is not None:
        found["tool"] = call["duration_ms"]
    spans = [
        (asked["offset_ms"], asked["offset_ms"] + asked["duration_ms"])
        for asked in one.asked.get(call["id"], [])
        if "offset_ms" in asked
    ]
    if spans:
        found["network"] = covered_ms(spans)
        if "tool" in found:
            found["tool"] = max(0.0, found["tool"] - found["network"])
    return found


def test_budgets_are_broken_by_the_steps_that_the_lines_say_took_longer(drawn: Case) -> None:
    found = drawn.asked("budgets")["budgets"]

    observed: dict[str, list[float]] = {
        "search": [],
        "search:network": [],
        "*:tool": [],
        "validate": [],
        "model": [
            step["duration_ms"]
            for one in drawn.traces
            for step in one.models
            if step["duration_ms"] is not None
        ],
        "trace": [
            (moment_us(one.trace["ended_at"]) - moment_us(one.trace["started_at"])) / 1000
            for one in drawn.traces
            if one.trace["ended_at"] is not None
        ],
    }
    for one in drawn.traces:
        for call in one.calls:
            parts = components(call, one)
            is_search = call["tool"] == "search"
            for name, values in (
                ("search", [call["duration_ms"]] if is_search else []),
                ("search:network", [parts.get("network")] if is_search else []),
                ("*:tool", [parts.get("tool")]),
                ("validate", [parts.get("validate")]),
            ):
                observed[name] += [value for value in values if value is not None]
    assert {(one["name"], one["measure"]) for one in found} == {
        *(("search", "p50"), ("search", "p99"), ("search", "max"), ("search:network", "p95")),
        *(("*:tool", "p95"), ("validate", "max"), ("model", "p95")),
        *(("trace", "p50"), ("trace", "max")),
    }
    for one in found:
        durations = sorted(observed[one["name"]])
        part = {"p50": 0.5, "p95": 0.95, "p99": 0.99}.get(one["measure"])
        value = durations[-1] if part is None else quantile(durations, part)
        assert one["value_ms"] == pytest.approx(value)
        assert one["observed_count"] == len(durations)
        over = [duration for duration in durations if duration > one["bound_ms"]]
        assert one["over_count"] == len(over)
        assert one["is_broken"] == (value is not None and value > one["bound_ms"])
        slowest = [step["duration_ms"] for step in one["slowest"]]
        assert slowest == pytest.approx(over[:-6:-1])
