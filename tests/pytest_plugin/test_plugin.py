"""`pytest --replay traces.db`, by pytest itself: in this process, where nothing says otherwise."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.replayer.process import WorkerProcess
from replay.store import Store
from tests.cli.conftest import TOOLS, one_trace

pytest_plugins = ["pytester"]

RENAMED = TOOLS.replace('"price": len', '"cost": len')
REJECTING = TOOLS.replace("item: str", "item: str, currency: str")
PROMISING = """
from replay import Toolbox
from replay.tools import Contract

toolbox = Toolbox("shop")

@toolbox.tool(contract=Contract(keeps=["price"]))
def price(item: str) -> dict:
    return {"cost": len(item)}

@toolbox.tool(contract=Contract())
def stock(item: str) -> int:
    return 3
"""
TWO_TOOLS = RENAMED + "\n@toolbox.tool\ndef stock(item: str) -> int:\n    return 3\n"


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Path:
    """A directory with three recorded traces, and tools that rename a field today."""
    folder = pytester.path
    (folder / "shop.py").write_text(RENAMED)
    with Store.open(folder / "traces.db", mode="create") as store:
        for number, item in enumerate(["tea", "cup", "kettle"], start=1):
            store.append_all(one_trace(number, item))
    return folder


@pytest.fixture(autouse=True)
def not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under CI pytest's summary says whole messages a second time, and tests here count them."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


def ran(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process, replaying ``traces.db`` by ``shop.py``."""
    replaying = ["--replay", "traces.db", "--replay-tools", "shop:toolbox"]
    return pytester.runpytest_inprocess("-p", "replay.pytest_plugin", *replaying, *arguments)


def test_each_trace_is_a_test_and_its_failure_is_the_finding(
    shop: Path, pytester: pytest.Pytester
) -> None:
    result = ran(pytester, "-v")

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "traces.db::t1-tea FAILED*",
            "traces.db::t2-cup FAILED*",
            "traces.db::t3-kettle FAILED*",
            "~ price: `price` is now `cost`",
            "  cause: today's code answers differently",
            "    - price: 3",
            "    + cost: 3",
            "If it is meant, accept it, after a run over everything:",
            "  replay run traces.db --tools shop:toolbox",
            "  replay approve traces.db ????????????",
        ]
    )
    with Store.open(shop / "traces.db") as store:
        assert store.runs() == []


@pytest.mark.slow
def test_what_is_the_same_passes(shop: Path, pytester: pytest.Pytester) -> None:
    (shop / "shop.py").write_text(TOOLS)

    ran(pytester).assert_outcomes(passed=3)


def test_workers_start_once_for_all_tests(
    shop: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = WorkerProcess._started
    monkeypatch.setattr(
        WorkerProcess, "_started", lambda self: (started.append(self), start(self))[1]
    )

    ran(pytester).assert_outcomes(failed=3)

    assert len(started) == 1


def test_tests_are_collected_without_the_tools(shop: Path, pytester: pytest.Pytester) -> None:
    (shop / "shop.py").write_text("raise SystemExit('nobody may import me')")

    result = ran(pytester, "--collect-only", "-q")

    assert result.outlines[:3] == [
        "traces.db::t1-tea",
        "traces.db::t2-cup",
        "traces.db::t3-kettle",
    ]


@pytest.mark.slow
def test_tools_that_do_not_import_are_told_once(shop: Path, pytester: pytest.Pytester) -> None:
    (shop / "shop.py").write_text("import nothing_of_that_name")

    result = ran(pytester)

    result.assert_outcomes(failed=3)
    said = result.stdout.str()
    assert said.count("ModuleNotFoundError: No module named 'nothing_of_that_name'") == 1
    again = "Nothing was replayed: 'shop' could not be imported. The first replay test says more.\n"
    assert said.count(again) == 2


@pytest.mark.slow
def test_options_that_do_not_hold_are_not_blamed_on_the_tools(
    shop: Path, pytester: pytest.Pytester
) -> None:
    result = ran(pytester, "--replay-with", "--policy prise=refuse")

    result.assert_outcomes(failed=3)
    said = result.stdout.str()
    assert said.count("Nearest: price\n") == 1
    assert said.count("for nothing. The first replay test says more.\n") == 2


def test_where_no_tools_are_named_nothing_begins(shop: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("-p", "replay.pytest_plugin", "--replay", "traces.db")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    assert "Name them with --replay-tools" in result.stderr.str()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["-k", "tea"], ["t1-tea"]),
        (["-k", "stock"], ["t4-jug"]),
        (["-m", "replay_tool(name='stock')"], ["t4-jug"]),
        (["-m", "not replay"], []),
        (["--replay-with", "--until 2026-11-22 --tool price"], ["t1-tea"]),
        (["--replay-by", "tool"], ["tool[price]", "tool[stock]"]),
        (["traces.db::t2-cup"], ["t2-cup"]),
    ],
)
def test_tests_are_chosen_as_any_others(
    words: list[str], names: list[str], shop: Path, pytester: pytest.Pytester
) -> None:
    trace, *calls = one_trace(4, "jug")
    with Store.open(shop / "traces.db", mode="w") as store:
        of_stock = [call.model_copy(update={"tool": "stock"}) for call in calls[1:]]
        store.append_all([trace, calls[0], *of_stock])

    result = ran(pytester, "--collect-only", "-q", *words)

    told = [line.split("::", 1)[1] for line in result.outlines if "::" in line]
    assert told == names


