"""What tools take, end and leave behind: the call alone is lost, and its outcome says why."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cassettes.kernel import landlock
from cassettes.kernel.filter import this_machine
from replay.errors import WorkerError
from replay.records import CallVerdict
from replay.replayer.sandbox.backends import why_no_bubblewrap
from replay.replayer.sandbox.limits import limits_of
from replay.store import Store

HERE = Path(__file__).parent
LIMITS = ["memory=512MiB", "file=16MiB", "scratch=24MiB", "open_files=200", "processes=24"]

pytestmark = pytest.mark.skipif(
    this_machine() is None or landlock.landlock_version() < 6,
    reason="limits and signals are held by Linux; Landlock keeps signals in from version 6",
)
needs_bubblewrap = pytest.mark.skipif(
    bool(why_no_bubblewrap()), reason=f"no bubblewrap: {why_no_bubblewrap()}"
)

TOLD = {
    "abort": "signal SIGABRT",
    "raise_a_base_exception": "neither an error nor an exit",
    "raise_generator_exit": "The tool raised GeneratorExit",
    "overflow_the_stack": "signal SIGSEGV",
    "stop_its_parent": "Operation not permitted",
    "kill_its_parent": "Operation not permitted",
    "allocate_eight_gigabytes": "limit: memory 512 MiB (MemoryError: )",
    "write_one_huge_file": "limit: file 16 MiB (OSError: [Errno 27] File too large)",
    "open_many_files": "limit: open files 200 (OSError: [Errno 24] Too many open files",
    "ring_an_alarm": "signal SIGALRM",
}
"""What the error of a call says."""
ANSWERED = {
    "allocate_in_c": "none",
    "leave_a_grandchild": "left",
    "change_the_process": "changed",
    "close_stdout": "closed",
    "print_without_end_of_line": "printed",
    "remove_its_working_folder": "removed",
    "leave_threads": "left",
    "exec_in_c": "still me",
}
"""Tools that go about it in vain, or harm nobody else."""
LATE = ("match_for_ever", "stop_itself", "handle_signals", "print_for_ever")
MUCH = {
    "allocate_little_by_little": "limit: memory 512 MiB",
    "answer_too_much": "limit: memory 512 MiB",
    "fork_bomb": "limit: processes 24",
}

Told = Callable[..., dict[str, CallVerdict]]


@pytest.fixture
def told(store: Store, record: Any, replay: Any, tmp_path: Path) -> Told:
    """Replay tools, each between two good calls in a trace of its own; return their verdicts."""

    def run(*tools: str, **options: Any) -> dict[str, CallVerdict]:
        folder = tmp_path / "tools"
        folder.mkdir()
        shutil.copy(HERE / "worse_tools.py", folder)
        (folder / "expendable").touch()
        for tool in tools:
            record(tool, [("count", {}, "1")], [(tool, {}, "?")], [("count", {}, "2")])
        options.setdefault("limits", limits_of(LIMITS))
        ended = replay("worse_tools:toolbox", folder=folder, **options)
        verdicts = store.verdicts(ended.id)
        others = {(one.trace_id, one.verdict.value) for one in verdicts if one.tool == "count"}
        assert others == {(tool, "same") for tool in tools}
        return {one.tool: one for one in verdicts if one.tool != "count"}

    return run


def _error(verdict: CallVerdict) -> str:
    assert verdict.replayed is not None
    error = verdict.replayed.error
    return f"answered {verdict.replayed.response}" if error is None else error.message


def _unlike(found: dict[str, CallVerdict], wanted: dict[str, str]) -> dict[str, str]:
    said = {tool: _error(found[tool]) for tool in wanted}
    return {tool: text for tool, text in said.items() if wanted[tool] not in text}


@pytest.mark.slow
def test_a_process_outside_its_own_is_out_of_a_tools_reach(
    store: Store, record: Any, replay: Any
) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            record("t1", [("kill_a_stranger", {"pid": stranger.pid}, "refused")])
            ended = replay("worse_tools:toolbox")
            is_alive = stranger.poll() is None
        finally:
            stranger.kill()

    assert [one.verdict for one in store.verdicts(ended.id)] == ["same"]
    assert is_alive


@pytest.mark.slow
def test_what_a_bad_tool_did_is_told_and_costs_its_call_only(told: Told) -> None:
    found = told(*TOLD, *ANSWERED)

    assert _unlike(found, TOLD) == {}
    assert _unlike(found, {tool: f"answered {text}" for tool, text in ANSWERED.items()}) == {}
    assert [one.request for one in found["exec_in_c"].interaction_changes] == ["RUN true"]
    grandchild = _error(found["leave_a_grandchild"]).rpartition(" ")[2]
    assert grandchild.isdecimal()
    assert not Path("/proc", grandchild).exists()


@pytest.mark.slow
def test_what_hangs_is_ended_whatever_it_does_about_it(told: Told) -> None:
    found = told(*LATE, deadline_ms=1_500)

    message = "No answer within 1.5 s; its process was ended."
    assert {tool: _error(one) for tool, one in found.items()} == dict.fromkeys(LATE, message)
    assert "more characters" in found["print_for_ever"].output


@pytest.mark.slow
def test_what_takes_too_much_is_told_with_the_limit(told: Told) -> None:
    assert _unlike(told(*MUCH, deadline_ms=15_000), MUCH) == {}


@pytest.mark.slow
def test_a_call_that_burns_its_processor_time_is_told_with_the_limit(told: Told) -> None:
    found = told("burn", limits=limits_of(["cpu=1s"]), deadline_ms=60_000)

    assert "limit: cpu 1 s. The tool's process ended" in _error(found["burn"])


IN_BUBBLEWRAP = {
    **TOLD,
    "map_shared_memory": "limit: memory 512 MiB",
    "fill_the_temporary_folder": "limit: scratch 24 MiB",
    "remove_its_working_folder": "Read-only file system",
}
BY_THE_KERNEL = {
    **TOLD,
    "map_shared_memory": "limit: memory 512 MiB",
    "remove_its_working_folder": "Permission denied",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sandbox", "wanted"),
    [
        pytest.param("bubblewrap", IN_BUBBLEWRAP, marks=needs_bubblewrap),
        ("kernel", BY_THE_KERNEL),
    ],
)
def test_in_a_sandbox_bad_tools_cost_their_call_too(
    told: Told, sandbox: str, wanted: dict[str, str]
) -> None:
    assert _unlike(told(*wanted, sandbox=sandbox), wanted) == {}


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["process", "none"])
def test_without_forks_they_cost_their_call_too(told: Told, isolation: str) -> None:
    tools = {name: TOLD[name] for name in ("abort", "kill_its_parent", "allocate_eight_gigabytes")}

    assert _unlike(told(*tools, isolation=isolation), tools) == {}


@pytest.mark.slow
def test_an_import_that_hangs_ends_at_its_limit_and_says_where(record: Any, replay: Any) -> None:
    record("t1", [("count", {}, "1")])

    with pytest.raises(WorkerError) as ended:
        replay("hanging_import:toolbox", limits=limits_of(["import=1s"]))

    assert "did not end (limit: import 1 s)" in str(ended.value)
    assert 'hanging_import.py", line 5 in <module>' in str(ended.value)
