"""The caller's side: a worker that holds today's tools, and answers for them.

::

    with Asking(place_of("shop.tools:toolbox")) as tools:
        tools.toolbox.tools                      # every version of every tool
        for judged in tools.judge(questions):    # whether arguments fit; translated first
            ...

Tools are code of the user's, and so are their validators and translations: they run in a worker
process, never in this one. One that hangs or dies over a question costs that question.
"""

from __future__ import annotations

import itertools
import select
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

from replay.errors import SelectionError, WorkerError
from replay.records import Actor, JsonObject, JsonValue, Outcome
from replay.replayer.environment import Place
from replay.replayer.process import WorkerProcess, how_it_ended
from replay.tools.error_text import nearest_name

_BATCH: Final = 500
_ANSWER_WAIT_S: Final = 30.0
"""For one batch: a validator takes microseconds. Then halves of it get less patience."""
_PATIENCE_LOST: Final = 10


@dataclass(frozen=True, slots=True)
class DescribedTool:
    """One version of one tool, as its toolbox has it."""

    name: str
    version: str | None
    actor: Actor
    description: str
    parameters: JsonObject
    """The source: the JSON Schema of the arguments, as pydantic or the user says it."""
    result: JsonValue
    """The JSON Schema of what the function says it returns; None: it does not say."""
    shown: dict[str, JsonObject]
    """By dialect (``replay.tools.schemas.DIALECTS``): what a model is shown."""
    not_shown: dict[str, str]
    """By dialect: why it cannot be shown in it."""
    schema_hash: str
    gates: bool
    """True: arguments that do not fit never reach the function."""
    strict: bool
    is_given: bool
    """True: the schema was given as JSON; no Python type validates the arguments."""
    file: str | None
    line: int | None
    """Where the function is; None: Python does not know."""
    runs: bool
    """True: the version that runs unless a route chooses another."""
    replay: str = "cassette"
    """How its calls are replayed unless the user says otherwise: ``recorded``, ``refuse``: it is
    not to run."""
    raises: list[str] = field(default_factory=list)
    """Exceptions that it declares, and every class derived from them, as errors name them."""
    contract: JsonObject | None = None
    """What it promises (``replay.tools.Contract.plain``); None: it declares nothing."""
    idempotent: bool = False


@dataclass(frozen=True, slots=True)
class DescribedToolbox:
    """A toolbox as its worker describes it."""

    name: str
    tools: list[DescribedTool]
    translations: list[tuple[str, str, str]]
    """(tool, old version, new version), each a step that the toolbox has."""
    has_route: bool

    def find(self, name: str, version: str | None = None) -> DescribedTool | None:
        """Return that version of the tool, None the one that runs; None: there is none."""
        for tool in self.tools:
            if tool.name == name and (tool.runs if version is None else tool.version == version):
                return tool
        return None

    def running(self, names: Sequence[str] = ()) -> list[DescribedTool]:
        """Return the tools called ``names``, all where none is named, in the versions that run.

        Raises:
            SelectionError: one of ``names`` is not there; it says which is nearest.
        """
        found = {tool.name: tool for tool in self.tools if tool.runs}
        for name in names:
            if name not in found:
                raise SelectionError(
                    f"Today's toolbox has no tool {name!r}.",
                    nearest=nearest_name(name, list(found)),
                    hint=f"It has: {', '.join(found)}.",
                )
        return [tool for name, tool in found.items() if not names or name in names]


ANY_VERSION: Final = object()


@dataclass(frozen=True, slots=True)
class Question:
    """Do these arguments fit this tool?"""

    tool: str
    arguments: str
    """The model's raw text."""
    version: Any = ANY_VERSION
    """The version (a text, or None) to judge them by; ANY_VERSION: what the toolbox would take."""
    from_version: str | None = None
    """The version that the model was shown: the arguments are translated from it first."""
    positional: list[JsonValue] | None = None
    actor: Actor = "assistant"

    def message(self) -> JsonObject:
        """Return the question as a worker is asked it."""
        asked: JsonObject = {"tool": self.tool, "arguments": self.arguments, "actor": self.actor}
        if self.version is not ANY_VERSION:
            asked["version"] = self.version
        if self.from_version is not None:
            asked["from_version"] = self.from_version
        if self.positional is not None:
            asked["positional"] = self.positional
        return asked


