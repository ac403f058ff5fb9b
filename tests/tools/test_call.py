from __future__ import annotations

import asyncio
import json
import math
import pickle
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from replay.records import CallResult, Outcome, Stage
from replay.tools import (
    Denied,
    Refused,
    Throttled,
    Toolbox,
    current_call,
    run_call,
    run_call_sync,
)

toolbox = Toolbox("office")


@toolbox.tool
def search_flights(origin: str, destination: str, price_max: int | None = None) -> list[str]:
    """Find flights."""
    return [f"{origin}-{destination}", str(price_max)]


@toolbox.tool
async def send_mail(to: str) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"sent": to}


@toolbox.tool
def fail(how: str) -> Any:
    endings: dict[str, BaseException] = {
        "value": ValueError("no such order: 7"),
        "refused": Refused("already refunded", code="refunded_twice", details={"on": "2026-01-01"}),
        "denied": Denied("only managers may do that"),
        "throttled": Throttled("three per minute", retry_after_s=20),
        "exit": SystemExit(3),
        "stop": StopIteration("odd"),
        "generator_exit": GeneratorExit(),
        "memory": MemoryError(),
        "key": KeyError("user_7"),
    }
    if how == "recursion":
        return fail(how)
    raise endings[how]


@toolbox.tool
def give(what: str) -> Any:
    return {"nan": [math.nan], "bytes": b"\0", "none": None, "object": object()}[what]


def both_ways(**call: Any) -> CallResult:
    """The result of one call, which must be the same from plain code and from a coroutine."""
    plain = run_call_sync(toolbox, request_id="r1", **call)
    awaited = asyncio.run(run_call(toolbox, request_id="r1", **call))

    different = {"stages", "duration_ms", "error"}
    assert plain.model_dump(exclude=different) == awaited.model_dump(exclude=different)
    return plain


def test_a_good_call_tells_every_stage_that_ran() -> None:
    result = both_ways(
        tool="search_flights", arguments='{"origin":"BER","destination":"LIS","price_max":200}'
    )

    assert result.outcome is Outcome.OK
    assert result.response == '["BER-LIS","200"]'
    assert result.payload == {"origin": "BER", "destination": "LIS", "price_max": 200}
    assert [one.stage for one in result.stages] == [
        Stage.PARSE,
        Stage.RESOLVE,
        Stage.VALIDATE,
        Stage.INVOKE,
        Stage.ENCODE,
    ]
    assert all(one.duration_us >= 0 for one in result.stages)
    assert CallResult.model_validate_json(result.model_dump_json()) == result


def test_an_async_tool_runs_from_plain_code_too() -> None:
    assert both_ways(tool="send_mail", arguments='{"to":"ada"}').response == '{"sent":"ada"}'


def test_an_unknown_tool_is_answered_with_the_nearest_name() -> None:
    result = both_ways(tool="searchFlights", arguments="{}")

    assert result.outcome is Outcome.UNKNOWN_TOOL
    assert result.stages[-1].stage is Stage.RESOLVE
    assert result.response == (
        "Error: there is no tool 'searchFlights'. Did you mean search_flights? "
        "The tools are: search_flights, send_mail, fail, give."
    )


def test_bad_json_is_answered_with_what_is_wrong_with_it() -> None:
    result = both_ways(tool="send_mail", arguments='{"to": "ad')

    assert result.outcome is Outcome.BAD_JSON
    assert result.response == (
        "Error: the arguments of send_mail could not be read. The arguments are not valid JSON: "
        "Unterminated string starting at character 8; the text seems cut off: it ends with "
        '\'{"to": "ad\'. Call it again with one complete JSON object.'
    )


def test_invalid_arguments_are_answered_one_by_one() -> None:
    result = both_ways(
        tool="search_flights", arguments='{"orign":"BER","destination":7,"price_max":"cheap"}'
    )

    assert result.outcome is Outcome.INVALID_ARGUMENTS
    assert result.payload is None
    assert result.response == (
        "Error: the arguments of search_flights are invalid; it was not run.\n"
        "- origin: required, but missing.\n"
        "- destination: input should be a valid string; got 7.\n"
        '- price_max: input should be a valid integer; got "cheap".\n'
        "- orign: there is no such argument. Did you mean origin?\n"
        "Correct them and call it again."
    )
    assert result.error is not None
    assert result.error.details == result.schema_errors
    assert [error["type"] for error in result.schema_errors] == [
        "missing",
        "string_type",
        "int_type",
        "extra_forbidden",
    ]


@pytest.mark.parametrize(
    ("how", "outcome", "response"),
    [
        ("value", Outcome.FAILED, "Error: fail failed: ValueError: no such order: 7"),
        ("key", Outcome.FAILED, "Error: fail failed: KeyError: 'user_7'"),
        ("stop", Outcome.FAILED, "Error: fail failed: StopIteration: odd"),
        ("memory", Outcome.FAILED, "Error: fail failed: MemoryError"),
        ("refused", Outcome.REFUSED, "Error: fail refused [refunded_twice]: already refunded"),
        ("denied", Outcome.DENIED, "Error: fail denied: only managers may do that"),
        ("throttled", Outcome.THROTTLED, "Error: fail throttled: three per minute"),
        (
            "exit",
            Outcome.CRASHED,
            "Error: fail failed: SystemExit: The tool tried to end the process: sys.exit(3).",
        ),
    ],
)
def test_what_a_tool_raises_is_an_outcome(how: str, outcome: Outcome, response: str) -> None:
    result = both_ways(tool="fail", arguments=json.dumps({"how": how}))

    assert (result.outcome, result.response) == (outcome, response)
    assert result.error is not None
    assert result.error.stage is Stage.INVOKE


