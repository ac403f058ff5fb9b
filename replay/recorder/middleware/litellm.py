"""LiteLLM: its own ids, and calls that reach their model by no way that a plane watches.

::

    litellm.callbacks = [RecordingLogger(recorder)]

Model calls over HTTP are seen on the HTTP plane, whatever the provider, with each of LiteLLM's own
retries. The logger adds ``attributes.litellm``; what the plane did not see (a mocked answer, a
cache of LiteLLM's) it records itself, from what LiteLLM says of it afterwards.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime
from typing import Any, Final

from replay.recorder.middleware.versions import require
from replay.recorder.model_calls import Landing
from replay.recorder.recorder import Recorder
from replay.recorder.scope import NextFacts, next_model_facts
from replay.recorder.wire import CHAT, Question, read_reply
from replay.records import JsonObject

require("litellm")

from litellm.integrations.custom_logger import CustomLogger  # noqa: E402

_KNOWN_MAX: Final = 4096
_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "max_tokens",
    "tool_choice",
    "response_format",
    "seed",
)


class RecordingLogger(CustomLogger):
    """A logger for ``litellm.callbacks``. LiteLLM calls its methods by keyword."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._journal = recorder._journal
        self._said: OrderedDict[str, NextFacts] = OrderedDict()
        """What was said to the planes of calls that have not ended, by LiteLLM's ids of them."""

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """Say whose call the HTTP plane is about to see."""
        with self._journal.failures.guard("read what LiteLLM says"):
            call_id = str(kwargs.get("litellm_call_id"))
            trace_id = kwargs.get("litellm_trace_id")
            said: JsonObject = {"call_id": call_id, **({"trace_id": trace_id} if trace_id else {})}
            known = self._said.get(call_id)
            if known is not None and known.is_taken:
                return  # a try of the same call
            self._said[call_id] = NextFacts({"litellm": said})
            next_model_facts.set(self._said[call_id])
            if len(self._said) > _KNOWN_MAX:
                self._said.popitem(last=False)

    def log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record a call that no plane saw."""
        with self._journal.failures.guard("record a call that LiteLLM made"):
            self._ended(kwargs, response_obj, start_time, end_time)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record a call that no plane saw."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    def _ended(self, kwargs: Any, response: Any, start_time: Any, end_time: Any) -> None:
        call_id = str(kwargs.get("litellm_call_id"))
        said = self._said.pop(call_id, None)
        if said is not None and said.is_taken:
            return
        if next_model_facts.get() is said:
            next_model_facts.set(None)
        answer = response.model_dump(mode="json") if hasattr(response, "model_dump") else None
        messages = kwargs.get("messages")
        if not isinstance(answer, dict) or not isinstance(messages, list):
            return
        response_id = answer.get("id")
        if isinstance(response_id, str) and self._journal.knows_response(response_id):
            return
        optional = kwargs.get("optional_params") or {}
        question = Question(
            api=CHAT,
            model=kwargs.get("model"),
            messages=messages,
            tools=optional.get("tools") or [],
            parameters={name: optional[name] for name in _PARAMETERS if name in optional},
            streamed=bool(kwargs.get("stream")),
        )
        took = _seconds(start_time, end_time)
        call = self._journal.begin_model_call(
            question, b"", kwargs.get("custom_llm_provider"), {"litellm": {"call_id": call_id}}
        )
        call.started = call.attempt_started = time.perf_counter() - took
        self._journal.end_model_call(call, Landing(read_reply(CHAT, answer)))


def _seconds(start: Any, end: Any) -> float:
    is_known = isinstance(start, datetime) and isinstance(end, datetime)
    return float((end - start).total_seconds()) if is_known else 0.0
