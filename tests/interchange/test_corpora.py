"""Real traffic: 676 conversations of ten sources, imported without loss."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from replay.interchange import import_files
from replay.records import ModelCall, Outcome, Selection, ToolCall
from replay.store import Store
from tests.interchange.chats import exported

TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "corpora" / "transcripts"

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(
        not TRANSCRIPTS.is_dir(),
        reason="The recorded corpora are not beside the checkout (../shared/corpora).",
    ),
]

EXPECTED = {
    "apibank": (101, 650, 200),
    "bfcl-claude45_small": (8, 128, 97),
    "bfcl-gt-c15b2a15": (200, 1160, 1160),
    "livemcp-sonnet4": (27, 178, 151),
    "tau1-airline-gpt4o": (200, 2454, 1164),
    "tau2-gpt41_airline_default": (20, 226, 148),
    "tau2-gpt4o_telecom_20250810": (20, 237, 215),
    "tau2-qwen25_7b_retries_airline": (50, 782, 344),
    "tau2-sonnet45_aide_airline": (50, 517, 371),
}
"""Traces, model calls and tool calls, as the corpora's own description counts them."""


@pytest.mark.parametrize("name", EXPECTED)
def test_every_conversation_is_imported_and_comes_out_as_it_went_in(
    store: Store, name: str
) -> None:
    path = TRANSCRIPTS / f"{name}.jsonl"

    (report,) = import_files(store, [path])

    traces, model_calls, tool_calls = EXPECTED[name]
    assert report.is_complete
    assert report.notes == {}
    kept: Counter[type] = Counter()
    outcomes: Counter[Outcome] = Counter()
    for trace_id in store.trace_ids(Selection()):
        steps = store.transcript(trace_id).steps
        kept.update(type(step) for step in steps)
        outcomes.update(step.outcome for step in steps if isinstance(step, ToolCall))
    assert report.new_count == len(store.trace_ids(Selection())) == traces
    assert kept == {ModelCall: model_calls, ToolCall: tool_calls}
    assert outcomes[Outcome.UNFINISHED] == 0
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    expected = {line["id"]: line for line in lines}
    assert {line["id"]: line for line in exported(store, "openai-chat")} == expected


@pytest.mark.slow
def test_importing_the_corpora_again_changes_nothing(store: Store) -> None:
    paths = [TRANSCRIPTS / f"{name}.jsonl" for name in ("apibank", "bfcl-claude45_small")]
    import_files(store, paths)

    reports = import_files(store, paths)

    assert [(report.new_count, report.known_count) for report in reports] == [(0, 101), (0, 8)]
