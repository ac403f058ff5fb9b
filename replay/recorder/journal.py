"""The recorder's book-keeping: from what the planes see to records in the store."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from replay.recorder.calls import LiveTrace
from replay.recorder.failures import Failures
from replay.recorder.model_call_book import ModelCallBook
from replay.recorder.scope import OpenScope, open_scope, running_call
from replay.recorder.tool_call_book import ToolCallBook
from replay.recorder.trace_book import STITCHED_MAX, RecordSink, TraceFacts

if TYPE_CHECKING:
    from cassettes.draws import Keep
    from replay.recorder.hooked import HookedCall


class Journal(ModelCallBook, ToolCallBook):
    """What is being recorded right now, and what the planes keep here of it."""

    def __init__(self, sink: RecordSink, facts: TraceFacts, failures: Failures) -> None:
        super().__init__(sink, facts, failures)
        self.keep_draws: Keep = "uuid"
        """Of which random draws inside tools the values are kept."""
        self.watching = threading.Lock()
        self.watched_modules: set[ModuleType] = set()
        """Modules whose clients are all watched."""
        self.hooked: dict[str, HookedCall] = {}
        """Calls that frameworks' hooks hold while they run, by our identity of them."""

    @contextlib.contextmanager
    def in_session(self, key: str, labels: dict[str, str]) -> Iterator[None]:
        """Hold the trace of a session, for whoever serves tools to callers that it does not see.

        ``key``: the caller, or the connection. The trace ends with the recorder, or once many
        others were served since.
        """
        trace: LiveTrace | None = None
        with self.failures.guard("open the trace of a session"), self._lock:
            trace = self._stitched.get(self._sessions.get(key, ""))
            if trace is None:
                trace = self._stitch(None, labels)
                self._sessions[key] = trace.id
                if len(self._sessions) > STITCHED_MAX:
                    self._sessions.popitem(last=False)
            else:
                self._stitch_on(trace)
        token = open_scope.set(OpenScope(self, trace) if trace is not None else open_scope.get())
        # A client in this process may be in the middle of a call of its own.
        outer = running_call.set(None)
        try:
            yield
        finally:
            running_call.reset(outer)
            open_scope.reset(token)
