"""Tools made to be different each time are the same each time, or stand in the one table here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cassettes.adversarial.launch import digest
from tests.cassettes.adversarial.suite import GROUPS, named_tools

pytestmark = pytest.mark.slow  # many processes, turns or examples

ROOT = Path(__file__).resolve().parents[2]

MAY_DIFFER = {
    "labelled_id": "depends on the address of an object",
    "labelled_sorted_by_id": "depends on the address of an object",
    "labelled_child_pid": "runs python",
    "labelled_child_clock": "runs python",
    "labelled_proc_stat": "reads /proc/self/stat",
}
"""All that a default worker cannot hold, with the label that says so."""

ONLY_LABELLED = {
    "labelled_thread_ident": "depends on the number of a thread",
    "labelled_alarm": "sets a timer of the real clock with signal.alarm()",
    "threads_thread_pool": "lets threads run side by side",
}
"""What has come out the same so far, and is labelled all the same."""

_LEFT_BEHIND = {f"state_{name}" for name in GROUPS["state"]} | {
    # The threads of a deadlock are left waiting, and later calls see them.
    *(f"deadlock_{name}" for name in GROUPS["deadlock"]),
    "threads_thread_error",
}

_LAUNCHERS: dict[str, dict[str, str]] = {
    "tokyo": {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "5", "NOISE": "1"},
    "lima": {"TZ": "America/Lima", "LANG": "C", "PYTHONHASHSEED": "77", "USER": "somebody"},
}
_WORDS = [["--replays", "3"], ["--replays", "2", "--workers", "2", "--seed", "7"]]


def _run(module: str, *args: str, cwd: Path = ROOT, timeout: float = 120, **variables: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.cassettes.adversarial.{module}", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        cwd=cwd,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _different(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if digest(one[name]) != digest(other[name])}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Some replays each, from launchers in other places, zones, languages, hash seeds, orders."""
    return {
        name: _run("launch", "trace", *words, cwd=tmp_path_factory.mktemp(name), **variables)
        for (name, variables), words in zip(_LAUNCHERS.items(), _WORDS, strict=True)
    }


def test_the_suite_is_as_large_as_it_claims():
    assert len(named_tools()) >= 110
    assert len(MAY_DIFFER) <= 0.03 * len(named_tools())


def test_no_tool_of_the_suite_fails_but_those_that_wait_for_ever(shown: Any):
    failed = {name: error for name, (_, error, _) in shown["tokyo"]["shown"].items() if error}

    assert failed.pop("native_error_with_address").startswith("KeyError: <")
    assert set(failed) == {f"deadlock_{name}" for name in GROUPS["deadlock"]} - {
        "deadlock_never_put_in_loop"
    }
    assert all(error.startswith("cassettes.errors.Deadlock") for error in failed.values())


def test_results_are_the_same_whoever_launches_the_worker_and_however_often(shown: Any):
    tokyo, lima = shown["tokyo"], shown["lima"]
    unstable = {name for name, found in tokyo["digests"].items() if len(found) > 1}

    assert unstable <= set(MAY_DIFFER)
    assert _different(tokyo["shown"], lima["shown"]) <= set(MAY_DIFFER)


def test_what_cannot_be_held_is_labelled_with_its_line(shown: Any):
    notes = {name: note for name, (_, _, note) in shown["tokyo"]["shown"].items() if note}
    place = re.compile(r"\(tests/cassettes/adversarial/\w+\.py:\d+\)")

    assert set(notes) == set(MAY_DIFFER) | set(ONLY_LABELLED)
    for name, label in (MAY_DIFFER | ONLY_LABELLED).items():
        assert notes[name].startswith(f"Not frozen: {label}"), notes[name]
        assert place.search(notes[name]), notes[name]


@pytest.mark.parametrize("isolation", ["process", "call"])
def test_the_isolations_agree_but_on_what_calls_leave_behind(shown: Any, isolation: str):
    other = _run("launch", isolation, "--replays", "1")["shown"]
    left_behind = _LEFT_BEHIND if isolation == "call" else set()

    assert _different(shown["tokyo"]["shown"], other) <= set(MAY_DIFFER) | left_behind


def test_without_a_fork_for_each_trace_what_tools_leave_behind_shows():
    said = _run("launch", "none")
    first, again = said["shown"], said["again"]

    assert {
        "state_counter",
        "state_mutable_default",
        "state_environment_left",
        "state_precision",
    } <= _different(first, again)


@pytest.mark.parametrize(
    ("control", "group", "untouched"),
    [
        ("clock", "clock", {"async_race"}),
        ("entropy", "entropy", {"drawn_at_import", "made_at_import", "ulid", "uuid1"}),
        ("machine", "identity", {"kill_self_is_still_self"}),
        ("hash", "hash", set()),
    ],
)
def test_with_a_control_switched_off_its_group_differs_again(
    control: str, group: str, untouched: set[str]
):
    held = _run("without", "nothing", group, PYTHONHASHSEED="0")
    free = _run("without", control, group, PYTHONHASHSEED="1" if control == "hash" else "0")

    assert set(held) - _different(held, free) <= untouched
    assert len(held) >= len(GROUPS[group]) - 6


@pytest.mark.parametrize(
    ("control", "group", "tools"),
    [
        ("machine", "order", "listdir,scandir,iterdir"),
        ("threads", "order", "pool_order,parallel_sleeps,to_threads"),
        ("threads", "threads", "lock,draws_in_threads"),
        ("files", "clock", "file_age"),
        ("files", "native", "inodes"),
        ("sqlite", "native", "sqlite_random,sqlite_now,sqlite_defaults"),
        ("pydantic", "native", "booking"),
        ("native", "native", "chance_file,ssl_bytes,native_thread,memory"),
        ("code", "code", "lazy,lazy_again"),
        ("object_hashes", "native", "set_of_things,weak_set"),
        ("numpy", "entropy", "numpy_rand,numpy_randint"),
    ],
)
def test_with_a_part_of_the_world_left_out_its_tools_differ_again(
    control: str, group: str, tools: str
):
    held = _run("without", "nothing", group, tools, PYTHONHASHSEED="0")
    free = _run("without", control, group, tools, PYTHONHASHSEED="0")

    assert _different(held, free) == set(tools.split(","))


def test_without_the_virtual_loop_a_wait_in_virtual_time_never_ends():
    with pytest.raises(subprocess.TimeoutExpired):
        _run("without", "loop", "order", "gathered", timeout=5)
