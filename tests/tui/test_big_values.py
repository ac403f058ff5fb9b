"""Values of megabytes: what is read and made of them, as counts of objects, never as timings."""

from __future__ import annotations

import gc
import json
import re
import weakref
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.screens_values import RUN, branch_records, moment, value_records
from replay.records import ReplayRun, ToolCall
from replay.stepping.watches import Watch
from replay.store import Store
from replay.store.contents import ContentReader
from replay.store.record_rows import RecordReader
from replay.verdicts.origins import Source, origins
from tests.tui.big import SIZE
from tests.tui.person import Person, use
from tui.rows.both import Both, without_values
from tui.rows.branches import BranchReader, branch_size, newest_branch, read_run
from tui.rows.comparisons import StepComparisons
from tui.rows.database import Database
from tui.rows.hits import look_through
from tui.rows.replays import RunList
from tui.rows.schemas import read_tool_schemas
from tui.rows.shared import share_equal
from tui.rows.step_facts import FactReader
from tui.rows.steps import read_detail, read_steps
from tui.views.alignment import aligned
from tui.views.branch_view import branch_step_entries
from tui.views.diff_entries import diff_entries
from tui.views.entries import Entry, lay_out
from tui.views.json_entries import json_entries
from tui.views.parts import parts_text
from tui.views.sames import ALL


def comparison_of(path: Path, trace: str) -> Any:
    database = Database.open(path)
    try:
        return StepComparisons(database, read_steps(database, trace)).read(0)
    finally:
        database.close()


# -- what both sides have in common ---------------------------------------------------------------


def test_equal_parts_of_two_values_are_one_object_afterwards() -> None:
    recorded = {"rows": [{"id": at, "tags": ["a"]} for at in range(50)], "old": 1}
    today = json.loads(json.dumps(recorded))
    today["rows"][7]["id"] = -1
    today["rows"].insert(20, {"id": "new"})

    shared = share_equal(recorded, today)

    same = [row for row in shared["rows"] if any(row is one for one in recorded["rows"])]
    assert len(same) == 49
    assert shared["rows"][7]["tags"] is recorded["rows"][7]["tags"]
    assert shared["rows"][7]["id"] == -1


@pytest.mark.parametrize(
    ("recorded", "today"),
    [([1, 2], [True, 2]), ({"a": 1.0}, {"a": 1}), ([None], [float("nan")]), ("a", "b"), ([], {})],
)
def test_what_differs_in_type_alone_is_not_shared(recorded: Any, today: Any) -> None:
    both = Both.of(recorded, today)

    assert not both.is_same
    assert json.dumps(both.today) == json.dumps(today)


def test_what_two_screens_show_of_one_call_is_read_once(big: Path) -> None:
    database = Database.open(big)
    steps = read_steps(database, "big-payload")
    detail = read_detail(database, steps, steps.steps[1])

    compared = StepComparisons(database, steps).read(0)
    held = weakref.ref(compared.told)

    assert detail.told is compared.told
    del detail, compared
    assert held() is None
    database.close()


def test_a_payload_that_is_the_same_is_kept_as_its_outline_and_read_when_it_is_opened(
    big: Path,
) -> None:
    database = Database.open(big)
    compared = StepComparisons(database, read_steps(database, "big-payload")).read(0)

    assert compared.payloads is not None
    assert compared.payloads.is_same
    assert compared.payloads.recorded == {"taken": None, "count": None}
    assert compared.payload_again is not None
    assert compared.payload_again()["count"] == SIZE // 120
    database.close()


def test_in_a_finding_the_payload_is_compared_too(big: Path) -> None:
    """It was left unread there, and looked as if today's tool alone had one."""

    async def script(person: Person) -> None:
        await person.press("r", "enter")
        await person.sees("it differs")
        await person.press("v")
        await person.sees("payload   ✓ same  { 2 keys }")

    use(big, script)


# -- what becomes a line --------------------------------------------------------------------------


