"""A file that is to have a size, and traces that must stay whatever it has."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store
from replay.store.holds import put_hold
from replay.store.keep_rules import KeepRules
from replay.store.pruning import prune
from tests.store.test_pruning import days_ago, problems, transcripts

TRACES = 8
SIZE = 600_000


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Traces of 300 kB each; the older half must stay, each for a reason of its own."""
    monkeypatch.chdir(tmp_path)
    found = tmp_path / "traces.db"
    chance = random.Random(3)
    of_traces: dict[int, dict[str, Any]] = {
        2: {"attributes": {"keep": "forever"}},
        3: {"labels": {"golden": "yes"}},
    }
    with Store.open(found, "create") as store:
        for number in range(TRACES):
            at, name = days_ago(TRACES - number), f"t{number}"
            trace = {"kind": "trace", "id": name, "started_at": at, **of_traces.get(number, {})}
            call = {
                "kind": "tool_call",
                "id": f"{name}-1",
                "trace_id": name,
                "step_number": 1,
                "tool": "read",
                "arguments": "{}",
                "response": chance.randbytes(SIZE // 2).hex(),
                "started_at": at,
            }
            store.append_all([trace, call])
        store.append({"kind": "pin", "id": "t1", "trace_id": "t1", "pinned_at": days_ago(1)})
    put_hold(found, "t0", "a case", None)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.replay.keep]\nsize = "1MB"\n[tool.replay.keep.labels]\ngolden = "forever"\n'
    )
    return found


GOLDEN = KeepRules(labels={"golden": "forever"})


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_held_pinned_or_kept_for_ever_stays_above_the_size_and_is_told(
    path: Path, dry_run: bool
) -> None:
    done = prune(path, size_max=1, keep=GOLDEN, dry_run=dry_run)

    assert (done.held, done.pinned, done.forever) == (["t0"], ["t1"], ["t2", "t3"])
    assert done.by_rule == {"size": 4}
    assert 4 * SIZE // 2 < done.size_bytes_over < done.size_bytes_before
    assert done.size_bytes_over == done.size_bytes_after - 1
    assert transcripts(path).keys() == {f"t{n}" for n in range(TRACES if dry_run else 4)}
    assert problems(path) == []


def test_room_is_made_of_what_may_go_before_anything_is_said(path: Path) -> None:
    done = prune(path, size_max=path.stat().st_size - SIZE // 4, keep=GOLDEN)

    assert (done.size_bytes_over, done.by_rule) == (0, {"size": 1})
    assert transcripts(path).keys() == {f"t{n}" for n in range(TRACES)} - {"t4"}


def test_a_default_of_for_ever_is_no_word_for_any_one_trace(path: Path) -> None:
    done = prune(path, size_max=1, keep=KeepRules("forever"), with_pinned=True)

    assert done.forever == ["t2"]
    assert transcripts(path).keys() == {"t0", "t2"}


def test_the_command_names_what_makes_room_and_ends_with_2(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["prune", "traces.db"]) == 2

    said = capsys.readouterr().out
    assert "For ever, by their rule or own word, so kept: t2, t3." in said
    assert " bytes above the 1,000,000 that were asked for.\nWhat is left may not go" in said
    for words, what in (
        ("replay release traces.db TRACE", "1 held"),
        ("replay prune traces.db --with-pinned", "1 pinned"),
        ("replay prune traces.db --trace TRACE", "2 kept for ever"),
    ):
        [line] = [one for one in said.splitlines() if one.strip().startswith(words)]
        assert line.endswith(f"# {what}")


def test_what_the_command_says_makes_room_does(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["release", "traces.db", "t0"]) == 0
    for trace in ("t2", "t3"):
        assert exit_code_of(["prune", "traces.db", "--trace", trace]) == 0
    capsys.readouterr()

    assert exit_code_of(["prune", "traces.db", "--with-pinned", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size_bytes_over"] == 0
    left = transcripts(path).keys()
    assert left.isdisjoint({"t2", "t3"})
    assert "t7" in left


def test_where_nothing_is_left_no_trace_is_said_to_be_in_the_way(path: Path) -> None:
    exit_code_of(["prune", "traces.db", "--until", "0d"])
    exit_code_of(["release", "traces.db", "t0"])
    exit_code_of(["prune", "traces.db", "--trace", "t0"])
    exit_code_of(["prune", "traces.db", "--trace", "t1", "--with-pinned"])
    done = prune(path, size_max=1)

    assert transcripts(path) == {}
    assert done.size_bytes_over > 0
    assert (done.held, done.pinned, done.forever, done.can_go_on) == ([], [], [], False)


def test_an_estimate_tells_what_would_still_be_above_the_size(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.store.rehearsing._SIZE_MAX", 1)

    said = prune(path, size_max=1, keep=GOLDEN, dry_run=True)

    assert said.is_estimate
    assert said.size_bytes_over > SIZE // 2
    assert said.forever == ["t2", "t3"]
