"""`replay mask`: what a database holds is found, and masked all or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.planted import Planted, planted, records
from cassettes.redaction import Redactor, key_beside
from replay import Recorder
from replay.cli.main import exit_code_of
from replay.errors import StoreError
from replay.store import Store, file_bytes, mask_applying
from replay.store.audit import note_act_in
from replay.store.file_bytes import copies_left, copy_path, free_pages, loose_bytes
from replay.store.mask_applying import apply
from replay.store.mask_looking import look
from replay.store.redaction import Redaction
from tests.redaction.conftest import everything

AT = "2026-11-20T10:00:00.000000Z"


def database_of(folder: Path, items: list[Planted]) -> Path:
    path = folder / "traces.db"
    with Store.open(path, "create") as store:
        for record in records(items):
            store.append(record)
    return path


def redaction(path: Path) -> Redaction:
    return Redaction(Redactor(key_beside(path), environment=False, personal=True))


def left_in(folder: Path, items: list[Planted]) -> list[str]:
    files = b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [one.value for one in items if one.value.encode() in files]


@pytest.fixture
def items() -> list[Planted]:
    """Without those of the environment, which this process does not have."""
    return [one for one in planted(280)[0] if one.kind != "environment"]


def test_check_finds_what_is_there_and_tells_no_value_whole(
    tmp_path: Path, items: list[Planted], capsys: pytest.CaptureFixture[str]
) -> None:
    path = database_of(tmp_path, items)

    code = exit_code_of(["mask", "--check", "--personal", "--all", str(path)])

    said = capsys.readouterr().out
    assert code == 1
    for kind in ("email", "phone", "card", "iban", "ssn", "ip", "secret"):
        assert f"\n{kind:8}trace t" in said
    assert [one.value for one in items if one.value in said] == []
    assert not (tmp_path / "traces.db.masking-key").exists()


def test_check_names_personal_data_that_nobody_asked_to_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = database_of(tmp_path, [one for one in planted(60)[0] if one.kind == "email"])

    code = exit_code_of(["mask", str(path)])

    said = capsys.readouterr().out
    assert code == 0
    assert "nothing to mask.\n\nPersonal data that [tool.replay.mask] does not mask: email " in said


def test_apply_leaves_nothing_in_any_file_and_the_database_whole(
    tmp_path: Path, items: list[Planted], capsys: pytest.CaptureFixture[str]
) -> None:
    path = database_of(tmp_path, items)
    with Store.open(path) as store:
        counts = store.counts()
    assert left_in(tmp_path, items)

    assert exit_code_of(["mask", "--apply", "--personal", str(path)]) == 0

    assert left_in(tmp_path, items) == []
    with Store.open(path) as store:
        readable = everything(store)
        assert (store.check(), store.counts()) == ([], counts)
    assert [one.value for one in items if one.stands_in(readable)] == []
    assert list(free_pages(path)) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["traces.db", "traces.db.masking-key"]
    capsys.readouterr()
    assert exit_code_of(["mask", "--check", "--personal", str(path)]) == 0
    before = path.read_bytes()
    assert apply(path, redaction(path)).record_count == 0
    with Store.open(path) as store:
        assert everything(store) == readable
    assert len(path.read_bytes()) <= len(before)


def test_command_lines_that_were_noted_are_found_and_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "traces.db"
    with Recorder(path) as recorder, recorder.trace(id="one"):
        pass
    assert note_act_in(path, "pin", "changed", "pin --note 'for ann.lee@mail.org'") is None

    assert exit_code_of(["mask", "--check", "--personal", str(path)]) == 1
    told = capsys.readouterr().out
    assert "what: an… (16 characters)" in told
    assert f"`replay mask --apply --personal {path}` replaces these" in told
    assert exit_code_of(["mask", "--apply", "--personal", str(path)]) == 0
    assert b"ann.lee" not in path.read_bytes()
    assert exit_code_of(["mask", "--check", "--personal", str(path)]) == 0


def test_what_was_recorded_masked_is_not_masked_again(tmp_path: Path, items: list[Planted]) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create", masker=redaction(path)) as store:
        for record in records(items):
            store.append(record)
        readable = everything(store)

    apply(path, redaction(path))

    with Store.open(path) as store:
        again = everything(store)
    assert again.replace('"redacted": true', "").count("r@example.com") == readable.count(
        "r@example.com"
    )
    assert sorted(set(_words(readable)) - set(_words(again))) == []


def _words(text: str) -> list[str]:
    return [word for word in text.replace('"', " ").replace("\\", " ").split() if "@" in word]


def test_apply_says_who_records_and_changes_nothing(tmp_path: Path, items: list[Planted]) -> None:
    path = database_of(tmp_path, items)
    before = path.read_bytes()
    with Recorder(path) as recorder, recorder.trace():
        recorder.store.flush()
        with pytest.raises(StoreError, match=f"process {os.getpid()} records into it"):
            apply(path, redaction(path))

    with Store.open(path):
        assert left_in(tmp_path, items)
    assert not copy_path(path).exists()
    assert len(before) <= len(path.read_bytes())


def test_a_reader_that_has_it_open_is_not_left_with_half_of_it(
    tmp_path: Path, items: list[Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.store.mask_applying._BUSY_MS", 10)
    path = database_of(tmp_path, items)
    with Store.open(path) as store:
        store.counts()
        with pytest.raises(StoreError, match="another program has it open"):
            apply(path, redaction(path))
        assert store.check() == []


_APPLY = """
import sys
from pathlib import Path
from tests.redaction.test_mask_command import redaction
from replay.store.mask_applying import apply
path = Path(sys.argv[1])
made = redaction(path)
print("go", flush=True)
apply(path, made)
print("done", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.4, 0.9, 0.99])
def test_kill_9_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, items: list[Planted], share: float
) -> None:
    path = database_of(tmp_path, items)
    with Store.open(path) as store:
        old, counts = everything(store), store.counts()
    saved = path.read_bytes()

    took_s = next(_applied(path, None))
    path.write_bytes(saved)
    next(_applied(path, took_s * share))

    with Store.open(path, "w") as store:
        found = everything(store)
        assert (store.check(), store.counts()) == ([], counts)
    assert found == old or [one.value for one in items if one.stands_in(found)] == []
    apply(path, redaction(path))
    assert left_in(tmp_path, items) == []


