"""`replay ui`: which database, which trace, and whose package `tui`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.ui import _database_and_trace

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), ("traces.db", None)),
        (("x.db",), ("x.db", None)),
        (("runs/latest",), ("runs/latest", None)),
        (("x.db", "01jd"), ("x.db", "01jd")),
    ],
)
def test_the_words_are_a_database_and_a_trace(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    found: tuple[str, str | None],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert _database_and_trace(words) == (Path(found[0]), found[1])


def test_a_trace_alone_is_looked_for_in_the_working_directorys_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "traces.db").touch()

    assert _database_and_trace(("01jd",)) == (Path("traces.db"), "01jd")


def test_without_a_database_the_demo_that_is_here_is_opened_after_traces_db(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    demo = Path("replay-demo", "traces.db")
    demo.parent.mkdir()
    demo.touch()

    assert _database_and_trace(()) == (demo, None)
    assert _database_and_trace(("time-to-write",)) == (demo, "time-to-write")
    Path("traces.db").touch()
    assert _database_and_trace(()) == (Path("traces.db"), None)


@pytest.mark.slow
def test_a_users_own_tui_package_is_not_mistaken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "tui").mkdir()
    (tmp_path / "tui" / "__init__.py").write_text("raise RuntimeError('not this one')\n")
    program = "import replay.cli.ui as ui; print(ui._load_app().__file__)"

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""},
    )

    assert ran.stdout.strip() == str(ROOT / "tui" / "app.py"), ran.stderr


@pytest.mark.slow
def test_a_user_who_has_imported_her_own_tui_gets_ours_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "tui").mkdir()
    (tmp_path / "tui" / "__init__.py").write_text("MINE = True\n")
    program = "import tui; import replay.cli.ui as ui; print(ui._load_app().ReplayApp.TITLE)"

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""},
    )

    assert ran.stdout.strip() == "replay", ran.stderr
