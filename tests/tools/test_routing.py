from __future__ import annotations

import json
from typing import Any

import pytest

from replay.errors import ToolboxError
from replay.records import CallResult, Outcome, Stage
from replay.tools import CallStart, Toolbox, run_call_sync
from replay.tools.routing import share_of


def shop(**rollout: Any) -> Toolbox:
    toolbox = Toolbox("shop")

    @toolbox.tool(name="price", version="1")
    def price_1(item: str) -> str:
        return f"1: {item}"

    @toolbox.tool(name="price", version="2")
    def price_2(item: str) -> str:
        return f"2: {item}"

    if rollout:
        toolbox.roll_out("price", "2", **rollout)
    return toolbox


def run(toolbox: Toolbox, **options: Any) -> CallResult:
    return run_call_sync(toolbox, tool="price", arguments='{"item":"tea"}', **options)


def test_without_a_rollout_the_last_registered_version_runs() -> None:
    assert run(shop()).tool_version == "2"


def test_a_percentage_of_the_traces_gets_the_new_version_and_keeps_it() -> None:
    toolbox = shop(percent=10)
    traces = [f"t{number}" for number in range(1000)]

    first = {trace: run(toolbox, trace_id=trace).tool_version for trace in traces}
    again = {trace: run(shop(percent=10), trace_id=trace).tool_version for trace in traces}
    more = {trace: run(shop(percent=30), trace_id=trace).tool_version for trace in traces}

    assert first == again
    assert 60 <= sum(version == "2" for version in first.values()) <= 140
    assert all(more[trace] == "2" for trace in traces if first[trace] == "2")


def test_none_and_all_are_exact() -> None:
    assert {run(shop(percent=0), trace_id=str(n)).tool_version for n in range(50)} == {"1"}
    assert {run(shop(percent=100), trace_id=str(n)).tool_version for n in range(50)} == {"2"}


def test_shares_are_even_and_differ_by_salt() -> None:
    shares = [share_of(str(number), "a") for number in range(4000)]

    assert 48 < sum(shares) / len(shares) < 52
    assert shares[:5] != [share_of(str(number), "b") for number in range(5)]


def test_a_key_holds_together_what_it_names() -> None:
    toolbox = shop(percent=50, key=lambda call: json.loads(call.arguments)["item"])

    chosen = {run(toolbox, trace_id=str(number)).tool_version for number in range(40)}

    assert len(chosen) == 1


@pytest.mark.parametrize(
    ("model", "version"), [("gpt-4.1-mini", "2"), ("claude-x", "1"), (None, "1")]
)
def test_models_may_be_named(model: str | None, version: str) -> None:
    assert run(shop(models=["gpt-4.1*"]), model=model).tool_version == version


def test_the_model_of_an_output_reaches_the_route() -> None:
    toolbox = shop()
    seen: list[str | None] = []

    @toolbox.route
    def version_of(call: CallStart, versions: list[str]) -> str | None:
        seen.append(call.model)
        return "1"

    calls = [{"id": "c1", "function": {"name": "price", "arguments": '{"item":"tea"}'}}]
    message = {"role": "assistant", "tool_calls": calls}
    told = toolbox.dispatch_sync({"model": "gpt-4.1", "choices": [{"message": message}]})
    toolbox.dispatch_sync(message)

    assert told[0]["content"] == "1: tea"
    assert seen == ["gpt-4.1", None]


def test_every_condition_must_hold() -> None:
    toolbox = shop(models=["gpt*"], when=lambda call: "tea" in call.arguments)

    assert run(toolbox, model="gpt-4.1").tool_version == "2"
    assert run(toolbox, model="claude").tool_version == "1"


def test_the_others_get_the_version_that_is_named() -> None:
    toolbox = shop()
    toolbox.add(lambda item: f"3: {item}", name="price", version="3", schema={"type": "object"})
    toolbox.roll_out("price", "3", percent=0, otherwise="1")

    assert run(toolbox).tool_version == "1"


def test_a_route_goes_before_a_rollout_and_may_leave_it_to_it() -> None:
    toolbox = shop(percent=0)
    toolbox.route(lambda call, versions: "2" if call.actor == "user" else None)

    assert run(toolbox).tool_version == "1"


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (lambda call, versions: {}["plan"], "The route of toolbox 'shop' raised KeyError: 'plan'"),
        (
            lambda call, versions: "v2",
            "The route chose version 'v2' of price, which does not exist. Nearest: '2'. "
            "There are: '1', '2'.",
        ),
        (
            lambda call, versions: 2,
            "The route chose version 2 of price, which does not exist. There are: '1', '2'.",
        ),
    ],
)
def test_a_route_that_fails_ends_the_call_and_runs_no_version(route: Any, said: str) -> None:
    toolbox = shop()
    toolbox.route(route)

    result = run(toolbox)

    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert (result.error.type, result.error.stage) == (
        "replay.tools.routing.RouteFailed",
        Stage.RESOLVE,
    )
    assert result.error.message == said


