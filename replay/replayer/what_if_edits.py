"""What is made otherwise in a what-if, and the trace with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cassettes.bodies import body_from_json
from replay.errors import SelectionError
from replay.records import Edit, Interaction, JsonObject, JsonValue, ToolCall, Transcript
from replay.verdicts.answers import recorded_response
from replay.verdicts.canonical import read_response
from replay.verdicts.paths import PathPart, split

_OF_THE_BODY: Final = ("content-length", "content-encoding", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Edits:
    """What is made otherwise in one step; None and empty: as recorded."""

    step_number: int
    arguments: JsonObject | None = None
    """All of them, in place of the recorded ones."""
    changed: Mapping[str, JsonValue] = field(default_factory=dict)
    """Single arguments by their path."""
    response: str | None = None
    """What the model is told, whatever the tool answers."""
    outside: Mapping[int, JsonValue] = field(default_factory=dict)
    """What the outside answers, by the question's number: a body, or ``status`` and ``body``."""

    def applied(self, transcript: Transcript) -> tuple[Transcript, list[Edit]]:
        """Return the trace with the edits, and what they are.

        Raises:
            SelectionError: the step is no tool call, a path or a question is not there, or nothing
                is made otherwise.
        """
        call = self.call_of(transcript)
        made: list[Edit] = []
        changed = self._with_arguments(call, made)
        changed = self._with_response(changed, made)
        interactions = dict(transcript.interactions)
        if self.outside:
            interactions[call.id] = self._answered(call, interactions.get(call.id, []), made)
        if not made:
            raise SelectionError(
                f"Nothing is edited: step {self.step_number} stays as it was recorded.",
                hint="Say what is to be otherwise: --set PATH=VALUE, --arguments, --response or "
                "--outside.",
            )
        steps = [changed if step is call else step for step in transcript.steps]
        update: dict[str, Any] = {"steps": steps, "interactions": interactions}
        return transcript.model_copy(update=update), made

    def call_of(self, transcript: Transcript) -> ToolCall:
        """Return the tool call that is edited.

        Raises:
            SelectionError: there is none of that number.
        """
        calls = [step for step in transcript.steps if isinstance(step, ToolCall)]
        for call in calls:
            if call.step_number == self.step_number:
                return call
        steps = ", ".join(f"{one.step_number} {one.tool}" for one in calls[:12])
        raise SelectionError(
            f"Step {self.step_number} of trace {transcript.trace.id!r} is no tool call.",
            hint=f"Its tool calls: {steps}." if steps else "It has no tool calls.",
        )

    def _with_arguments(self, call: ToolCall, made: list[Edit]) -> ToolCall:
        if self.arguments is None and not self.changed:
            return call
        recorded = read_response(call.arguments).value
        edited: JsonValue = recorded if self.arguments is None else self.arguments
        for path, value in self.changed.items():
            edited = with_value(edited, path, value)
        if edited == recorded and json.dumps(edited) == json.dumps(recorded):
            return call
        made.append(self._edit("arguments", recorded, edited))
        text = json.dumps(edited, ensure_ascii=False)
        return call.model_copy(update={"arguments": text, "positional": None, "payload": None})

    def _with_response(self, call: ToolCall, made: list[Edit]) -> ToolCall:
        recorded = recorded_response(call)
        if self.response is None or self.response == recorded:
            return call
        made.append(self._edit("response", recorded, self.response))
        return call

    def _answered(
        self, call: ToolCall, recorded: list[Interaction], made: list[Edit]
    ) -> list[Interaction]:
        found = list(recorded)
        for number, answer in sorted(self.outside.items()):
            if not 1 <= number <= len(found):
                count = len(found)
                raise SelectionError(
                    f"Step {call.step_number} has no question {number} to the outside.",
                    hint=f"It asked {count}: `replay show ... --step {call.step_number}` lists "
                    "them, the first is 1."
                    if count
                    else "It asked nothing.",
                )
            one = found[number - 1]
            before = answer_of(one.exchange)
            if answer == before:
                continue
            exchange = with_answer(one.exchange, answer)
            found[number - 1] = one.model_copy(update={"exchange": exchange})
            edit = self._edit("outside", before, answer_of(exchange))
            made.append(edit.model_copy(update={"interaction": number}))
        return found

    def _edit(self, part: Any, recorded: JsonValue, edited: JsonValue) -> Edit:
        return Edit(step_number=self.step_number, part=part, recorded=recorded, edited=edited)


