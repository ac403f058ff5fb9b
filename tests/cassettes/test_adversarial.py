"""Tools made to be different each time are the same each time, or stand in the one table here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cassettes.adversarial.suite import GROUPS, named_tools

pytestmark = pytest.mark.slow  # many processes, turns or examples

ROOT = Path(__file__).resolve().parents[2]

UNCONTROLLED = {
    "uncontrolled_id": "the address of an object",
    "uncontrolled_default_repr": "an address inside a text",
    "uncontrolled_set_of_things": "a set of objects without a hash of their own: address order",
    "uncontrolled_thread_ident": "an address of the C library",
    "uncontrolled_native_thread": "the kernel's number of a thread",
    "uncontrolled_child_pid": "a child process has the real world",
    "uncontrolled_child_clock": "a child process has the real clock",
    "uncontrolled_sqlite_random": "native code draws from the system",
    "uncontrolled_sqlite_now": "native code reads the system's clock",
    "uncontrolled_urandom_file": "a device read as a file",
    "uncontrolled_proc_stat": "the kernel's view of the process",
    "uncontrolled_inode": "the file system's number of a file",
}
"""All that a default worker cannot hold, and why."""

_LAUNCHERS: dict[str, dict[str, str]] = {
    "tokyo": {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "5", "NOISE": "1"},
    "lima": {"TZ": "America/Lima", "LANG": "C", "PYTHONHASHSEED": "77", "USER": "somebody"},
}


def _run(module: str, *args: str, cwd: Path = ROOT, **variables: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.cassettes.adversarial.{module}", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _different(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Two traces by a worker, from launchers in other places, zones, languages, hash seeds."""
    return {
        name: _run("launch", "trace", cwd=tmp_path_factory.mktemp(name), **variables)
        for name, variables in _LAUNCHERS.items()
    }


def test_the_suite_is_as_large_as_it_claims():
    assert len(named_tools()) - len(UNCONTROLLED) >= 90


def test_no_tool_of_the_suite_fails(shown: Any):
    assert {name: error for name, (_, error) in shown["tokyo"][0].items() if error} == {}


def test_results_are_the_same_whoever_launches_the_worker_and_however_often(shown: Any):
    first, again = shown["tokyo"]
    elsewhere, _ = shown["lima"]

    assert _different(first, elsewhere) <= set(UNCONTROLLED)
    assert _different(first, again) <= set(UNCONTROLLED)


def test_the_table_of_what_is_not_controlled_holds_nothing_that_is(shown: Any):
    may_be_equal_by_luck = {
        "uncontrolled_id",
        "uncontrolled_inode",
        "uncontrolled_set_of_things",
        "uncontrolled_thread_ident",
    }

    assert set(UNCONTROLLED) - may_be_equal_by_luck <= _different(
        shown["tokyo"][0], shown["lima"][0]
    )


def test_the_isolations_agree_on_the_first_trace(shown: Any):
    assert _different(shown["tokyo"][0], _run("launch", "process")[0]) <= set(UNCONTROLLED)


def test_without_a_fork_for_each_trace_what_tools_leave_behind_shows():
    first, again = _run("launch", "none")

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


def test_without_the_control_of_order_folders_and_threads_come_as_they_like():
    held = _run("without", "nothing", "order", PYTHONHASHSEED="0")
    folders = _run("without", "machine", "order", PYTHONHASHSEED="0")
    threads = _run("without", "order", "order", PYTHONHASHSEED="0")

    assert {"listdir", "scandir", "iterdir"} <= _different(held, folders)
    assert {"pool_order", "parallel_sleeps", "to_threads"} <= _different(held, threads)
