"""No way out of a replay: nothing arrives, and every attempt is named, whatever the tool hides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cassettes.kernel.filter import this_machine
from replay.records import CallVerdict
from replay.replayer.sandbox.backends import why_no_bubblewrap, why_no_kernel
from replay.report.diff_text import render_verdict
from replay.report.terminal import render_run

SAID = {
    "by_requests": "POST http://127.0.0.1:{port}/refunds",
    "by_urllib": "GET http://127.0.0.1:{port}/refunds",
    "by_socket": "CONNECT socket://127.0.0.1:{port}",
    "by_lower_socket": "CONNECT socket://127.0.0.1:{port}",
    "by_connect_ex": "CONNECT socket://127.0.0.1:{port}",
    "by_ipv6": "CONNECT socket://[::1]:{port}",
    "by_udp_sendto": "CONNECT socket://127.0.0.1:{port}",
    "by_udp_sendmsg": "CONNECT socket://127.0.0.1:{port}",
    "by_asyncio": "CONNECT socket://127.0.0.1:{port}",
    "by_an_early_socket": "CONNECT socket://127.0.0.1:{port}",
    "by_a_thread": "CONNECT socket://127.0.0.1:{port}",
    "by_a_thread_without_context": "CONNECT socket://127.0.0.1:{port}",
    "by_a_thread_of_c": "CONNECT socket://127.0.0.1:{port}",
    "by_dns": "CONNECT socket://secret-{port}.invalid",
    "by_unix_socket": "CONNECT socket://unix:/tmp/replay-escape-{port}",
    "by_abstract_socket": "CONNECT socket://unix:@replay-escape-{port}",
    "by_subprocess_python": "{port}",
    "by_subprocess_curl": "RUN curl -s -m 5 -X POST http://127.0.0.1:{port}/refunds",
    "by_shell": "RUN sh -c 'curl -s -m 5 http://127.0.0.1:{port}/'",
    "by_os_system": "RUN sh -c 'curl -s -m 5 http://127.0.0.1:{port}/'",
    "by_os_popen": "RUN sh -c 'curl -s -m 5 http://127.0.0.1:{port}/'",
    "by_spawn": "{port}",
    "by_posix_spawn": "{port}",
    "by_fork": "RUN fork",
    "by_pty": "{port}",
    "by_async_subprocess": "{port}",
    "by_multiprocessing_fork": "RUN multiprocessing",
    "by_multiprocessing_spawn": "RUN ",
}
"""What the first request that could not be answered must hold."""
BELOW_PYTHON = {
    "by_ctypes": "CONNECT socket://127.0.0.1:{port}",
    "by_ctypes_udp": "CONNECT socket://127.0.0.1:{port}",
    "by_ctypes_sendmmsg": "CONNECT socket://127.0.0.1:{port}",
    "by_fast_open": "CONNECT socket://127.0.0.1:{port}",
    "by_a_native_thread": "CONNECT socket://127.0.0.1:{port}",
    "by_ctypes_system": "RUN sh -c 'curl -s -m 5 http://127.0.0.1:{port}/'",
    "by_fork_of_c": "CONNECT socket://127.0.0.1:{port}",
}
"""The same, of what only the kernel sees."""
BY_PACKAGES = {
    "by_uvloop": "uvloop",
    "by_pycurl": "pycurl",
    "by_libpq": "psycopg",
    "by_grpc": "grpc",
}
"""Ways that take a package which is in no extra; C does the connecting in each."""
UNNAMED = ("by_io_uring",)
"""Refused by the kernel without a word: no ring can be made."""

needs_the_kernel = pytest.mark.skipif(
    this_machine() is None, reason="the kernel's guard is for Linux on x86-64 and arm64"
)


def _attempts(ways: dict[str, str] | tuple[str, ...], port: int) -> list[Any]:
    return [("attempt", {"way": way, "port": port}, "sent") for way in ways]


def _said(verdict: CallVerdict) -> list[str]:
    return [one.request for one in verdict.interaction_changes if one.change == "unanswered"]


IN_SANDBOXES = [
    pytest.param(
        "bubblewrap",
        marks=pytest.mark.skipif(bool(why_no_bubblewrap()), reason=why_no_bubblewrap() or "-"),
    ),
    pytest.param(
        "kernel", marks=pytest.mark.skipif(bool(why_no_kernel()), reason=why_no_kernel() or "-")
    ),
]


@pytest.mark.parametrize(
    "options",
    [
        {"isolation": "trace"},
        {"isolation": "process"},
        {"isolation": "none"},
    ],
)
def test_nothing_gets_out_and_every_attempt_is_named(
    replay: Any, listener: Any, options: dict[str, str]
) -> None:
    _check_all_ways(replay, listener, **options)


@pytest.mark.parametrize("sandbox", IN_SANDBOXES)
def test_nothing_gets_out_of_a_sandbox_and_every_attempt_is_named(
    replay: Any, listener: Any, sandbox: str
) -> None:
    _check_all_ways(replay, listener, sandbox=sandbox)


@pytest.mark.slow
@needs_the_kernel
@pytest.mark.parametrize("sandbox", ["off", *IN_SANDBOXES])
@pytest.mark.parametrize("way", BY_PACKAGES)
def test_packages_that_connect_in_c_do_not_get_out_either(
    replay: Any, listener: Any, way: str, sandbox: str
) -> None:
    pytest.importorskip(BY_PACKAGES[way], reason=f"the package {BY_PACKAGES[way]} is not here")

    _, (verdict,) = replay(_attempts((way,), listener.port), sandbox=sandbox)

    assert listener.arrived == 0
    assert _said(verdict)[:1] == [f"CONNECT socket://127.0.0.1:{listener.port}"]


def _check_all_ways(replay: Any, listener: Any, **options: str) -> None:
    wanted = {**SAID, **(BELOW_PYTHON if this_machine() is not None else {})}
    calls = _attempts(wanted, listener.port)

    ended, verdicts = replay(calls, **options)

    assert listener.arrived == 0
    assert {one.note for one in verdicts} == {None}
    found = dict(zip(wanted, verdicts, strict=True))
    assert {way: one.verdict.value for way, one in found.items()} == dict.fromkeys(
        wanted, "unanswered"
    )
    for way, said in wanted.items():
        assert said.format(port=listener.port) in _said(found[way])[0], way
    assert ended.exit_code != 0


@needs_the_kernel
def test_a_ring_that_connects_without_system_calls_cannot_be_made(
    replay: Any, listener: Any
) -> None:
    _, verdicts = replay(_attempts(UNNAMED, listener.port))

    assert [one.verdict for one in verdicts] == ["same"]
    assert listener.arrived == 0


@pytest.mark.parametrize("isolation", ["trace", "none"])
def test_what_is_allowed_by_address_works_from_python_and_from_c(
    replay: Any, listener: Any, isolation: str
) -> None:
    calls: list[Any] = [
        ("fetch", {"port": listener.port}, "real"),
        ("fetch_in_c", {"port": listener.port}, "connected"),
        ("fetch_in_c", {"port": listener.port + 1}, "refused"),
    ]

    _, verdicts = replay(calls, isolation=isolation, allow=[f"127.0.0.1:{listener.port}"])

    assert [one.replayed and one.replayed.response for one in verdicts] == [
        "real",
        "connected",
        "refused",
    ]
    assert listener.arrived == 2


def test_a_program_that_is_allowed_by_name_runs(replay: Any) -> None:
    ended, _ = replay([("run_echo", {}, "hi\n")], allow=["run:echo"])

    assert ended.verdict_counts == {"same": 1}


@needs_the_kernel
def test_a_program_that_is_allowed_to_run_has_no_network(replay: Any, listener: Any) -> None:
    _, (verdict,) = replay([("run_curl", {"port": listener.port}, "0")], allow=["run:curl"])

    assert listener.arrived == 0
    assert _said(verdict) == [f"CONNECT socket://127.0.0.1:{listener.port}"]


def test_a_file_that_is_really_written_is_said_and_temporary_ones_are_not(
    replay: Any, tmp_path: Path
) -> None:
    ledger = str(tmp_path / "ledger.txt")
    calls: list[Any] = [("book", {"path": ledger}, "booked")] * 2

    ended, verdicts = replay(calls)

    assert [one.verdict for one in verdicts] == ["same", "same"]
    assert verdicts[0].note == f"Not frozen: writes {ledger}"
    assert ended.coverage["not_frozen"] == {"book": {"calls": 2, "acts": [f"writes {ledger}"]}}
    page = render_run(ended, [], width=200)
    assert f"Not frozen\n  book writes {ledger} (2 calls)" in page


def test_what_a_tool_prints_is_told_and_stored(replay: Any, tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []

    _, (verdict,) = replay(
        [("book", {"path": str(tmp_path / "ledger.txt")}, "booked")],
        on_output=lambda tool, text: heard.append((tool, text)),
    )

    assert heard == [("book", "booked in the ledger\n")]
    assert verdict.output == "booked in the ledger\n"
    assert "  printed:\n    booked in the ledger" in render_verdict(verdict)
