"""Files of traces on their way in: in parts, twice, broken, interrupted, packed, in folders."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from replay.cli.main import exit_code_of
from replay.errors import ExitCode, ImportFileError
from replay.interchange import ImportOptions, import_files
from replay.interchange.importing import FULLER
from replay.interchange.planes import TOLD_TWICE
from replay.interchange.trace_files import NOTHING_TOLD
from replay.records import Outcome, Selection
from replay.store import Store
from tests.interchange.chats import exported, imported, model_calls, tool_calls
from tests.interchange.conftest import WriteLines

FIXTURES = Path(__file__).parent / "fixtures"
GENAI = FIXTURES / "otlp-genai" / "otlp.jsonl"
LINES = GENAI.read_text("utf-8").splitlines()
"""The spans of two traces, in turn."""


def steps(store: Store) -> dict[str, int]:
    return {one: len(store.transcript(one).steps) for one in store.trace_ids(Selection())}


def test_importing_traces_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    imported(store, GENAI)
    before = exported(store, "records")

    report = imported(store, shutil.copy(GENAI, tmp_path / "another.jsonl"))

    assert (report.new_count, report.known_count, report.renewed_count) == (0, 2, 0)
    assert exported(store, "records") == before


def test_a_trace_whose_spans_are_in_two_files_is_one(store: Store, write_lines: WriteLines) -> None:
    whole = imported_whole(store)
    parts = [
        write_lines(*LINES[:2], name="1.jsonl"),
        write_lines(*LINES[2:], name="2.jsonl"),
    ]

    (report,) = import_files(store, parts)

    assert report.path.endswith("1.jsonl and 1 more")
    assert (report.new_count, report.known_count) == (0, 2)
    assert steps(store) == whole


def imported_whole(store: Store) -> dict[str, int]:
    imported(store, GENAI)
    return steps(store)


def test_a_part_of_a_trace_leaves_the_whole_as_it_is(store: Store, write_lines: WriteLines) -> None:
    whole = imported_whole(store)

    report = imported(store, write_lines(LINES[0]))

    assert report.notes[FULLER] == 1
    assert steps(store) == whole


def test_the_whole_takes_the_place_of_a_part(store: Store, write_lines: WriteLines) -> None:
    imported(store, write_lines(LINES[0]))

    report = imported(store, GENAI)

    assert (report.new_count, report.renewed_count) == (1, 1)
    assert sorted(steps(store).values()) == [3, 9]


def test_a_broken_line_stops_the_import_with_its_place_and_nothing_kept(
    store: Store, write_lines: WriteLines
) -> None:
    path = write_lines(LINES[0], '{"resourceSpans": [', *LINES[1:])

    with pytest.raises(ImportFileError, match=r"chats.jsonl:2:20: the line is not one whole JSON"):
        imported(store, path)

    assert steps(store) == {}


def test_bad_lines_are_left_out_where_that_is_wanted(store: Store, write_lines: WriteLines) -> None:
    path = write_lines(*LINES, '{"resourceSpans": [')

    report = imported(store, path, ImportOptions(skip_bad_lines=True))

    assert report.new_count == 2
    (bad,) = report.bad_lines
    assert bad.wanted.startswith(f"{path}:{len(LINES) + 1}:20: ")


def test_a_span_without_an_id_is_named_with_its_place(
    store: Store, write_lines: WriteLines
) -> None:
    broken = json.loads(LINES[0])
    del broken["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["traceId"]

    with pytest.raises(
        ImportFileError,
        match=r":1:\d+: resourceSpans\[0\].scopeSpans\[0\].spans\[1\].traceId: expected a trace's",
    ):
        imported(store, write_lines(broken))


def test_an_interrupted_import_keeps_whole_traces_and_a_second_one_adds_the_rest(
    store: Store, write_lines: WriteLines
) -> None:
    path = write_lines(*LINES, *(again(line, "f") for line in LINES))
    size_bytes = path.stat().st_size

    def interrupt(done: int, total: int) -> None:
        if done > size_bytes + 10:  # the first trace is written
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_files(store, [path], on_progress=interrupt)
    store.flush()
    kept = steps(store)
    report = imported(store, path)

    assert len(kept) == 1
    assert set(kept.values()) <= {3, 9}
    assert (report.new_count, report.known_count) == (3, 1)


def again(line: str, digit: str) -> str:
    """The same spans in traces with other ids."""
    value = json.loads(line)
    for part in value["resourceSpans"]:
        for scope in part["scopeSpans"]:
            for span in scope["spans"]:
                span["traceId"] = digit + span["traceId"][1:]
    return json.dumps(value)


def test_a_folder_is_read_and_what_is_no_trace_in_it_is_told(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "exports"
    (folder / "below").mkdir(parents=True)
    shutil.copy(GENAI, folder / "below" / "spans.jsonl")
    shutil.copy(FIXTURES / "mlflow" / "table.json", folder)
    (folder / "notes.json").write_text('{"title": "notes"}')
    (folder / "readme.md").write_text("no traces")

    code = exit_code_of(["import", str(tmp_path / "new.db"), str(folder)])

    told = capsys.readouterr().out
    assert code == ExitCode.OK
    assert f"{folder}/below/spans.jsonl: otlp" in told
    assert f"{folder}/table.json: mlflow" in told
    assert f"{folder}/notes.json: left out: expected a conversation" in told
    assert "readme" not in told


def test_a_folder_without_anything_to_import_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ImportFileError, match="has nothing to import"):
        import_files(store, [tmp_path])


def test_stdin_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GENAI.read_bytes())))

    code = exit_code_of(["import", str(tmp_path / "new.db"), "-"])

    assert code == ExitCode.OK
    assert "traces: 2 new" in capsys.readouterr().out


def test_files_packed_with_zstandard_are_unpacked_as_they_are_read(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "spans.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(GENAI.read_bytes()))

    assert imported(store, path).new_count == 2


def test_a_damaged_archive_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl.gz"
    path.write_bytes((FIXTURES / "otlp-genai" / "otlp.jsonl.gz").read_bytes()[:900])

    with pytest.raises(ImportFileError, match="cannot be unpacked: it ends too early"):
        imported(store, path)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PAR1\x15\x04", "this is a Parquet file"), (b"SQLite format 3\0", "a SQLite database")],
)
def test_what_is_no_text_is_refused_with_what_it_is(
    store: Store, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "traces.bin"
    path.write_bytes(content)

    with pytest.raises(ImportFileError, match=words):
        imported(store, path)


def test_protobuf_without_its_package_says_how_to_get_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.proto.collector.logs.v1", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.proto.collector.logs.v1.logs_service_pb2", None)

    with pytest.raises(ImportFileError, match="opentelemetry-proto is not installed") as caught:
        imported(store, FIXTURES / "otlp-genai" / "otlp.binpb")

    assert "replay-sandbox[otlp]" in str(caught.value)


def test_protobuf_that_ends_inside_a_request_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "cut.binpb"
    path.write_bytes((FIXTURES / "otlp-genai" / "otlp.binpb").read_bytes()[:-100])

    with pytest.raises(ImportFileError, match="ends inside a request"):
        imported(store, path)


def test_a_model_call_that_two_instrumentations_tell_is_one(store: Store) -> None:
    report = imported(store, FIXTURES / "otlp-both" / "otlp.jsonl")

    assert report.notes[TOLD_TWICE] == 6
    assert report.written["model_calls"] == 6


def test_spans_without_content_are_refused_in_words(store: Store, write_lines: WriteLines) -> None:
    value = json.loads(LINES[0])
    for part in value["resourceSpans"]:
        for scope in part["scopeSpans"]:
            scope["spans"] = [s for s in scope["spans"] if s["name"].startswith("chat")]
            for span in scope["spans"]:
                span["attributes"] = [
                    a for a in span["attributes"] if not a["key"].endswith("messages")
                ]

    report = imported(store, write_lines(value))

    note = "model calls whose messages were not kept: their times and tokens only"
    assert report.notes[note] == 2
    (trace_id,) = store.trace_ids(Selection())
    assert tool_calls(store.transcript(trace_id)) == []


def test_large_numbers_and_broken_letters_come_through_as_they_are(
    store: Store, write_lines: WriteLines
) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "pay", "input": {"n": 10**30, "s": "\ud800"}}
    line = {
        "type": "assistant",
        "parentUuid": None,
        "sessionId": "s1",
        "uuid": "u1",
        "message": {"id": "m1", "role": "assistant", "content": [use]},
    }

    imported(store, write_lines(line))

    (pay,) = tool_calls(store.transcript("s1"))
    assert json.loads(pay.arguments) == use["input"]


def test_traces_of_something_else_are_counted_and_left_out(
    store: Store, write_lines: WriteLines
) -> None:
    span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "GET /", "attributes": []}

    report = imported(store, write_lines({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))

    assert report.notes[NOTHING_TOLD] == 1
    assert store.trace_ids(Selection()) == []


def test_errors_times_and_sessions_are_carried(store: Store) -> None:
    imported(store, FIXTURES / "otlp-traceloop" / "otlp.jsonl")

    transcripts = [store.transcript(one) for one in store.trace_ids(Selection())]
    travel = next(one for one in transcripts if len(tool_calls(one)) == 5)
    outcomes = [call.outcome for call in tool_calls(travel)]
    assert outcomes == [
        Outcome.OK,
        Outcome.OK,
        Outcome.FAILED,
        Outcome.INVALID_ARGUMENTS,
        Outcome.OK,
    ]
    assert all(call.duration_ms is not None for call in tool_calls(travel))
    assert all(call.bound_by == "provider_call_id" for call in tool_calls(travel))
    assert travel.trace.labels == {"session": "session-1"}
    assert travel.trace.app == "travel"
    assert all(call.tools for call in model_calls(travel))


def test_runs_of_tools_stand_alone_where_no_model_call_asks_for_them(store: Store) -> None:
    imported(store, FIXTURES / "openai-agents-responses" / "traces.jsonl")

    for trace_id in store.trace_ids(Selection()):
        calls = tool_calls(store.transcript(trace_id))
        assert calls
        assert all(call.model_call_id is None for call in calls)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["langfuse/otlp.jsonl", "langfuse/scores.jsonl"], ("helpful", 0.5, "half of it")),
        (["mlflow/traces.jsonl"], ("helpful", 0.5, "half of it")),
        (
            ["phoenix/spans.jsonl", "phoenix/annotations.jsonl"],
            ("helpful: partly", 0.5, "half of it"),
        ),
    ],
)
def test_scores_become_feedback(store: Store, files: list[str], said: tuple[Any, ...]) -> None:
    import_files(store, [FIXTURES / file for file in files])

    feedback = [one for t in store.trace_ids(Selection()) for one in store.transcript(t).feedback]
    assert {(one.label, one.score, one.text) for one in feedback} == {said}


def test_what_a_scorer_of_inspect_said_becomes_feedback(store: Store) -> None:
    imported(store, FIXTURES / "inspect" / "travel.eval")

    for trace_id in store.trace_ids(Selection()):
        transcript = store.transcript(trace_id)
        assert [(one.label, one.score) for one in transcript.feedback] == [("includes: C", 1.0)]
        assert transcript.trace.outcome == "includes=C"


def test_an_answer_that_the_agent_wrapped_is_kept_beside_the_tools_own(store: Store) -> None:
    imported(store, FIXTURES / "codex" / "session.jsonl")

    (trace_id,) = store.trace_ids(Selection())
    first = tool_calls(store.transcript(trace_id))[0]
    assert (first.tool, first.attributes["shown_as"]) == ("get_weather", "mcp__travel__get_weather")
    assert first.response == '{"city":"Paris","temperature":18.5,"unit":"celsius"}'
    assert first.attributes["told"].startswith("Wall time: ")


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("form", ["lines", "one object", "a list"])
def test_the_memory_of_an_import_does_not_grow_with_the_file(tmp_path: Path, form: str) -> None:
    used = [peak_kib(tmp_path / f"{count}", form, count) for count in (20, 450)]

    assert used[1] < used[0] + 40_000


def peak_kib(folder: Path, form: str, count: int) -> int:
    """Import so many copies of a run, and return the most memory that it took."""
    folder.mkdir()
    path = folder / "traces.json"
    with path.open("w", encoding="utf-8") as file:
        if form == "a list":
            write_runs(file, count)
        else:
            write_spans(file, count, wrapped=form == "one object")
    command = [Path(sys.executable).with_name("replay"), "import", folder / "t.db", path]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return usage.ru_maxrss


def write_spans(file: Any, count: int, *, wrapped: bool) -> None:
    file.write('{"resourceSpans": [\n' if wrapped else "")
    first = True
    for number in range(count):
        for line in LINES:
            text = again(line, f"{number:06x}") if number else line
            if wrapped:
                for part in json.loads(text)["resourceSpans"]:
                    file.write(("" if first else ",\n") + json.dumps(part))
                    first = False
            else:
                file.write(text + "\n")
    file.write("\n]}" if wrapped else "")


def write_runs(file: Any, count: int) -> None:
    text = (FIXTURES / "langsmith" / "runs.jsonl").read_text("utf-8")
    runs = [json.loads(line) for line in text.splitlines()]
    ids = {run["id"] for run in runs}
    file.write("[")
    for number in range(count):
        copy = text
        for one in ids:
            copy = copy.replace(one, f"{number:08x}{one[8:]}")
        file.write(("," if number else "") + ",".join(copy.splitlines()))
    file.write("]")