def test_of_equal_lines_none_becomes_an_entry_before_somebody_opens_them() -> None:
    recorded = "\n".join(f"line {at}" for at in range(60_000))
    today = recorded.replace("line 7\n", "another\n").replace("line 50000\n", "")
    gc.collect()
    before = sum(isinstance(one, Entry) for one in gc.get_objects())

    entries = diff_entries(recorded, today)
    rows = lay_out(entries, 100)

    assert sum(isinstance(one, Entry) for one in gc.get_objects()) - before < 30
    assert [row.entry.text for row in rows if row.entry.mark in "+-" and row.entry.mark] == [
        "line 7",
        "another",
        "line 50000",
    ]


def test_many_lines_are_aligned_after_each_change() -> None:
    old = [f"line {at}" for at in range(50_000)]
    new = [one for at, one in enumerate(old) if at % 1_000 != 500]

    steps = aligned(old, new)

    assert sum(step.old_to - step.old_from for step in steps if not step.is_equal) == 50
    assert [one for step in steps for one in new[step.new_from : step.new_to]] == new


def test_what_has_nothing_in_common_stands_one_below_the_other() -> None:
    old, new = [f"a{at}" for at in range(30_000)], [f"b{at}" for at in range(30_000)]

    assert [tuple(step) for step in aligned(old, new)] == [(0, 30_000, 0, 30_000, False)]


def test_everything_shown_of_many_equal_members_is_in_groups() -> None:
    recorded = [{"id": at} for at in range(2_000)]
    (entry,) = diff_entries(recorded, [*recorded[:1_999], {"id": -1}], context=ALL)

    words = [parts_text(one.parts) for one in entry.made()]

    assert words[:2] == ["equal members 0 … 499", "equal members 500 … 999"]
    assert len(entry.made()[0].made()) == 500


def test_a_group_that_is_opened_shows_a_thousand_lines_and_the_rest_folded() -> None:
    (entry,) = json_entries([{"id": at, "tags": ["a", "b"]} for at in range(5_000)])
    group = entry.made()[0]
    group.is_open = True

    rows = lay_out([group], 100)

    assert 500 < len(rows) < 2_000
    assert len(group.made()) == 500


def test_what_nests_deeper_than_the_screen_is_wide_is_seen() -> None:
    value: Any = "end"
    for _ in range(90):
        value = {"inner": value}

    rows = [parts_text(row.parts) for row in lay_out(json_entries(value), 60)]

    assert '"inner": "end"' in rows[90]
    assert rows[90].startswith("›" * 6 + '"')
    assert max(map(len, rows)) <= 60


# -- what is read ---------------------------------------------------------------------------------


def test_a_verdict_is_read_without_todays_values(big: Path) -> None:
    database = Database.open(big)
    steps = read_steps(database, "big-payload")
    detail = read_detail(database, steps, steps.steps[1])

    verdict, whole = detail.verdict, detail.judged()

    assert verdict is not None
    assert whole is not None
    assert verdict.replayed is not None
    assert whole.replayed is not None
    assert verdict.replayed.payload is verdict.replayed.result is None
    assert verdict.replayed.response == whole.replayed.response
    left = {"payload": None, "result": None}
    assert verdict == whole.model_copy(update={"replayed": whole.replayed.model_copy(update=left)})
    database.close()


@pytest.mark.parametrize(
    "payload",
    [
        {"response": {"response": "x" * 600}, "payload": [',"payload":', ',"response":']},
        {"a": ["," + '"response":null}', {"payload": {"response": 1}}]},
        [],
    ],
)
def test_what_looks_like_the_members_around_the_values_does_no_harm(
    tmp_path: Path, payload: Any
) -> None:
    path = tmp_path / "t.db"
    records = value_records("big-line", 2_000)
    verdict: Any = records.pop()
    replayed = verdict.replayed.model_copy(
        update={
            "payload": payload,
            "result": payload,
            "schema_errors": [{"input": {"response": payload}}],
        }
    )
    run = ReplayRun(id=RUN, started_at=moment(0), status="finished", toolbox="t:box")
    with Store.open(path, "create") as store:
        store.append_all([run, *records, verdict.model_copy(update={"replayed": replayed})])
    database = Database.open(path)
    steps = read_steps(database, "big-line")
    detail = read_detail(database, steps, steps.steps[1])

    texts, whole = detail.verdict, detail.judged()

    assert texts is not None
    assert whole is not None
    assert whole.replayed == replayed
    assert texts.replayed == replayed.model_copy(update={"payload": None, "result": None})
    database.close()


