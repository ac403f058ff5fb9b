"""What the MCP server over a database answers: plain functions of a database, texts and JSON out.

Answers are made for a model's context: each is cut, and says how to see the rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from replay.cli.arguments import moment_of
from replay.cli.hidden import opened_to_show, refuse_hidden
from replay.cli.mcp_pages import TEXT_MAX, compact, cut, limit_of, page, paged
from replay.cli.transcripts import step_lines, transcript_lines
from replay.errors import ReplayError, SelectionError
from replay.records import JsonObject, Outcome, Selection, ToolCall
from replay.store import Store

_WIDTH: Final = 120
_RUN_S: Final = 600.0
_QUERY_S: Final = 20.0
_FINDINGS: Final = 20


class Answers:
    """Reads one database; opened for each question, so that what others write is seen."""

    def __init__(self, database: Path, tools: str | None = None, *, reveal: bool = False) -> None:
        """``tools``: those that `replay` runs; None: those of ``[tool.replay]``.

        ``reveal``: hidden values are answered, too.
        """
        self.database = database
        self.tools = tools
        self.reveal = reveal

    def _opened(self) -> AbstractContextManager[Store]:
        return opened_to_show(self.database, reveal=self.reveal)

    def list_traces(self, selection: Selection, start: int, limit: int) -> str:
        """Return the newest traces of a selection, each with its counts and first words."""
        with self._opened() as store:
            rows = store.traces(selection, limit=max(start, 0) + limit_of(limit) + 1)
        return page([asdict(row) for row in rows], start, limit)

    def show_trace(self, trace: str, start: int) -> str:
        """Return a transcript step by step, from character ``start`` on.

        Raises:
            SelectionError: there is no such trace.
        """
        with self._opened() as store:
            transcript = store.transcript(trace)
        return cut("\n".join(transcript_lines(transcript, width=_WIDTH)), start)

    def show_step(self, trace: str, step_number: int, start: int) -> str:
        """Return everything that is known of one step, from character ``start`` on.

        Raises:
            ReplayError: there is no such trace or step.
        """
        from replay.cli.traces import step_of

        with self._opened() as store:
            transcript = store.transcript(trace)
        step = step_of(transcript, step_number)
        return cut("\n".join(step_lines(transcript, step, width=_WIDTH)), start)

    def search_calls(self, selection: Selection, start: int, limit: int) -> str:
        """Return the newest tool calls of a selection, their texts cut."""
        with self._opened() as store:
            calls = store.tool_calls(selection, limit=max(start, 0) + limit_of(limit) + 1)
        return page([_call(call) for call in calls], start, limit)

    def list_tools(self, start: int, limit: int) -> str:
        """Return how often each version of each tool was called, and how that ended."""
        with self._opened() as store:
            return page([asdict(row) for row in store.tools()], start, limit)

    def list_runs(self, start: int, limit: int) -> str:
        """Return the replay runs, newest first, each with what it found in one line."""
        from replay.report.terminal import headline

        with self._opened() as store:
            runs = [
                {
                    "id": run.id,
                    "started_at": run.started_at,
                    "status": run.status,
                    "tools": run.toolbox,
                    "code_version": run.code_version,
                    "exit_code": run.exit_code,
                    "found": headline(run, store.findings(run.id)),
                }
                for run in store.runs()[: max(start, 0) + limit_of(limit) + 1]
            ]
        return page(runs, start, limit)

    def show_run(self, run: str, start: int, limit: int) -> str:
        """Return what a replay run found: its findings, each with an example's differences.

        Raises:
            SelectionError: there is no such run.
        """
        from replay.report.json_report import run_report

        with self._opened() as store:
            whole = store.run(run) if run != "latest" else _latest(store)
            findings = store.findings(whole.id)
            examples = {
                verdict.tool_call_id: verdict
                for finding in findings
                for verdict in store.verdicts(whole.id, trace_id=finding.example_trace_id)
                if verdict.tool_call_id == finding.example_tool_call_id
            }
        return paged(run_report(whole, findings, examples=examples), "findings", start, limit)

    def query(self, sql: str, start: int, limit: int, value_max: int) -> str:
        """Return the rows of one reading SQL statement over the database's views.

        Raises:
            ReplayError: it writes, or is not SQL; or the database has hidden values.
        """
        refuse_hidden(self.database, reveal=self.reveal, what="SQL reads values as they are stored")
        with self._opened() as store:
            rows_max = max(start, 0) + limit_of(limit) + 1
            names, rows = store.query(sql, rows_max=rows_max, seconds_max=_QUERY_S)
        value_max = min(max(value_max, 1), TEXT_MAX)
        shown = page([list(row) for row in rows], start, limit, value_max=value_max)
        return f"{compact(names)}\n{shown}"

    def replay(self, options: Sequence[str]) -> str:
        """Replay traces through today's tools, in a process of its own, and return its report.

        Raises:
            ReplayError: it could not run.
        """
        named = ["--tools", self.tools] if self.tools else []
        shown = ["--reveal"] if self.reveal else []
        words = ["run", str(self.database), *named, *options, *shown, "--json"]
        command = [sys.executable, "-m", "replay.cli.main", *words]
        try:
            ended = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_RUN_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
            report: JsonObject = json.loads(ended.stdout)
        except subprocess.TimeoutExpired as error:
            raise ReplayError(
                f"The replay took longer than {_RUN_S:.0f} s, and was ended.",
                hint="Replay fewer traces: a smaller `limit`, one `trace` or one `tool`.",
            ) from error
        except ValueError as error:
            raise ReplayError(
                f"The replay could not run: {ended.stderr.strip()[-2000:]}"
            ) from error
        run = (report.get("run") or {}).get("id")
        more = f"\nThe whole is kept: show_replay_run with run={run}." if run else ""
        return paged(report, "findings", 0, _FINDINGS) + more


def selection_of(given: dict[str, Any]) -> Selection:
    """Return the selection that a question's words mean; what is None or empty says nothing.

    Raises:
        ReplayError: an outcome or a time is none.
    """
    fields: dict[str, Any] = {}
    for name, field in (
        ("tool", "tools"),
        ("model", "models"),
        ("app", "apps"),
        ("trace", "trace_ids"),
    ):
        if given.get(name):
            fields[field] = [given[name]]
    if given.get("outcome"):
        known = [str(one) for one in Outcome]
        if given["outcome"] not in known:
            raise ReplayError(
                f"There is no outcome {given['outcome']!r}.", hint=f"There are: {', '.join(known)}."
            )
        fields["outcomes"] = [Outcome(given["outcome"])]
    for name in ("since", "until"):
        if given.get(name):
            fields[name] = _moment(given[name])
    if given.get("text"):
        fields["text"] = given["text"]
    return Selection(**fields)


def _moment(words: str) -> str:
    try:
        return moment_of(words)
    except click.BadParameter as error:
        raise ReplayError(error.message) from error


def _latest(store: Store) -> Any:
    runs = store.runs()
    if not runs:
        raise SelectionError(
            "No traces were replayed yet.",
            hint="`replay run` does, or the tool `replay`, if allowed.",
        )
    return runs[0]


def _call(call: ToolCall) -> JsonObject:
    return {
        "trace": call.trace_id,
        "step": call.step_number,
        "tool": call.tool,
        "version": call.tool_version,
        "outcome": str(call.outcome),
        "arguments": call.arguments,
        "response": call.response or "",
        "started_at": call.started_at,
        "duration_ms": call.duration_ms,
    }
