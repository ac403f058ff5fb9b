"""Encrypted databases: nothing of a recording stands in the clear in any file, at any moment."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import ModelCall, ToolCall, Trace
from replay.store import Store, encryption
from replay.store.encrypting import decrypt, encrypt, rekey
from replay.store.encryption import EncryptionError
from replay.store.spool import spool_files, spool_folder

pytest.importorskip("sqlcipher3", reason="SQLCipher is not installed")
pytest.importorskip("cryptography", reason="the package cryptography is not installed")

KEY = "0123456789abcdef" * 4
OTHER_KEY = "fedcba9876543210" * 4
PLANTED = "the-planted-words"
AT = "2026-11-21T09:00:00.000000Z"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("REPLAY_DATABASE_KEY", KEY)
    return KEY


def records(name: str) -> list[Trace | ModelCall | ToolCall]:
    asked = {"role": "user", "content": f"{PLANTED} {name} " * 40}
    return [
        Trace(id=name, started_at=AT, labels={"said": PLANTED}),
        ModelCall(
            id=f"{name}-m",
            trace_id=name,
            step_number=1,
            api="chat.completions",
            messages=[asked],
            output={"content": PLANTED},
            started_at=AT,
        ),
        ModelCall(
            id=f"{name}-n",
            trace_id=name,
            step_number=2,
            api="chat.completions",
            messages=[asked, {"role": "assistant", "content": PLANTED}],
            output={"content": PLANTED},
            started_at=AT,
        ),
        ToolCall(
            id=f"{name}-c",
            trace_id=name,
            step_number=3,
            tool="find",
            arguments=f'{{"words": "{PLANTED}"}}',
            response=PLANTED,
            started_at=AT,
        ),
    ]


def found_in(folder: Path) -> list[str]:
    """Return the files in which a planted word or a sign of plain SQLite stands."""
    files = [one for one in folder.rglob("*") if one.is_file() and one.suffix != ".py"]
    signs = (PLANTED.encode(), b"SQLite format", b"CREATE TABLE", b"trace_id")
    return [one.name for one in files if any(sign in one.read_bytes() for sign in signs)]


def test_nothing_is_in_the_clear_while_it_is_recorded_nor_afterwards(
    tmp_path: Path, key: str
) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(records("a"))
        for record in records("b"):
            store.append(record)
        spooled = [one.stat().st_size for one in spool_files(spool_folder(path))]
        while_spooled = found_in(tmp_path)
        store.flush()
        while_in_the_log = found_in(tmp_path)
        log = path.with_name("traces.db-wal").stat().st_size
    with Store.open(path) as store:
        read = [step.model_dump() for step in store.transcript("b").steps]

    assert sum(spooled) > 3_000
    assert log > 0
    assert (while_spooled, while_in_the_log, found_in(tmp_path)) == ([], [], [])
    assert read == [one.model_dump() for one in records("b")[1:]]


def test_what_a_killed_process_left_in_its_spool_is_taken_in(tmp_path: Path, key: str) -> None:
    path = tmp_path / "traces.db"
    program = textwrap.dedent(
        """
        import os, signal, sys
        from replay.store import Store
        from tests.store.test_encryption import records
        store = Store.open(sys.argv[1], "create")
        for record in records("killed"):
            store.append(record)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    ended = subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=False)
    left = spool_files(spool_folder(path))
    in_the_clear = found_in(tmp_path)
    with Store.open(path) as store:
        steps = store.transcript("killed").steps
        problems = store.check()

    assert ended.returncode == -signal.SIGKILL
    assert left
    assert in_the_clear == []
    assert len(steps) == 3
    assert problems == []
    assert not spool_folder(path).exists()


def test_two_processes_record_into_one_file(tmp_path: Path, key: str) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(records("parent"))
        child = os.fork()
        if child == 0:  # pragma: no cover - the other process
            store.append_all(records("child"))
            store.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        store.flush()
        assert sorted(store.trace_ids()) == ["child", "parent"]
    assert found_in(tmp_path) == []


@pytest.mark.slow
def test_a_file_is_encrypted_rekeyed_and_decrypted_and_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(records("a"))
    before = _contents(path)
    path.chmod(0o640)

    monkeypatch.setenv("REPLAY_DATABASE_KEY", KEY)
    encrypt(path)
    encrypted = (_contents(path), found_in(tmp_path), path.read_bytes()[:16])
    monkeypatch.setenv("REPLAY_DATABASE_NEW_KEY", OTHER_KEY)
    rekey(path)
    with pytest.raises(EncryptionError, match="it has another key"):
        Store.open(path)
    monkeypatch.setenv("REPLAY_DATABASE_KEY", OTHER_KEY)
    rekeyed = (_contents(path), found_in(tmp_path))
    decrypt(path)
    monkeypatch.delenv("REPLAY_DATABASE_KEY")

    assert encrypted[:2] == (before, [])
    assert not encrypted[2].startswith(b"SQLite")
    assert rekeyed == (before, [])
    assert _contents(path) == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["traces.db"]
    with Store.open(path) as store:
        acts = [one.command for one in store.audit_entries()]
        assert store.check() == []
    assert acts == ["db decrypt", "db rekey", "db encrypt"]


