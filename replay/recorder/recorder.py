"""The recorder: what an application holds to have its agent recorded."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Mapping
from contextvars import copy_context
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Literal, Self, TypeVar, cast, overload

from replay.recorder.binding import Sighting
from replay.recorder.calls import LiveTrace
from replay.recorder.decorator import F, captured
from replay.recorder.executions import json_form
from replay.recorder.failures import Failures
from replay.recorder.feedback import keep_feedback
from replay.recorder.hooked import HookedCall
from replay.recorder.http_plane import watch_client, watch_module
from replay.recorder.journal import Journal
from replay.recorder.keeping import checked_age, keep_as_told
from replay.recorder.masking import Mask, mask_into
from replay.recorder.opening import NoStore, open_or_warn
from replay.recorder.resume import stored_trace, stored_turn
from replay.recorder.scope import OpenScope, open_scope
from replay.recorder.toolbox_watch import ToolboxWatch
from replay.recorder.trace_book import TraceFacts
from replay.recorder.urllib3_plane import MODULE, watch_urllib3
from replay.records import Actor, JsonObject, JsonValue
from replay.store import Store
from replay.store.keep_rules import ATTRIBUTE as KEEP
from replay.store.redaction import ATTRIBUTE
from replay.tools.arguments import raw_arguments
from replay.tools.observer import observe

C = TypeVar("C")


class Recorder:
    """Records an agent's model calls and tool calls into a database.

    Light enough for production, and silent: nothing it does changes what the agent sees, and what
    it cannot do is logged to ``replay`` and counted in ``failures``, never raised; so is a database
    that the machine does not let it open. Only mistakes in setting it up are raised: a path that is
    no database, a client that it does not know.

    Threads may share one. After a fork the child goes on recording.
    """

    def __init__(
        self,
        database: str | os.PathLike[str] | Store,
        *,
        app: str | None = None,
        code_version: str | None = None,
        labels: Mapping[str, str] | None = None,
        outside: bool = True,
        keep_draws: Literal["uuid", "all", "none"] = "uuid",
        keep_streams: bool = False,
        mask: Mask = None,
    ) -> None:
        """Open ``database``, or make it.

        Args:
            database: A path; or a store that is open for writing, which is then the caller's to
                close.
            app: The name of the application or agent.
            code_version: The application's version; None leaves it out.
            labels: Words that every trace gets.
            outside: Keep what tools ask of the outside world. Puts the hooks of ``cassettes`` into
                the HTTP clients of this process; outside a recorded tool they pass straight
                through.
            keep_draws: Of which random draws inside tools the values are kept, so that a replay
                draws them again: ``uuid``, those of uuid4 and uuid1; ``all``, those of secrets and
                ``os.urandom`` too; ``none``. Only with ``outside``.
            keep_streams: Keep the raw server-sent events of streamed answers.
            mask: Replace secrets by placeholders before anything is stored; the application sees
                the real ones. None: as ``[tool.replay.mask]`` says, which is on where it says
                nothing. ``"personal"``: personal data too. False: store everything as it is. A
                `replay.config.MaskConfig`: with names, paths and patterns of your own.

        Raises:
            ConfigError: ``[tool.replay]`` of the pyproject.toml here cannot be read.
            StoreError: the path is wrong: a folder, no database of ours, of a newer format, or in
                a folder that is not there. A full disk, a path that may not be written and a
                database that is locked raise nothing: they are logged, and nothing is recorded.
        """
        self._owns_store = not isinstance(database, Store)
        self._failures = Failures()
        self._store = (
            database
            if isinstance(database, Store)
            else open_or_warn(Path(database), self._failures)
        )
        redaction = None
        if isinstance(self._store, Store):
            redaction = mask_into(self._store, mask, self._failures)
            keep_as_told(self._store)
        self._journal = Journal(
            self._store,
            TraceFacts(
                app=app,
                code_version=code_version,
                labels=_words(labels),
                attributes={} if redaction is None else {ATTRIBUTE: redaction.told},
            ),
            self._failures,
        )
        self._journal.keep_draws = keep_draws
        self._outside = outside
        self._keep_streams = keep_streams
        self._watch = ToolboxWatch(self._journal, outside=outside, redaction=redaction)
        self._journal.observer = self._watch
        if isinstance(self._store, Store):
            self._journal.stored_turn = functools.partial(stored_turn, self._store)
        if outside:
            import cassettes

            cassettes.install()

    @property
    def store(self) -> Store:
        """The open database.

        Raises:
            StoreError: it could not be opened when this recorder was made (`last_failure`).
        """
        if isinstance(self._store, NoStore):
            raise self._store.reason
        return self._store

    @property
    def failures(self) -> int:
        """How often something could not be recorded; the reasons are in the log ``replay``."""
        return self._failures.count

    @property
    def last_failure(self) -> str | None:
        """What could not be done last, and why; None when all went well."""
        return self._failures.last

    def wrap(self, client: C) -> C:
        """Watch ``client``'s model calls, and return the very same client.

        Takes the clients of OpenAI, Anthropic and Google GenAI, sync or async, on httpx or httpx2
        (any client that holds one of theirs), or such an HTTP client itself. Model calls are told
        by path and body, whatever host serves them. Copies made by ``with_options`` are watched
        too.

        Raises:
            ReplayError: no httpx or httpx2 client was found in it.
        """
        watch_client(self._journal, client, keep_streams=self._keep_streams)
        return client

    def watch_module(self, module: ModuleType) -> None:
        """Watch every client of ``module`` in this process, for good.

        ``module``: httpx, httpx2 or ``urllib3.connectionpool``; one that is watched already is not
        watched twice.

        Model calls outside any trace are put together into traces by their prompts: a prompt that
        goes on from an earlier one belongs to its trace, any other starts a new one.
        """
        with self._journal.watching:
            if module in self._journal.watched_modules:
                return
            self._journal.watched_modules.add(module)
        watch = watch_urllib3 if module.__name__ == MODULE else watch_module
        watch(self._journal, module, keep_streams=self._keep_streams)

    def watch_turns(self) -> None:
        """Keep also what is asked of the outside between a model's output and its next prompt.

        For tools that nobody sees run, as under ``replay record``. It is kept with the turn: any
        call of that output may ask it again in a replay, and none is missed that does not.
        """
        self._journal.watches_turns = self._outside

    def trace(
        self,
        *,
        start: JsonValue = None,
        labels: Mapping[str, str] | None = None,
        id: str | None = None,
        keep: str | None = None,
    ) -> TraceScope:
        """Return a context, for ``with`` or ``async with``: one agent run, recorded as one trace.

        Model calls and tool calls made inside belong to it, in tasks started inside too. Threads
        of your own start without it: give them ``recorder.bind(function)``.

        Args:
            start: What the toolbox's world factory needs to make this run's world again.
            labels: Words to find the trace by.
            id: Your own identity of the run; None makes one. A run with the same id goes on, also
                from another process: it is looked up, which costs some milliseconds.
            keep: How long this trace is kept, whatever ``[tool.replay.keep]`` says: ``12h``,
                ``30d``, ``forever``.

        Raises:
            ReplayError: ``keep`` is no length of time.
        """
        scope = TraceScope(self, start=start, labels=labels, id=id)
        scope._keep = checked_age(keep)
        return scope

    @overload
    def tool(self, function: F, /) -> F: ...

    @overload
    def tool(
        self, /, *, name: str | None = None, actor: Actor = "assistant"
    ) -> Callable[[F], F]: ...

    def tool(
        self,
        function: Any = None,
        /,
        *,
        name: str | None = None,
        actor: Actor = "assistant",
    ) -> Any:
        """Record every call of a function: ``@recorder.tool``, directly above its ``def``.

        Frameworks see the function as it was: same name, signature, docstring, annotations. A call
        is recorded where a model asked for it, or where a trace is open; elsewhere the function
        just runs.

        Args:
            function: The function, sync or async.
            name: The tool's name as the model knows it; None: the function's.
            actor: Who calls it when no model asked for the call.
        """
        if function is None:
            return functools.partial(self._captured, name=name, actor=actor)
        return self._captured(function, name=name, actor=actor)

    def feedback(
        self,
        trace_id: str,
        *,
        step_number: int | None = None,
        call_id: str | None = None,
        score: float | None = None,
        label: str | None = None,
        text: str | None = None,
        correction: JsonValue = None,
        annotator: str | None = None,
    ) -> str | None:
        """Keep what somebody says of a recorded trace, of one step of it, or of one tool call.

        It may come long after the trace, and from another process: `TraceScope.id` is what to
        remember. It is masked and durable like everything recorded.

        Args:
            trace_id: The trace.
            step_number: About this step; None: about the whole trace.
            call_id: About this tool call instead (`replay.tools.current.request_id`); it is looked
                up, which costs some milliseconds.
            score: From 0, bad, to 1, good.
            label: A word to find it by.
            text: What was said.
            correction: What should have been called, ``{"tool": ..., "arguments": {...}}``, or the
                text that should have been answered.
            annotator: Who says so.

        Returns:
            The feedback's id; None when it could not be kept: `failures` counts, the log tells.
        """
        kept: str | None = None
        with self._failures.guard("keep feedback"):
            kept = keep_feedback(
                self._store,
                trace_id,
                step_number=step_number,
                call_id=call_id,
                score=score,
                label=label,
                text=text,
                correction=json_form(correction)[0] if correction is not None else None,
                annotator=annotator,
            )
        return kept

    def _captured(self, function: F, *, name: str | None, actor: Actor) -> F:
        return captured(function, self._journal, name=name, actor=actor, outside=self._outside)

    def tool_call(
        self,
        tool: str,
        *,
        call_id: str | None = None,
        arguments: str | Mapping[str, Any] | None = None,
        by: str | None = None,
    ) -> HookedCall:
        """Return a context for ``with``: one tool call, as the loop that runs it knows it.

        For loops and frameworks of your own; `replay.recorder.middleware` has it for those that
        many use. Tell it what came of the call (``returned``, ``answered``, ``refused``); a tool
        under `@recorder.tool` that runs inside tells it by itself. Recorded is a call that a model
        asked for, or that is made in a trace; any other just runs.

        Args:
            tool: Its name, as the model wrote it.
            call_id: The provider's id of the call.
            arguments: As the model wrote them; None: not known.
            by: Who calls: kept with the call.
        """
        text = None if arguments is None else raw_arguments(arguments)
        sighting = Sighting(tool, provider_call_id=call_id, arguments=text)
        return HookedCall(self._journal, sighting, by=by, outside=self._outside)

    def bind(self, function: F) -> F:
        """Return ``function`` to be run in a thread of yours: it takes this trace along."""
        context = copy_context()

        @functools.wraps(function)
        def bound(*args: Any, **kwargs: Any) -> Any:
            # A copy for each run: one context cannot be entered by two threads at once.
            return context.copy().run(function, *args, **kwargs)

        return cast("F", bound)

    def close(self) -> None:
        """End what is open, and move everything recorded into the database file."""
        with self._failures.guard("end the open traces"):
            self._journal.close()
        if self._owns_store and isinstance(self._store, Store):
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class TraceScope:
    """One agent run, open: ``with recorder.trace() as trace:`` gives this."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        start: JsonValue,
        labels: Mapping[str, str] | None,
        id: str | None,
    ) -> None:
        self._store = recorder._store
        self._journal = recorder._journal
        self._watch = recorder._watch
        self._given = (id, start, labels)
        self._keep: str | None = None
        self._trace: LiveTrace | None = None
        self._held: contextlib.ExitStack | None = None
        self._scope: OpenScope | None = None

    @property
    def id(self) -> str:
        """The trace's identity in the database."""
        return self._live.id

    @property
    def outcome(self) -> str | None:
        """How the run ended, in your words; None: not said. Set it before the scope ends."""
        return self._live.outcome

    @outcome.setter
    def outcome(self, outcome: str | None) -> None:
        self._live.outcome = outcome

    @property
    def labels(self) -> dict[str, str]:
        """The trace's labels; what is added before the scope ends is stored with it."""
        return self._live.labels

    @property
    def attributes(self) -> JsonObject:
        """Facts of your own, stored with the trace when the scope ends."""
        return self._live.attributes

    @property
    def _live(self) -> LiveTrace:
        if self._trace is None:
            raise RuntimeError("The trace is not open yet; enter it with `with`.")
        return self._trace

    def __enter__(self) -> Self:
        id, start, labels = self._given
        with self._journal.failures.guard("open a trace"):
            self._trace = self._journal.open_trace(
                id,
                json_form(start)[0] if start is not None else None,
                _words(labels),
                stored=self._stored,
                attributes={} if self._keep is None else {KEEP: self._keep},
            )
        if self._trace is None:  # the store is failing: the agent runs on, unrecorded
            self._trace = LiveTrace(id=id or "unrecorded", started_at="")
        self._held = contextlib.ExitStack()
        self._scope = OpenScope(self._journal, self._trace)
        token = open_scope.set(self._scope)
        self._held.callback(open_scope.reset, token)
        self._held.enter_context(observe(self._watch))
        return self

    def _stored(self, id: str) -> LiveTrace | None:
        return stored_trace(self._store, id) if isinstance(self._store, Store) else None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._journal.failures.guard("leave a trace"):
            if self._scope is not None and self._held is not None:
                self._scope.is_left = True
                # A generator that holds a trace may be closed in another task than it was begun
                # in: nothing of that task's is to be put back there.
                with contextlib.suppress(ValueError):
                    self._held.close()
        with self._journal.failures.guard("close a trace"):
            if error is not None:
                self._live.attributes["raised"] = f"{type(error).__qualname__}: {error}"
            self._journal.close_trace(self._live)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


def _words(labels: Mapping[str, str] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (labels or {}).items()}
