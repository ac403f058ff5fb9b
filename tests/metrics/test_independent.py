"""Metrics as the command prints them, equal to what the exported lines give by plain definitions."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.store import Store
from tests.metrics.drawn import Drawing
from tests.metrics.independent import (
    Row,
    Told,
    arguments_of,
    covered_ms,
    invented,
    moment_us,
    read_lines,
    reliability,
    times,
)
from tests.metrics.test_calls import quantile

CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "transcripts"
PRICES = """\
[tool.replay.prices]
"small-*" = { input = 2.0, output = 8.0, cached = 0.5, cache_written = 2.5 }
"large-*" = { input = 3.0, output = 15.0 }

[tool.replay.budgets]
search = { p50_ms = 200, p99_ms = 900, max_ms = 1000 }
"search:network" = { p95_ms = 50 }
"*:tool" = { p95_ms = 500 }
model = { p95_ms = 2500 }
validate = { max_ms = 10 }
trace = { p50_ms = 20000, max_ms = 60000 }
"""


class Case:
    """A database, its lines, and what the commands say of it."""

    def __init__(
        self, database: Path, traces: list[Told], capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.database, self.traces, self.capsys = database, traces, capsys

    def asked(self, command: str, *options: str) -> Any:
        code = exit_code_of([command, str(self.database), *options, "--json"])
        out, err = self.capsys.readouterr()
        assert code in (ExitCode.OK, ExitCode.BREAKING), err
        return json.loads(out)

    def quality(self, *options: str) -> Any:
        return self.asked("stats", "--quality", "--traces", "100000", *options)["quality"]


def exported(database: Path) -> list[Told]:
    lines = database.with_suffix(".jsonl")
    assert exit_code_of(["export", str(database), "-o", str(lines)]) == 0
    return read_lines(lines)


@pytest.fixture(scope="module", params=range(2))
def drawn_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Told]]:
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "pyproject.toml").write_text(PRICES)
    with Store.open(folder / "drawn.db", "create") as store:
        store.append_all(list(Drawing(request.param).traces(40)))
    return folder / "drawn.db", exported(folder / "drawn.db")


@pytest.fixture
def drawn(
    drawn_database: tuple[Path, list[Told]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Case:
    monkeypatch.chdir(drawn_database[0].parent)
    return Case(*drawn_database, capsys)


def test_values_that_stand_nowhere_are_those_of_the_lines(drawn: Case) -> None:
    check_invented(drawn)


def check_invented(case: Case) -> None:
    calls, arguments, _ = invented(case.traces)

    found = case.quality()["made_up"]

    told = {one["tool"]: one["invented_count"] for one in found["calls"] if one["invented_count"]}
    assert told == +calls
    told = {(one["tool"], one["path"]): one["invented_count"] for one in found["arguments"]}
    assert told == +arguments
    assert told


def test_what_could_have_been_saved_is_the_longest_path_of_the_steps(drawn: Case) -> None:
    check_times(drawn)


def check_times(case: Case) -> None:
    found = case.asked("budgets", "--what-if", "--traces", "100000")["what_if"]

    wanted = {one.trace["id"]: times(one) for one in case.traces if one.calls}
    assert found["untimed_count"] == sum(one is None for one in wanted.values())
    assert {
        one["trace_id"]: [one["recorded_ms"], one["at_once_ms"], one["started_early_ms"]]
        for one in found["traces"]
    } == {
        name: pytest.approx([one.recorded_ms, one.at_once_ms, one.early_ms], abs=0.002)
        for name, one in wanted.items()
        if one is not None
    }
    assert any(one["recorded_ms"] - one["at_once_ms"] > 1 for one in found["traces"])
    assert any(one["at_once_ms"] - one["started_early_ms"] > 1 for one in found["traces"])
    for one in found["traces"]:
        chain = sum(
            step["duration_ms"]
            for told in case.traces
            if told.trace["id"] == one["trace_id"]
            for step in told.steps
            if step["step_number"] in one["critical_steps"]
        )
        assert chain >= one["started_early_ms"] - 0.002


def test_accuracy_is_what_the_newest_label_of_each_step_says(drawn: Case) -> None:
    found = drawn.quality()["accuracy"]

    rows: dict[str, Counter[str]] = {}
    for one in drawn.traces:
        for step, said in newest_labels(one).items():
            called = called_at(one, step)
            row = rows.setdefault(called["tool"] if called else "no call", Counter())
            row["labelled"] += 1
            row["right tool"] += right_tool(said, called)
            row["right"] += is_right(said, called)
    assert {
        one["tool"]: (one["labelled_count"], one["right_tool_count"], one["right_count"])
        for one in found
    } == {tool: (row["labelled"], row["right tool"], row["right"]) for tool, row in rows.items()}
    assert rows


def newest_labels(one: Told) -> dict[int, Row]:
    counting = [
        said
        for said in one.feedback
        if said["step_number"] is not None
        and (said["correction"] is not None or said["score"] in (0.0, 1.0))
    ]
    counting.sort(key=lambda said: (said["created_at"], said["id"]))
    return {said["step_number"]: said for said in counting}


def called_at(one: Told, step: int) -> Row | None:
    (row,) = [row for row in one.steps if row["step_number"] == step]
    if row["kind"] == "tool_call":
        return row
    calls = [call for call in one.calls if call["model_call_id"] == row["id"]]
    return min(calls, key=lambda call: call["call_index"], default=None)


def right_tool(said: Row, called: Row | None) -> bool:
    if said["correction"] is not None:
        return called is not None and bool(said["correction"]["tool"] == called["tool"])
    return bool(said["score"] == 1)


def is_right(said: Row, called: Row | None) -> bool:
    if said["correction"] is None or not right_tool(said, called):
        return right_tool(said, called)
    assert called is not None
    return bool(said["correction"]["arguments"] == arguments_of(called))


def test_calibration_is_the_reliability_table_of_the_log_probabilities(drawn: Case) -> None:
    found = drawn.quality()["calibration"]

    judged: dict[str, list[tuple[float, bool, bool]]] = {}
    for one in drawn.traces:
        labels = newest_labels(one)
        for model in one.models:
            said = model["attributes"].get("token_logprobs")
            calls = [call for call in one.calls if call["model_call_id"] == model["id"]]
            of_calls = [
                is_right(labels[call["step_number"]], call)
                for call in calls
                if call["step_number"] in labels
            ]
            if not said:
                continue
            if model["step_number"] in labels:
                step = model["step_number"]
                right, by_person = is_right(labels[step], called_at(one, step)), True
            elif of_calls:
                right, by_person = all(of_calls), True
            elif calls:
                right, by_person = all(call["outcome"] == "ok" for call in calls), False
            else:
                continue
            sure = math.exp(sum(said) / len(said))
            judged.setdefault(name_of(model), []).append((sure, right, by_person))
    assert {one["model"] for one in found} == set(judged)
    for one in found:
        rows, error = reliability(
            [sure for sure, _, _ in judged[one["model"]]],
            [right for _, right, _ in judged[one["model"]]],
        )
        assert one["error"] == pytest.approx(error)
        assert one["labelled_count"] == sum(by for _, _, by in judged[one["model"]])
        assert [
            {**{name: bin[name] for name in ("low", "output_count", "sure")}}
            | {"right": bin["right"]["value"]}
            for bin in one["bins"]
        ] == [pytest.approx(row) for row in rows]


def name_of(model: Row) -> str:
    return str(model["response_model"] or model["model"])


def test_what_was_asked_again_is_what_the_lines_say_came_later(drawn: Case) -> None:
    found = drawn.quality()["retries"]

    rows: dict[str, Counter[str]] = {}
    for one in drawn.traces:
        for call in one.calls:
            row = rows.setdefault(call["tool"], Counter())
            row["extra"] += one.attempts[call["id"]]
            if call["outcome"] == "ok":
                continue
            later = [
                other
                for other in one.calls
                if other["step_number"] > call["step_number"]
                and (other["tool"], other["actor"]) == (call["tool"], call["actor"])
            ]
            row["not ok"] += 1
            row["again"] += bool(later)
            row["mended"] += any(other["outcome"] == "ok" for other in later)
    names = ("not_ok_count", "asked_again_count", "mended_count", "extra_attempt_count")
    assert {one["tool"]: tuple(one[name] for name in names) for one in found} == {
        tool: (row["not ok"], row["again"], row["mended"], row["extra"])
        for tool, row in rows.items()
        if row["not ok"] or row["extra"]
    }


def test_successes_are_the_traces_that_say_so(drawn: Case) -> None:
    found = drawn.quality()["endings"]

    said = [one.trace["outcome"] for one in drawn.traces if one.trace["outcome"] is not None]
    good = [one for one in said if one in ("success", "Success: booked")]
    assert found["success"]["value"] == pytest.approx(len(good) / len(said))
    assert found["outcome_counts"] == Counter(said)
    assert found["unsaid_count"] == len(drawn.traces) - len(said)


def test_cold_calls_are_those_after_ten_minutes_without_one(drawn: Case) -> None:
    since = sorted(one.trace["started_at"] for one in drawn.traces)[13]

    check_cold(drawn, drawn.quality()["cold_starts"], since="")
    check_cold(drawn, drawn.quality("--since", since)["cold_starts"], since=since)
    of_one = drawn.quality("--model", "small-1")["cold_starts"]
    check_cold(drawn, of_one, since="", model="small-1")


def check_cold(case: Case, found: list[Row], since: str, model: str | None = None) -> None:
    calls = [(call, one) for one in case.traces for call in one.calls]
    wanted = {}
    for tool in {call["tool"] for call, _ in calls}:
        starts = [moment_us(call["started_at"]) for call, _ in calls if call["tool"] == tool]
        cold, warm = [], []
        for call, one in calls:
            asked = one.model_of(call)
            if call["tool"] != tool or call["duration_ms"] is None or call["started_at"] < since:
                continue
            if model is not None and (asked is None or name_of(asked) != model):
                continue
            start = moment_us(call["started_at"])
            before = [other for other in starts if other < start]
            is_cold = not before or start - max(before) > 600 * 10**6
            (cold if is_cold else warm).append(call["duration_ms"])
        if cold and warm:
            halves = quantile(cold, 0.5), quantile(warm, 0.5)
            wanted[tool] = (len(cold), len(warm), *map(pytest.approx, halves))
    names = ("cold_count", "warm_count", "cold_p50_ms", "warm_p50_ms")
    assert {one["tool"]: tuple(one[name] for name in names) for one in found} == wanted
    assert wanted


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


# -- the corpora -----------------------------------------------------------------------------------

corpora = [
    pytest.mark.corpora,
    pytest.mark.slow,
    pytest.mark.skipif(
        not CORPORA.is_dir(), reason="the recorded corpora are not beside the checkout"
    ),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Told]]:
    folder = tmp_path_factory.mktemp("corpora")
    files = [str(file) for file in sorted(CORPORA.glob("*.jsonl"))]
    assert exit_code_of(["import", str(folder / "real.db"), *files]) == 0
    return folder / "real.db", exported(folder / "real.db")


class TestRealTraffic:
    pytestmark = corpora

    def test_values_that_stand_nowhere_are_those_of_the_lines(
        self, real: tuple[Path, list[Told]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        check_invented(Case(*real, capsys))

    def test_what_could_have_been_saved_is_the_longest_path_of_the_steps(
        self, real: tuple[Path, list[Told]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Conversations say no times; drawn ones give each of them a way that values go."""
        lines = list(timed(real[1][::3]))
        (tmp_path / "timed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
        given = [str(tmp_path / "timed.db"), str(tmp_path / "timed.jsonl")]
        assert exit_code_of(["import", *given]) == 0

        traces = exported(tmp_path / "timed.db")
        capsys.readouterr()
        check_times(Case(tmp_path / "timed.db", traces, capsys))


def timed(traces: Iterable[Told]) -> Iterable[Row]:
    chance = random.Random(7)
    for one in traces:
        yield {**one.trace, "source": "recorded"}
        at = 1_700_000_000.0
        for step in one.steps:
            took = chance.expovariate(1 / (900 if step["kind"] == "model_call" else 300))
            started = at if chance.random() < 0.7 else at - 0.1
            at = max(at, started + took / 1000)
            yield {**step, "started_at": iso(started), "duration_ms": round(took, 3)}


def iso(second: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