def test_a_list_of_runs_reads_those_that_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with Store.open(path, "create") as store:
        store.append_all(
            ReplayRun(id=f"run-{at:04}", started_at=moment(at), toolbox="t:box")
            for at in range(1_000)
        )
    database = Database.open(path)
    gc.collect()
    before = sum(isinstance(one, ReplayRun) for one in gc.get_objects())

    runs = RunList(database)
    first, last = runs[0], runs[999]

    assert len(runs) == 1_000
    assert (first.id, last.id) == ("run-0999", "run-0000")
    assert [run.id for run in runs[500:502]] == ["run-0499", "run-0498"]
    assert sum(isinstance(one, ReplayRun) for one in gc.get_objects()) - before < 250
    database.close()


def test_a_long_text_is_looked_for_without_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(f"word{at}" for at in range(10_000))
    compiled: list[int] = []
    plain = re.compile

    def counting(pattern: str, *more: Any) -> Any:
        compiled.append(len(pattern))
        return plain(pattern, *more)

    monkeypatch.setattr("replay.verdicts.origins.re.compile", counting)
    (found,) = origins(text, [Source(1, "response", json.dumps({"page": f"It says {text}"}))])

    assert (found.path, found.is_exact, found.found) == ("page", False, "")
    assert max(compiled, default=0) < 1_000


def test_a_comparison_reads_no_result_and_a_payload_that_is_stored_alike_once(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[str] = []
    plain = RecordReader.records

    def noting(self: RecordReader, kind: str, *words: Any, **more: Any) -> Any:
        wanted = {"tool_call": "result", "call_verdict": "replayed"}.get(kind)
        if wanted is not None and wanted not in more.get("left_out", ()):
            whole.append(kind)
        return plain(self, kind, *words, **more)

    monkeypatch.setattr(RecordReader, "records", noting)
    monkeypatch.setattr("tui.rows.verdict_parts.value_at", None)  # reads today's payload

    compared = comparison_of(big, "big-payload")

    assert whole == []
    assert compared.payloads.is_same
    assert compared.verdict.replayed.payload is compared.verdict.replayed.result is None


@pytest.mark.parametrize(
    ("recorded", "today", "is_same"),
    [
        ({"a": 1, "b": "x" * 600}, {"a": 1, "b": "x" * 600}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1, "b": "x" * 600}, {"a": True, "b": "x" * 600}, False),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, False),
        ({"a": 2**70}, {"a": 2**70}, True),
        ({"a": "\ud800"}, {"a": "\ud800"}, True),
        (None, {"a": 1}, False),
        ({"a": 1}, None, False),
    ],
)
@pytest.mark.parametrize("is_as_written", [True, False])
def test_payloads_that_say_the_same_are_the_same_however_they_are_stored(
    tmp_path: Path, recorded: Any, today: Any, is_same: bool, is_as_written: bool
) -> None:
    path = tmp_path / "t.db"
    call: Any
    *others, call, last, verdict = value_records("big-line", 2_000)
    arguments = json.dumps(recorded, indent=3) if is_as_written else "{}"
    call = call.model_copy(update={"arguments": arguments, "payload": recorded})
    replayed = verdict.replayed.model_copy(update={"payload": today})  # type: ignore[attr-defined]
    run = ReplayRun(id=RUN, started_at=moment(0), status="finished", toolbox="t:box")
    with Store.open(path, "create") as store:
        store.append_all(
            [run, *others, call, last, verdict.model_copy(update={"replayed": replayed})]
        )

    both = comparison_of(path, "big-line").payloads

    assert both.is_same == is_same
    assert json.dumps([both.recorded, both.today]) == json.dumps(
        [recorded, recorded if is_same else today]
    )


# -- an edited branch -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The big call, and a branch in which its response is edited."""
    path = tmp_path_factory.mktemp("edited") / "edited.db"
    with Store.open(path, "create") as store:
        store.append_all(value_records("big-payload", SIZE))
        store.append_all(branch_records("big-payload", SIZE))
    return path