def _contents(path: Path) -> list[str]:
    with Store.open(path) as store:
        return [store.transcript(one).model_dump_json() for one in store.trace_ids()]


def test_nothing_is_encrypted_under_somebody_who_has_it_open(tmp_path: Path, key: str) -> None:
    path = tmp_path / "traces.db"
    with pytest.MonkeyPatch.context() as without:
        without.delenv("REPLAY_DATABASE_KEY")
        Store.open(path, "create").close()
    with Store.open(path, "w") as store:
        store.append_all(records("a"))
        with pytest.raises(Exception, match="cannot be encrypted now"):
            encrypt(path)
        store.append_all(records("b"))
    assert not encryption.is_encrypted(path)
    assert len(_contents(path)) == 2


def test_a_failure_in_the_middle_leaves_the_file_as_it_was(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(records("a"))

    (tmp_path / "traces.db.rewriting").write_bytes(PLANTED.encode())  # as a killed one leaves it

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("replay.store.encrypting._take_its_place", full)
    with pytest.raises(Exception, match="disk is full"):
        decrypt(path)

    assert len(_contents(path)) == 1
    assert found_in(tmp_path) == []
    assert [one.name for one in tmp_path.iterdir()] == ["traces.db"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "one that is encrypted: there is no key. Set REPLAY_DATABASE_KEY"),
        ({"REPLAY_DATABASE_KEY": OTHER_KEY}, "cannot be decrypted: it has another key"),
        ({"REPLAY_DATABASE_KEY": "short"}, "gives is shorter than 16 characters: 5"),
        ({"REPLAY_DATABASE_KEY_FILE": "no-such-file"}, "cannot be read: No such file"),
        ({"REPLAY_DATABASE_KEY_COMMAND": "false"}, "gives no key: it ended with 1"),
    ],
    ids=["no key", "another key", "too short", "no file", "no command"],
)
def test_without_the_key_a_command_says_what_is_missing(
    tmp_path: Path,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    variables: dict[str, str],
    said: str,
) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(records("a"))
    monkeypatch.delenv("REPLAY_DATABASE_KEY")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    code = exit_code_of(["list", str(path)])
    told = " ".join(capfd.readouterr().err.split())

    assert code == 3
    assert said in told
    assert "Traceback" not in told
    assert "ERROR CORE" not in told


def test_the_key_may_be_in_a_file_or_come_from_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("a phrase that somebody remembers\n")
    path = tmp_path / "traces.db"
    monkeypatch.setenv("REPLAY_DATABASE_KEY_FILE", str(file))
    with Store.open(path, "create") as store:
        store.append_all(records("a"))
    monkeypatch.delenv("REPLAY_DATABASE_KEY_FILE")
    monkeypatch.setenv("REPLAY_DATABASE_KEY_COMMAND", f"cat {file}")

    assert len(_contents(path)) == 1
    assert encryption.is_encrypted(path)


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    Store.open(path, "create").close()
    encryption.sqlcipher.cache_clear()
    monkeypatch.setitem(sys.modules, "sqlcipher3", None)
    try:
        with pytest.raises(EncryptionError, match=re.escape("replay-sandbox[encryption]")):
            Store.open(path)
    finally:
        encryption.sqlcipher.cache_clear()


def test_a_plain_file_stays_plain_where_there_is_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    Store.open(path, "create").close()
    monkeypatch.setenv("REPLAY_DATABASE_KEY", KEY)
    with Store.open(path, "w") as store:
        store.append_all(records("a"))

    assert not encryption.is_encrypted(path)


def test_errors_of_sqlcipher_are_those_of_sqlite(tmp_path: Path, key: str) -> None:
    path = tmp_path / "traces.db"
    Store.open(path, "create").close()
    one, other = (encryption.connect(path, "mode=rw", 0.0) for _ in range(2))
    try:
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("BEGIN IMMEDIATE")
        assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            list(other.execute("SELECT * FROM no_such_thing"))
    finally:
        one.close()
        other.close()


def test_no_piece_of_a_spool_says_the_same_as_another(tmp_path: Path, key: str) -> None:
    """Equal frames in two places of a file, and in two files, are different bytes."""
    ciphers = [encryption.spool_cipher(b"k" * 32, name) for name in ("1-a", "1-b")]
    body = b"words that are here twice"
    turned = [cipher(body, at) for cipher in ciphers if cipher for at in (8, 4096, 70_001)]

    assert len(set(turned)) == 6
    assert ciphers[0] is not None
    assert ciphers[0](turned[2], 70_001) == body


def test_a_dry_run_of_prune_tells_about_an_encrypted_file_what_would_go(
    tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(records("one"))

    assert exit_code_of(["prune", str(path), "--until", "2026-11-22", "--dry-run"]) == 0

    told = capsys.readouterr().out
    assert "1 trace would go" in told
    assert f"The file: {path.stat().st_size:,} bytes, about " in told
