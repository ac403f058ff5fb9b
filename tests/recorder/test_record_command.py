"""`replay record -- CMD`: the program runs as it would alone, and its agents are recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.cli.record import _summary
from replay.demo.model_server import Call, ModelServer
from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store

SCRIPT = [Call("get_weather", {"city": "Paris"}), "18 °C in Paris."]
AGENT = textwrap.dedent(
    """
    import json, sys
    from openai import OpenAI

    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]

    def hold(base_url, question):
        with OpenAI(base_url=base_url, api_key="none") as client:
            messages = [{"role": "user", "content": question}]
            while True:
                said = client.chat.completions.create(
                    model="gpt-5", messages=messages, tools=tools
                ).choices[0].message
                messages.append(said.model_dump(exclude_none=True))
                if not said.tool_calls:
                    return said.content
                for call in said.tool_calls:
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": "18"})
    """
)


def record(
    folder: Path, *command: str, options: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "replay.cli.main", "record", *options, "--", *command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def traces(database: Path) -> list[Any]:
    with Store.open(database, "r") as store:
        return [store.transcript(trace_id) for trace_id in store.trace_ids()]


def test_a_program_is_recorded_without_a_change(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    (tmp_path / "agent.py").write_text(
        AGENT + f"for user in '12': print(hold({server.base_url!r}, 'user ' + user))\nsys.exit(7)\n"
    )

    run = record(
        tmp_path, sys.executable, "agent.py", options=("--app", "support", "--label", "build=17")
    )

    assert run.returncode == 7
    assert run.stdout == "18 °C in Paris.\n18 °C in Paris.\n"
    assert run.stderr == (
        "Recorded 2 traces, 4 model calls, 2 tool calls in traces.db. "
        "See them: replay list traces.db\n"
        "2 tool calls were recorded without seeing the tool run: HTTP requests are kept by turn, "
        "not by call.\n"
        "To see more of them, put the tools into a Toolbox or mark them with `@recorder.tool`: "
        "docs/recording.md.\n"
    )
    first, second = traces(tmp_path / "traces.db")
    assert (first.trace.app, first.trace.labels) == ("support", {"build": "17"})
    assert first.trace.ended_at is not None
    assert [step.kind for step in second.steps] == ["model_call", "tool_call", "model_call"]
    weather = second.steps[1]
    assert isinstance(weather, ToolCall)
    assert (weather.response, weather.outcome) == ("18", Outcome.OK)
    assert weather.attributes == {"outcome_from": "prompt"}


@pytest.mark.slow
def test_every_process_of_the_program_is_recorded(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    (tmp_path / "agent.py").write_text(
        AGENT
        + textwrap.dedent(
            f"""
            import multiprocessing, os, subprocess
            if len(sys.argv) > 1:
                hold({server.base_url!r}, "a child of its own")
            else:
                hold({server.base_url!r}, "the parent")
                fork = multiprocessing.get_context("fork")
                child = fork.Process(target=hold, args=({server.base_url!r}, "a forked child"))
                child.start(); child.join()
                subprocess.run([sys.executable, "agent.py", "child"], check=True)
                sys.exit(child.exitcode)
            """
        )
    )

    run = record(tmp_path, sys.executable, "agent.py")

    assert (run.returncode, run.stderr.splitlines()[0][:17]) == (0, "Recorded 3 traces"), run.stderr
    assert {
        step.messages[0]["content"]
        for transcript in traces(tmp_path / "traces.db")
        for step in transcript.steps
        if isinstance(step, ModelCall)
    } == {"the parent", "a forked child", "a child of its own"}


@pytest.mark.slow
def test_the_sitecustomize_that_ours_hides_still_runs(tmp_path: Path) -> None:
    hidden = tmp_path / "theirs"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("answer = 42\n")
    code = "import sitecustomize; print(sitecustomize.answer)"

    run = record(tmp_path, sys.executable, "-c", code, PYTHONPATH=str(hidden))

    assert (run.returncode, run.stdout) == (0, "42\n")


@pytest.mark.slow
def test_a_python_that_asks_no_model_imports_nothing_of_ours(tmp_path: Path) -> None:
    code = (
        "import sys, httpx; print([m for m in sys.modules if m.startswith(('replay', 'casset'))])"
    )

    run = record(tmp_path, sys.executable, "-c", code)

    assert run.stdout == "[]\n"
    assert run.stderr.startswith("No model call was seen; traces.db is as it was.")


@pytest.mark.slow
def test_an_agent_that_calls_no_tool_is_counted_too() -> None:
    said = _summary({}, {"trace": 1, "model_call": 2}, Path("/elsewhere/traces.db"))

    assert said.startswith("Recorded 1 trace, 2 model calls, 0 tool calls in ")


def test_a_command_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    run = record(tmp_path, "no-such-program")

    assert run.returncode == 3
    assert "Cannot run 'no-such-program'" in run.stderr


@pytest.mark.slow
def test_a_program_killed_by_a_signal_gives_the_shell_s_code(tmp_path: Path) -> None:
    run = record(tmp_path, sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")

    assert run.returncode == 128 + 9


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_program_and_nothing_is_lost(
    tmp_path: Path, model: Callable[..., ModelServer], number: signal.Signals
) -> None:
    server = model(SCRIPT)
    (tmp_path / "agent.py").write_text(
        AGENT
        + textwrap.dedent(
            f"""
            import signal
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            hold({server.base_url!r}, "before the signal")
            try:
                print("ready", flush=True)
                signal.pause()
            except KeyboardInterrupt:
                hold({server.base_url!r}, "while cleaning up")
                sys.exit(5)
            """
        )
    )
    command = [sys.executable, "-m", "replay.cli.main", "record", "--", sys.executable, "agent.py"]
    run = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"ready\n"

    run.send_signal(number)
    _, talk = run.communicate(timeout=120)

    assert run.returncode == 5
    assert talk.startswith(b"Recorded 2 traces, 4 model calls"), talk


@pytest.mark.slow
def test_the_program_goes_on_when_it_cannot_be_recorded(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    (tmp_path / "agent.py").write_text(
        AGENT
        + textwrap.dedent(
            f"""
            import os
            orders = json.loads(os.environ["REPLAY_RECORD"])
            os.environ["REPLAY_RECORD"] = json.dumps({{**orders, "database": "/nowhere/at/all.db"}})
            print(hold({server.base_url!r}, "Hi"))
            """
        )
    )

    run = record(tmp_path, sys.executable, "agent.py")

    assert (run.returncode, run.stdout) == (0, "18 °C in Paris.\n")
    assert "is not recorded" in run.stderr


@pytest.mark.slow
def test_what_a_killed_program_had_recorded_is_kept(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    (tmp_path / "agent.py").write_text(
        AGENT + f"import os\nhold({server.base_url!r}, 'Hi')\nos.kill(os.getpid(), 9)\n"
    )

    run = record(tmp_path, sys.executable, "agent.py")

    assert run.returncode == 128 + 9
    (transcript,) = traces(tmp_path / "traces.db")
    assert len(transcript.steps) == 3
    assert transcript.trace.ended_at is None
