"""A bundle goes to somebody else and replays there as here; a hostile one does nothing."""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.interchange import bundle_reading
from replay.store import Store
from tests.cli.conftest import service, shop  # noqa: F401 -- fixtures
from tests.cli.shop_service import Service
from tests.interchange.rich_trace import chat_trace, claude_trace


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all([*chat_trace(), *claude_trace()])
    return tmp_path / "traces.db"


@pytest.fixture
def case(database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "case.replay"
    assert exit_code_of(["export", str(database), "--to", "bundle", "-o", str(path)]) == 0
    return path


def verdicts(database: str) -> list[Any]:
    with Store.open(database) as store:
        found = store.verdicts("latest")
    names = ("trace_id", "step_number", "tool", "verdict", "cause", "changes", "replayed")
    plain = [one.model_dump(mode="json", include=set(names)) for one in found]
    for one in plain:
        for name in ("duration_ms", "stages"):
            (one["replayed"] or {}).pop(name, None)
    return plain


def test_a_replay_of_the_import_says_what_a_replay_of_the_original_says(
    shop: Path,  # noqa: F811
    service: Service,  # noqa: F811
) -> None:
    """Tools that ask the outside, a world that they share, and one of them changed."""
    service.close()
    shop.write_text(shop.read_text().replace('{"rate": ask', '{"rate_eur": ask'))
    tools = ["--tools", "shop.py:toolbox"]
    assert exit_code_of(["run", "traces.db", *tools]) == 2
    assert exit_code_of(["export", "traces.db", "--to", "bundle", "-o", "case.replay"]) == 0

    assert exit_code_of(["import", "case.db", "case.replay"]) == 0
    told = verdicts("case.db")
    assert exit_code_of(["run", "case.db", *tools]) == 2

    assert told == verdicts("case.db") == verdicts("traces.db")
    assert [one["verdict"] for one in told] == ["response_changed", "same", "same"]


def test_a_bundle_holds_all_of_its_traces_and_is_the_owners_alone(
    case: Path, tmp_path: Path
) -> None:
    assert exit_code_of(["import", str(tmp_path / "case.db"), str(case)]) == 0

    with Store.open(tmp_path / "case.db") as store:
        assert store.check() == []
        counts = store.counts()
    assert (counts["trace"], counts["tool_call"], counts["interaction"]) == (2, 4, 1)
    assert (counts["attempt"], counts["feedback"], counts["pin"]) == (2, 1, 1)
    assert stat.S_IMODE(case.stat().st_mode) == 0o600
    with zipfile.ZipFile(case) as archive:
        readme = archive.read("README.md").decode()
    assert "replay import case.db case.replay" in readme
    assert "| `chat` | 2 | 3 | get_weather, look_outside |" in readme


def test_the_same_traces_are_the_same_file(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / "one.replay", tmp_path / "again.replay"]
    monkeypatch.setenv("REPLAY_MASKING_KEY", "one key for both of them")

    for file in files:
        assert exit_code_of(["export", str(database), "--to", "bundle", "-o", str(file)]) == 0

    assert files[0].read_bytes() == files[1].read_bytes()


def test_personal_data_stays_here_unless_it_is_wanted(tmp_path: Path) -> None:
    database, case = tmp_path / "traces.db", tmp_path / "case.replay"
    email = "ann.miller@acme.io"
    with Store.open(database, "create") as store:
        trace, *steps = claude_trace()
        fine = steps[1].model_copy(update={"response": f"write to {email}"})
        store.append_all([trace, steps[0], fine])

    def records(*more: str) -> str:
        words = ["export", str(database), "--to", "bundle", "-o", str(case), *more]
        assert exit_code_of(words) == 0
        with zipfile.ZipFile(case) as archive:
            return archive.read("records.jsonl").decode()

    masked, plain = records(), records("--no-mask")

    assert email not in masked
    assert re.search(r"write to r\w+r@example\.com", masked)
    assert email in plain
    with Store.open(database) as store:
        assert email in str(store.transcript("claude"))


def test_both_sides_are_told_how_many_calls_hold_placeholders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, case = tmp_path / "traces.db", tmp_path / "case.replay"
    with Store.open(database, "create") as store:
        trace, *steps = claude_trace()
        fine = steps[1].model_copy(update={"response": "write to ann.miller@acme.io"})
        store.append_all([trace, steps[0], fine])

    assert exit_code_of(["export", str(database), "--to", "bundle", "-o", str(case)]) == 0
    assert "  1 of its 1 tool call hold some." in capsys.readouterr().err
    assert exit_code_of(["import", str(tmp_path / "case.db"), str(case)]) == 0

    told = capsys.readouterr().out
    assert "1 tool calls with placeholders: tools that have such data of their own" in told
    assert "2 model calls" in told or "1 model call " in told


def test_a_trace_that_is_there_stays_as_it_is(
    database: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(database, "w") as store:
        before = [store.transcript(name) for name in store.trace_ids()]
        runs = store.runs()

    assert exit_code_of(["import", str(database), str(case)]) == 0

    with Store.open(database) as store:
        assert [store.transcript(name) for name in store.trace_ids()] == before
        assert store.runs() == runs
    assert "2 in the database already" in capsys.readouterr().out


def test_no_trace_makes_no_bundle(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", str(database), "--to", "bundle", "--app", "none"]

    assert exit_code_of([*words, "-o", str(database.parent / "x.replay")]) == 3
    assert exit_code_of(["export", str(database), "--to", "bundle"]) == 3

    said = capsys.readouterr().err
    assert "there is nothing to put into a bundle" in said
    assert "say -o case.replay" in said
    assert not (database.parent / "x.replay").exists()


# -- what came from somebody else


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def manifest(size: int, **more: Any) -> bytes:
    said = {"format": "replay-bundle", "version": 1, "records_bytes": size, **more}
    return json.dumps(said).encode()


RECORD = json.dumps(
    {"kind": "trace", "id": "t", "started_at": "2026-11-20T12:00:00.000000Z"}
).encode()


def refused(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of the file; nothing is kept of it, here or beside it."""
    folder = tmp_path / "hostile"
    folder.mkdir(exist_ok=True)
    (folder / "case.replay").write_bytes(content)
    ended = exit_code_of(["import", str(folder / "case.db"), str(folder / "case.replay")])
    assert ended == 3
    assert [path.name for path in folder.iterdir()] == ["case.replay"]
    said = capsys.readouterr().err
    assert "Nothing was imported." in said
    assert "Traceback" not in said
    return said


def test_a_path_out_of_the_bundle_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = zipped(
        ("manifest.json", manifest(len(RECORD))),
        ("records.jsonl", RECORD),
        ("../../evil.py", b"boom"),
    )

    said = refused(tmp_path, content, capsys)

    assert "it holds '../../evil.py', and no bundle that replay wrote does" in said
    assert not list(tmp_path.rglob("evil.py"))


def test_a_bomb_is_let_go_where_it_goes_beyond_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = zipped(("manifest.json", manifest(1000)), ("records.jsonl", b" " * 50_000_000))

    assert "goes on beyond the 1,000 bytes said" in refused(tmp_path, bomb, capsys)


def test_a_bomb_that_says_so_is_not_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = zipped(("manifest.json", manifest(2**40)), ("records.jsonl", RECORD))

    assert "1,073,741,824 at most" in refused(tmp_path, bomb, capsys)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_a_bundle_that_is_cut_is_refused(
    kept: float, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = case.read_bytes()

    said = refused(tmp_path, content[: int(len(content) * kept)], capsys)

    assert "a ZIP that is cut or damaged" in said


def test_a_damaged_byte_is_noticed(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(case) as archive:
        at = archive.getinfo("records.jsonl").header_offset + 200
    content = bytearray(case.read_bytes())
    content[at] ^= 0xFF

    assert "cut or damaged" in refused(tmp_path, bytes(content), capsys)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("a.txt", b"hello")], "neither a bundle nor a log of Inspect"),
        ([("manifest.json", b"["), ("records.jsonl", RECORD)], "manifest.json is not JSON"),
        ([("manifest.json", b"{}"), ("records.jsonl", RECORD)], "not that of a bundle"),
        (
            [("manifest.json", manifest(1, version=2)), ("records.jsonl", RECORD)],
            "it has version 2; this replay reads up to 1",
        ),
        (
            [("manifest.json", manifest(len(RECORD) + 9)), ("records.jsonl", RECORD)],
            "its records end too early",
        ),
    ],
)
def test_what_is_no_bundle_is_told(
    members: list[tuple[str, bytes]],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert words in refused(tmp_path, zipped(*members), capsys)


def test_a_record_that_is_none_stops_the_import(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = RECORD + b'\n{"kind": "trace", "id": 7}\n'
    content = zipped(("manifest.json", manifest(len(lines))), ("records.jsonl", lines))

    assert "records.jsonl:2" in refused(tmp_path, content, capsys)


def test_what_was_unpacked_is_gone_afterwards(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_reading.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    assert exit_code_of(["import", str(tmp_path / "case.db"), str(case)]) == 0

    assert list((tmp_path / "tmp").iterdir()) == []
