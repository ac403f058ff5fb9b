"""What is known of one step: its facts at once, its texts and values when a tab asks for them.

A payload may have five megabytes and a prompt ten thousand messages: what is not looked at is not
read, and a value that says the same as a text beside it is read once.
"""

from __future__ import annotations

import json
import sqlite3
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from replay.records import (
    Approval,
    Attempt,
    CallVerdict,
    Interaction,
    JsonObject,
    JsonValue,
    ModelCall,
    ReplayRun,
    ToolCall,
    ToolSchema,
)
from tui.rows.approvals import approval_of
from tui.rows.both import Both
from tui.rows.calls import gone
from tui.rows.database import Database
from tui.rows.step_rows import StepRow
from tui.rows.verdict_parts import verdict_shown

if TYPE_CHECKING:
    from tui.rows.steps import StepList

_PROMPT = frozenset(("messages", "tools"))
_VALUES = frozenset(("payload", "result"))


class StepDetail:
    """One step. Every part raises StoreError when the database cannot be read any more."""

    def __init__(self, database: Database, steps: StepList, row: StepRow) -> None:
        """Read the facts: what there is, and how big it is."""
        self.row = row
        self._database = database
        self._steps = steps
        self._model_key = row.key if row.kind == "model" else row.model_call
        self.has_model_call = self._model_key is not None
        self.feedback = [one for one in steps.feedback if one.step_number == row.number]
        """What people said of it."""
        self.has_verdict = row.kind == "tool" and row.key in steps.verdicts
        self.interaction_count = 0
        self.payload_is_arguments = False
        """The payload is what the arguments say: read one of them."""
        self.result_is_response = False
        """The result is the response, as it is or as the JSON that it is."""
        self.size = 0
        """Bytes of its contents, the prompt left out."""
        self._spans: list[tuple[int, int]] = []
        with database.reading() as connection:
            self._read_facts(connection)

    def _read_facts(self, connection: sqlite3.Connection) -> None:
        values: list[Any] = []
        if self._model_key is not None:
            prompt, output = _row(
                connection, "SELECT prompt, output FROM model_call_rows", self._model_key
            )
            self._spans = [(first, last) for first, last in orjson.loads(prompt or "[]")]
            values.append(output)
        if self.row.kind == "tool":
            arguments, payload, result, response, count = _row(
                connection,
                "SELECT arguments, payload, result, response, (SELECT count(*) FROM "
                "interaction_rows i WHERE i.tool_call = +r.key) FROM tool_call_rows r",
                self.row.key,
            )
            self.payload_is_arguments = payload == 0
            self.result_is_response = result in (0, -1)
            self.interaction_count = count
            values += [arguments, payload or None, response]
            values += [None if self.result_is_response else result]
        if self.has_verdict:
            found = connection.execute(
                "SELECT replayed FROM call_verdict_rows WHERE run = ? AND tool_call = ?",
                (self._steps.run_key, self.row.key),
            ).fetchone()
            values += found or []
        self.size = self._database.content_size(values)

    # -- the model call ---------------------------------------------------------------------------

    @cached_property
    def model_call(self) -> ModelCall | None:
        """The step itself, or the model call that asked for this tool call, with its prompt."""
        return self._model_call(frozenset())

    @cached_property
    def answer(self) -> ModelCall | None:
        """The same without its prompt: no messages, no tools."""
        return self._model_call(_PROMPT)

    @property
    def message_count(self) -> int:
        """How many messages the prompt has."""
        return sum(last - first + 1 for first, last in self._spans)

    @cached_property
    def before(self) -> int:
        """How many messages of the prompt the model call before it had already."""
        answer = self.answer
        if answer is None:
            return 0
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT (SELECT sum((span.value ->> 1) - (span.value ->> 0) + 1) FROM "
                "json_each(r.prompt) span) FROM model_call_rows r WHERE r.trace = ? "
                "AND r.step_number < ? ORDER BY r.step_number DESC LIMIT 1",
                (self._steps.key, answer.step_number),
            ).fetchone()
        before = int(row[0] or 0) if row else 0
        return before if before <= self.message_count else 0

    def messages_size(self, start: int, stop: int) -> int:
        """Return the bytes of some messages of the prompt, which stay unread."""
        with self._database.reading() as connection:
            wanted = self._positions(start, stop)
            rows = connection.execute(
                "SELECT content FROM prompt_messages WHERE trace = ? "
                "AND position IN (SELECT value FROM json_each(?))",
                (self._steps.key, orjson.dumps(wanted).decode()),
            )
            return self._database.content_size(key for (key,) in rows.fetchall())

    def messages(self, start: int, stop: int) -> list[JsonValue]:
        """Return some messages of the prompt, counted from 0."""
        with self._database.reading():
            positions = self._positions(start, stop)
            return self._database.records.messages(self._steps.key, positions)

    def _positions(self, start: int, stop: int) -> list[int]:
        positions = [at for first, last in self._spans for at in range(first, last + 1)]
        return positions[start:stop]

    @cached_property
    def tools(self) -> list[JsonValue]:
        """The tool definitions that the model was shown."""
        if self._model_key is None:
            return []
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT s.toolset FROM model_call_rows r JOIN model_settings s "
                "ON s.key = r.settings WHERE r.key = ?",
                (self._model_key,),
            ).fetchone()
            is_known = row is not None and row[0] is not None
            return self._database.records.toolset(row[0]) if is_known else []

    def _model_call(self, left_out: frozenset[str]) -> ModelCall | None:
        if self._model_key is None:
            return None
        return self._one("model_call", "r.key = ?", [self._model_key], left_out)  # type: ignore[no-any-return]  # by its kind

    # -- the tool call ----------------------------------------------------------------------------

    @cached_property
    def tool_call(self) -> ToolCall | None:
        """The tool call; None for a model call."""
        return self._tool_call(frozenset())

    @cached_property
    def call_texts(self) -> ToolCall | None:
        """The same without payload and result: the texts that they were read from, and facts."""
        return self._tool_call(_VALUES)

    def call_with(self, value: str) -> ToolCall | None:
        """Return `call_texts` with its payload or its result, read anew: it may be megabytes."""
        return self._tool_call(_VALUES - {value})

    @cached_property
    def interactions(self) -> list[Interaction]:
        """What the tool asked of the outside world; of a model call nothing."""
        if self.row.kind != "tool":
            return []  # its row's number is that of a tool call, too, of any trace
        condition = "r.tool_call = ?"
        return self._all("interaction", condition, [self.row.key], "r.interaction_index")

    @cached_property
    def attempts(self) -> list[Attempt]:
        """The tries of the step, where it had several."""
        return self._all("attempt", "r.call_id = ?", [self.row.id], "r.attempt_number")

    @cached_property
    def schema(self) -> ToolSchema | None:
        """What validated the arguments."""
        call = self.call_texts
        if call is None or call.schema_hash is None:
            return None
        found: list[ToolSchema] = self._all("tool_schema", "r.id = ?", [call.schema_hash])
        return found[0] if found else None

    @cached_property
    def verdict(self) -> CallVerdict | None:
        """What the replay run says of the call, marked as approved when it is now.

        Without today's result, and without today's payload unless it is what changed.
        """
        said = self._steps.verdicts.get(self.row.key) if self.has_verdict else None
        if said is None:
            return None
        found = verdict_shown(self._database, self._steps.run_key, self.row.key)
        return None if found is None else found.model_copy(update={"approved": said.approved})

    @cached_property
    def approval(self) -> Approval | None:
        """Who approved what differs, when and why; None: it is not approved now."""
        verdict = self.verdict
        if verdict is None or not verdict.approved:
            return None
        return approval_of(self._database, verdict.signature)

    @property
    def run(self) -> ReplayRun | None:
        """The run that judged it, where one did."""
        return self._steps.run

    def judged(self) -> CallVerdict | None:
        """Return the whole of `verdict`, read anew."""
        said = self._steps.verdicts.get(self.row.key) if self.has_verdict else None
        if said is None:
            return None
        keys = [self._steps.run_key, self.row.key]
        found: list[CallVerdict] = self._all("call_verdict", "r.run = ? AND r.tool_call = ?", keys)
        return found[0].model_copy(update={"approved": said.approved}) if found else None

    @cached_property
    def told(self) -> Both:
        """What the model was told and would be told today, of a call that was judged."""
        assert self.verdict is not None
        assert self.call_texts is not None
        key = (self._steps.run_key, self.row.key)
        return self._database.told(key, self.verdict, self.call_texts)

    def _tool_call(self, left_out: frozenset[str]) -> ToolCall | None:
        if self.row.kind != "tool":
            return None
        return self._one("tool_call", "r.key = ?", [self.row.key], left_out)  # type: ignore[no-any-return]  # by its kind

    def as_json(self) -> bytes:
        """Return the whole step as JSON; its values one after the other, each may be megabytes."""
        if self.row.kind != "tool":
            call = self._model_call(frozenset())
            return _written(None if call is None else call.model_dump(mode="json"))
        texts = self._tool_call(_VALUES)
        fields: JsonObject = {} if texts is None else texts.model_dump(mode="json")
        for name in sorted(_VALUES):
            fields[name] = orjson.Fragment(
                _written(getattr(self._tool_call(_VALUES - {name}), name))
            )
        return orjson.dumps(fields)

    # -- reading ----------------------------------------------------------------------------------

    def _all(
        self,
        kind: str,
        condition: str,
        values: list[Any],
        order: str = "",
        left_out: frozenset[str] = frozenset(),
    ) -> list[Any]:
        with self._database.reading():
            return self._database.records.records(kind, condition, values, order, left_out=left_out)

    def _one(self, kind: str, condition: str, values: list[Any], left_out: frozenset[str]) -> Any:
        found = self._all(kind, condition, values, left_out=left_out)
        if not found:
            raise gone()
        return found[0]


def _row(connection: sqlite3.Connection, select: str, key: int) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(f"{select} WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise gone()
    return row


def _written(value: JsonValue) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # surrogates, integers beyond 64 bits
        return json.dumps(value).encode()