@dataclass(frozen=True, slots=True)
class Judged:
    """What today's tools say of some arguments, without running."""

    outcome: Outcome
    """``ok``, ``bad_json``, ``unknown_tool``, ``invalid_arguments`` (the tool would not run);
    ``failed``: a validator or a translation raised; ``crashed``, ``timeout``: its process died."""
    version: str | None = None
    """The version that they were judged by."""
    payload: JsonValue = None
    """The validated payload; None when there is none, or JSON cannot show it."""
    errors: list[JsonObject] = field(default_factory=list)
    """Where they do not fit (pydantic's form), also where the tool only reports it and runs."""
    translated: JsonValue = None
    """The arguments after translation; None: none was needed, or there is no way."""
    message: str | None = None
    stage: str | None = None
    """Where a ``failed`` one failed: ``translate`` or ``validate``."""
    notes: list[str] = field(default_factory=list)


class Asking:
    """A worker that holds a toolbox and answers questions. A context manager."""

    def __init__(self, place: Place, *, answer_wait_s: float = _ANSWER_WAIT_S) -> None:
        """Start the worker and wait until it has the tools.

        Raises:
            ToolboxError: the toolbox cannot be loaded.
            WorkerError: the worker died of loading it, or could not be started.
        """
        self._place = place
        self._wait_s = answer_wait_s
        self._numbers = itertools.count(1)
        self._process = self._started()
        try:
            self.toolbox = _toolbox_of(self._ask("tools", [{}])[0])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        self._process.close()

    def judge(self, questions: Iterable[Question]) -> Iterator[Judged]:
        """Return what today's tools say to each question, in order, as they are asked.

        Raises:
            WorkerError: no worker can be started any more.
        """
        asked = iter(questions)
        while batch := [one.message() for one in itertools.islice(asked, _BATCH)]:
            for answer in self._settled(batch, self._wait_s):
                yield Judged(**{**answer, "outcome": Outcome(answer["outcome"])})

    def _settled(self, batch: Sequence[JsonObject], wait_s: float) -> list[JsonObject]:
        """Return the answers to ``batch``; what kills the worker is found and told."""
        try:
            return self._ask("arguments", batch, wait_s)
        except _NoAnswer as gone:
            self._process.kill()
            self._process.close()
            self._process = self._started()
            if len(batch) == 1:
                return [{"outcome": gone.outcome, "message": gone.said}]
        half = len(batch) // 2
        wait_s = self._wait_s / _PATIENCE_LOST
        return self._settled(batch[:half], wait_s) + self._settled(batch[half:], wait_s)

    def _started(self) -> WorkerProcess:
        process = WorkerProcess(self._place, forks=False, answers=True)
        try:
            # The import has a limit of its own: whoever passes it ends.
            said = _next_message(process, until=None)
        except BaseException:
            process.kill()
            process.close()
            raise
        if said is None or said["t"] == "refused":
            refusal = process.refusal(said)
            process.close()
            raise refusal
        process.ready = said
        return process

    def _ask(
        self, about: str, items: Sequence[JsonObject], wait_s: float | None = None
    ) -> list[JsonObject]:
        number = next(self._numbers)
        self._process.send({"t": "ask", "n": number, "about": about, "items": list(items)})
        said = _next_message(self._process, until=time.monotonic() + (wait_s or self._wait_s))
        if said is None:
            how = how_it_ended(self._process.ended())
            raise _NoAnswer(Outcome.CRASHED, f"The worker ended ({how}).")
        assert said["n"] == number
        answers: list[JsonObject] = said["answers"]
        return answers


class _NoAnswer(WorkerError):
    """The worker died over a question, or does not come back from it."""

    def __init__(self, outcome: Outcome, said: str) -> None:
        super().__init__(said, hint="Asking a toolbox about its tools must not end the process.")
        self.outcome = outcome
        self.said = said


def _next_message(process: WorkerProcess, *, until: float | None) -> JsonObject | None:
    """Return the next message; None: the worker is gone.

    Raises:
        _NoAnswer: none came ``until`` then (monotonic seconds; None: no limit).
    """
    reads = {process.frames, process.output}
    while True:
        left = None if until is None else max(until - time.monotonic(), 0.0)
        writes = [process.source] if process.has_unsent else []
        ready, _, _ = select.select(list(reads), writes, [], left)
        process.flush()
        if process.output in ready and not process.read_output():
            reads.discard(process.output)
        if process.frames in ready:
            for message in process.messages():
                return message
        elif until is not None and time.monotonic() >= until:
            raise _NoAnswer(Outcome.TIMEOUT, "No answer came in time: a validator hangs.")


def _toolbox_of(said: JsonObject) -> DescribedToolbox:
    return DescribedToolbox(
        name=said["toolbox"],
        tools=[DescribedTool(**tool) for tool in said["tools"]],
        translations=[(tool, old, new) for tool, old, new in said["translations"]],
        has_route=said["has_route"],
    )
