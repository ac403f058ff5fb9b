from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from replay.cli.arguments import database_and, read_labels, read_moment
from replay.cli.selection import selection_options, selection_words
from replay.records import Outcome, Selection


def run(command: click.Command, *args: str) -> Any:
    """Return what the command returns for ``args``; a wrong command line raises."""
    return command.main(list(args), prog_name="x", standalone_mode=False)


@click.command()
@database_and("trace", optional=["step"])
def command(database: Path, trace: str, step: str | None) -> tuple[str, str, str | None]:
    return str(database), trace, step


@click.command()
@selection_options
def select(selection: Selection) -> Selection:
    return selection


def moment(value: str) -> str | None:
    return read_moment(click.Context(select), click.Option(["--since"]), value)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_database_comes_first() -> None:
    assert run(command, "prod.db", "t1") == ("prod.db", "t1", None)
    assert run(command, "prod.db", "t1", "3") == ("prod.db", "t1", "3")


def test_the_database_may_be_left_out_beside_a_traces_db(folder: Path) -> None:
    (folder / "traces.db").touch()

    assert run(command, "t1") == ("traces.db", "t1", None)
    assert run(command, "t1", "3") == ("traces.db", "t1", "3")


def test_the_database_may_be_left_out_where_the_configuration_names_it(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.replay]\ndatabase = "data/prod.db"\n')

    assert run(command, "t1") == (str(folder / "data" / "prod.db"), "t1", None)


def test_no_database_at_all_is_told_with_both_ways_to_name_one() -> None:
    with pytest.raises(click.UsageError, match="Which database"):
        run(command, "t1")


def test_missing_and_extra_arguments_are_named() -> None:
    with pytest.raises(click.UsageError, match="Missing argument 'TRACE'"):
        run(command, "prod.db")
    with pytest.raises(click.UsageError, match="an argument too many: 'c'"):
        run(command, "prod.db", "a", "b", "c")


def test_every_selection_option_reaches_its_field() -> None:
    words = (
        "--trace t1 --tool a --tool b --model gpt-* --tool-version 2 --outcome failed "
        "--app shop --source recorded --label env=prod --since 2026-11-20 --until 2026-11-21T09:30 "
        "--text refund --limit 3"
    )

    assert run(select, *words.split()) == Selection(
        trace_ids=["t1"],
        tools=["a", "b"],
        models=["gpt-*"],
        tool_versions=["2"],
        outcomes=[Outcome.FAILED],
        apps=["shop"],
        sources=["recorded"],
        labels={"env": "prod"},
        since="2026-11-20T00:00:00.000000Z",
        until="2026-11-21T09:30:00.000000Z",
        text="refund",
        limit=3,
    )


def test_no_option_selects_everything() -> None:
    assert run(select) == Selection()
    assert set(Selection.model_fields) - {"sample"} == {
        param.name for param in select.params if isinstance(param, click.Option)
    }


def test_a_selection_can_be_said_again_as_options() -> None:
    chosen = Selection(tools=["a", "b"], labels={"env": "prod"}, limit=3)

    words = selection_words(chosen)

    assert words == "--tool a --tool b --label env=prod --limit 3"
    assert run(select, *words.split()) == chosen


def test_an_offset_is_counted_in_and_utc_is_the_default() -> None:
    assert moment("2026-11-21T10:30+01:00") == "2026-11-21T09:30:00.000000Z"


def test_how_long_ago_is_a_moment_too() -> None:
    before = datetime.now(UTC)
    told = moment("2h")

    assert told is not None
    assert (before - datetime.fromisoformat(told)).total_seconds() == pytest.approx(7200, abs=60)


@pytest.mark.parametrize("value", ["soon", "", "12", "d", "99999999999d"])
def test_no_moment_is_told_with_examples(value: str) -> None:
    with pytest.raises(click.BadParameter, match="is no moment; give 2026-11-21"):
        moment(value)


def test_an_outcome_that_is_none_is_told_with_all_of_them() -> None:
    with pytest.raises(click.BadParameter, match=r"'broken' is no outcome; one of: ok, bad_json"):
        run(select, "--outcome", "broken")


def test_an_outcome_is_taken_in_the_words_that_the_lists_have() -> None:
    from replay.cli.arguments import read_outcomes

    words = ("invalid arguments", "bad-json", "timeout", "unknown")
    context = click.Context(click.Command("list"))
    codes = read_outcomes(context, click.Option(["--outcome"]), words)

    assert codes == ["invalid_arguments", "bad_json", "timeout", "unknown_tool"]


@pytest.mark.parametrize("value", ["prod", "=prod"])
def test_a_label_without_key_or_value_is_refused(value: str) -> None:
    with pytest.raises(click.BadParameter, match="write it as KEY=VALUE"):
        read_labels(click.Context(select), click.Option(["--label"]), (value,))
