"""docs/export.md's table, held against reality: what each format carries there and back."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from replay.interchange import (
    LINE_FORMATS,
    ExportReport,
    export_lines,
    export_requests,
    import_files,
)
from replay.records import Record, Selection, Transcript
from replay.store import Store
from tests.interchange.rich_trace import (
    CHAT_FACTS,
    CLAUDE_FACTS,
    chat_trace,
    claude_trace,
)

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")
CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "transcripts"


def table() -> dict[str, dict[str, bool]]:
    """By fact and format: whether the page says that it is carried."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    head = next(line for line in lines if line.startswith("| fact"))
    formats = [cell.strip() for cell in head.strip("|").split("|")][1:]
    found: dict[str, dict[str, bool]] = {}
    for line in lines[lines.index(head) + 1 :]:
        fact, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if len(cells) != len(formats) or not {*cells} <= {"yes", "no"}:
            break
        found[fact] = dict(zip(formats, (cell == "yes" for cell in cells), strict=True))
    return found


def there_and_back(
    folder: Path, records: list[Record], format_name: str
) -> tuple[Transcript, Transcript]:
    with Store.open(folder / "from.db", "create") as store:
        store.append_all(records)
        lines = export_lines(store, Selection(), format_name, ExportReport())
        (folder / "lines.jsonl").write_text("".join(lines), "utf-8")
        (before,) = [store.transcript(name) for name in store.trace_ids()]
    with Store.open(folder / "to.db", "create") as store:
        import_files(store, [folder / "lines.jsonl"])
        after = store.transcript(store.trace_ids()[0])
    return before, after


@pytest.mark.parametrize("format_name", LINE_FORMATS)
def test_the_table_says_what_a_format_carries(format_name: str, tmp_path: Path) -> None:
    carried = {}
    for records, facts in ((chat_trace(), CHAT_FACTS), (claude_trace(), CLAUDE_FACTS)):
        folder = tmp_path / records[-1].kind / str(len(facts))
        folder.mkdir(parents=True)
        before, after = there_and_back(folder, records, format_name)
        carried |= {fact: ask(before) == ask(after) for fact, ask in facts.items()}

    assert carried == {fact: row[format_name] for fact, row in table().items()}


@pytest.mark.parametrize("format_name", ["otlp", "openinference"])
def test_exporting_twice_gives_the_same_spans(format_name: str, tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all([*chat_trace(), *claude_trace()])
        once, again = (
            list(export_lines(store, Selection(), format_name, ExportReport())) for _ in range(2)
        )

    assert once == again
    spans = [
        span
        for line in once
        for span in json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    ]
    assert len({span["spanId"] for span in spans}) == len(spans) == 6 + 4
    assert all(re.fullmatch("[0-9a-f]{32}", span["traceId"]) for span in spans)


def test_the_spans_are_those_of_the_conventions(tmp_path: Path) -> None:
    root, chat, tool, bad, *_ = spans_of(tmp_path)

    assert (root["name"], chat["name"], tool["name"]) == (
        "invoke_agent weather",
        "chat gpt-5",
        "execute_tool get_weather",
    )
    assert "parentSpanId" not in root
    assert chat["parentSpanId"] == tool["parentSpanId"] == root["spanId"]
    said = {one["key"]: next(iter(one["value"].values())) for one in chat["attributes"]}
    assert json.loads(said["gen_ai.input.messages"])[0] == {
        "role": "system",
        "parts": [{"type": "text", "content": "Be brief."}],
    }
    (output,) = json.loads(said["gen_ai.output.messages"])
    assert [part["arguments"] for part in output["parts"]] == ['{"city":  "Paris"}', "{"]
    assert json.loads(said["gen_ai.tool.definitions"])[0]["name"] == "get_weather"
    assert said["gen_ai.usage.input_tokens"] == "10"
    ran = {one["key"]: next(iter(one["value"].values())) for one in bad["attributes"]}
    assert ran["gen_ai.tool.call.id"] == "call_2"
    assert (ran["error.type"], bad["status"]["code"]) == ("BadJson", 2)


def spans_of(folder: Path) -> list[dict[str, Any]]:
    with Store.open(folder / "traces.db", "create") as store:
        store.append_all(chat_trace())
        (request,) = export_requests(store, Selection(), "otlp", ExportReport())
    found: list[dict[str, Any]] = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return found


def test_a_step_whose_end_nobody_knows_has_no_duration_afterwards(tmp_path: Path) -> None:
    records = [
        one.model_copy(update={"duration_ms": None}) if hasattr(one, "duration_ms") else one
        for one in chat_trace()
        if one.kind != "attempt"
    ]

    _, after = there_and_back(tmp_path, records, "otlp")

    assert {step.duration_ms for step in after.steps} == {None}


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here")
@pytest.mark.parametrize("format_name", ["otlp", "openinference"])
def test_the_corpora_come_back_as_they_went(format_name: str, tmp_path: Path) -> None:
    """Calls, what they were told and how they ended: all of it, in the same order."""
    for file in CORPORA.glob("*.jsonl"):
        with file.open(encoding="utf-8") as lines_of:
            (tmp_path / file.name).write_text("".join(islice(lines_of, 4)), "utf-8")
    if (CORPORA / "contexts.json").is_file():
        (tmp_path / "contexts.json").symlink_to(CORPORA / "contexts.json")
    with Store.open(tmp_path / "from.db", "create") as store:
        import_files(store, sorted(tmp_path.glob("*.jsonl")))
        ids = store.trace_ids()
        lines = export_lines(store, Selection(trace_ids=ids), format_name, ExportReport())
        (tmp_path / "spans").write_text("".join(lines), "utf-8")
        before = {name: calls_of(store.transcript(name)) for name in ids}
    with Store.open(tmp_path / "to.db", "create") as store:
        import_files(store, [tmp_path / "spans"])
        found = [store.transcript(name) for name in store.trace_ids()]
    after = {one.trace.attributes["metadata"]["replay.trace.id"]: calls_of(one) for one in found}

    assert len(before) > 20
    assert {name: calls for name, calls in before.items() if after.get(name, []) != calls} == {}


def calls_of(told: Transcript) -> list[Any]:
    names = ("step_number", "tool", "arguments", "response", "outcome", "actor")
    return [
        [getattr(step, name) for name in names] for step in told.steps if step.kind == "tool_call"
    ]