def with_value(value: JsonValue, path: str, new: JsonValue) -> JsonValue:
    """Return ``value`` with ``new`` at ``path``, whose last part may be new.

    Raises:
        SelectionError: the path is none, or leads nowhere.
    """
    try:
        parts = split(path)
    except ValueError as error:
        raise SelectionError(
            f"{path!r} is no path: {error}.", hint="Write it as city, flights[0].price."
        ) from error
    return _placed(value, parts, new, path)


def _placed(value: JsonValue, parts: tuple[PathPart, ...], new: JsonValue, path: str) -> JsonValue:
    if not parts:
        return new
    part, rest = parts[0], parts[1:]
    if isinstance(value, dict) and isinstance(part, str) and (part in value or not rest):
        return {**value, part: _placed(value.get(part), rest, new, path)}
    if isinstance(value, list) and isinstance(part, int) and part <= len(value) - bool(rest):
        inner = _placed(value[part] if part < len(value) else None, rest, new, path)
        return [*value[:part], inner, *value[part + 1 :]]
    here = list(value) if isinstance(value, dict) else []
    raise SelectionError(
        f"The arguments have no place {path!r}: nothing is at {part!r}.",
        nearest=", ".join(map(str, here[:8])) or None,
    )


def answer_of(exchange: JsonObject) -> JsonValue:
    """Return what the outside answered as a person edits it: ``status`` and ``body``, or None."""
    response = exchange.get("response")
    if not isinstance(response, dict):
        return None
    body = response.get("body")
    told: JsonValue = None
    if isinstance(body, dict):
        told = body.get("json", body.get("text", body.get("base64")))
    return {"status": response.get("status"), "body": told}


def with_answer(exchange: JsonObject, answer: JsonValue) -> JsonObject:
    """Return ``exchange`` answered otherwise: with a body, or with ``status`` and ``body``.

    A question that was never answered is answered with status 200.

    Raises:
        SelectionError: the status is no number.
    """
    old = exchange.get("response")
    response: JsonObject = dict(old) if isinstance(old, dict) else dict(_FRESH)
    body = answer
    if isinstance(answer, dict) and "status" in answer and set(answer) <= {"status", "body"}:
        if not isinstance(answer["status"], int) or isinstance(answer["status"], bool):
            raise SelectionError(
                f"The status {answer['status']!r} is no number.", hint="Give one, as 503."
            )
        if answer["status"] != response.get("status"):
            response |= {"status": answer["status"], "reason": ""}
        before = answer_of(exchange)
        if "body" not in answer or (isinstance(before, dict) and answer["body"] == before["body"]):
            return {**exchange, "response": response, "failure": None}
        body = answer["body"]
    form = None if body is None else {"text": body} if isinstance(body, str) else {"json": body}
    headers = {
        name: values
        for name, values in (response.get("headers") or {}).items()
        if name.lower() not in _OF_THE_BODY
    }
    headers["content-length"] = [str(len(body_from_json(form)))]
    response |= {"body": form, "headers": headers, "closed_early": False}
    return {**exchange, "response": response, "failure": None}


_FRESH: Final[JsonObject] = {
    "status": 200,
    "reason": "OK",
    "http_version": "HTTP/1.1",
    "headers": {"content-type": ["application/json"]},
    "body": None,
    "closed_early": False,
}
