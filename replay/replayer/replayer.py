"""A replay run: today's tools over a selection of traces, judged, stored, and summed up."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from replay.config import ConfigError, MaskConfig
from replay.errors import SelectionError, StoreError, WorkerError
from replay.records import CallVerdict, JsonObject, ReplayRun, Selection
from replay.replayer.baseline import baseline_place, code_version
from replay.replayer.environment import Place, place_of, sandboxed
from replay.replayer.jobs import BASELINE, TODAY
from replay.replayer.masking import (
    RedactionOnDemand,
    as_kept,
    missing_kinds,
    redaction_of_run,
)
from replay.replayer.older_calls import versions_of_calls
from replay.replayer.opened import Opened
from replay.replayer.pinned import PinnedSteps
from replay.replayer.policies import Policies
from replay.replayer.pool import Isolation, Pool
from replay.replayer.sandbox.limits import Limits, limits_told
from replay.replayer.sources import tool_sources
from replay.replayer.under_way import Progress, RunUnderWay, now_text
from replay.replayer.written_for import refuse_unknown
from replay.store import Store
from replay.store.sampling import Chosen
from replay.verdicts import Rules

if TYPE_CHECKING:
    from replay.replayer.questions.two_parsers import ParserName, ParsersCompared
    from replay.tools.resolve import Parser

DEADLINE_MS = 10_000
"""How long one tool call may take when nobody says otherwise."""
_LEFT_OUT = "(left out: a function of [tool.replay.mask] cannot be imported where this is kept)"


class Replayer:
    """Replays traces of a store through a toolbox.

    ::

        run = Replayer(store, toolbox="shop.tools:toolbox").run(Selection(tools=["refund"]))
        run.exit_code, store.findings(run.id)

    Nothing is started before ``run``.

    Args:
        store: An open database; runs, verdicts and findings are appended to it.
        toolbox: ``package.module:toolbox`` or ``path/to/file.py:toolbox``.
        paths: Folders put on the tools' search path, before ``folder``.
        folder: The tools' working directory; None: this process's.
        baseline: The old code: another toolbox, ``git:REF``, or None for no baseline.
        baseline_paths: Search path of a baseline that is another toolbox.
        environment: Variables that the tools get beside the few a worker always has.
        baseline_environment: Variables that only the old code gets, or gets otherwise.
        rules: Differences that do not count.
        jobs: Worker processes; None: one for each core.
        deadline_ms: How long one call may take; None: ``DEADLINE_MS``.
        isolation: What a trace has to itself.
        allow: Addresses that tools may really reach, and programs (``run:git``).
        loose: Tools (``*`` globs) whose changed requests the recorded answers serve.
        sandbox: What workers run in: ``off``, ``auto``, ``bubblewrap``, ``kernel``, ``e2b``.
        limits: What a worker may take; None: the defaults.
        writable: Folders that a sandbox lets the tools write to.
        policies: Tools that are not replayed from their cassettes.
        on_output: Is told of what a call printed, with the tool's name first.
        mask: What is masked, for traces that were recorded without their secrets; None: what
            is built in.
        versions: By tool, the version that calls were written for that were recorded without
            one.
        parser: Who reads the arguments of today's calls; ``""``: whom the toolbox chooses.

    Raises:
        ReplayError: the masking key cannot be used.
    """

    def __init__(
        self,
        store: Store,
        *,
        toolbox: str,
        paths: Sequence[str | Path] = (),
        folder: str | Path | None = None,
        baseline: str | None = None,
        baseline_paths: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
        baseline_environment: Mapping[str, str] | None = None,
        rules: Rules | None = None,
        jobs: int | None = None,
        deadline_ms: int | None = None,
        isolation: Isolation | str = Isolation.TRACE,
        allow: Sequence[str] = (),
        loose: Sequence[str] = (),
        sandbox: str = "off",
        limits: Limits | None = None,
        writable: Sequence[str | Path] = (),
        policies: Policies | None = None,
        on_output: Callable[[str, str], None] | None = None,
        mask: MaskConfig | None = None,
        versions: Mapping[str, str] | None = None,
        parser: Parser = "",
    ) -> None:
        self.store = store
        redacting = redaction_of_run(store, mask or MaskConfig())
        self.redacting = redacting
        """What `redaction_of_run` told."""
        self._redaction = RedactionOnDemand(redacting, environment)
        self.policies = policies or Policies()
        self.place = replace(
            place_of(
                toolbox,
                paths=paths,
                folder=folder,
                environment=environment,
                allow=allow,
                loose=loose,
                limits=limits,
                writable=writable,
            ),
            redact=redacting,
            goes_out=self.policies.goes_out,
        )
        self.versions = dict(versions or {})
        self.refuses_unknown = True
        """Whether policies and versions must be of tools that are here, or were recorded."""
        self.pinned = PinnedSteps()
        """Of these traces only these steps are judged."""
        self.sandbox = sandbox
        self.baseline_environment = dict(baseline_environment or {})
        self.baseline = baseline
        self.baseline_paths = tuple(str(Path(path).resolve()) for path in baseline_paths)
        self.rules = rules or Rules()
        self.jobs = jobs or os.cpu_count() or 1
        self.deadline_ms = deadline_ms or DEADLINE_MS
        self.isolation = Isolation(isolation)
        self.on_output = on_output
        self.parser: Parser = parser
        self._stopping = threading.Event()
        self._at_work: Pool | None = None

    def stop(self) -> None:
        """End the run that is under way as Ctrl-C would; from any thread or signal handler."""
        self._stopping.set()
        pool = self._at_work
        if pool is not None:
            pool.stop()

    def run(
        self,
        selection: Selection | None = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        resume: str | None = None,
    ) -> ReplayRun:
        """Replay the selected traces and return the stored run.

        Verdicts are stored as traces finish. Ctrl-C ends the run as ``interrupted`` and returns
        it; ``resume`` (its id, a prefix, or ``latest``) goes on with the traces that are left.

        Raises:
            KeyboardInterrupt: stopped before the first trace was begun.
            SelectionError: nothing is selected, or there is no such run.
            ToolboxError: the tools, or the baseline's, cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        self._stopping.clear()
        begun = None if resume is None else self._interrupted(resume)
        if begun is not None:
            selection = Selection.model_validate(begun.selection)
        selection = selection or Selection()
        with self.opened() as opened:
            if selection.pinned:
                self.pinned = PinnedSteps.of(opened.reading.pins())
            traces = opened.reading.chosen(selection)
            if not traces.trace_ids:
                raise SelectionError(
                    "No trace is selected: there is nothing to replay.",
                    hint="`replay list` shows what the database holds.",
                )
            greeting = opened.greeting()
            run = begun or self._begun(selection, traces, greeting)
            terms = opened.terms(run.id, run.options.get("parser", ""))
            with opened.older_calls(run.options.get("written_for", {})) as older:
                pass_ = RunUnderWay(self, run, opened.reading, opened.pool, greeting, terms, older)
                try:
                    return pass_.run(traces.trace_ids, on_progress, is_resumed=begun is not None)
                except StoreError as error:
                    raise self._not_stored(run, error, is_kept=pass_.is_kept) from error

    @contextlib.contextmanager
    def opened(self) -> Iterator[Opened]:
        """Hold workers that import the tools meanwhile, and an open database to read from.

        Raises:
            KeyboardInterrupt: `stop` was called before it was open.
            WorkerError: a worker cannot be started.
        """
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="replay-worlds-")))
            pool = stack.enter_context(self._pool(stack, folder))
            self._at_work = pool
            stack.callback(setattr, self, "_at_work", None)
            if self._stopping.is_set():
                raise KeyboardInterrupt
            yield Opened(self, pool, stack.enter_context(Store.open(self.store.path, "r")), folder)

    def shown_output(self, output: str, *, masks: bool | list[str]) -> str:
        """Return what a call printed as it may be kept; ``masks``: what its trace was masked of."""
        try:
            redaction = self._redaction.kept(masks) if output else None
        except ConfigError:  # a function of the user's, which only their own processes import
            return _LEFT_OUT
        return output if redaction is None else redaction.redactor.text(output)

    def kept_verdict(self, verdict: CallVerdict, *, masks: bool | list[str]) -> CallVerdict:
        """Return a verdict as it may be kept; ``masks`` as `shown_output` takes it.

        It is masked already as its trace was: nothing is to be done but where today's settings
        mask more.
        """
        if not missing_kinds(self.redacting, masks):
            return verdict
        redaction = self._redaction.kept(masks, functions=False)
        return verdict if redaction is None else as_kept(verdict, redaction)

    def compare_parsers(
        self, selection: Selection, parsers: tuple[ParserName, ParserName]
    ) -> ParsersCompared:
        """Return what two parsers make of the selected calls; nothing is run.

        Raises:
            ToolboxError: the tools cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        from replay.replayer.questions.asking import Asking
        from replay.replayer.questions.two_parsers import compare_parsers

        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="replay-worlds-")))
            asking = stack.enter_context(Asking(sandboxed(self.place, self.sandbox, worlds=folder)))
            reading = stack.enter_context(Store.open(self.store.path, "r"))
            older = versions_of_calls(reading, asking.toolbox, self.versions)
            transcripts = (
                older.applied(reading.transcript(trace_id, prompts=False))
                for trace_id in reading.trace_ids(selection)
            )
            return compare_parsers(asking, transcripts, parsers, tools=selection.tools)

    def _not_stored(self, run: ReplayRun, error: StoreError, *, is_kept: bool) -> StoreError:
        if is_kept:
            next_words = "The replay run itself is kept. Then see it with"
            words = ["replay", "diff", str(self.store.path), run.id]
        else:
            next_words = "Then go on with what is not judged and kept yet:"
            words = ["replay", "run", str(self.store.path), "--tools", run.toolbox]
            words += ["--baseline", run.baseline] if run.baseline is not None else []
            words += ["--resume", run.id]
        hint = f"{error.hint or ''}\n{next_words}\n  {shlex.join(words)}"
        return StoreError(error.wanted, nearest=error.nearest, hint=hint.strip())

    def _policies_of(self, greeting: JsonObject) -> Policies:
        policies = self.policies.of_toolbox(greeting)
        here = {tool["name"] for tool in greeting["tools"]}
        known = here | {count.tool for count in self.store.tools()}
        if self.refuses_unknown:
            policies.refuse_unknown(known)
            refuse_unknown(self.versions, known)
        return policies

    def _pool(self, stack: contextlib.ExitStack, folder: Path) -> Pool:
        place = sandboxed(self.place, self.sandbox, worlds=folder)
        if self.baseline is not None and not place.sandbox.is_here:
            raise WorkerError(
                f"A baseline needs workers on this machine: --sandbox {self.sandbox} has none.",
                hint="Replay without --baseline there, or with another sandbox.",
            )
        places = {TODAY: place}
        if self.baseline is not None:
            places[BASELINE] = stack.enter_context(
                baseline_place(
                    self.baseline,
                    place,
                    paths=self.baseline_paths,
                    environment=self.baseline_environment,
                )
            )
        return Pool(
            places,
            jobs=self.jobs,
            deadline_s=self.deadline_ms / 1000,
            isolation=self.isolation,
        )

    def _begun(self, selection: Selection, traces: Chosen, greeting: JsonObject) -> ReplayRun:
        return ReplayRun(
            id=f"run_{datetime.now(UTC):%Y%m%dT%H%M%S}_{secrets.token_hex(3)}",
            started_at=now_text(),
            toolbox=self.place.toolbox,
            code_version=code_version(self.place.folder),
            python=greeting["python"],
            baseline=self.baseline,
            selection=selection.model_dump(mode="json", exclude_defaults=True),
            sample=traces.told,
            tool_sources=tool_sources(greeting, self.place.folder),
            options={
                "jobs": self.jobs,
                "deadline_ms": self.deadline_ms,
                "isolation": str(self.isolation),
                "sandbox": greeting["sandbox"],
                "limits": limits_told(self.place.limits),
                "paths": list(self.place.paths),
                "allow": list(self.place.allow),
                "loose": list(self.place.loose),
                "environment": sorted({*self.place.environment, *self.baseline_environment}),
                "policies": self.policies.words(),
                **({"written_for": self.versions} if self.versions else {}),
                **({"parser": self.parser} if self.parser else {}),
                **({"baseline_paths": list(self.baseline_paths)} if self.baseline_paths else {}),
            },
        )

    def _interrupted(self, resume: str) -> ReplayRun:
        run = self.store.run(resume)
        wanted = (self.place.toolbox, self.baseline)
        if (run.toolbox, run.baseline) != wanted:
            raise SelectionError(
                f"Replay run {run.id!r} was of {run.toolbox!r} with baseline {run.baseline!r}; "
                f"it cannot go on with {wanted[0]!r} and baseline {wanted[1]!r}.",
                hint="Resume it with the same toolbox, or start a new run.",
            )
        parser = run.options.get("parser", "")
        if self.parser not in ("", parser):
            whose = f"the parser {parser!r}" if parser else "whatever parser the toolbox chooses"
            raise SelectionError(
                f"Replay run {run.id!r} reads with {whose}; it cannot go on with {self.parser!r}.",
                hint="Resume it without --parser, or start a new run.",
            )
        versions = run.options.get("written_for", {})
        if self.versions and self.versions != versions:
            then, now = map(_versions_said, (versions, self.versions))
            raise SelectionError(
                f"Replay run {run.id!r} takes calls without a version for {then}; it cannot go on "
                f"with {now}.",
                hint="Resume it with the same versions, or without any, or start a new run.",
            )
        if run.status == "finished":
            raise SelectionError(
                f"Replay run {run.id!r} is finished: nothing is left to resume.",
                hint=f"`replay diff {shlex.quote(str(self.store.path))} {run.id}` shows what it "
                "found.",
            )
        return run


def _versions_said(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{tool}={version}" for tool, version in sorted(versions.items())) or "none"


__all__ = ["DEADLINE_MS", "Isolation", "Place", "Progress", "Replayer"]