def _applied(path: Path, kill_after_s: float | None) -> Iterator[float]:
    """Mask a database in a process of its own, killed on its way; yield how long that took."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", _APPLY, str(path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        started = time.monotonic()
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            process.send_signal(signal.SIGKILL)
        process.wait()
    yield time.monotonic() - started


def test_functions_of_the_users_run_in_a_process_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_masks.py").write_text(
        "import re\ndef names(text):\n"
        "    return [(m.start(), m.end(), 'name') for m in re.finditer('Annabel', text)]\n"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.replay.mask]\nfunctions = ['my_masks:names']\n")
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append({"kind": "trace", "id": "t", "started_at": AT, "labels": {"who": "Annabel L"}})
    monkeypatch.chdir(tmp_path)

    checked = subprocess.run(
        [
            sys.executable,
            "-c",
            "from replay.cli.main import main; main()",
            "mask",
            "--json",
            str(path),
        ],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, json.loads(checked.stdout)["counts"]) == (1, {"name": 1})
    assert "my_masks" not in sys.modules


def test_ctrl_c_leaves_the_file_whole_and_no_copy_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "traces.db"
    with Recorder(path, mask=False) as recorder:
        tool = recorder.tool(lambda email: None, name="tool")
        with recorder.trace():
            tool("zoe.quill@firma-xyz.org")

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mask_applying, "_copy_back", pressed)

    assert exit_code_of(["mask", "--apply", "--personal", str(path)]) == 130

    assert "is whole: as it was, or masked already. Run it again" in capsys.readouterr().err
    assert copies_left(path) == []
    monkeypatch.undo()
    assert exit_code_of(["mask", "--check", "--personal", str(path)]) == 1


def test_bytes_beside_the_records_are_read_in_pieces_and_none_is_cut_in_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    with Recorder(path, mask=False):
        pass
    log = b"\0".join(b"%06d zoe.quill@firma-xyz.org" % number for number in range(500))
    path.with_name("traces.db-wal").write_bytes(log)
    monkeypatch.setattr(file_bytes, "_PIECE_SIZE", 1000)
    monkeypatch.setattr(file_bytes, "_CUT_SIZE", 100)

    pieces = [one.body or b"" for one in loose_bytes(path)]

    assert len(pieces) > 10
    assert max(map(len, pieces)) < 1200
    assert b"".join(pieces) == log
    assert sum(one.count(b"zoe.quill@firma-xyz.org") for one in pieces) == 500


def test_a_check_keeps_the_first_place_of_each_field_and_counts_all(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    with Recorder(path, mask=False) as recorder:
        tool = recorder.tool(lambda email: None, name="tool")
        for number in range(20):
            with recorder.trace():
                tool(f"zoe.quill{number}@firma-xyz.org")
    redaction = Redaction(Redactor(b"k" * 32, environment=False, personal=True))
    with Store.open(path) as store:
        every = look(store, redaction)
        some = look(store, redaction, keeps_all=False)

    assert every.counts == some.counts
    assert len(every.found) == every.counts.total() >= 40
    assert len(some.found) <= 4