@pytest.mark.slow
def test_a_test_of_a_tool_has_all_of_its_calls(shop: Path, pytester: pytest.Pytester) -> None:
    result = ran(pytester, "--replay-by", "tool")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["* tool?price? *", "  3 of 3 calls, 3 traces"])


@pytest.mark.slow
def test_lenient_fails_only_what_breaks(shop: Path, pytester: pytest.Pytester) -> None:
    ran(pytester, "--replay-lenient").assert_outcomes(xfailed=3)

    (shop / "shop.py").write_text(REJECTING)
    ran(pytester, "--replay-lenient").assert_outcomes(failed=3)


@pytest.mark.slow
def test_what_is_approved_passes(
    shop: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    (shop / "pyproject.toml").write_text(
        '[tool.replay]\ntools = "shop:toolbox"\napprovals = "approved.jsonl"\n'
    )
    assert exit_code_of(["run", "traces.db", "--approve", "--jobs", "1"]) == 0

    ran(pytester).assert_outcomes(passed=3)
    assert len((shop / "approved.jsonl").read_text().splitlines()) == 1
    (shop / "approved.jsonl").unlink()
    ran(pytester).assert_outcomes(failed=3)


@pytest.mark.slow
def test_the_last_failed_are_run_again(shop: Path, pytester: pytest.Pytester) -> None:
    (shop / "shop.py").write_text(TOOLS.replace("len(item)", "len(item.strip('p'))"))
    ran(pytester).assert_outcomes(passed=2, failed=1)

    ran(pytester, "--lf").assert_outcomes(failed=1)
    ran(pytester, "-x").assert_outcomes(passed=1, failed=1)


def test_databases_elsewhere_keep_their_names_apart(
    shop: Path, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    named = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        named.append(f"--replay={shutil.copy(shop / 'traces.db', tmp_path / folder)}")

    result = ran(pytester, "--collect-only", "-q", *named)

    told = [line.split("/")[-2:] for line in result.outlines if "::t1-tea" in line]
    assert told == [
        ["traces.db::t1-tea"],
        ["one", "traces.db::t1-tea"],
        ["two", "traces.db::t1-tea"],
    ]


def test_a_sample_says_of_how_many(shop: Path, pytester: pytest.Pytester) -> None:
    result = ran(pytester, "--replay-with", "--sample 2 --newest")

    result.assert_outcomes(failed=2)
    said = "traces.db: A sample: 2 of 3 traces, the newest. The others were not replayed."
    assert result.outlines.count(said) == 2  # after the collection, and at the end


@pytest.mark.slow
def test_a_trace_without_calls_is_skipped(shop: Path, pytester: pytest.Pytester) -> None:
    with Store.open(shop / "traces.db", mode="w") as store:
        store.append_all(one_trace(9, "talk")[:2])

    result = ran(pytester, "-rs", "traces.db::t9-talk")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * it has no tool call"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replay-with=--nope"], "--replay-with '--nope': No such option"),
        (["--replay-with", "--junit x.xml"], "--junit has no meaning in a test"),
        (["--replay-with", "--tool nothing"], "is selected: there is nothing to replay."),
        (["--replay", "absent.db"], "file or directory not found: absent.db"),
    ],
)
def test_a_mistake_is_told_and_never_green(
    words: list[str], said: str, shop: Path, pytester: pytest.Pytester
) -> None:
    result = ran(pytester, *words)

    assert result.ret not in (0, 5)
    assert said in result.stdout.str() + result.stderr.str()


