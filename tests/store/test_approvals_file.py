"""Approvals in a file that a team commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import StoreError
from replay.records import Approval
from replay.store import Store
from replay.store.approvals_file import add_approvals, read_approvals

AT = "2026-11-21T09:00:00.000000Z"


def approval(signature: str, note: str | None = None) -> Approval:
    return Approval(
        signature=signature,
        title=f"finding {signature}",
        approved_at=AT,
        note=note,
        call_count=3,
        answers={"a1": "b2"},
    )


def test_what_is_written_is_read_sorted_and_the_later_one_counts(tmp_path: Path) -> None:
    file = tmp_path / "approvals.jsonl"

    add_approvals(file, [approval("c"), approval("a", "first")])
    add_approvals(file, [approval("b"), approval("a", "second")])

    assert read_approvals(file) == [approval("a", "second"), approval("b"), approval("c")]
    assert [line[:16] for line in file.read_text().splitlines()] == [
        '{"signature": "a',
        '{"signature": "b',
        '{"signature": "c',
    ]
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_not_there_approves_nothing(tmp_path: Path) -> None:
    assert read_approvals(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"signature": "a"}', "Each line is a JSON object that `replay approve` wrote"),
        ("<<<<<<< HEAD", "A merge was left half done"),
    ],
)
def test_a_line_that_is_no_approval_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "approvals.jsonl"
    add_approvals(file, [approval("a")])
    file.write_text(f"{file.read_text()}{line}\n")

    with pytest.raises(StoreError, match=r"Line 2 of '.*approvals.jsonl' is no approval") as told:
        read_approvals(file)

    assert said in str(told.value)


def test_a_folder_that_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        add_approvals(tmp_path / "nowhere" / "approvals.jsonl", [approval("a")])


def test_a_store_knows_the_databases_approvals_and_the_files(tmp_path: Path) -> None:
    file = tmp_path / "approvals.jsonl"
    add_approvals(file, [approval("a", "of the file")])
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all([approval("a", "of the database"), approval("b")])
        assert [one.note for one in store.approvals()] == ["of the database", None]

        store.approvals_file = file

        assert [(one.signature, one.note) for one in store.approvals()] == [
            ("b", None),
            ("a", "of the file"),
        ]
