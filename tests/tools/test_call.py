from __future__ import annotations

import asyncio
import json
import math
import pickle
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from replay.records import CallResult, Outcome, Stage
from replay.tools import (
    CallFailure,
    CurrentCall,
    Denied,
    Refused,
    Throttled,
    Toolbox,
    current_call,
    failure_of,
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
        "Unterminated string starting at at character 8; the text seems cut off: it ends with "
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


def test_a_deadline_ends_a_synchronous_call_while_its_thread_runs_on() -> None:
    release, ended = threading.Event(), threading.Event()
    box = Toolbox()

    @box.tool(timeout_ms=20)
    def hang() -> str:
        release.wait()
        ended.set()
        return "too late"

    plain = run_call_sync(box, tool="hang", arguments="{}")
    awaited = asyncio.run(run_call(box, tool="hang", arguments="{}"))
    release.set()

    assert plain.outcome is awaited.outcome is Outcome.TIMEOUT
    assert plain.response == ("Error: hang did not answer in time. The deadline of 20 ms passed.")
    assert ended.wait(10)


def test_a_deadline_cancels_an_async_call() -> None:
    was_cancelled = []
    box = Toolbox()

    @box.tool(timeout_ms=20)
    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.append(True)
            raise

    result = run_call_sync(box, tool="hang", arguments="{}")

    assert result.outcome is Outcome.TIMEOUT
    assert was_cancelled == [True]


def test_a_timeout_of_the_tools_own_is_a_failure_and_no_deadline() -> None:
    box = Toolbox()

    @box.tool(timeout_ms=60_000)
    async def fetch() -> None:
        raise TimeoutError("the server is slow")

    result = run_call_sync(box, tool="fetch", arguments="{}")

    assert result.outcome is Outcome.FAILED
    assert result.response == "Error: fetch failed: TimeoutError: the server is slow"


def test_an_idempotent_tool_is_tried_again_with_one_request_id() -> None:
    tries: list[tuple[str, int]] = []
    box = Toolbox()

    @box.tool(idempotent=True, attempts_max=3, retry_wait_ms=0)
    def flaky() -> str:
        call = current_call()
        assert call is not None
        tries.append((call.request_id, call.attempt_number))
        if len(tries) < 3:
            raise ConnectionError("reset")
        return "done"

    result = run_call_sync(box, tool="flaky", arguments="{}", request_id="r9")

    assert result.response == "done"
    assert tries == [("r9", 1), ("r9", 2), ("r9", 3)]


@pytest.mark.parametrize(
    ("error", "tried"),
    [(Refused("no"), 1), (Denied("no"), 1), (Throttled("wait"), 2), (OSError(), 2)],
)
def test_only_what_may_pass_is_tried_again(error: Exception, tried: int) -> None:
    tries = []
    box = Toolbox()

    @box.tool(idempotent=True, attempts_max=2, retry_wait_ms=0)
    async def flaky() -> None:
        tries.append(1)
        raise error

    run_call_sync(box, tool="flaky", arguments="{}")

    assert len(tries) == tried


def test_sanitize_and_authorize_stand_between_validation_and_the_tool() -> None:
    seen: list[Any] = []
    box = Toolbox()

    def trim(arguments: dict[str, Any]) -> dict[str, Any]:
        return {name: value.strip() for name, value in arguments.items()}

    def only_ada(call: CurrentCall) -> bool:
        seen.append((call.tool, call.version, call.actor, call.arguments))
        return bool(call.arguments["name"] == "ada")

    @box.tool(version="2", sanitize=trim, authorize=only_ada)
    def greet(name: str) -> str:
        return name

    good = run_call_sync(box, tool="greet", arguments='{"name": " ada "}')
    denied = run_call_sync(box, tool="greet", arguments='{"name": "bob"}')

    assert (good.response, good.payload) == ("ada", {"name": "ada"})
    assert denied.outcome is Outcome.DENIED
    assert denied.stages[-1].stage is Stage.AUTHORIZE
    assert seen[0] == ("greet", "2", "assistant", {"name": "ada"})


def test_an_async_authorizer_is_awaited() -> None:
    box = Toolbox()

    async def closed(call: CurrentCall) -> None:
        await asyncio.sleep(0)
        raise Throttled("quota used up")

    box.add(lambda: "ran", name="tool", authorize=closed)

    assert run_call_sync(box, tool="tool", arguments="{}").outcome is Outcome.THROTTLED


def test_the_hooks_of_a_toolbox_shape_what_the_model_is_told() -> None:
    box = Toolbox()

    @box.tool
    def look(key: str) -> dict[str, str]:
        return {"error": "gone"} if key == "lost" else {"key": key}

    @box.encode
    def encode(result: Any) -> str:
        return json.dumps(result, indent=1)

    @box.failure
    def failure(result: Any) -> str | None:
        return result.get("error") if isinstance(result, dict) else None

    @box.error_text
    def error_text(failed: CallFailure) -> str:
        return f"Oops ({failed.outcome}): {failed.message}"

    good = run_call_sync(box, tool="look", arguments='{"key":"a"}')
    lost = run_call_sync(box, tool="look", arguments='{"key":"lost"}')
    wrong = run_call_sync(box, tool="look", arguments="{}")

    assert good.response == '{\n "key": "a"\n}'
    assert (lost.outcome, lost.response) == (Outcome.FAILED, '{\n "error": "gone"\n}')
    assert wrong.response == "Oops (invalid_arguments): key: Field required"
    assert failure_of(box, lost.response) == "gone"
    assert failure_of(box, good.response) is None


def test_hooks_that_raise_do_not_cost_the_call() -> None:
    box = Toolbox()
    box.add(lambda: 1 / 0, name="tool")
    box.add(lambda: [1], name="fine")

    @box.error_text
    def error_text(failed: CallFailure) -> str:
        raise RuntimeError("mine")

    @box.failure
    def failure(result: Any) -> str | None:
        return str(result["error"])

    result = run_call_sync(box, tool="tool", arguments="{}")

    assert result.response == "Error: tool failed: ZeroDivisionError: division by zero"
    assert result.notes == ["error_text raised RuntimeError: mine"]
    assert run_call_sync(box, tool="fine", arguments="{}").outcome is Outcome.OK


def test_cancelling_the_application_is_recorded_and_goes_on() -> None:
    async def main() -> None:
        running = asyncio.Event()
        box = Toolbox()

        @box.tool
        async def wait() -> None:
            running.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(run_call(box, tool="wait", arguments="{}"))
        await running.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_something_cancelled_inside_the_tool_is_an_outcome_only() -> None:
    box = Toolbox()

    @box.tool
    async def give_up() -> None:
        raise asyncio.CancelledError("inner")

    result = run_call_sync(box, tool="give_up", arguments="{}")

    assert result.outcome is Outcome.CANCELLED


def test_ctrl_c_inside_a_tool_ends_the_program() -> None:
    box = Toolbox()

    @box.tool
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_call_sync(box, tool="interrupt", arguments="{}")


def test_null_for_an_optional_argument_counts_as_left_out() -> None:
    box = Toolbox()

    @box.tool
    def page(of: str, size: int = 20) -> int:
        return size

    left_out = run_call_sync(box, tool="page", arguments='{"of": "a", "size": null}')
    required = run_call_sync(box, tool="page", arguments='{"of": null, "size": null}')

    assert (left_out.result, left_out.payload) == (20, {"of": "a"})
    assert left_out.notes == ["null for an optional argument was taken as left out."]
    assert required.outcome is Outcome.INVALID_ARGUMENTS
    assert [error["loc"] for error in required.schema_errors] == [["of"], ["size"]]


def given_tool(**arguments: Any) -> str:
    return json.dumps(arguments)


SCHEMA = {
    "type": "function",
    "function": {
        "name": "given",
        "parameters": {
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "required": ["id"],
        },
    },
}


def test_a_given_schema_reports_and_the_tool_runs_all_the_same() -> None:
    box = Toolbox()
    box.add(given_tool, schema=SCHEMA)

    result = run_call_sync(box, tool="given", arguments='{"id": "7"}')

    assert (result.outcome, result.response) == (Outcome.OK, '{"id": "7"}')
    assert result.schema_errors == [
        {"type": "integer_type", "loc": ["id"], "msg": "Should be an integer", "input": "7"}
    ]


def test_a_given_schema_gates_where_it_is_told_to() -> None:
    box = Toolbox()
    box.add(given_tool, schema=SCHEMA, validation="gate")

    assert run_call_sync(box, tool="given", arguments="{}").outcome is Outcome.INVALID_ARGUMENTS


class Service:
    @staticmethod
    def invoke(id: int, label: str = "") -> str:
        return f"{id}{label}"


@pytest.mark.parametrize("arguments", ["{}", '{"id": 1, "colour": "red"}'])
def test_arguments_that_python_cannot_bind_fail_with_pythons_own_words(arguments: str) -> None:
    box = Toolbox()
    box.add(Service.invoke, schema=SCHEMA)
    box.error_text(lambda failed: f"Error: {failed.message}")
    with pytest.raises(TypeError) as pythons:
        Service.invoke(**json.loads(arguments))

    result = run_call_sync(box, tool="given", arguments=arguments)

    assert result.outcome is Outcome.INVALID_ARGUMENTS
    assert result.response == f"Error: {pythons.value}"


def test_a_type_error_inside_the_tool_is_the_tools_failure() -> None:
    box = Toolbox()
    box.add(lambda **arguments: arguments["id"] + 1, name="given", schema=SCHEMA)

    result = run_call_sync(box, tool="given", arguments='{"id": "7"}')

    assert result.outcome is Outcome.FAILED


def test_a_report_only_tool_with_annotations_gets_the_raw_arguments() -> None:
    box = Toolbox()

    @box.tool(validation="report")
    def double(amount: int) -> Any:
        return amount * 2

    result = run_call_sync(box, tool="double", arguments='{"amount": "4"}')

    assert result.response == "44"
    assert result.schema_errors[0]["type"] == "int_type"


def test_positional_arguments_are_validated_under_their_names() -> None:
    box = Toolbox()

    @box.tool
    def move(source: str, target: str, force: bool = False) -> list[Any]:
        return [source, target, force]

    result = run_call_sync(box, tool="move", arguments='{"force": true}', positional=["a", "b"])
    twice = run_call_sync(box, tool="move", arguments='{"source": "x"}', positional=["a", "b"])
    many = run_call_sync(box, tool="move", arguments="{}", positional=["a", "b", True, 4])

    assert result.result == ["a", "b", True]
    assert result.payload == {"source": "a", "target": "b", "force": True}
    assert twice.outcome is many.outcome is Outcome.INVALID_ARGUMENTS


def test_positional_arguments_reach_a_report_only_tool_as_given() -> None:
    box = Toolbox()

    @box.tool(validation="report")
    def join(first: str, *rest: str, sep: str = "-") -> str:
        return sep.join([first, *rest])

    result = run_call_sync(box, tool="join", arguments='{"sep": "+"}', positional=["a", "b", "c"])

    assert result.response == "a+b+c"


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
        result.tool = "other"  # type: ignore[misc]  # frozen
