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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, TypeVar

from replay.errors import SelectionError, WorkerError
from replay.records import Actor, JsonObject, JsonValue, Outcome
from replay.replayer.environment import Place
from replay.replayer.questions.asked_workers import AskedWorkers, Lost
from replay.replayer.questions.compared import Captured, Compared, Terms, compared_of
from replay.tools.error_text import nearest_name
from replay.tools.resolve import Parser

_BATCH: Final = 500
_BATCH_CHARS: Final = 1 << 20
_BATCH_CARRIED: Final = 50
"""Each of them is carried many times."""
_ANSWER_WAIT_S: Final = 30.0
"""For one batch: a validator takes microseconds."""

Item = TypeVar("Item")


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
class DescribedStep:
    """One translation of a toolbox, of arguments or of results."""

    tool: str
    old: str | None
    """None: from a tool without versions."""
    to: str
    """The tool that it leads to; ``tool`` itself unless that was renamed."""
    new: str | None
    drops: list[str] = field(default_factory=list)
    """Fields that the new payload lacks on purpose."""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class DescribedToolbox:
    """A toolbox as its worker describes it."""

    name: str
    tools: list[DescribedTool]
    translations: list[DescribedStep]
    result_translations: list[DescribedStep] = field(default_factory=list)

    def find(
        self, name: str, version: str | None = None, actor: Actor | None = None
    ) -> DescribedTool | None:
        """Return that version of the tool, None the one that runs; None: there is none.

        ``actor``: only a tool of this actor's; None: of anybody's.
        """
        for tool in self.tools:
            is_meant = tool.name == name and actor in (None, tool.actor)
            if is_meant and (tool.runs if version is None else tool.version == version):
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
    model: str | None = None
    trace_id: str | None = None
    parser: Parser = ""
    """Who reads them where no ``version`` is given: see `replay.tools.resolve.Parser`."""

    def message(self) -> JsonObject:
        """Return the question as a worker is asked it."""
        asked: JsonObject = {"tool": self.tool, "arguments": self.arguments, "actor": self.actor}
        if self.version is not ANY_VERSION:
            asked["version"] = self.version
        if self.from_version is not None:
            asked["from_version"] = self.from_version
        for name in ("positional", "model", "trace_id", "parser"):
            if value := getattr(self, name):
                asked[name] = value
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
    duration_us: float | None = None
    """How long parsing, translating and validating took (real time); None: its process died."""


class Asking:
    """Workers that hold a toolbox and answer questions. A context manager."""

    def __init__(
        self, place: Place, *, answer_wait_s: float = _ANSWER_WAIT_S, jobs: int = 1
    ) -> None:
        """Start a worker and wait until it has the tools; up to ``jobs`` when there is work.

        Raises:
            ToolboxError: the toolbox cannot be loaded.
            WorkerError: the worker died of loading it, or could not be started.
        """
        self.place = place
        self._workers = AskedWorkers(place, jobs=jobs, answer_wait_s=answer_wait_s)
        try:
            described = self._workers.answers([{"about": "tools", "items": [{}]}], _not_described)
            self.toolbox = _toolbox_of(next(described))
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
        """End the workers."""
        self._workers.close()

    def judge(self, questions: Iterable[Question]) -> Iterator[Judged]:
        """Return what today's tools say to each question, in order.

        Some hundred questions are read ahead of the answers.

        Raises:
            WorkerError: no worker can be started any more.
        """
        asked = ((one.message(), len(one.arguments)) for one in questions)
        for answer in self.ask("arguments", asked, _lost):
            yield Judged(**{**answer, "outcome": Outcome(answer["outcome"])})

    def ask(
        self,
        about: str,
        items: Iterable[tuple[JsonObject, int]],
        lost: Lost,
        *,
        batch_size: int = _BATCH,
    ) -> Iterator[Any]:
        """Return what a worker answers to each item, in order.

        ``items``: what is asked, and how large it is in characters. ``lost`` makes the answer to a
        question that a worker died of.

        Raises:
            WorkerError: no worker can be started any more.
        """
        batches = _batches(items, batch_size)
        messages = ({"about": about, "items": batch} for batch in batches)
        return self._workers.answers(messages, lost)

    def carry(self, items: Iterable[JsonObject]) -> Iterator[JsonObject]:
        """Return what translations make of payloads, in order; see ``carrying.carried``.

        Raises:
            WorkerError: no worker can be started any more.
        """
        asked = ((item, 0) for item in items)
        return self.ask("translations", asked, _lost, batch_size=_BATCH_CARRIED)

    def translate_results(self, items: Iterable[JsonObject]) -> Iterator[JsonObject]:
        """Return recorded responses as today's versions would give them, in order.

        Each answer has a ``note``, and the ``response`` where it could be translated; it is empty
        where there is nothing to translate.

        Raises:
            WorkerError: no worker can be started any more.
        """
        asked = ((item, len(item["response"] or "")) for item in items)
        for answer in self.ask("results", asked, _lost):
            if "outcome" in answer:  # it died of this one
                said = f"The recorded response was not translated: {answer['message']}"
                answer = {"response": None, "note": said}
            yield answer

    def compare(self, captured: Iterable[Captured]) -> Iterator[Compared]:
        """Return what today's tools make of captured arguments, in order: only what differs.

        Raises:
            WorkerError: no worker can be started any more.
        """
        for answer in self._workers.answers(_captured_messages(captured), _lost):
            yield compared_of(answer)


def _not_described(outcome: Outcome, said: str) -> JsonObject:
    raise WorkerError(said, hint="Asking a toolbox about its tools must not end the process.")


def _lost(outcome: Outcome, said: str) -> JsonObject:
    return {"outcome": outcome, "message": said}


def _captured_messages(captured: Iterable[Captured]) -> Iterator[JsonObject]:
    numbers: dict[Terms, int] = {}

    def items() -> Iterator[tuple[list[JsonValue], int]]:
        for one in captured:
            item: list[JsonValue] = [numbers.setdefault(one.terms, len(numbers)), one.arguments]
            if one.has_payload or one.positional:
                item += [one.positional, one.has_payload, one.payload]
            yield item, len(one.arguments)

    for batch in _batches(items()):
        yield {
            "about": "captured",
            "items": batch,
            "terms": [terms.message() for terms in numbers],
        }


def _batches(items: Iterable[tuple[Item, int]], size_max: int = _BATCH) -> Iterator[list[Item]]:
    """Return items, each with its size, in lists of at most so many and so much."""
    batch: list[Item] = []
    size = 0
    for item, item_size in items:
        batch.append(item)
        size += item_size
        if len(batch) == size_max or size >= _BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _toolbox_of(said: JsonObject) -> DescribedToolbox:
    return DescribedToolbox(
        name=said["toolbox"],
        tools=[DescribedTool(**tool) for tool in said["tools"]],
        translations=[DescribedStep(**step) for step in said["translations"]],
        result_translations=[DescribedStep(**step) for step in said["result_translations"]],
    )
