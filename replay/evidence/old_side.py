"""What the old version of a tool takes: said by its own validator, or by its recorded schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from replay.evidence.schema_changes import OldSides, described_sides
from replay.records import JsonObject, JsonValue, Outcome
from replay.records.schema_check import schema_errors
from replay.replayer.questions.asking import Asking, Question


@dataclass(frozen=True, slots=True)
class Read:
    """What the old version makes of some arguments."""

    accepted: bool
    payload: JsonValue = None
    has_payload: bool = False
    """False: nobody says as what they are read."""


class OldSide(Protocol):
    """The old versions of tools."""

    parameters: Mapping[str, JsonObject]
    """By tool: the JSON Schema of its arguments."""

    def read(self, tool: str, payloads: Sequence[JsonObject]) -> list[Read]:
        """Return what the old version of ``tool`` makes of each of ``payloads``."""


class RecordedSchemas:
    """The old side as its schemas say it."""

    def __init__(self, parameters: Mapping[str, JsonObject]) -> None:
        self.parameters = parameters

    def read(self, tool: str, payloads: Sequence[JsonObject]) -> list[Read]:
        """Return whether each fits the schema."""
        schema = self.parameters[tool]
        return [Read(not schema_errors(schema, payload)) for payload in payloads]


class OldTools:
    """The old side as the old tools' own validators say it."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.parameters: Mapping[str, JsonObject] = described_sides(asking).parameters()

    def read(self, tool: str, payloads: Sequence[JsonObject]) -> list[Read]:
        """Return what the validator of the old tool says to each."""
        questions = (Question(tool, json.dumps(payload)) for payload in payloads)
        return [
            Read(
                judged.outcome is Outcome.OK and not judged.errors,
                judged.payload,
                judged.payload is not None,
            )
            for judged in self._asking.judge(questions)
        ]


def old_side(old: OldSides) -> OldSide:
    """Return the old tools where there are any, else what is known of their schemas."""
    return RecordedSchemas(old.parameters()) if old.asking is None else OldTools(old.asking)