def test_details_of_a_refusal_are_kept() -> None:
    result = both_ways(tool="fail", arguments='{"how": "refused"}')

    assert result.error is not None
    assert result.error.details == {"code": "refunded_twice", "details": {"on": "2026-01-01"}}


@pytest.mark.slow
def test_endless_recursion_costs_the_call_and_not_the_agent() -> None:
    result = both_ways(tool="fail", arguments='{"how": "recursion"}')

    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.type == "RecursionError"
    assert len((result.error.traceback or "").splitlines()) < 100


def test_a_traceback_shows_the_tools_own_frames_and_is_never_told_to_the_model() -> None:
    result = both_ways(tool="fail", arguments='{"how": "value"}')

    assert result.error is not None
    assert result.error.traceback is not None
    assert "invoke.py" not in result.error.traceback
    assert "raise endings[how]" in result.error.traceback
    assert "Traceback" not in (result.response or "")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nan", "The result at [0] is nan, which JSON cannot hold."),
        ("bytes", "The result is bytes (1 bytes), which JSON cannot hold"),
        ("object", "The result is of type object, which JSON cannot hold"),
    ],
)
def test_a_result_that_json_cannot_hold_fails_in_the_encode_stage(what: str, said: str) -> None:
    result = both_ways(tool="give", arguments=json.dumps({"what": what}))

    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.stage is Stage.ENCODE
    assert said in result.error.message


def test_nothing_returned_is_null() -> None:
    assert both_ways(tool="give", arguments='{"what": "none"}').response == "null"


def test_a_response_of_50_megabytes_goes_through() -> None:
    big = Toolbox()
    big.add(lambda: "x" * 50_000_000, name="big")

    result = run_call_sync(big, tool="big", arguments="{}")

    assert len(result.response or "") == 50_000_000


def test_surrogates_and_nul_bytes_pass_through() -> None:
    echo = Toolbox()

    @echo.tool
    def say(text: str) -> str:
        return text

    result = run_call_sync(echo, tool="say", arguments='{"text": "\\ud800\\u0000"}')

    assert result.response == "\ud800\0"


@given(st.text(), st.text())
def test_no_model_output_ever_raises(tool: str, arguments: str) -> None:
    result = run_call_sync(toolbox, tool=tool, arguments=arguments)

    assert result.outcome in (
        Outcome.BAD_JSON,
        Outcome.UNKNOWN_TOOL,
        Outcome.INVALID_ARGUMENTS,
    )
    assert result.response


@pytest.mark.slow
@given(
    st.fixed_dictionaries({"text": st.text(), "count": st.integers(), "tags": st.lists(st.text())})
)
def test_valid_arguments_arrive_as_they_were_sent(arguments: dict[str, Any]) -> None:
    seen: list[Any] = []
    box = Toolbox()

    @box.tool
    def take(text: str, count: int, tags: list[str]) -> None:
        seen.append({"text": text, "count": count, "tags": tags})

    result = run_call_sync(box, tool="take", arguments=json.dumps(arguments))

    assert seen == [arguments]
    assert result.payload == arguments


def test_the_payload_is_what_the_tool_got_even_when_it_changes_it() -> None:
    box = Toolbox()

    @box.tool
    def spoil(names: list[str]) -> int:
        names.clear()
        return 0

    assert run_call_sync(box, tool="spoil", arguments='{"names":["a"]}').payload == {"names": ["a"]}


def test_each_call_has_a_request_id_of_its_own() -> None:
    box = Toolbox()
    box.add(lambda: current_call().request_id, name="who")  # type: ignore[union-attr]

    ids = {run_call_sync(box, tool="who", arguments="{}").response for _ in range(3)}

    assert len(ids) == 3
    assert current_call() is None


def test_an_async_tool_from_plain_code_inside_a_loop_says_what_to_use() -> None:
    async def main() -> CallResult:
        return run_call_sync(toolbox, tool="send_mail", arguments='{"to":"a"}')

    result = asyncio.run(main())

    assert result.outcome is Outcome.FAILED
    assert "await run_call" in (result.response or "")


def test_a_tool_may_print_and_exit_and_the_agent_lives(capsys: pytest.CaptureFixture[str]) -> None:
    box = Toolbox()

    @box.tool
    async def leave() -> None:
        print("bye")
        sys.exit("now")

    assert run_call_sync(box, tool="leave", arguments="{}").outcome is Outcome.CRASHED
    assert capsys.readouterr().out == "bye\n"


def test_a_result_is_a_record_like_any_other() -> None:
    """It is put together by hand for speed; pydantic itself must find nothing odd about it."""
    result = run_call_sync(toolbox, tool="send_mail", arguments='{"to":"ada"}')
    validated = CallResult.model_validate(result.model_dump())

    assert result == validated
    assert pickle.loads(pickle.dumps(result)) == validated
    assert result.model_copy(update={"notes": ["a"]}) == validated.model_copy(
        update={"notes": ["a"]}
    )
    assert result.model_fields_set == validated.model_fields_set
    assert repr(result) == repr(validated)
    with pytest.raises(ValidationError):
        result.tool = "other"  # frozen
