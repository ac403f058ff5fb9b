from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from replay.records import Outcome, Stage
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
