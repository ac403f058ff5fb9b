"""What real exporters wrote of a run says in a replay what the run's own recording says.

Each folder of ``fixtures/`` has the native recording of a run beside what one system wrote of the
same run; ``fixtures/README.md`` says how each was made.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.interchange import FileReport, ImportOptions, ReadOptions, import_files
from replay.records import ModelCall, Selection, ToolCall, Transcript
from replay.replayer import Replayer
from replay.store import Store

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"

EXPORTS = {
    "otlp-genai/otlp.jsonl": "otlp",
    "otlp-genai/otlp.jsonl.gz": "otlp",
    "otlp-genai/otlp.binpb": "otlp",
    "otlp-genai-events/otlp.jsonl": "otlp",
    "otlp-traceloop/otlp.jsonl": "otlp",
    "otlp-openinference/otlp.jsonl": "otlp",
    "otlp-openinference-responses/otlp.jsonl": "otlp",
    "otlp-both/otlp.jsonl": "otlp",
    "otlp-traceloop-flat/otlp.jsonl": "otlp",
    "otlp-traceloop-anthropic/otlp.jsonl": "otlp",
    "otlp-openinference-anthropic/otlp.jsonl": "otlp",
    "phoenix/spans.jsonl": "phoenix",
    "phoenix/table.json": "phoenix",
    "langsmith/runs.jsonl": "langsmith",
    "langsmith/batches.jsonl": "langsmith",
    "langsmith-langgraph/runs.jsonl": "langsmith",
    "langfuse/otlp.jsonl": "langfuse",
    "mlflow/traces.jsonl": "mlflow",
    "mlflow/table.json": "mlflow",
    "inspect/travel.eval": "inspect",
    "inspect/travel.json": "inspect",
    "openai-agents-chat/traces.jsonl": "openai-agents",
    "openai-agents-chat/posted.jsonl": "openai-agents",
    "openai-agents-responses/traces.jsonl": "openai-agents",
    "litellm/payloads.jsonl": "gateway",
    "gateway-chat/log.jsonl": "gateway",
    "gateway-responses/log.jsonl": "gateway",
    "claude-code/session.jsonl": "claude-code",
    "codex/session.jsonl": "codex",
    "gemini-cli/session.jsonl": "gemini-cli",
    "opencode/session.json": "opencode",
    "cline/session.messages.json": "cline",
    "vcrpy/runs.yaml": "vcrpy",
}
"""What each file must be taken for."""

WITHOUT_MODELS = {"openai-agents-responses/traces.jsonl"}
"""Of its model calls only the responses' ids are told."""
WITHOUT_DURATIONS = {"vcrpy/runs.yaml"}
"""The date of an answer is all that is told of its time."""
PREFIXES = {"opencode/session.json": ("travel_",)}
"""Of files that do not tell which part of a tool's name is its server's."""
REFUSED_BEFORE = {"gemini-cli/session.jsonl": "params must have"}
"""How an agent answers calls itself that its tools never see."""
NATIVE = "native.jsonl"
Said = dict[int, list[tuple[str, ...]]]
"""What is said of each call of a trace; a fixture's traces differ in how many calls they have."""


