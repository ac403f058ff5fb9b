"""In a sandbox files are only read and nothing connects; what it cannot hold, it does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cassettes.kernel import KernelGuard
from replay.errors import WorkerError
from replay.replayer.sandbox.backends import (
    Bubblewrap,
    Kernel,
    Needs,
    bubblewrap_command,
    sandbox_named,
    why_no_bubblewrap,
    why_no_kernel,
)
from replay.replayer.sandbox.confinement import confine
from replay.replayer.sandbox.limits import Limits, limits_of, limits_told
from replay.replayer.sandbox.probe import probe_sandboxes

needs_both = pytest.mark.skipif(
    bool(why_no_bubblewrap() or why_no_kernel()), reason="one of the sandboxes is not here"
)
both = pytest.mark.parametrize("sandbox", ["bubblewrap", "kernel"])


@needs_both
@both
def test_a_file_is_not_written_in_a_sandbox_and_a_temporary_one_is(
    replay: Any, tmp_path: Path, sandbox: str
) -> None:
    ledger = tmp_path / "ledger.txt"

    _, (verdict,) = replay([("book", {"path": str(ledger)}, "booked")], sandbox=sandbox)

    # The tool writes its temporary files first: the ledger is where it stops.
    assert verdict.replayed.error.message.endswith(f"{str(ledger)!r}")
    assert verdict.note is None
    assert not ledger.exists()


@pytest.mark.slow
@needs_both
@both
def test_a_folder_that_is_named_is_written_and_said(
    replay: Any, tmp_path: Path, sandbox: str
) -> None:
    ledger = tmp_path / "ledger.txt"

    _, (verdict,) = replay(
        [("book", {"path": str(ledger)}, "booked")], sandbox=sandbox, writable=[tmp_path]
    )

    assert verdict.verdict == "same"
    assert verdict.note == f"Not frozen: writes {ledger}"
    assert ledger.read_text() == "booked\n"


@needs_both
@both
def test_what_is_allowed_works_in_a_sandbox_too(replay: Any, listener: Any, sandbox: str) -> None:
    calls = [
        ("fetch", {"port": listener.port}, "real"),
        ("fetch_in_c", {"port": listener.port + 1}, "refused"),
        ("run_echo", {}, "hi\n"),
    ]

    _, verdicts = replay(calls, sandbox=sandbox, allow=[f"127.0.0.1:{listener.port}", "run:echo"])

    assert [one.replayed.response for one in verdicts] == ["real", "refused", "hi\n"]
    assert listener.arrived == 1


@pytest.mark.slow
@needs_both
def test_both_sandboxes_hold_where_they_are_tried() -> None:
    assert probe_sandboxes() == {"bubblewrap": "", "kernel": ""}
    assert sandbox_named("auto").name == "bubblewrap"


def test_a_sandbox_that_is_not_here_is_not_replaced_by_less(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("cassettes.kernel.landlock.landlock_version", lambda: 0)

    with pytest.raises(WorkerError) as refused:
        sandbox_named("auto")

    assert "no sandbox at all (bubblewrap: there is no program `bwrap`; kernel: " in str(
        refused.value
    )


def test_a_worker_that_cannot_confine_itself_does_not_run() -> None:
    wanted = Kernel().confinement(Needs(folder="/", scratch="/tmp"))

    with pytest.raises(WorkerError, match="needs the kernel's guard, which is not here: no filter"):
        confine(wanted, KernelGuard(None, None, "no filter"))


def test_bubblewrap_leaves_addresses_to_the_guard_only_where_some_are_allowed() -> None:
    assert "--unshare-net" in bubblewrap_command(Needs(folder="/"))
    assert "--unshare-net" not in bubblewrap_command(Needs(folder="/", has_network=True))
    confinement = Bubblewrap().confinement(Needs(folder="/", has_network=True))
    assert confinement is not None
    assert confinement["needs_guard"]


def test_a_folder_for_temporary_files_hides_no_tools() -> None:
    command = bubblewrap_command(Needs(folder="/tmp", paths=("/usr",)))

    assert command[command.index("--tmpfs") + 1] == "/var/tmp"


def test_limits_are_read_as_people_write_them() -> None:
    limits = limits_of(["memory=1.5GiB", "open-files=off"], {"cpu": "2min", "processes": 8})

    assert limits == Limits(
        memory_bytes=1536 << 20, cpu_s=120, process_count=8, open_file_count=None
    )
    assert limits_told(limits) == {
        "memory": "1.5 GiB",
        "cpu": "120 s",
        "processes": "8",
        "file": "1 GiB",
        "open_files": "off",
        "scratch": "1 GiB",
        "import": "120 s",
    }


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("memry=2GiB", "there is no limit 'memry'.\nNearest: memory"),
        ("memory=much", "'much' is no value for the limit 'memory'.\nWrite memory=2GiB, or"),
        ("processes=-1", "'-1' is no value for the limit 'processes'.\nWrite processes=128, or"),
    ],
)
def test_a_limit_that_cannot_be_read_is_told(named: str, said: str) -> None:
    with pytest.raises(WorkerError) as refused:
        limits_of([named])

    assert said in str(refused.value)
