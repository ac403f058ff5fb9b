"""One broken line of ten thousand: named to the column, and nothing of the file is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import ExitCode
from tests.robustness.conftest import CHAT, Replay

COUNT = 10_000
BROKEN = 5_000


def write(path: Path, broken: bytes, *, count: int = COUNT, at: int = BROKEN) -> None:
    with path.open("wb") as file:
        for number in range(1, count + 1):
            line = broken if number == at else (CHAT % number).encode()
            file.write(line + b"\n")


def test_the_line_is_named_and_no_database_is_made(folder: Path, replay: Replay) -> None:
    write(folder / "big.jsonl", b'{"messages": [{"role": "user"')

    ran = replay("import", "new.db", "big.jsonl")

    assert (ran.code, ran.out) == (ExitCode.COULD_NOT_RUN, "")
    assert ran.err == (
        "Error: big.jsonl:5000:30: the line is not one whole JSON value: expecting ',' delimiter "
        "at the end of the line.\n"
        "Nothing was imported. Mend the file, or leave its bad lines out with --skip-bad-lines.\n"
    )
    assert not (folder / "new.db").exists()


def test_a_database_that_exists_is_not_touched(folder: Path, replay: Replay) -> None:
    write(folder / "big.jsonl", b"{}")
    before = (folder / "traces.db").read_bytes()

    assert replay("import", "traces.db", "big.jsonl").code == ExitCode.COULD_NOT_RUN

    assert (folder / "traces.db").read_bytes() == before


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b"\xff\xfe", "expected UTF-8 text, found byte 0xff"),
        (b"null", "expected a conversation with `messages`, found null"),
        (b'{"messages": 3}', "messages: expected a list of messages, found 3"),
        (b'{"messages": [3]}', "messages[0]: expected a message object, found 3"),
        (b'{"messages": [{"role": "user", "content": NaN}]}', "found NaN"),
        (b'{"messages": [' + b"[" * 100_000, "nested too deeply to read"),
        (b'{"messages": [' + b"9" * 5_000 + b"]}", "numbers of at most 4,300 digits"),
    ],
)
def test_every_kind_of_broken_line_has_its_words(
    folder: Path, replay: Replay, broken: bytes, said: str
) -> None:
    write(folder / "few.jsonl", broken, count=6, at=5)

    ran = replay("import", "new.db", "few.jsonl")

    assert ran.code == ExitCode.COULD_NOT_RUN
    assert ran.err.startswith("Error: few.jsonl:5:")
    assert said in ran.err
    assert not (folder / "new.db").exists()


def test_bad_lines_can_be_left_out_and_are_listed(folder: Path, replay: Replay) -> None:
    write(folder / "few.jsonl", b"oops", count=6, at=5)

    ran = replay("import", "new.db", "few.jsonl", "--skip-bad-lines")

    assert ran.code == ExitCode.OK
    assert "5 conversations      ->         5 traces" in ran.out
    assert "1 bad line left out" in ran.out
    assert "few.jsonl:5:1:" in ran.out
    assert replay("db", "check", "new.db").code == ExitCode.OK
