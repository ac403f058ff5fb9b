"""`replay bisect` over real repositories, from inside and from a subfolder of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store
from tests.cli.conftest import TOOLS, one_trace

RENAMED = TOOLS.replace('"price": len', '"cost": len')
FAILING = TOOLS.replace("return {", "raise KeyError(item)\n    return {")
TRANSLATED = """

@toolbox.tool(name="price", version="2")
def price_2(thing: str) -> dict:
    return {"item": thing, "price": len(thing)}


@toolbox.translate("price", "1", "2")
def of_1(old: dict) -> dict:
    return {"thing": old["item"] + "?"}

"""
BROKEN = "import nothing_of_that_name\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.com"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        env=kept,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def history(folder: Path, *versions: str) -> list[str]:
    """Make a repository with one commit for each version of ``shop.py``; return their ids."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    commits = []
    for number, text in enumerate(versions):
        (folder / "shop.py").write_text(f"{text}# {number}\n")
        git(folder, "add", "shop.py")
        git(folder, "commit", "-qm", f"change {number}")
        commits.append(git(folder, "rev-parse", "HEAD"))
    return commits


def recorded(folder: Path) -> None:
    with Store.open(folder / "traces.db", mode="create") as store:
        store.append_all([*one_trace(1, "tea"), *one_trace(2, "kettle")])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Six commits: the fourth renames a field, the third does not import."""
    folder = tmp_path_factory.mktemp("shop")
    commits = history(folder, TOOLS, TOOLS, BROKEN, RENAMED, RENAMED, RENAMED)
    recorded(folder)
    return folder, commits


@pytest.fixture
def shop(
    shared: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, list[str]]]:
    """The same, to stand in; whatever happens, nothing of the user's has changed afterwards."""
    folder, _ = shared
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    (folder / "shop.py").write_text("what = 'the user is at work on'\n")
    before = state_of(folder)
    yield shared
    assert state_of(folder) == before


def state_of(folder: Path) -> tuple[str, ...]:
    """Return all of the user's that a bisect could touch."""
    return (
        git(folder, "status", "--porcelain"),
        git(folder, "symbolic-ref", "HEAD"),
        git(folder, "worktree", "list"),
        git(folder, "for-each-ref"),
        (folder / "shop.py").read_text(),
    )


