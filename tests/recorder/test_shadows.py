from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from replay import Recorder, Toolbox
from replay.records import JsonObject, Outcome, ToolCall
from replay.store import Store
from replay.tools import observe


class Amount(BaseModel):
    euros: float

    @field_validator("euros")
    @classmethod
    def never_thirteen(cls, euros: float) -> float:
        if euros == 13:
            raise RuntimeError("unlucky")
        return euros


RAN: list[str] = []


def bank() -> Toolbox:
    toolbox = Toolbox("bank")

    @toolbox.tool(name="pay", version="1")
    def pay_1(amount: dict[str, float], note: str = "") -> str:
        RAN.append("1")
        return "paid"

    @toolbox.tool(name="pay", version="2")
    def pay_2(amount: Amount) -> str:
        RAN.append("2")
        return "paid"

    toolbox.roll_out("pay", "2", percent=0)
    toolbox.shadow("pay", "2")
    return toolbox


def recorded(tmp_path: Path, toolbox: Toolbox, *arguments: Any) -> list[ToolCall]:
    RAN.clear()
    with Recorder(tmp_path / "traces.db") as recorder, recorder.trace(id="t1"):
        toolbox.dispatch_sync([{"name": "pay", "args": one} for one in arguments])
    with Store.open(tmp_path / "traces.db", "r") as store:
        steps = store.transcript("t1").steps
    return [step for step in steps if isinstance(step, ToolCall)]


def shadow(call: ToolCall) -> JsonObject:
    (told,) = call.attributes["shadow"].values()
    return told  # type: ignore[no-any-return]  # one JSON object


def test_both_versions_are_recorded_and_only_one_runs(tmp_path: Path) -> None:
    (call,) = recorded(tmp_path, bank(), {"amount": {"euros": 2.5}})

    assert (call.tool_version, call.outcome, RAN) == ("1", Outcome.OK, ["1"])
    told = shadow(call)
    assert (told["outcome"], told["same_payload"]) == ("ok", True)
    assert told["payload_hash"].startswith("b2-16:")
    assert told["duration_us"] > 0


def test_a_payload_that_the_other_reads_otherwise_and_what_it_rejects_is_told(
    tmp_path: Path,
) -> None:
    more, rejected = recorded(
        tmp_path,
        bank(),
        {"amount": {"euros": 1, "cents": 5}},
        {"amount": {"euros": 1}, "note": "x"},
    )

    assert shadow(more)["same_payload"] is False
    assert shadow(rejected)["outcome"] == "invalid_arguments"
    assert [error["loc"] for error in shadow(rejected)["errors"]] == [["note"]]
    assert "input" not in shadow(rejected)["errors"][0]


def test_a_shadow_that_raises_is_its_own_result(tmp_path: Path) -> None:
    (call,) = recorded(tmp_path, bank(), {"amount": {"euros": 13}})

    assert (call.outcome, shadow(call)["outcome"]) == (Outcome.OK, "failed")
    assert shadow(call)["message"] == "RuntimeError"


def test_a_shadow_that_rejects_the_arguments_gets_them_translated(tmp_path: Path) -> None:
    toolbox = bank()

    @toolbox.translate("pay", "1", "2")
    def without_note(old: JsonObject) -> JsonObject:
        return {"amount": old["amount"]}

    (call,) = recorded(tmp_path, toolbox, {"amount": {"euros": 1}, "note": "x"})

    assert (shadow(call)["outcome"], shadow(call)["translated"]) == ("ok", True)


def test_arguments_that_no_version_takes_are_told_without_a_comparison(tmp_path: Path) -> None:
    rejected, unparsed = recorded(tmp_path, bank(), {"sum": 1}, '{"amount":')

    assert rejected.outcome is Outcome.INVALID_ARGUMENTS
    assert shadow(rejected)["outcome"] == "invalid_arguments"
    assert "shadow" not in unparsed.attributes  # there was no version to stand beside


def test_a_shadow_sees_a_share_of_the_calls(tmp_path: Path) -> None:
    toolbox = bank()
    toolbox.shadow("pay", "2", percent=0)

    (call,) = recorded(tmp_path, toolbox, {"amount": {"euros": 1}})

    assert "shadow" not in call.attributes


def test_nothing_is_parsed_twice_where_nobody_records(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("replay.tools.call.shadow_parses", never)

    with observe(None):
        told = bank().dispatch_sync([{"name": "pay", "args": {"amount": {"euros": 1}}}])

    assert told[0]["content"] == "paid"


def test_a_sanitized_payload_is_not_what_a_shadow_is_compared_with(tmp_path: Path) -> None:
    toolbox = Toolbox("bank")
    toolbox.add(
        lambda euros: "paid",
        name="pay",
        version="1",
        schema={"type": "object"},
        sanitize=lambda arguments: {**arguments, "euros": 0},
    )
    toolbox.add(lambda euros: "paid", name="pay", version="2", schema={"type": "object"})
    toolbox.roll_out("pay", "2", percent=0)
    toolbox.shadow("pay", "2")

    (call,) = recorded(tmp_path, toolbox, {"euros": 7})

    assert call.payload == {"euros": 0}
    assert shadow(call)["same_payload"] is True


def test_the_trace_that_is_recorded_is_the_key_of_a_percentage(tmp_path: Path) -> None:
    toolbox = bank()
    seen: list[str | None] = []
    toolbox.route(lambda call, versions: seen.append(call.trace_id))

    recorded(tmp_path, toolbox, {"amount": {"euros": 1}})

    assert seen == ["t1"]


def test_the_trace_that_is_open_says_which_version_a_model_is_shown(tmp_path: Path) -> None:
    toolbox = bank()
    toolbox.rollouts.of("pay").clear()
    toolbox.roll_out("pay", "2", percent=50)
    shown = {}
    with Recorder(tmp_path / "traces.db") as recorder:
        for trace_id in map(str, range(20)):
            with recorder.trace(id=trace_id):
                (definition,) = toolbox.schemas("mcp")
            shown[trace_id] = "note" in definition["inputSchema"]["properties"]

    by_id = {one: toolbox.schemas("mcp", trace_id=one) for one in shown}
    assert shown == {
        one: "note" in made[0]["inputSchema"]["properties"] for one, made in by_id.items()
    }
    assert set(shown.values()) == {True, False}


def test_what_is_recorded_of_a_shadow_can_be_asked_for_with_sql(tmp_path: Path) -> None:
    recorded(tmp_path, bank(), {"amount": {"euros": 1}}, {"amount": {"euros": 1}, "note": "x"})

    with Store.open(tmp_path / "traces.db", "r") as store:
        _, rows = store.query(
            "SELECT json_extract(attributes, '$.shadow.\"2\".outcome'), count(*) "
            "FROM tool_calls GROUP BY 1 ORDER BY 1"
        )

    assert json.loads(json.dumps(rows)) == [["invalid_arguments", 1], ["ok", 1]]
