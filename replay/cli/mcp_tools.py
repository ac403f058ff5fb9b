"""The tools of `replay mcp` as a model sees them: names, parameters, docstrings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from replay.cli.mcp_answers import Answers, selection_of


def reading_tools(database: Path, *, reveal: bool = False) -> list[Callable[..., Any]]:
    """Return the functions that answer questions and change nothing."""
    answers = Answers(database, reveal=reveal)
    return [*_trace_tools(answers), *_database_tools(answers)]


def _trace_tools(answers: Answers) -> list[Callable[..., Any]]:
    """Return those that look for traces and calls, and show them."""

    def list_traces(
        text: str = "",
        tool: str = "",
        outcome: str = "",
        model: str = "",
        app: str = "",
        since: str = "",
        until: str = "",
        start: int = 0,
        limit: int = 20,
    ) -> str:
        """List recorded traces, newest first. All conditions must hold; empty ones say nothing.

        text: in arguments or responses. outcome: ok, failed, invalid_arguments, unknown_tool,
        timeout, ... model: `*` stands for anything. since, until: 2026-11-21, or 7d ago.
        start: how many to pass over; an answer says where there is more.
        """
        given = locals()
        return answers.list_traces(selection_of(given), start, limit)

    def show_trace(trace: str, start: int = 0) -> str:
        """Show a whole trace, step by step, texts cut. trace: its id or a unique beginning.

        start: the character to begin with, where an answer said that there is more.
        """
        return answers.show_trace(trace, start)

    def show_step(trace: str, step: int, start: int = 0) -> str:
        """Show everything known of one step: prompt, output, payload, response, outside calls."""
        return answers.show_step(trace, step, start)

    def search_calls(
        text: str = "",
        tool: str = "",
        outcome: str = "",
        model: str = "",
        trace: str = "",
        since: str = "",
        until: str = "",
        start: int = 0,
        limit: int = 20,
    ) -> str:
        """Find tool calls, newest first, by what is in their arguments or responses.

        Conditions as in list_traces; every answer names the trace and the step.
        """
        given = locals()
        return answers.search_calls(selection_of(given), start, limit)

    return [list_traces, show_trace, show_step, search_calls]


def _database_tools(answers: Answers) -> list[Callable[..., Any]]:
    """Return those that are about all traces: tools, replay runs, and what SQL asks."""

    def list_tools(start: int = 0, limit: int = 50) -> str:
        """List the recorded tools and their versions: how often called, and how that ended."""
        return answers.list_tools(start, limit)

    def list_replay_runs(start: int = 0, limit: int = 20) -> str:
        """List the replays of recorded traces through later code, each with what it found."""
        return answers.list_runs(start, limit)

    def show_replay_run(run: str = "latest", start: int = 0, limit: int = 20) -> str:
        """Show a replay run's findings: what today's tools do differently, why, how often."""
        return answers.show_run(run, start, limit)

    def query(sql: str, start: int = 0, limit: int = 50, value_max: int = 300) -> str:
        """Run one reading SQLite statement over the views: the columns, then a row a line.

        traces, model_calls, tool_calls, interactions, tool_schemas, feedback, replay_runs,
        call_verdicts, findings, ... `SELECT sql FROM sqlite_schema` shows the columns.
        value_max: characters of one value, up to 20000. Name columns: prompts are long.
        """
        return answers.query(sql, start, limit, value_max)

    return [list_tools, list_replay_runs, show_replay_run, query]


def replaying_tool(
    database: Path, tools: str | None, *, reveal: bool = False
) -> Callable[..., Any]:
    """Return the function that replays; ``tools`` as `Answers` takes them."""
    answers = Answers(database, tools, reveal=reveal)

    def replay(
        trace: str = "", tool: str = "", since: str = "", limit: int = 200, sample: bool = True
    ) -> str:
        """Run recorded calls through today's tools, offline, and report what differs and why.

        Nothing empty selects; sample: of more traces than `limit` draw some of every kind, else
        take the newest.
        """
        options: list[str] = []
        for name, value in (("--trace", trace), ("--tool", tool), ("--since", since)):
            if value:
                options += [name, value]
        many = ["--sample", str(limit), "--stratify", "tool,outcome"] if sample else []
        return answers.replay([*options, *(many or ["--limit", str(limit)])])

    return replay
