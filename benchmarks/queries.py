"""``python -m benchmarks.queries``: every question of the command line and the terminal UI, timed.

Asked of a synthetic database of 200,000 tool calls (``--calls 5000000`` for the big one: a few
minutes to make, 3 GB of disk). Each question is asked once after the file was put out of the
system's cache (``evicted``), then five times (``warm``, the fastest: others use the machine too).
What takes longer than the bound is marked; the exit code is 1 when a warm one does.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.queries_database import RARE_WORD, build
from replay.cli.record import unseen_count
from replay.records import Outcome, Sample, Selection
from replay.store import Store
from tui.rows.database import Database
from tui.rows.filters import parse_filter
from tui.rows.replays import read_findings, read_found_call, read_found_calls, read_runs
from tui.rows.steps import read_detail, read_steps
from tui.rows.traces import TraceList, call_count, trace_count

BOUND_MS = 50.0
REPEATS = 5

READS_ALL = frozenset(
    [
        "run, the ids of all traces",
        "run --sample 200",
        "run --sample 200 --stratify tool,model",
        "run --sample 200, by all traits",
        "ui: filter by a word",
    ]
)
"""No page of an index answers these: ids and samples are asked once, before traces are replayed;
the last reads texts, in a thread, while the list shows what it found so far."""

Questions = dict[str, Callable[[], Any]]


def command_line(store: Store) -> Questions:
    """Return what the command line asks."""
    newest = store.traces(limit=100)
    middle = store.query("SELECT id FROM traces LIMIT 1 OFFSET (SELECT count(*) / 2 FROM traces)")
    trace_id = middle[1][0][0]
    call_id = store.tool_calls(limit=1)[0].id
    latest = store.run("latest").id
    finding = store.findings(latest)[0]
    failed = Selection(outcomes=[Outcome.FAILED])
    shown = next(one for one in store.schema_registry().schemas if "shown" in one.roles)
    return {
        "list": lambda: store.traces(limit=51),
        "list, the next page": lambda: store.traces(after=newest[-1].id, limit=51),
        "list, a page in the middle": lambda: store.traces(after=trace_id, limit=51),
        "list --app": lambda: store.traces(Selection(apps=["travel"]), limit=51),
        "list --tool": lambda: store.traces(Selection(tools=["tool_3"]), limit=51),
        "list --outcome failed": lambda: store.traces(failed, limit=51),
        "list --tool --outcome failed": lambda: store.traces(
            Selection(tools=["tool_3"], outcomes=[Outcome.FAILED]), limit=51
        ),
        "list --model 'gpt-x-*'": lambda: store.traces(Selection(models=["gpt-x-*"]), limit=51),
        "list --since": lambda: store.traces(Selection(since=newest[50].started_at), limit=51),
        "list --trace": lambda: store.traces(Selection(trace_ids=[trace_id])),
        "list of a model that is not there": lambda: store.traces(Selection(models=["none"])),
        "show": lambda: store.transcript(trace_id),
        "run, one trace": lambda: store.transcript(trace_id, prompts=False),
        "run, the ids of all traces": store.trace_ids,
        "run --trace": lambda: store.trace_ids(Selection(trace_ids=[trace_id])),
        "run --sample 200": lambda: store.chosen(_sample()),
        "run --sample 200 --newest": lambda: store.chosen(_sample(newest=True)),
        "run --sample 200 --stratify tool,model": lambda: store.chosen(_sample("tool", "model")),
        "run --sample 200, by all traits": lambda: store.chosen(
            _sample("tool", "model", "outcome")
        ),
        "run --limit 1000": lambda: store.trace_ids(Selection(limit=1000)),
        "a tool call by its id": lambda: store.tool_call(call_id),
        "the newest tool calls": lambda: store.tool_calls(limit=50),
        "the newest failed calls": lambda: store.tool_calls(failed, limit=50),
        "tools": store.tools,
        "models": store.models,
        "counts": store.counts,
        "schema list": store.schema_registry,
        "schema list --tool": lambda: store.schema_registry(tools=["tool_3"]),
        "schema show": lambda: store.tool_schema("schema-of-tool_3"),
        "schema show, the traces of what was shown": lambda: store.schema_traces(shown.id),
        "schema show, the traces of a validator": lambda: store.schema_traces("schema-of-tool_3"),
        "record, what was unseen": lambda: unseen_count(store, newest[0].started_at),
        "runs": store.runs,
        "diff, its run": lambda: store.run("latest"),
        "diff, its findings": lambda: store.findings(latest),
        "diff, calls of one trace": lambda: store.verdicts(latest, trace_id=trace_id),
        "diff, the example of a finding": lambda: store.verdicts(
            latest, trace_id=finding.example_trace_id
        ),
        "approvals": store.approvals,
        "query, a call by its id": lambda: store.query(
            "SELECT tool, outcome FROM tool_calls WHERE id = ?", (call_id,)
        ),
        "query, the calls of a trace": lambda: store.query(
            "SELECT step_number, tool, outcome FROM tool_calls WHERE trace_id = ?", (trace_id,)
        ),
    }


def _sample(*traits: str, newest: bool = False) -> Selection:
    return Selection(sample=Sample(count=200, newest=newest, stratify=list(traits)))


def terminal_ui(database: Database, trace_id: str) -> Questions:
    """Return what the screens ask."""
    whole = _found(database, "")
    steps = read_steps(database, trace_id)
    tool_step = next(step for step in steps.steps if step.kind == "tool")
    model_step = steps.steps[0]
    found = read_findings(database, "latest")
    calls = read_found_calls(database, found, found.findings[0])
    return {
        "ui: counts": lambda: (trace_count(database), call_count(database)),
        "ui: the first page": lambda: _first_page(database, ""),
        "ui: a page in the middle": lambda: _page(database, whole, len(whole) // 2),
        "ui: the last page": lambda: _page(database, whole, len(whole) - 1),
        "ui: where a trace is": lambda: whole.index_of(whole.keys[len(whole) // 2]),
        "ui: filter tool:": lambda: _first_page(database, "tool:tool_3"),
        "ui: filter tool: and outcome:": lambda: _first_page(
            database, "tool:tool_3 outcome:failed"
        ),
        "ui: filter model:": lambda: _first_page(database, "model:gpt-x-2026-0*"),
        "ui: filter verdict:changed": lambda: _first_page(database, "verdict:changed"),
        "ui: filter by a word": lambda: _first_page(database, RARE_WORD),
        "ui: a transcript": lambda: read_steps(database, trace_id),
        "ui: a model call": lambda: read_detail(database, steps, model_step),
        "ui: a tool call": lambda: read_detail(database, steps, tool_step),
        "ui: replay runs": lambda: read_runs(database),
        "ui: findings": lambda: read_findings(database, "latest"),
        "ui: the calls of a finding": lambda: read_found_calls(database, found, found.findings[0]),
        "ui: one call of a finding": lambda: read_found_call(
            database, found, found.findings[0], calls[0]
        ),
    }


class _Enough(Exception):
    """The first page is there: nobody waits for the rest."""


def _found(database: Database, text: str) -> TraceList:
    traces = TraceList(database, parse_filter(text))
    traces.find()
    return traces


def _first_page(database: Database, text: str) -> None:
    """Find the first traces, and read what the list shows of them."""
    traces = TraceList(database, parse_filter(text))

    def stop() -> None:
        raise _Enough

    with contextlib.suppress(_Enough):
        traces.find(stop)
    traces.line(0)


def _page(database: Database, traces: TraceList, index: int) -> None:
    traces._blocks.clear()
    traces.line(index)


def evict(path: Path) -> None:
    """Put the file out of the system's cache."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def timed_ms(question: Callable[[], Any]) -> float:
    """Ask once; return the milliseconds."""
    before = time.perf_counter()
    question()
    return (time.perf_counter() - before) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200_000, help="tool calls in the database")
    parser.add_argument("--database", type=Path, help="make it here and keep it, or take this one")
    parser.add_argument("--only", default="", help="questions with this in their name")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = args.database or Path(folder) / "calls.db"
        if not path.exists():
            before = time.perf_counter()
            build(path, args.calls)
            print(f"made in {time.perf_counter() - before:.0f} s", file=sys.stderr)
        return _ask(path, args.only)


def _ask(path: Path, only: str) -> int:
    slow = 0
    with Store.open(path) as store:
        counts = store.counts()
        print(
            f"{counts['tool_call']:,} tool calls, {counts['model_call']:,} model calls, "
            f"{counts['trace']:,} traces, {counts['call_verdict']:,} verdicts, "
            f"{path.stat().st_size / 1e9:.2f} GB"
        )
        print(f"{'ms':40}{'evicted':>10}{'warm':>10}")
        database = Database.open(path)
        questions = command_line(store)
        questions |= terminal_ui(database, store.traces(limit=1)[0].id)
        for name, question in questions.items():
            if only not in name:
                continue
            evict(path)
            evicted = timed_ms(question)
            warm = min(timed_ms(question) for _ in range(REPEATS))
            is_slow = warm > BOUND_MS and name not in READS_ALL
            slow += is_slow
            print(f"{name:40}{evicted:10.1f}{warm:10.2f}{'  slow' if is_slow else ''}", flush=True)
        database.close()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