def test_a_branch_is_read_without_values_and_its_calls_as_they_are(edited: Path) -> None:
    database = Database.open(edited)
    run = newest_branch(database, "big-payload")
    assert run is not None
    whole = read_run(database, run.id).branch
    assert whole is not None
    reader = BranchReader(database, run)

    step, texts = reader.step(0), whole.steps[0].today.replayed
    assert texts is not None
    assert len(orjson.dumps(run.model_dump())) < 3_000
    assert branch_size(database, run.id) > 4 * SIZE
    assert texts.payload is not None
    for side, is_whole in (
        (step.today, whole.steps[0].today),
        (step.edited, whole.steps[0].edited),
    ):
        assert side == without_values(is_whole)
    for side in ("recorded", "edited"):
        assert reader.side(0, side) == getattr(whole.edits[0], side)
    assert newest_branch(database, "another") is None
    assert RunList(database)[0] == run.model_copy(update={"branch": None})  # a list shows none
    database.close()


def test_what_the_sides_of_a_branch_have_in_common_is_one_object(edited: Path) -> None:
    database = Database.open(edited)
    run = newest_branch(database, "big-payload")
    assert run is not None
    with Store.open(edited, "r") as store:
        call: ToolCall = store.tool_call("big-payload-c2")

    entries = branch_step_entries(BranchReader(database, run), 0, call)

    held = [entry.value for entry in entries if isinstance(entry.value, dict)]
    sides = [side for one in held for side in (one.get("recorded"), one.get("today")) if side]
    assert len(sides) == 4
    assert len({id(side["taken"][7]) for side in sides}) == 1
    database.close()


def test_what_a_transcript_holds_is_not_read_again_for_its_branch(
    edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(edited)
    run = newest_branch(database, "big-payload")
    assert run is not None
    with Store.open(edited, "r") as store:
        call: ToolCall = store.tool_call("big-payload-c2")
    verdict = BranchReader(database, run).step(0).today
    both = database.told("as a transcript holds it", verdict, call)
    monkeypatch.setattr("replay.verdicts.canonical.read_response", None)

    entries = branch_step_entries(BranchReader(database, run), 0, call)

    shown = [one.value for one in entries if isinstance(one.value, dict) and "today" in one.value]
    assert shown[-1]["recorded"] is both.recorded
    assert shown[-1]["today"] is both.today
    database.close()


# -- conditions on big values ---------------------------------------------------------------------


def test_of_a_big_call_a_watch_reads_what_it_looks_at_and_of_small_ones_all_at_once(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(big)
    read: list[frozenset[str]] = []
    plain = FactReader._read

    def noting(self: FactReader, keys: list[int], left_out: frozenset[str] = frozenset()) -> Any:
        read.extend([left_out] if keys else [])
        return plain(self, keys, left_out)

    monkeypatch.setattr(FactReader, "_read", noting)
    steps = read_steps(database, "big-payload")
    small = FactReader(database, steps)
    assert small.facts(1).values_of("payload")[0]["count"] == SIZE // 120
    assert small.facts(1).values_of("response")[0]["count"] == SIZE // 120
    assert read == [frozenset()]

    monkeypatch.setattr("tui.rows.step_facts._AT_ONCE_SIZE", SIZE)
    reader = FactReader(database, steps)
    values = {
        name: reader.facts(1).values_of(name)[0] for name in ("payload", "result", "response")
    }

    assert values["payload"] == values["result"] == values["response"]
    assert reader.facts(1).values_of("outcome") == ["ok"]
    assert ["payload" in one for one in read[1:]] == [False, True, True]
    assert ["response" in one for one in read[1:]] == [True, False, False]
    assert len(reader._big) == 1
    database.close()


def test_what_a_watch_saw_of_a_call_is_kept_and_not_copied(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.rows.hits.copy", None)  # for the world, which the next step changes
    database = Database.open(big)
    watch = Watch.of("response.taken[7].id")

    found = look_through(database, read_steps(database, "big-payload"), [], [watch], None)

    assert found.series[0].at(1) == [7]
    database.close()


def test_lists_of_runs_and_schemas_read_nothing_of_a_branch(
    edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(edited)
    sizes: list[int] = []
    real = ContentReader.encoded

    def encoded(self: ContentReader, *given: Any) -> Any:
        found = real(self, *given)
        sizes.append(len(found[1]))
        return found

    monkeypatch.setattr(ContentReader, "encoded", encoded)

    assert RunList(database)[0].is_what_if
    read_tool_schemas(database)

    assert max(sizes, default=0) < SIZE
    database.close()