def bisected(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    words = ["bisect", *arguments, "--tools", "shop:toolbox", "--jobs", "1"]
    code = exit_code_of(words)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.slow
def test_a_step_whose_verdict_changed(
    shop: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, commits = shop

    code, out, err = bisected(capsys, commits[1], "HEAD", "--trace", "t1", "--step", "2")

    assert code == 2  # the one before it does not import: it may be that one
    first, second, *candidates = out.splitlines()[:4]
    assert f"{first} {second}" == (
        "One of 2 commits changed it; the tools of those in between do not import, so "
        "which one cannot be told:"
    )
    assert sorted(candidates) == sorted(
        [f"  {commits[3][:7]}  change 3", f"  {commits[2][:7]}  change 2"]
    )
    assert f"{commits[2][:7]}  skipped      change 2" in err
    assert "'shop' could not be imported" in err


def test_the_commit_with_its_author_and_the_verdict_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commits = history(tmp_path / "repo", TOOLS, TOOLS, RENAMED, RENAMED)
    (tmp_path / "repo" / "deep").mkdir()
    recorded(tmp_path)
    monkeypatch.chdir(tmp_path / "repo" / "deep")
    monkeypatch.setenv("COLUMNS", "80")

    words = [str(tmp_path / "traces.db"), commits[0], "main", "--path", ".."]
    code, out, err = bisected(capsys, *words)

    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"Changed by {commits[2]}"
    assert lines[1] == "  change 2"
    assert lines[2].startswith("  Ada Example <ada@example.com>, 20")
    assert lines[3] == "    shop.py"
    assert f"Before, at {commits[1][:7]}" in lines
    assert f"After, at {commits[2][:7]}" in lines
    assert "  ~ price: `price` is now `cost`" in lines
    assert "      - price: 3" in lines
    assert "2 of 2 calls, 2 traces" in out
    assert f"{commits[0][:7]}  old verdict  change 0" in err


@pytest.mark.slow
def test_a_finding_and_json(
    shop: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, commits = shop
    _, out, _ = bisected(capsys, commits[3], commits[0], "--json")
    assert out == ""  # the wrong way round

    code, out, _ = bisected(capsys, commits[0], "HEAD", "--json")
    told: Any = json.loads(out)
    (signature,) = told["new"]

    code, out, _ = bisected(capsys, commits[0], "HEAD", "--finding", signature, "--json")
    told = json.loads(out)
    assert code == 2
    assert told["commit"] is None
    assert {one["id"] for one in told["candidates"]} == {commits[2], commits[3]}
    assert told["before"]["findings"] == []
    assert [one["signature"] for one in told["after"]["findings"]] == [signature]
    marks = {one["id"]: one["mark"] for one in told["tested"]}
    assert marks[commits[0]] == "good"
    assert marks[commits[2]] == "skip"
    assert marks[commits[5]] == "bad"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "HEAD"], "GOOD 'nowhere' is no commit of "),
        (["HEAD~1", "nowhere"], "BAD 'nowhere' is no commit of "),
        (["HEAD", "HEAD~1"], "is newer than BAD"),
        pytest.param(["HEAD~1", "HEAD"], "they have the same findings", marks=pytest.mark.slow),
        pytest.param(
            ["HEAD~5", "HEAD~4"], "nothing differs from the recording", marks=pytest.mark.slow
        ),
        pytest.param(
            ["HEAD~5", "HEAD~4", "--trace", "t1", "--step", "2"],
            "The step is the same at GOOD",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["HEAD~5", "HEAD", "--finding", "abc"],
            "Finding abc is neither at GOOD",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["HEAD~3", "HEAD"], "(change 2): 'shop' could not be imported", marks=pytest.mark.slow
        ),
        (["HEAD~5", "HEAD", "--trace", "t1", "--step", "1"], "Its tool calls are the steps 2"),
        (["HEAD~5", "HEAD", "--step", "2"], "--step belongs to one trace"),
        (["HEAD~5"], "Missing argument 'BAD'"),
        (["HEAD~5", "HEAD", "--trace", "none"], "There is no trace 'none'"),
    ],
)
def test_what_cannot_be_searched_is_told(
    arguments: list[str],
    said: str,
    shop: tuple[Path, list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = bisected(capsys, *arguments)

    assert (code, out) == (3, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err


def test_a_folder_without_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded(tmp_path)

    code, _, err = bisected(capsys, "a", "b")

    assert code == 3
    assert "is in no git repository: there are no commits to search." in err


@pytest.mark.slow
def test_tools_that_no_commit_brings_are_refused(
    shop: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere.py").write_text(TOOLS)

    words = ["bisect", "HEAD~5", "HEAD", "--tools", "elsewhere:toolbox", "--path", str(tmp_path)]
    code = exit_code_of(words)

    assert code == 3
    assert "not from the commits." in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_a_change_for_the_better_is_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commits = history(tmp_path, FAILING, TOOLS, TOOLS)
    recorded(tmp_path)
    monkeypatch.chdir(tmp_path)

    code, out, _ = bisected(capsys, "HEAD~2", "HEAD")

    assert code == 0
    assert out.startswith(f"Changed by {commits[1]}")
    before, after = out.split("After, at")
    assert "KeyError" in before
    assert "2 calls replayed; no finding" in after


@pytest.mark.slow
def test_calls_are_read_as_the_replay_run_read_them_whose_finding_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    second = TOOLS + TRANSLATED
    commits = history(tmp_path, TOOLS, second, second)
    recorded(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.replay]\n[tool.replay.versions]\nnot_there_yet = "1"\n'
    )

    plain = bisected(capsys, "traces.db", "HEAD~2", "HEAD", "--json")
    code, out, _ = bisected(
        capsys, "traces.db", "HEAD~2", "HEAD", "--version-of", "price=1", "--json"
    )
    typo = bisected(capsys, "traces.db", "HEAD~2", "HEAD", "--version-of", "prise=1")

    assert code == 0
    assert json.loads(plain[1])["after"]["findings"][0]["verdict"] == "now_rejected"
    told = json.loads(out)
    assert told["commit"]["id"] == commits[1]
    assert [one["verdict"] for one in told["after"]["findings"]] == ["response_changed"]
    assert typo[0] == 3
    assert "Nearest: price" in typo[2]


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_behind(shop: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, _ = shop
    words = [sys.executable, "-P", "-m", "replay.cli.main", "bisect", "HEAD~5", "HEAD"]
    running = subprocess.Popen(
        [*words, "--tools", "shop:toolbox"],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    assert "old verdict" in running.stderr.readline()

    running.send_signal(signal.SIGINT)

    assert running.wait(timeout=120) == 130
    running.stderr.close()
    assert list(tmp_path.glob("replay-bisect-*")) == []


@pytest.mark.slow
def test_a_bisect_of_the_users_own_goes_on_beside_it(
    shop: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, commits = shop
    git(folder, "checkout", "-q", "--", "shop.py")
    git(folder, "bisect", "start", commits[5], commits[0])
    before = git(folder, "bisect", "log"), git(folder, "for-each-ref")

    code, _, _ = bisected(capsys, commits[0], commits[5], "--trace", "t1", "--step", "2")

    assert code == 2
    assert (git(folder, "bisect", "log"), git(folder, "for-each-ref")) == before
    git(folder, "bisect", "reset")
    (folder / "shop.py").write_text("what = 'the user is at work on'\n")