class Imported:
    """All fixtures in one database, and what yesterday's and today's tools make of them."""

    def __init__(self, store: Store, scratch: Store) -> None:
        self.store = store
        self.reports: dict[str, FileReport] = {}
        import_files(store, sorted(FIXTURES.glob(f"*/{NATIVE}")))
        for name in EXPORTS:
            read = ReadOptions(labels={"file": name}, tool_prefixes=PREFIXES.get(name, ()))
            options = ImportOptions(read=read)
            (self.reports[name],) = import_files(scratch, [FIXTURES / name], options)
            for trace_id in scratch.trace_ids(Selection(labels={"file": name})):
                # Two files of one run tell traces of the same ids.
                store.append_all(_renamed(scratch.transcript(trace_id), name))
        self.verdicts = {
            tools: self._run(tools) for tools in ("travel_tools", "travel_tools_today")
        }

    def _run(self, tools: str) -> dict[str, dict[str, str]]:
        toolbox = f"{HERE / 'making' / tools}.py:toolbox"
        run = Replayer(self.store, toolbox=toolbox, folder=HERE, jobs=1).run()
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for verdict in self.store.verdicts(run.id):
            found[verdict.trace_id][verdict.tool_call_id] = verdict.verdict.value
        return found

    def of(self, name: str) -> list[Transcript]:
        """Return the traces of a file; of a native recording by its folder."""
        ids = self.store.trace_ids(Selection())
        native = (f"{name}-travel", f"{name}-rome")
        ours = [one for one in ids if one in native or ("/" in name and one.startswith(f"{name}-"))]
        return [self.store.transcript(one) for one in ours]

    def said(self, name: str) -> Said:
        """Return tool, arguments, answer and both verdicts of each call, as asked."""
        said: Said = {}
        for transcript in self.of(name):
            calls = [step for step in transcript.steps if isinstance(step, ToolCall)]
            if name in REFUSED_BEFORE:
                begin = REFUSED_BEFORE[name]
                calls = [one for one in calls if not (one.response or "").startswith(begin)]
            # Runs of tools that no model call is told for stand in the order they began.
            said[len(calls)] = sorted(
                (
                    call.tool,
                    json.dumps(json.loads(call.arguments), sort_keys=True),
                    call.response or "",
                    *(by[call.trace_id].get(call.id, "") for by in self.verdicts.values()),
                )
                for call in calls
            )
        return said


def _renamed(transcript: Transcript, name: str) -> list[object]:
    old, new = transcript.trace.id, f"{name}-{transcript.trace.id}"
    records = [transcript.trace, *transcript.steps]
    return [
        type(one).model_validate_json(one.model_dump_json().replace(old, new)) for one in records
    ]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    folder = tmp_path_factory.mktemp("exports")
    with (
        Store.open(folder / "traces.db", "create") as store,
        Store.open(folder / "scratch.db", "create") as scratch,
    ):
        yield Imported(store, scratch)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_replay_says_of_the_export_what_it_says_of_the_recording(
    imported: Imported, name: str
) -> None:
    recorded = imported.said(Path(name).parts[0])
    assert imported.said(name) == recorded
    assert sorted(recorded) in ([1, 5], [5], [4])
    verdicts = {verdict for calls in recorded.values() for call in calls for verdict in call[-2:]}
    assert verdicts >= {"same", "response_changed", "now_rejected"}
    assert verdicts <= {"same", "response_changed", "now_rejected", "error_changed"}
    assert "error_changed" in verdicts or name in REFUSED_BEFORE


@pytest.mark.parametrize("name", EXPORTS)
def test_the_content_of_an_export_tells_its_format(imported: Imported, name: str) -> None:
    report = imported.reports[name]
    assert (report.format, report.is_complete) == (EXPORTS[name], True)


@pytest.mark.parametrize("name", [name for name in EXPORTS if name not in WITHOUT_MODELS])
def test_model_calls_have_their_models_their_tokens_and_their_times(
    imported: Imported, name: str
) -> None:
    for transcript in imported.of(name):
        calls = [step for step in transcript.steps if isinstance(step, ModelCall)]
        models = {call.response_model or call.model or "" for call in calls}
        assert all(
            model.startswith(("gpt-5", "claude-sonnet-4-5", "gemini-2.5")) for model in models
        )
        assert all(call.usage for call in calls)
        assert all(call.started_at > "2026-11" for call in calls)
        assert all(call.duration_ms is not None for call in calls) or name in WITHOUT_DURATIONS


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("twice") / "traces.db", "create") as store:
        yield store


NATIVES = sorted(f"{path.parent.name}/{NATIVE}" for path in FIXTURES.glob(f"*/{NATIVE}"))


@pytest.mark.parametrize("name", [*EXPORTS, *NATIVES])
def test_importing_any_of_them_again_changes_nothing(twice: Store, name: str) -> None:
    read = ReadOptions(labels={"file": name})
    options = ImportOptions(read=read)
    import_files(twice, [FIXTURES / name], options)
    twice.flush()
    before = twice.counts()
    ids = twice.trace_ids(Selection())
    whole = [twice.transcript(one) for one in ids]

    (report,) = import_files(twice, [FIXTURES / name], options)
    twice.flush()

    assert (report.new_count, report.renewed_count) == (0, 0)
    assert report.known_count > 0
    assert twice.counts() == before
    assert [twice.transcript(one) for one in ids] == whole
