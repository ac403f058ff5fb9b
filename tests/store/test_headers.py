"""Looking at a file's first bytes lets go of no lock that SQLite has on it."""

from __future__ import annotations

from pathlib import Path

from replay.store.headers import first_bytes


def test_the_first_bytes_are_those_of_the_file_that_has_the_name_now(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert first_bytes(path, 2) == (b"on", 3)
    (tmp_path / "other").write_bytes(b"another")
    (tmp_path / "other").replace(path)
    assert first_bytes(path, 100) == (b"another", 7)
