"""Which earlier answer a prompt goes on from, and which of its entries are new since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from replay.interchange.told import ToldModelCall
from replay.interchange.turns import as_prompt, asked_by, plain_entry, told_by
from replay.recorder.wire import Told
from replay.records import JsonValue


@dataclass(eq=False)
class Turn:
    """One model call, as later prompts may go on from it."""

    number: int
    call: ToldModelCall
    parent: Turn | None = None
    digests: list[bytes] = field(default_factory=list)
    """Of the prompt's first 1, 2, ... entries."""
    goes_on: bool = False
    """Whether a later prompt has gone on from it."""


class Prompts:
    """The turns of a trace so far, found by the prompts that they answered."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._by_prompt: dict[bytes, list[Turn]] = {}
        self._by_response: dict[str, Turn] = {}
        self._by_call: dict[str, Turn] = {}

    def parent_of(self, call: ToldModelCall) -> tuple[Turn | None, list[Told]]:
        """Return the turn that ``call`` goes on from, or None, and the answers since."""
        if call.is_delta:
            return self._named(call), _answers(call.api, call.messages)
        digests = _digests(call.messages)
        for position in range(len(digests) - 1, 0, -1):
            turns = self._by_prompt.get(digests[position - 1], [])
            parent = _fitting(turns, call, position)
            if parent is not None:
                return parent, _answers(call.api, call.messages[position:])
        return self._by_its_answers(call)

    def add(self, call: ToldModelCall, parent: Turn | None) -> Turn:
        """Remember ``call`` as one that later prompts may go on from."""
        turn = Turn(len(self._turns), call, parent, _digests(call.messages))
        if parent is not None:
            parent.goes_on = True
        self._turns.append(turn)
        if turn.digests:
            self._by_prompt.setdefault(turn.digests[-1], []).append(turn)
        if call.response_id is not None:
            self._by_response[call.response_id] = turn
        for asked in asked_by(call.api, call.output):
            if asked.provider_call_id is not None:
                self._by_call[asked.provider_call_id] = turn
        return turn

    def after(self, turn: Turn) -> list[JsonValue]:
        """Return the conversation as it stood after the answer of ``turn``."""
        return [*turn.call.messages, *as_prompt(turn.call.api, turn.call.output)]

    def _named(self, call: ToldModelCall) -> Turn | None:
        if call.previous_response_id is not None:
            return self._by_response.get(call.previous_response_id)
        return self._by_its_answers(call)[0]

    def _by_its_answers(self, call: ToldModelCall) -> tuple[Turn | None, list[Told]]:
        """The history was cut or rewritten: its last answers still name their calls."""
        answers: list[Told] = []
        parent: Turn | None = None
        for entry in reversed(call.messages):
            told = told_by(call.api, entry)
            turns = [self._by_call.get(one.provider_call_id or "") for one in told]
            turn = next((one for one in turns if one is not None), None)
            if told and turn is None:
                continue
            if turn is not None:
                if parent is not None and turn is not parent:
                    break
                parent = turn
                answers = [*told, *answers]
        return parent, answers


def _answers(api: str, entries: list[JsonValue]) -> list[Told]:
    return [told for entry in entries for told in told_by(api, entry)]


def _fitting(turns: list[Turn], call: ToldModelCall, position: int) -> Turn | None:
    """The turn with that prompt whose answer the entry at ``position`` repeats.

    Of several the newest that nothing has gone on from yet: equal questions may be asked side by
    side.
    """
    rest = call.messages[position:]
    for turn in sorted(turns, key=lambda one: (one.goes_on, -one.number)):
        wanted = [one.tool for one in asked_by(turn.call.api, turn.call.output)]
        said = len(as_prompt(turn.call.api, turn.call.output))
        repeated = rest[: max(said, 1)]
        if call.api == "responses":
            found = [one.tool for one in asked_by(call.api, repeated)]
        elif call.api == "messages":
            blocks = [e.get("content") for e in repeated[:1] if isinstance(e, dict)]
            found = [one.tool for one in asked_by(call.api, blocks[0] if blocks else None)]
        else:
            found = [one.tool for one in asked_by(call.api, repeated[0] if repeated else None)]
        if found == wanted:
            return turn
    return None


def _digests(messages: list[JsonValue]) -> list[bytes]:
    running = hashlib.blake2b(digest_size=16)
    digests = []
    for message in messages:
        text = json.dumps(plain_entry(message), sort_keys=True, ensure_ascii=True)
        running.update(text.encode() + b"\n")
        digests.append(running.copy().digest())
    return digests