def test_a_condition_that_raises_ends_the_call_too() -> None:
    result = run(shop(when=lambda call: 1 / 0))

    assert result.outcome is Outcome.FAILED
    assert result.response == (
        "Error: price failed: RouteFailed: A rollout of 'price' raised ZeroDivisionError: division "
        "by zero"
    )


def test_a_tool_without_versions_is_called_by_an_empty_one() -> None:
    toolbox = Toolbox()
    toolbox.add(lambda: "x", name="tool", schema={"type": "object"})
    toolbox.route(lambda call, versions: versions[0])

    assert run_call_sync(toolbox, tool="tool", arguments="{}").outcome is Outcome.OK


def test_check_refuses_a_version_that_is_rolled_out_and_not_there() -> None:
    toolbox = shop()
    toolbox.roll_out("price", "2a")

    with pytest.raises(ToolboxError, match="rolls out version '2a' of 'price'") as caught:
        toolbox.check()

    assert (caught.value.nearest, caught.value.hint) == ("2", "There are: '1', '2'.")


def test_a_percentage_beyond_100_or_a_second_rollout_is_refused() -> None:
    with pytest.raises(ToolboxError, match="from 0 to 100"):
        shop(percent=110)
    toolbox = shop(percent=10)
    with pytest.raises(ToolboxError, match="rolled out twice"):
        toolbox.roll_out("price", "2", models=["gpt*"])


@pytest.mark.parametrize(
    ("parser", "version"), [("old", "1"), ("new", "2"), ("", "1"), ("strict", "1")]
)
def test_a_replay_may_say_who_parses(parser: Any, version: str) -> None:
    toolbox = shop(percent=0)

    assert run(toolbox, parser=parser, arguments_version="1").tool_version == version


def test_an_old_version_that_is_gone_leaves_it_to_the_toolbox() -> None:
    assert run(shop(), parser="old", arguments_version="0").tool_version == "2"


@pytest.mark.parametrize(("parser", "accepted"), [("strict", False), ("flexible", True)])
def test_arguments_may_be_read_strictly_or_not(parser: Any, accepted: bool) -> None:
    toolbox = Toolbox()

    @toolbox.tool
    def double(number: int) -> int:
        return 2 * number

    options: Any = {"tool": "double", "arguments": '{"number":"4"}', "parser": parser}
    result = run_call_sync(toolbox, **options)

    assert (result.outcome is Outcome.OK) is accepted
    assert result.schema_hash == toolbox.tools()[0].schema_hash


def shown(toolbox: Toolbox, **options: Any) -> list[str]:
    """Return the arguments that the tools shown to a model take."""
    (definition,) = toolbox.schemas("mcp", **options)
    return sorted(definition["inputSchema"]["properties"])


def renamed_price(**rollout: Any) -> Toolbox:
    toolbox = Toolbox("shop")

    @toolbox.tool(name="price", version="1")
    def price_1(item: str) -> str:
        return item

    @toolbox.tool(name="price", version="2")
    def price_2(article: str) -> str:
        return article

    toolbox.roll_out("price", "2", **rollout)
    return toolbox


def test_a_model_is_shown_the_version_that_will_parse_its_calls() -> None:
    toolbox = renamed_price(percent=50, models=["gpt*"])
    traces = [f"t{number}" for number in range(30)]

    seen = {trace: shown(toolbox, model="gpt-4.1", trace_id=trace) for trace in traces}

    for trace, (name,) in seen.items():
        arguments = f'{{"{name}":"tea"}}'
        options: Any = {"model": "gpt-4.1", "trace_id": trace}
        result = run_call_sync(toolbox, tool="price", arguments=arguments, **options)
        assert result.outcome is Outcome.OK
    assert {name for (name,) in seen.values()} == {"item", "article"}
    assert shown(toolbox, model="claude", trace_id="t1") == ["item"]


def test_a_share_takes_no_call_without_a_key() -> None:
    toolbox = renamed_price(percent=99.9)

    assert shown(toolbox) == ["item"]
    assert run(toolbox).tool_version == "1"
    assert shown(renamed_price()) == ["article"]


def test_what_only_a_call_can_decide_leaves_the_last_version_shown() -> None:
    assert shown(renamed_price(when=lambda call: "item" in call.arguments)) == ["article"]
