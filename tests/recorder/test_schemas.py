"""The schemas that dispatched calls name are in the database, each of them once."""

from __future__ import annotations

from typing import Any

from replay import Recorder, Toolbox
from replay.records import ToolCall, ToolSchema
from replay.store import Store


def _asked(tool: str, arguments: str) -> dict[str, Any]:
    return {"type": "function_call", "name": tool, "arguments": arguments, "call_id": "c"}


def _calls(store: Store) -> list[ToolCall]:
    return [
        step
        for trace_id in store.trace_ids()
        for step in store.transcript(trace_id).steps
        if isinstance(step, ToolCall)
    ]


class CountingStore(Store):
    """A store that knows which schemas it was given."""

    schemas_given: list[str]

    def append(self, record: Any) -> None:
        if isinstance(record, ToolSchema):
            self.schemas_given.append(record.id)
        super().append(record)


def test_every_schema_that_a_dispatched_call_names_is_stored_as_the_toolbox_has_it(
    recorder: Recorder,
) -> None:
    toolbox = _toolbox()
    with recorder.trace():
        toolbox.dispatch_sync([_asked("double", '{"x": 4}'), _asked("shout", '{"text": 7}')])
    recorder.store.flush()

    stored = {schema.id: schema for schema in recorder.store.tool_schemas()}
    assert {call.schema_hash for call in _calls(recorder.store)} == set(stored)
    for made in toolbox.tool_schemas():
        kept = stored[made.id]
        assert kept.first_seen_at is not None
        assert kept.model_copy(update={"first_seen_at": None, "last_seen_at": None}) == made


def test_a_schema_is_written_once_however_often_its_tool_is_called(tmp_path: Any) -> None:
    toolbox = _toolbox()
    with CountingStore.open(tmp_path / "traces.db", "create") as store:
        store.schemas_given = []
        with Recorder(store) as recorder:
            for _ in range(3):
                with recorder.trace():
                    toolbox.dispatch_sync([_asked("double", '{"x": 4}')] * 2)
        assert recorder.failures == 0

        assert len(store.schemas_given) == 1
        assert len(_calls(store)) == 6


def test_a_call_of_no_tool_names_no_schema(recorder: Recorder) -> None:
    with recorder.trace():
        _toolbox().dispatch_sync([_asked("halve", '{"x": 4}')])

    assert recorder.store.tool_schemas() == []
    assert [call.schema_hash for call in _calls(recorder.store)] == [None]


def _toolbox() -> Toolbox:
    toolbox = Toolbox("t")
    toolbox.add(double)
    toolbox.add(shout)
    return toolbox


def double(x: int) -> int:
    return 2 * x


def shout(text: str) -> str:
    return text.upper()
