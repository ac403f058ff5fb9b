"""From a conversation to the records of one trace."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Final

from replay.interchange.binding import BoundAnswer, CallPlace, bind_answers
from replay.interchange.conversation import ORPHANS, AskedCall, Conversation, Message
from replay.interchange.human_feedback import KEY, UNREAD, feedback_from
from replay.interchange.outcomes import outcome_of, tool_name
from replay.interchange.times import UNKNOWN_TIME
from replay.records import (
    CallError,
    JsonObject,
    JsonValue,
    ModelCall,
    Outcome,
    ToolCall,
    Trace,
    Transcript,
)

_UNSAFE_IN_ID: Final = re.compile(r"[^A-Za-z0-9._/:@+=-]+")


def trace_id_of(conversation: Conversation) -> str:
    """Return the trace id: the file's own id, made safe for a shell, and a hash of the content.

    The same line always gets the same id, whatever its file is called.
    """
    canonical = json.dumps(conversation.whole, sort_keys=True, separators=(",", ":"))
    digest = hashlib.blake2b(canonical.encode(), digest_size=5).hexdigest()
    return f"{safe_id(conversation.source_id or conversation.source)}~{digest}"


def safe_id(name: str) -> str:
    """Return ``name`` as one word of a shell, in at most 100 characters."""
    return _UNSAFE_IN_ID.sub("_", name)[:100]


def transcript_of(conversation: Conversation, trace_id: str) -> Transcript:
    """Return the trace of ``conversation`` with its steps, numbered in the order of the file."""
    return _Builder(conversation, trace_id).build()


class _Builder:
    """Walks the messages once, keeping what the model has seen so far."""

    def __init__(self, conversation: Conversation, trace_id: str) -> None:
        self.conversation = conversation
        self.trace_id = trace_id
        self.bound = bind_answers(conversation)
        self.answers_bound: dict[int, int] = {}
        self.tool_names = {name for one in conversation.tools if (name := tool_name(one))}
        self.seen: list[JsonValue] = list(conversation.prefix)
        self.steps: list[ModelCall | ToolCall] = []
        self.kept: JsonObject = {}
        self.seen_at_last_reply = 0
        self.now = _first_time(conversation)

    def build(self) -> Transcript:
        started_at = self.now
        hidden = self._messages_of_other_actors()
        for index, message in enumerate(self.conversation.messages):
            self.now = message.at or self.now
            model_call_id = self._add_reply(index, message)
            for call_index, asked in enumerate(message.calls):
                self._add_call(CallPlace(index, call_index), message, asked, model_call_id)
            self._keep(index, message, hidden=index in hidden)
        self._note_lost_answers()
        feedback, unread_count = feedback_from(
            self.conversation.whole.get(KEY), self.trace_id, self.steps, self.now
        )
        if unread_count:
            self.conversation.notes[UNREAD] += unread_count
        return Transcript(trace=self._trace(started_at), steps=self.steps, feedback=feedback)

    def _trace(self, started_at: str) -> Trace:
        told = self.conversation
        attributes: JsonObject = {"line": told.line, **told.attributes}
        if told.prefix:
            attributes["prefix_count"] = len(told.prefix)
        if self.kept:
            attributes["messages"] = self.kept
        if after := self.seen[self.seen_at_last_reply :]:
            attributes["after"] = after
        return Trace(
            id=self.trace_id,
            app=told.app,
            started_at=started_at,
            ended_at=self.now,
            outcome=told.outcome,
            start=told.start,
            labels=told.labels,
            source=told.source,
            code_version=_text(told.whole.get("code_version")),
            attributes=attributes,
        )

    def _add_reply(self, index: int, message: Message) -> str | None:
        reply = message.reply
        if reply is None:
            return None
        told, step_number = self.conversation, len(self.steps) + 1
        attributes: JsonObject = {"message_index": index}
        if message.fields:
            attributes["message"] = message.fields
        call = ModelCall(
            id=f"{self.trace_id}#{step_number}",
            trace_id=self.trace_id,
            step_number=step_number,
            provider=told.provider,
            api=told.api,
            model=told.model,
            response_model=reply.response_model,
            messages=list(self.seen),
            tools=told.tools,
            parameters=told.parameters,
            output=reply.output,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            response_id=reply.response_id,
            started_at=self.now,
            attributes=attributes,
        )
        self.steps.append(call)
        return call.id

    def _add_call(
        self, place: CallPlace, message: Message, asked: AskedCall, model_call_id: str | None
    ) -> None:
        bound = self.bound.get(place)
        step_number = len(self.steps) + 1
        outcome, error = self._outcome(asked, bound, message)
        self.steps.append(
            ToolCall(
                id=f"{self.trace_id}#{step_number}",
                trace_id=self.trace_id,
                step_number=step_number,
                model_call_id=model_call_id,
                call_index=place.call_index,
                provider_call_id=asked.provider_call_id,
                actor=message.actor,
                tool=asked.tool,
                arguments=asked.arguments,
                positional=asked.positional,
                response=bound.answer.text if bound else None,
                outcome=outcome,
                error=error,
                started_at=self.now,
                bound_by=bound.bound_by if bound else None,
                attributes=_call_attributes(asked, bound),
            )
        )

    def _outcome(
        self, asked: AskedCall, bound: BoundAnswer | None, message: Message
    ) -> tuple[Outcome, CallError | None]:
        """Say no more than the file does: a text that only sounds like an error is an answer."""
        if bound is None:
            return Outcome.UNFINISHED, None
        return outcome_of(
            asked.tool,
            asked.arguments,
            text=bound.answer.text,
            is_error=bound.answer.is_error,
            tools=None,
            names=self.tool_names if message.actor == "assistant" else set(),
            free_text=asked.free_text,
        )

    def _keep(self, index: int, message: Message, *, hidden: bool) -> None:
        """Keep for the exporter what no record holds; add to the prompt what the model saw."""
        if message.shown is None or hidden:
            self.kept[str(index)] = {"hidden": message.whole}
            return
        self.seen.append(message.shown)
        if message.reply is not None:
            self.seen_at_last_reply = len(self.seen)
            return
        fields = dict(message.fields)
        if index not in self.answers_bound:
            for answer in message.answers:
                fields.update(answer.fields)
        if fields:
            self.kept[str(index)] = {"fields": fields}

    def _messages_of_other_actors(self) -> set[int]:
        """Messages that only answer calls of a simulated user: the model never saw them."""
        hidden = set()
        for place, bound in self.bound.items():
            self.answers_bound[bound.message_index] = (
                self.answers_bound.get(bound.message_index, 0) + 1
            )
            message = self.conversation.messages[bound.message_index]
            asker = self.conversation.messages[place.message_index].actor
            if asker != "assistant" and len(message.answers) == 1:
                hidden.add(bound.message_index)
        return hidden

    def _note_lost_answers(self) -> None:
        for index, message in enumerate(self.conversation.messages):
            lost = len(message.answers) - self.answers_bound.get(index, 0)
            if lost:
                self.conversation.notes[ORPHANS] += lost


def _call_attributes(asked: AskedCall, bound: BoundAnswer | None) -> JsonObject:
    attributes: JsonObject = {}
    if asked.fields:
        attributes["call"] = asked.fields
    if bound is not None:
        attributes["answer_index"] = bound.message_index
        if bound.answer.fields:
            attributes["answer"] = bound.answer.fields
    return attributes


def _first_time(conversation: Conversation) -> str:
    times = [message.at for message in conversation.messages if message.at]
    return min(times) if times else conversation.at or UNKNOWN_TIME


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
