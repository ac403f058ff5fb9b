"""What must never be lost: kill -9, threads, processes, forks, full disks."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.records import ModelCall, ToolCall, Trace
from replay.store import Store

NOON = "2026-11-21T12:00:00.000000Z"


def tool_call(call_id: str, trace_id: str = "t") -> ToolCall:
    return ToolCall(
        id=call_id, trace_id=trace_id, step_number=1, tool="f", arguments="{}", started_at=NOON
    )


RECORDING = textwrap.dedent(
    """
    import sys
    from replay.store import Store

    path, name, text = sys.argv[1], sys.argv[2], "word " * 400
    store = Store.open(path, "create")
    store.append({"kind": "trace", "id": name, "started_at": "2026-11-21T12:00:00.000000Z"})
    messages = [{"role": "system", "content": text}]
    for number in range(1_000_000):
        messages.append({"role": "user", "content": f"{number} {text}"})
        common = {"trace_id": name, "step_number": number + 1,
                  "started_at": "2026-11-21T12:00:00.000000Z"}
        store.append({"kind": "model_call", "id": f"{name}-m{number}", "api": "messages",
                      "messages": messages, **common})
        store.append({"kind": "tool_call", "id": f"{name}-c{number}", "tool": "f",
                      "arguments": "{}", "response": f"{number} {text}", **common})
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
        if number % 7 == 3:
            store.flush()
    """
)


def test_a_killed_process_loses_nothing_it_was_told_is_safe(tmp_path: Path) -> None:
    chance = random.Random(5)
    path = tmp_path / "traces.db"
    acknowledged: dict[str, int] = {}
    for kill in range(6):
        name = f"kill-{kill}"
        process = subprocess.Popen(
            [sys.executable, "-c", RECORDING, str(path), name], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process.stdout:
            for _ in range(chance.randint(1, 40)):
                acknowledged[name] = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            process.wait()
            for line in process.stdout.read().split("\n")[:-1]:
                acknowledged[name] = int(line)

    with Store.open(path) as store:
        for name, last in acknowledged.items():
            transcript = store.transcript(name)
            ids = {step.id for step in transcript.steps}
            kept = {f"{name}-{letter}{n}" for letter in "mc" for n in range(last + 1)}
            assert kept <= ids
            prompts = [step.messages for step in transcript.steps if isinstance(step, ModelCall)]
            numbers = [message["content"].split()[0] for message in max(prompts, key=len)[1:]]
            assert numbers == [str(n) for n in range(len(numbers))]
        assert store.check() == []
    assert os.listdir(tmp_path) == ["traces.db"]


def test_a_frame_cut_short_was_never_acknowledged_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    Store.open(path, "create").close()
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING, str(path), "t"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        process.kill()
        process.wait()
    spool = next((tmp_path / "traces.db-spool").glob("*.spool"))
    with spool.open("ab") as file:
        file.write(b"\xff\x00\x00\x00only the beginning of a frame")

    with Store.open(path) as store:
        assert store.tool_call("t-c0").id == "t-c0"
        assert store.check() == []
    assert os.listdir(tmp_path) == ["traces.db"]


def test_threads_share_a_store(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        together = threading.Barrier(20)

        def record(thread_index: int) -> None:
            together.wait()
            for number in range(50):
                store.append(tool_call(f"{thread_index}-{number}", f"trace-{thread_index}"))

        threads = [threading.Thread(target=record, args=(index,)) for index in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for index in range(20):
            steps = store.transcript(f"trace-{index}").steps
            assert {step.id for step in steps} == {f"{index}-{n}" for n in range(50)}
        assert store.counts() == {"tool_call": 1000}
        assert store.check() == []


TWENTY_THREADS = textwrap.dedent(
    """
    import sys, threading
    from replay.store import Store

    store = Store.open(sys.argv[1], "create")
    sys.stdin.read(1)

    def record(name):
        for number in range(40):
            store.append({"kind": "tool_call", "id": f"{name}-{number}", "trace_id": name,
                          "step_number": number + 1, "tool": "f", "arguments": "{}",
                          "started_at": "2026-11-21T12:00:00.000000Z"})

    threads = [threading.Thread(target=record, args=(f"{sys.argv[2]}-{index}",))
               for index in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    """
)


@pytest.mark.slow
def test_two_processes_of_twenty_threads_record_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWENTY_THREADS, str(path), name], stdin=subprocess.PIPE
        )
        for name in ("a", "b")
    ]
    for process in processes:
        process.communicate(b"x")
        assert process.returncode == 0

    with Store.open(path) as store:
        assert store.counts()["tool_call"] == 2 * 20 * 40
        for name in [f"{process}-{index}" for process in "ab" for index in range(20)]:
            steps = store.transcript(name).steps
            assert [step.id for step in steps] == [f"{name}-{number}" for number in range(40)]
        assert store.check() == []
    assert os.listdir(tmp_path) == ["traces.db"]


@pytest.mark.slow
def test_another_process_reads_what_is_acknowledged_and_not_drained(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(Trace(id="t", started_at=NOON))
        store.append(tool_call("c"))
        code = (
            "import sys; from replay.store import Store\n"
            "with Store.open(sys.argv[1]) as s: print(s.tool_call('c').id, s.pending_bytes())"
        )
        seen = subprocess.run(
            [sys.executable, "-c", code, str(store.path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert seen.stdout == "c 0\n"

        store.append(tool_call("d"))
        assert store.tool_call("d").id == "d"


def test_a_forked_child_records_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append(tool_call("before"))
        store.flush()
        read_end, write_end = os.pipe()
        child_may_end, parent_is_done = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.append(tool_call("in the child"))
                os.write(write_end, b"x")
                os.close(parent_is_done)
                os.read(child_may_end, 1)
                code = 0
            finally:
                os._exit(code)
        os.close(write_end)
        store.append(tool_call("in the parent"))
        assert select.select([read_end], [], [], 30)[0]
        os.close(read_end)
        own_spool = store._spool().path
        store.append(tool_call("after"))
    assert not own_spool.exists()  # though the child, which inherited its handle, still lives
    os.close(parent_is_done)
    os.close(child_may_end)
    assert os.waitpid(child, 0)[1] == 0

    with Store.open(path) as store:
        ids = {step.id for step in store.transcript("t").steps}
        assert ids == {"before", "in the child", "in the parent", "after"}
        assert store.check() == []
    assert os.listdir(tmp_path) == ["traces.db"]


def test_appends_do_not_wait_for_a_locked_database(tmp_path: Path) -> None:
    import sqlite3

    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(tool_call("first"))
        store.flush()
        locker = sqlite3.connect(store.path, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")

        store.append(tool_call("meanwhile"))

        assert store.pending_bytes() > 0
        locker.execute("ROLLBACK")
        locker.close()
        assert store.tool_call("meanwhile").id == "meanwhile"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    from replay.errors import StoreError

    path = small_disk / "traces.db"
    kept = []
    store = Store.open(path, "create")

    def record_until_full() -> None:
        for number in range(10_000):
            call = tool_call(f"c{number}").model_copy(update={"response": os.urandom(900).hex()})
            store.append(call)
            kept.append(call.id)

    with pytest.raises(StoreError, match="is full: the record was not stored"):
        record_until_full()
    store.close()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)

    with Store.open(path) as again:
        assert [step.id for step in again.transcript("t").steps] == kept
        assert again.check() == []
