"""The fixture ``replay_run``: recorded traces in a test that somebody writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from replay.errors import ExitCode
from replay.pytest_plugin.failing import ReplayFailure, failure_text
from replay.pytest_plugin.options import read_options
from replay.pytest_plugin.replaying import Replays
from replay.records import CallVerdict, Finding
from replay.verdicts import apply_approvals, collect, exit_code


@dataclass(frozen=True, slots=True)
class Replayed:
    """What today's tools made of the traces that a test asked for."""

    verdicts: list[CallVerdict]
    """Of every call, by trace and step, marked where they are approved."""
    findings: list[Finding]
    """Verdicts with one cause, the first to read first."""
    run_words: list[str]
    """The `replay run` that would store them."""
    shown: tuple[Sequence[CallVerdict], Sequence[Finding]] | None = None
    """Verdicts and findings as a failure shows them, without hidden values; None: as they are."""

    @property
    def exit_code(self) -> ExitCode:
        """How `replay run` would end."""
        return exit_code(self.verdicts)

    @property
    def open_findings(self) -> list[Finding]:
        """Those that nobody has approved."""
        return [finding for finding in self.findings if not finding.approved]

    def check(self) -> None:
        """Fail the test where a finding is open.

        Raises:
            ReplayFailure: an AssertionError whose text is the findings.
        """
        if self.open_findings:
            verdicts, findings = self.shown or (self.verdicts, self.findings)
            still_open = [finding for finding in findings if not finding.approved]
            text = failure_text(still_open, verdicts, run_words=self.run_words)
            raise ReplayFailure(text)


class ReplayRunner:
    """Replays what it is asked for; its workers stay for the next test that asks for the like."""

    def __init__(self, config: pytest.Config) -> None:
        """Nothing is opened yet."""
        self._config = config
        self._kept: dict[tuple[Path, str | None, str], Replays] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for replays in self._kept.values():
            replays.close()

    def __call__(
        self,
        database: str | Path,
        *,
        trace: str | Sequence[str] | None = None,
        tools: str | None = None,
        options: str = "",
    ) -> Replayed:
        """Replay ``trace`` (an id or a unique beginning, or several), else all that is selected.

        Args:
            database: relative to the directory that pytest was started in.
            trace: which trace or traces.
            tools: ``package.module:toolbox``; None: ``--replay-tools``, then ``[tool.replay]``.
            options: as typed after `replay run DATABASE`: ``"--tool pay --sample 20"``.

        Raises:
            pytest.UsageError: ``options`` are none.
            ReplayError: the database or the tools cannot be read, or there is no such trace.
        """
        here = self._config.invocation_params.dir
        tools = tools or self._config.getoption("replay_tools")
        key = ((here / database).resolve(), tools, options)
        if key not in self._kept:
            read = read_options(options).with_tools(tools)
            self._kept[key] = Replays(key[0], read, folder=here)
        replays = self._kept[key]
        wanted = [trace] if isinstance(trace, str) else trace
        if wanted is None:
            wanted = replays.store.trace_ids(replays.options.selection)
        found = list(replays.traces(wanted))
        found.sort(key=lambda one: (one.trace.started_at, one.trace.id))
        verdicts = [verdict for one in found for verdict in one.verdicts]
        started_at = {one.trace.id: one.trace.started_at for one in found}
        marked, findings = apply_approvals(
            verdicts, collect(verdicts, started_at), replays.store.approvals()
        )
        shown = replays.shown(marked, findings)
        return Replayed(marked, findings, replays.run_words, shown)
