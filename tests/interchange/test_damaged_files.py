"""Files that are cut, damaged, or in another encoding: told in words, or read."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
import zstandard

from replay.cli.main import exit_code_of
from replay.errors import ExitCode, ImportFileError
from replay.interchange import import_files
from replay.records import Selection
from replay.store import Store
from tests.interchange.chats import imported

FIXTURES = Path(__file__).parent / "fixtures"
GENAI = FIXTURES / "otlp-genai" / "otlp.jsonl"
EVAL = FIXTURES / "inspect" / "travel.eval"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_another_unicode_is_read_line_ends_of_windows_and_all(
    store: Store, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "otlp.jsonl"
    path.write_text(GENAI.read_text("utf-8"), encoding, newline="\r\n")

    assert imported(store, path).new_count == 2


def test_utf_16_of_two_units_is_one_character(store: Store, tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "\N{PARTY POPPER}" * 40_000}]}
    chat["messages"].append({"role": "assistant", "content": "Hi"})
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(chat, ensure_ascii=False), "utf-16")

    imported(store, path)

    (trace_id,) = store.trace_ids(Selection())
    assert chat["messages"][0]["content"] in str(store.transcript(trace_id).steps[0])


def frames() -> bytes:
    packer = zstandard.ZstdCompressor()
    lines = GENAI.read_bytes().splitlines(keepends=True)
    return packer.compress(b"".join(lines[:2])) + packer.compress(b"".join(lines[2:]))


def test_zstandard_in_several_frames_is_one_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "otlp.jsonl.zst").write_bytes(frames())

    assert imported(store, tmp_path / "otlp.jsonl.zst").new_count == 2


def test_zstandard_that_is_cut_or_damaged_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "otlp.jsonl.zst"
    whole = frames()

    path.write_bytes(whole[:-5])
    with pytest.raises(ImportFileError, match="cannot be unpacked: it ends too early"):
        imported(store, path)
    path.write_bytes(whole + b"more")
    with pytest.raises(ImportFileError, match="cannot be unpacked: zstd"):
        imported(store, path)

    assert store.trace_ids(Selection()) == []


def test_gzip_that_is_damaged_inside_is_refused(store: Store, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(GENAI.read_bytes()))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "otlp.jsonl.gz"
    path.write_bytes(packed)

    with pytest.raises(ImportFileError, match="cannot be unpacked: "):
        imported(store, path)


def test_a_log_of_inspect_that_is_cut_says_what_is_missing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "cut.eval"
    path.write_bytes(EVAL.read_bytes()[:3000])

    with pytest.raises(ImportFileError) as told:
        imported(store, path)

    assert "is a log of Inspect that is cut: the list of its samples" in str(told.value)
    assert "Was the evaluation still running" in str(told.value)


def test_a_log_of_inspect_that_is_damaged_inside_is_refused(store: Store, tmp_path: Path) -> None:
    content, path = bytearray(EVAL.read_bytes()), tmp_path / "damaged.eval"
    at = content.index(b"samples/") + 600  # inside the first sample, which is packed
    content[at] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match="is a log of Inspect that is damaged: "):
        imported(store, path)

    content = bytearray(EVAL.read_bytes())
    name = content.rindex(b"samples/")  # in the list at the end: its sum is 30 bytes before
    content[name - 30] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match="damaged: Bad CRC-32 for file 'samples/"):
        imported(store, path)


def test_a_last_line_that_is_half_written_is_told_as_one(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "otlp.jsonl"
    path.write_bytes(GENAI.read_bytes()[:-700])

    with pytest.raises(ImportFileError, match=r"otlp.jsonl:4:\d+: .*was it still being written\?"):
        imported(store, path)


def test_errors_of_stdin_name_stdin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "given").open("w+b") as given:
        given.write(GENAI.read_bytes() + b"oops\n")
        given.seek(0)
        monkeypatch.setattr("sys.stdin", given_as_stdin(given))
        code = exit_code_of(["import", str(tmp_path / "new.db"), "-"])

    assert code == ExitCode.COULD_NOT_RUN
    assert "Error: stdin:5:1: the line is not one whole JSON value" in capsys.readouterr().err


def given_as_stdin(file: object) -> object:
    return type("Stdin", (), {"buffer": file})()


@pytest.mark.parametrize(
    "name", ["otlp-genai/otlp.binpb", "inspect/travel.eval", "mlflow/table.json"]
)
def test_hostile_bytes_end_in_words_or_in_traces(tmp_path: Path, name: str) -> None:
    whole, chance = (FIXTURES / name).read_bytes(), random.Random(7)
    path = tmp_path / Path(name).name
    with Store.open(tmp_path / "traces.db", "create") as store:
        for _ in range(12):
            content = bytearray(whole)
            for _ in range(chance.choice([1, 8, 60])):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.write_bytes(
                content[: chance.choice([len(content), chance.randrange(len(content))])]
            )
            try:
                import_files(store, [path])
            except ImportFileError as error:
                assert path.name in str(error)  # noqa: PT017 -- either is right