@pytest.mark.slow
def test_addopts_add_the_traces_to_the_tests(shop: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_own(): pass")
    pytester.makeini(
        "[pytest]\naddopts = -p replay.pytest_plugin --replay traces.db "
        "--replay-tools shop:toolbox\n"
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=1, failed=3)
    ran(pytester).assert_outcomes(failed=3)
    ran(pytester, "test_own.py").assert_outcomes(passed=1, failed=3)


@pytest.mark.slow
def test_a_test_replays_by_hand(shop: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_one(replay_run):
            replayed = replay_run("traces.db", trace="t2", tools="shop:toolbox")
            assert [one.verdict for one in replayed.verdicts] == ["response_changed"]
            assert replayed.exit_code == 2
            with pytest.raises(AssertionError, match="`price` is now `cost`"):
                replayed.check()

        def test_all(replay_run):
            replayed = replay_run("traces.db", tools="shop:toolbox", options="--sample 2")
            assert [one.call_count for one in replayed.open_findings] == [2]
        """
    )

    pytester.runpytest_inprocess("-p", "replay.pytest_plugin").assert_outcomes(passed=2)


def test_a_run_that_replays_nothing_loads_nothing_of_ours() -> None:
    program = (
        "import sys, pytest, replay.pytest_plugin\n"
        "print(*[name for name in sys.modules if name.split('.')[0] in "
        "{'replay', 'cassettes', 'click', 'pydantic', 'rich', 'sqlite3', 'deepdiff'}])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == ["replay", "replay.pytest_plugin"]


@pytest.mark.slow
def test_a_trace_that_is_not_there_spoils_no_later_test(
    shop: Path, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from replay.errors import SelectionError

        def test_absent(replay_run):
            with pytest.raises(SelectionError):
                replay_run("traces.db", trace=["t1-tea", "nowhere"], tools="shop:toolbox")

        def test_after_it(replay_run):
            assert replay_run("traces.db", trace="t1-tea", tools="shop:toolbox").verdicts
        """
    )

    pytester.runpytest_inprocess("-p", "replay.pytest_plugin").assert_outcomes(passed=2)


def test_each_promise_of_a_tool_is_a_test_that_says_what_replay_contract_says(
    shop: Path, pytester: pytest.Pytester
) -> None:
    (shop / "shop.py").write_text(PROMISING)

    result = ran(pytester, "-v", "-rs", "--replay-by", "contract")

    result.assert_outcomes(failed=1, passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "traces.db::contract?price-keeps? FAILED*",
            "traces.db::contract?price-result? PASSED*",
            "traces.db::contract?stock-result? SKIPPED*",
            "✗ price: lost what is read: price is gone*",
            "  3 of 3 calls, first in trace t1-tea, step 2",
            "  tool: shop.py:*",
            "SKIPPED * no selected trace has a call of it",
        ]
    )


@pytest.mark.parametrize(
    ("tools", "words", "said"),
    [
        pytest.param(
            RENAMED, [], "No tool of this toolbox declares a contract.", marks=pytest.mark.slow
        ),
        (PROMISING, ["--replay-with", "--tool prise"], "No trace of * is selected"),
        (PROMISING, ["--replay-with", "--parser old"], "--parser has no meaning for contracts."),
    ],
)
def test_contracts_that_cannot_be_checked_are_never_green(
    tools: str, words: list[str], said: str, shop: Path, pytester: pytest.Pytester
) -> None:
    (shop / "shop.py").write_text(tools)

    result = ran(pytester, "--replay-by", "contract", *words)

    assert result.ret not in (0, 5)
    assert fnmatch(result.stdout.str() + result.stderr.str(), f"*{said}*")


@pytest.mark.slow
def test_workers_of_xdist_collect_the_same_and_write_nothing(
    shop: Path, pytester: pytest.Pytester
) -> None:
    with Store.open(shop / "traces.db", mode="w") as store:
        for number in range(4, 9):
            store.append_all(one_trace(number, f"thing{number}"))
    before = (shop / "traces.db").read_bytes()

    result = ran(pytester, "-n", "2", "--replay-with", "--since 2000w --sample 6")

    result.assert_outcomes(failed=6)
    assert (shop / "traces.db").read_bytes() == before
    assert any("A sample: 6 of 8 traces, drawn by seed 0." in line for line in result.outlines)
