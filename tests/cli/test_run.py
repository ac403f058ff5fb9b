"""`run`, `runs`, `diff` and `approve` on a small database, with real worker processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store

Printed = pytest.CaptureFixture[str]
RUN = ["run", "--tools", "shop:toolbox", "--jobs", "1"]


def change_tools(folder: Path, old: str, new: str) -> None:
    """Change ``shop.py``."""
    file = folder / "shop.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_unchanged_tools_end_with_0(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(RUN) == 0

    assert "3 calls of 3 traces: all the same" in capsys.readouterr().out


def test_a_change_ends_with_2_until_it_is_approved(folder: Path, capsys: Printed) -> None:
    change_tools(folder, '"price": len', '"cost": len')

    assert exit_code_of(RUN) == 2
    assert exit_code_of(["approve", "all", "--note", "renamed"]) == 0
    assert exit_code_of(RUN) == 0

    assert "`price` is now `cost`" in capsys.readouterr().out
    with Store.open("traces.db", mode="r") as store:
        assert [approval.note for approval in store.approvals()] == ["renamed"]


def test_a_rejection_ends_with_1(folder: Path, capsys: Printed) -> None:
    change_tools(folder, "item: str", "item: str, currency: str")

    assert exit_code_of(RUN) == 1

    assert "now rejected: missing `currency`" in capsys.readouterr().out


def test_a_toolbox_that_has_none_of_the_called_tools_is_asked_about(
    folder: Path, capsys: Printed
) -> None:
    change_tools(folder, "@toolbox.tool", "")

    assert exit_code_of(RUN) == 1

    said = " ".join(capsys.readouterr().out.split())
    assert "toolbox shop:toolbox has none of the tools that were called. Is it the right" in said


def test_a_variable_that_the_tools_miss_is_named_where_this_shell_has_it(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = '"price": len(item), "rate": len(__import__("os").environ["EXCHANGE"])'
    change_tools(folder, '"price": len(item)', asked)

    exit_code_of(RUN)
    assert "--env" not in capsys.readouterr().out
    monkeypatch.setenv("EXCHANGE", "nyse")
    exit_code_of(RUN)

    said = " ".join(capsys.readouterr().out.split())
    assert "EXCHANGE is a variable of this shell" in said
    assert "--env EXCHANGE hands it on" in said


def test_commands_to_type_next_name_the_database_as_it_is_typed_here(
    folder: Path, capsys: Printed
) -> None:
    change_tools(folder, '"price": len', '"cost": len')

    exit_code_of(["run", str(folder / "traces.db"), *RUN[1:]])

    shown = capsys.readouterr().out
    assert "replay diff traces.db run_" in shown
    assert str(folder) not in shown


def test_who_has_asked_for_all_is_not_told_how(folder: Path, capsys: Printed) -> None:
    change_tools(folder, '"price": len', '"cost": len')
    exit_code_of(RUN)
    assert "--all" in capsys.readouterr().out

    assert exit_code_of(["diff", "--all"]) == 0

    shown = capsys.readouterr().out
    assert "replay approve" in shown
    assert "--all" not in shown


@pytest.mark.slow
def test_approve_accepts_what_this_run_finds(folder: Path) -> None:
    change_tools(folder, '"price": len', '"cost": len')

    assert exit_code_of([*RUN, "--approve"]) == 0
    assert exit_code_of(RUN) == 0


def test_a_selection_replays_only_what_it_selects(folder: Path, capsys: Printed) -> None:
    assert exit_code_of([*RUN, "--label", "item=cup", "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["run"]["trace_count"], report["exit_code"]) == (1, 0)
    assert report["run"]["selection"] == {"labels": {"item": "cup"}}


def test_the_report_can_go_to_a_file(folder: Path, capsys: Printed) -> None:
    assert exit_code_of([*RUN, "--output", "report.txt"]) == 0

    assert capsys.readouterr().out == ""
    assert (folder / "report.txt").read_text().startswith("3 calls of 3 traces: all the same")


def test_tools_may_be_named_in_the_configuration(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.replay]\ntools = "shop:toolbox"\njobs = 1\n')

    assert exit_code_of(["run"]) == 0


def test_no_tools_at_all_are_told_with_both_ways_to_name_them(
    folder: Path, capsys: Printed
) -> None:
    assert exit_code_of(["run"]) == 3

    assert "--tools package.module:toolbox" in capsys.readouterr().err


@pytest.mark.parametrize("tools", ["shopp:toolbox", "shop:tolbox"])
def test_tools_that_do_not_load_end_with_3_and_the_nearest_name(
    folder: Path, capsys: Printed, tools: str
) -> None:
    assert exit_code_of(["run", "--tools", tools, "--jobs", "1"]) == 3

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Nearest: " in printed.err
    assert "Traceback" not in printed.err


@pytest.mark.slow
def test_tools_see_only_the_variables_that_are_named(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DISCOUNT", "0")
    read = "    import os\n    len(os.environ['SHOP_DISCOUNT'])\n    return {"
    change_tools(folder, "    return {", read)

    assert exit_code_of(RUN) == 1
    assert exit_code_of([*RUN, "--env", "SHOP_DISCOUNT"]) == 0
    assert exit_code_of([*RUN, "--env", "SHOP_DISCOUNT=5"]) == 0
    assert exit_code_of([*RUN, "--env", "SHOP_NOTHING"]) == 3
    assert "no variable 'SHOP_NOTHING'" in capsys.readouterr().err


def test_an_empty_database_ends_with_3(folder: Path, capsys: Printed) -> None:
    Store.open(folder / "new.db", mode="create").close()

    assert exit_code_of(["run", "new.db", "--tools", "shop:toolbox"]) == 3

    assert "holds no traces yet" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_are_listed_and_compared(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["runs"]) == 0
    assert "no replay runs yet" in capsys.readouterr().err
    exit_code_of(RUN)
    change_tools(folder, '"price": len', '"cost": len')
    exit_code_of(RUN)
    capsys.readouterr()

    assert exit_code_of(["runs", "--json"]) == 0
    newest, oldest = [run["id"] for run in json.loads(capsys.readouterr().out)]
    assert exit_code_of(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN", newest, oldest]
    assert exit_code_of(["diff", oldest, newest]) == 0
    assert "New: 1 finding" in capsys.readouterr().out


def test_diff_shows_a_run_a_trace_a_call_and_a_finding(folder: Path, capsys: Printed) -> None:
    change_tools(folder, '"price": len', '"cost": len')
    exit_code_of([*RUN, "--json"])
    signature = json.loads(capsys.readouterr().out)["findings"][0]["signature"]

    for words, marks in {
        ("diff",): ["3 changed in 1 finding"],
        ("diff", "latest", "t1-tea"): ["- price: 3", "+ cost: 3"],
        ("diff", "latest", "t1-tea", "--step", "2"): ["+ cost: 3"],
        ("diff", "latest", "t2-cup-c1"): ["trace t2-cup, step 2"],
        ("diff", "latest", signature[:6]): ["t1-tea", "t2-cup", "t3-kettle"],
        ("diff", "t3"): ["+ cost: 6"],
    }.items():
        assert exit_code_of(list(words)) == 0, words
        printed = capsys.readouterr().out
        assert [mark for mark in marks if mark not in printed] == [], words


def test_what_diff_does_not_know_is_told(folder: Path, capsys: Printed) -> None:
    exit_code_of(RUN)
    capsys.readouterr()

    assert exit_code_of(["diff", "latest", "zzz"]) == 3
    assert "no replay run, finding, trace or tool call 'zzz'" in capsys.readouterr().err
    assert exit_code_of(["diff", "latest", "t1-tea", "--step", "1"]) == 3
    assert "replayed no step 1" in capsys.readouterr().err
    assert exit_code_of(["approve", "zzz"]) == 3
    assert "no finding 'zzz'" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(folder: Path) -> None:
    """The second trace's tool opens a pipe when it runs, and waits for ever in it."""
    os.mkfifo(folder / "running")
    waits = "open('running', 'w').close(); open('running').read()"
    hangs = f"    if item == 'cup':\n        {waits}\n"
    change_tools(folder, "    return {", f"{hangs}    return {{")
    command = [sys.executable, "-P", "-m", "replay.cli.main", *RUN, "--deadline", "60"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        with (folder / "running").open():
            process.send_signal(signal.SIGINT)
        printed, talk = process.communicate()

    assert process.returncode == 130, talk
    assert "interrupted" in printed
    assert re.search(r"Stopped (after|before) .*\. Go on with", talk)
    change_tools(folder, hangs, "")
    resume = talk.strip().splitlines()[-1].split()[1:]
    assert exit_code_of([*resume, "--jobs", "1"]) == 0


READS_ENVIRONMENT = "from replay import Toolbox\nimport os\n\nSHOP = os.environ['SHOP']\n"


@pytest.mark.slow
def test_tools_that_miss_a_variable_are_told_how_to_get_it(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_tools(folder, "from replay import Toolbox\n", READS_ENVIRONMENT)
    monkeypatch.setenv("SHOP", "east")

    assert exit_code_of(RUN) == 3
    assert "--env SHOP" in capsys.readouterr().err

    assert exit_code_of([*RUN, "--env", "SHOP"]) == 0
    assert exit_code_of([*RUN, "--env", "SHOP=west"]) == 0
    with Store.open("traces.db", mode="r") as store:
        assert store.run("latest").options["environment"] == ["SHOP"]


def test_a_variable_that_is_not_set_cannot_be_handed_on(folder: Path, capsys: Printed) -> None:
    assert exit_code_of([*RUN, "--env", "NO_SUCH_SHOP"]) == 3

    assert "--env NO_SUCH_SHOP=VALUE" in capsys.readouterr().err


@pytest.mark.slow
def test_the_baseline_may_be_given_another_value(folder: Path, capsys: Printed) -> None:
    change_tools(folder, "from replay import Toolbox\n", READS_ENVIRONMENT)
    change_tools(folder, "len(item)", "len(item) + (SHOP == 'west')")

    command = [*RUN, "--env", "SHOP=west", "--baseline", "./shop.py:toolbox"]
    code = exit_code_of([*command, "--baseline-env", "SHOP=east", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert code == 2
    assert [(one["verdict"], one["cause"]) for one in report["findings"]] == [
        ("response_changed", "code")
    ]


def test_a_baseline_in_a_folder_of_its_own_is_found_by_a_file_name(
    folder: Path, capsys: Printed
) -> None:
    old = folder / "old"
    old.mkdir()
    (old / "prices.py").write_text("def of(item):\n    return len(item)\n")
    (folder / "prices.py").write_text("def of(item):\n    return len(item) + 1\n")
    change_tools(
        folder, "from replay import Toolbox\n", "from replay import Toolbox\nimport prices\n"
    )
    change_tools(folder, "len(item)", "prices.of(item)")

    code = exit_code_of(
        [*RUN, "--baseline", "./shop.py:toolbox", "--baseline-path", "old", "--json"]
    )

    report = json.loads(capsys.readouterr().out)
    assert code == 2
    assert [(one["verdict"], one["cause"]) for one in report["findings"]] == [
        ("response_changed", "code")
    ]


def test_a_run_writes_reports_for_a_ci_server_beside_its_own(folder: Path, capsys: Printed) -> None:
    change_tools(folder, '"price": len', '"cost": len')

    assert exit_code_of([*RUN, "--junit", "replay.xml", "--markdown", "replay.md"]) == 2

    assert "3 changed in 1 finding" in capsys.readouterr().out
    cases = ElementTree.parse(folder / "replay.xml").getroot()
    assert (cases.get("tests"), cases.get("failures")) == ("3", "3")
    assert "| ~ | `price: 'price' is now 'cost'` | 3 of 3 |" in (folder / "replay.md").read_text()


@pytest.mark.parametrize("words", [["--jobs", "none"], ["--junit", "no/folder.xml"], ["--jbos"]])
def test_a_wrong_command_line_never_ends_in_a_verdict(folder: Path, words: list[str]) -> None:
    """A gate that tolerates 2, a person must judge, would pass on every typo."""
    assert exit_code_of([*RUN, *words]) == 3


SWALLOWS = """
import os, signal, sys
from replay.cli.interruption import ctrl_c
from replay.cli.main import exit_code_of
from replay.cli import demo
from replay.demo.stage import Stage

def record(stage):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        if sys.argv[1] == "another":
            raise ValueError("made of it by a library")
demo._record = record
sys.exit(exit_code_of(["demo"]))
"""


@pytest.mark.parametrize("what", ["swallowed", "another"])
def test_a_ctrl_c_that_a_library_takes_still_stops_the_demo(tmp_path: Path, what: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SWALLOWS, what], cwd=tmp_path, capture_output=True, text=True
    )

    assert (ran.returncode, ran.stdout, ran.stderr.strip()) == (130, "", "Stopped.")


HANGS_ON_CTRL_C = """
import signal, sys, time
from replay.cli.main import exit_code_of
from replay.replayer import Replayer

def stop(self):
    print("asked to stop", flush=True)
    while True: time.sleep(0.01)
Replayer.stop = stop
sys.exit(exit_code_of(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once(folder: Path) -> None:
    os.mkfifo(folder / "running")
    change_tools(
        folder,
        "    return {",
        "    open('running', 'w').close()\n    open('running').read()\n    return {",
    )
    command = [sys.executable, "-c", HANGS_ON_CTRL_C, *RUN, "--deadline", "60"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with (folder / "running").open():
            process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "asked to stop\n"
        process.send_signal(signal.SIGINT)

    assert process.returncode == -signal.SIGINT


def test_a_module_that_the_baselines_commit_does_not_have_is_told(
    folder: Path, capsys: Printed
) -> None:
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)

    assert exit_code_of([*RUN, "--baseline", "git:HEAD"]) == 3

    assert "'shop.py' is not in commit HEAD." in capsys.readouterr().err


def test_a_limit_that_does_not_exist_is_refused_with_the_nearest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["run", "traces.db", "--tools", "shop:toolbox", "--max", "memry=1"]) == 3

    told = capsys.readouterr().err
    assert "--max memry=1: there is no limit 'memry'." in told
    assert "Nearest: memory" in told
