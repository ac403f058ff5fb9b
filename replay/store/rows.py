"""Records into rows: one record at a time, inside the drain's transaction.

Beside the rows it keeps what lists and totals need (counts by outcome, the first words of the
user, calls by tool), so that no screen ever has to count five million calls.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, Final

import orjson

from replay.errors import RecordError
from replay.records.base import JsonObject
from replay.store.call_groups import CallGroups
from replay.store.content_writing import ContentWriter
from replay.store.json_text import decode, encode
from replay.store.layout import LAYOUTS, Column, Layout, identity_fields
from replay.store.schema_uses import SchemaUses
from replay.store.times import iso_text, microseconds

_KEYS_REMEMBERED_MAX: Final = 20_000


@dataclass(slots=True)
class _Summary:
    """What a trace's row says of its steps."""

    model: str | None
    model_call_count: int
    tool_call_count: int
    outcome_counts: Counter[str]
    first_user_text: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A model call's messages and tools as the keys of their contents."""

    messages: list[int]
    tools: list[int]
    user_text: str | None
    """The first words of the user, when this frame brought them."""


class RowWriter:
    """Writes records as rows; `finish` must end each transaction."""

    def __init__(self, connection: sqlite3.Connection, contents: ContentWriter) -> None:
        """Both are the drain's own."""
        self._connection = connection
        self._contents = contents
        self._keys: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._pools: OrderedDict[int, dict[int, int]] = OrderedDict()
        self._toolsets: dict[tuple[int, ...], int] = {}
        self._settings_keys: dict[bytes, int] = {}
        self._trace_models: set[tuple[str, int]] = set()
        self._summaries: dict[int, _Summary] = {}
        self._tool_totals: Counter[tuple[str, str, str]] = Counter()
        self._record_totals: Counter[str] = Counter()
        self._groups = CallGroups(connection)
        self.schemas = SchemaUses(
            connection, lambda identity: self._key_of("tool_schema", identity), self.write
        )

    def forget(self) -> None:
        """Forget what was remembered of the database: somebody else wrote, or we rolled back."""
        self._keys.clear()
        self._pools.clear()
        self._toolsets.clear()
        self._settings_keys.clear()
        self._trace_models.clear()
        self._summaries.clear()
        self._tool_totals.clear()
        self._record_totals.clear()
        self._groups.forget()
        self.schemas.forget()

    def write(self, fields: JsonObject, prompt: Prompt | None = None) -> None:
        """Write one record, replacing the one of the same kind and identity.

        Raises:
            RecordError: the record names a replay run that does not exist.
            KeyError, ValueError, TypeError: the record does not fit its layout.
        """
        layout = LAYOUTS[fields["kind"]]
        row = self._row(layout, fields)
        models = row.get("model"), row.get("response_model")
        toolset = None
        if layout.kind == "model_call":
            assert prompt is not None
            toolset = self._toolset(prompt.tools)
            row["settings"] = self._settings(layout, row, toolset)
            row["prompt"] = self._spans(row["trace"], prompt.messages)
        if layout.kind == "trace":
            row["seen"] = 1
        if layout.kind == "tool_call":
            row["call_group"] = self._groups.of(row)
        before = self._before(layout, row)
        if before is None:
            key = self._insert(layout, row)
            self._record_totals[layout.kind] += 1
        else:
            key = before[0]
            self._update(layout, key, row)
        if layout.kind == "tool_call":
            self._count_tool_call_anew(row, before)
        elif prompt is not None:
            self._summarize_model_call(row["trace"], models, prompt, is_new=before is None)
            self.schemas.count_model_call(
                key, row, toolset, before[1] if before else None, new=before is None
            )
            if before is not None:
                self._groups.regroup(row["trace"], key)
        if layout.kind == "tool_call" and before is None:
            self._adopt_interactions(row["id"], key)

    def finish(self) -> None:
        """Write the summaries and totals, before the commit."""
        self.schemas.finish()
        for key, summary in self._summaries.items():
            self._connection.execute(
                "UPDATE trace_rows SET model = ?, model_call_count = ?, tool_call_count = ?, "
                "outcome_counts = ?, first_user_text = ? WHERE key = ?",
                (
                    summary.model,
                    summary.model_call_count,
                    summary.tool_call_count,
                    orjson.dumps({k: v for k, v in summary.outcome_counts.items() if v}).decode(),
                    summary.first_user_text,
                    key,
                ),
            )
        self._connection.executemany(
            "INSERT INTO tool_totals VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET call_count = call_count + excluded.call_count",
            [(*name, count) for name, count in self._tool_totals.items() if count],
        )
        self._connection.executemany(
            "INSERT INTO record_totals VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET record_count = record_count + excluded.record_count",
            self._record_totals.items(),
        )
        self._summaries.clear()
        self._tool_totals.clear()
        self._record_totals.clear()

    # -- a record's row ---------------------------------------------------------------------------

    def _row(self, layout: Layout, fields: JsonObject) -> dict[str, Any]:
        row: dict[str, Any] = {}
        extra: JsonObject = {}
        known = {"kind"}
        for column in layout.columns:
            known.add(column.field)
            value = fields.get(column.field)
            if value is None or value == column.default:
                if column.required and value is None:
                    raise RecordError(f"A {layout.kind} record has no {column.field}.")
                row[column.name] = None if not column.required else value
                continue
            row[column.name] = self._cell(layout, column, value, fields, extra)
        if layout.kind == "tool_call" and row["outcome"] is None:
            row["outcome"] = "unfinished"
        if layout.kind == "model_call":
            known |= {"messages", "tools"}
        for name, value in fields.items():
            if name not in known and value is not None:
                extra[name] = value
        row["extra"] = self._contents.json_value(extra or None)
        return row

    def _cell(
        self, layout: Layout, column: Column, value: Any, fields: JsonObject, extra: JsonObject
    ) -> Any:
        match column.form:
            case "plain":
                return _plain_cell(column.field, value, extra)
            case "flag":
                return int(bool(value))
            case "time":
                moment = microseconds(value)
                if iso_text(moment) != value:
                    extra[column.field] = value
                return moment
            case "text":
                return self._contents.text_value(value)
            case "json":
                if layout.kind == "tool_call":
                    same = _same_as_text(column.field, value, fields)
                    if same is not None:
                        return same
                if column.field == "output":  # the next prompt repeats it, byte for byte
                    return self._contents.json_content(value)
                return self._contents.json_value(value)
            case "link":
                return self._link(layout, column, value, fields)

    def _link(self, layout: Layout, column: Column, value: str, fields: JsonObject) -> int | str:
        assert column.target is not None
        key = self._key_of(column.target, value)
        if key is not None:
            return key
        if column.target == "trace":
            return self._insert_unseen_trace(value, fields)
        if column.target == "replay_run":
            raise RecordError(
                f"A {layout.kind} names the replay run {value!r}, which is not stored.",
                hint="Append the ReplayRun before its verdicts and findings.",
            )
        return value

    def _key_of(self, kind: str, identity: str) -> int | None:
        key = self._keys.get((kind, identity))
        if key is None:
            row = self._connection.execute(
                f"SELECT key FROM {LAYOUTS[kind].table} WHERE id = ?", (identity,)
            ).fetchone()
            if row is None:
                return None
            key = int(row[0])
            self._remember(kind, identity, key)
        return key

    def _remember(self, kind: str, identity: str, key: int) -> None:
        self._keys[kind, identity] = key
        if len(self._keys) > _KEYS_REMEMBERED_MAX:
            self._keys.popitem(last=False)

    def _insert_unseen_trace(self, trace_id: str, fields: JsonObject) -> int:
        """Make room for a trace whose own record has not come (or was lost with its process)."""
        started = fields.get("started_at") or fields.get("created_at")
        moment = microseconds(started) if isinstance(started, str) else 0
        row = self._connection.execute(
            "INSERT INTO trace_rows (id, started_us) VALUES (?, ?) RETURNING key",
            (trace_id, moment),
        ).fetchone()
        key = int(row[0])
        self._remember("trace", trace_id, key)
        return key

    # -- writing ----------------------------------------------------------------------------------

    def _before(self, layout: Layout, row: dict[str, Any]) -> tuple[Any, ...] | None:
        """Return the key (and, of a tool call, what totals counted) of the row it replaces."""
        query, identity = _before_query(layout.kind)
        found = self._connection.execute(query, [row[name] for name in identity]).fetchone()
        if found is not None and layout.kind == "tool_schema":
            _widen(row, found[1], found[2])
        if found is not None and layout.kind == "trace" and not found[1]:
            self._record_totals["trace"] += 1
        return found  # type: ignore[no-any-return]  # sqlite3 types rows as Any

    def _insert(self, layout: Layout, row: dict[str, Any]) -> int:
        cursor = self._connection.execute(
            _insert_statement(layout.table, tuple(row)), list(row.values())
        )
        key = cursor.lastrowid
        assert key is not None
        if "id" in row:
            self._remember(layout.kind, row["id"], key)
        return key

    def _update(self, layout: Layout, key: int, row: dict[str, Any]) -> None:
        settings = ", ".join(f"{name} = ?" for name in row)
        self._connection.execute(
            f"UPDATE {layout.table} SET {settings} WHERE key = ?", [*row.values(), key]
        )

    def _adopt_interactions(self, tool_call_id: str, key: int) -> None:
        """Link interactions that came before their tool call."""
        self._connection.execute(
            "UPDATE interaction_rows SET tool_call = ? WHERE tool_call = ?", (key, tool_call_id)
        )

    # -- prompts ----------------------------------------------------------------------------------

    def _spans(self, trace: int, messages: list[int]) -> str:
        """Return a prompt as ranges of its trace's pool of messages: ``[[1,24],[26,26]]``."""
        pool = self._pool(trace)
        spans: list[list[int]] = []
        for content in messages:
            position = pool.get(content)
            if position is None:
                position = len(pool) + 1
                pool[content] = position
                self._connection.execute(
                    "INSERT INTO prompt_messages VALUES (?, ?, ?)", (trace, position, content)
                )
            if spans and spans[-1][1] == position - 1:
                spans[-1][1] = position
            else:
                spans.append([position, position])
        return orjson.dumps(spans).decode()

    def _pool(self, trace: int) -> dict[int, int]:
        pool = self._pools.get(trace)
        if pool is None:
            rows = self._connection.execute(
                "SELECT content, position FROM prompt_messages WHERE trace = ?", (trace,)
            )
            pool = dict(rows.fetchall())
            self._pools[trace] = pool
            if len(self._pools) > 512:
                self._pools.popitem(last=False)
        return pool

    def _toolset(self, tools: list[int]) -> int | None:
        if not tools:
            return None
        known = self._toolsets.get(tuple(tools))
        if known is None:
            listed = orjson.dumps(tools).decode()
            self._connection.execute(
                "INSERT INTO toolsets (contents) VALUES (?) ON CONFLICT DO NOTHING", (listed,)
            )
            row = self._connection.execute(
                "SELECT key FROM toolsets WHERE contents = ?", (listed,)
            ).fetchone()
            known = self._toolsets[tuple(tools)] = int(row[0])
        return known

    def _settings(self, layout: Layout, row: dict[str, Any], toolset: int | None) -> int:
        """Move what calls share out of the row; return the key of its row of settings."""
        shared = {column.name: row.pop(column.name) for column in layout.columns if column.shared}
        shared["toolset"] = toolset
        named = orjson.dumps(list(shared.values()))
        key = self._settings_keys.get(named)
        if key is None:
            identity = blake2b(named, digest_size=16).digest()
            marks = ", ".join("?" * (len(shared) + 1))
            self._connection.execute(
                f"INSERT OR IGNORE INTO model_settings (hash, {', '.join(shared)}) "
                f"VALUES ({marks})",
                [identity, *shared.values()],
            )
            row_found = self._connection.execute(
                "SELECT key FROM model_settings WHERE hash = ?", (identity,)
            ).fetchone()
            key = self._settings_keys[named] = int(row_found[0])
        return key

    # -- summaries --------------------------------------------------------------------------------

    def _summarize_model_call(
        self, trace: int, models: tuple[Any, Any], prompt: Prompt, *, is_new: bool
    ) -> None:
        summary = self._summary(trace)
        summary.model_call_count += is_new
        asked, answered = models
        summary.model = answered or asked or summary.model
        if summary.first_user_text is None:
            summary.first_user_text = prompt.user_text
        for model in {asked, answered} - {None}:
            if (model, trace) not in self._trace_models:
                self._trace_models.add((model, trace))
                self._connection.execute(
                    "INSERT OR IGNORE INTO trace_models VALUES (?, ?)", (model, trace)
                )

    def _count_tool_call_anew(self, row: dict[str, Any], before: tuple[Any, ...] | None) -> None:
        if before is not None:
            _, trace, tool, version, outcome, model_call, schema = before
            self._count_tool_call(trace, tool, version, outcome, -1)
        self._count_tool_call(row["trace"], row["tool"], row["tool_version"], row["outcome"], 1)
        self.schemas.count_tool_call(row, (tool, model_call, schema) if before else None)

    def _count_tool_call(
        self, trace: int, tool: str, version: str | None, outcome: str | None, count: int
    ) -> None:
        ended = outcome or "unfinished"
        summary = self._summary(trace)
        summary.tool_call_count += count
        summary.outcome_counts[ended] += count
        self._tool_totals[tool, version or "", ended] += count

    def _summary(self, trace: int) -> _Summary:
        summary = self._summaries.get(trace)
        if summary is None:
            row = self._connection.execute(
                "SELECT model, model_call_count, tool_call_count, outcome_counts, first_user_text "
                "FROM trace_rows WHERE key = ?",
                (trace,),
            ).fetchone()
            summary = _Summary(row[0], row[1], row[2], Counter(decode(row[3])), row[4])
            self._summaries[trace] = summary
        return summary


@cache
def _before_query(kind: str) -> tuple[str, tuple[str, ...]]:
    """Return the query for the row that a record replaces, and the columns that name it."""
    layout = LAYOUTS[kind]
    names = {column.field: column.name for column in layout.columns}
    identity = tuple(names[name] for name in identity_fields(kind))
    wanted = {
        "model_call": "key, (SELECT s.toolset FROM model_settings s WHERE s.key = settings)",
        "tool_call": "key, trace, tool, tool_version, outcome, model_call, schema_hash",
        "trace": "key, seen, started_us",
        "tool_schema": "key, first_seen_us, last_seen_us",
    }.get(kind, "key")
    condition = " AND ".join(f"{name} = ?" for name in identity)
    return f"SELECT {wanted} FROM {layout.table} WHERE {condition}", identity


@cache
def _insert_statement(table: str, names: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"


def delete_run(connection: sqlite3.Connection, key: int) -> None:
    """Delete the rows of a replay run, inside the caller's transaction."""
    for kind, condition in (("call_verdict", "run"), ("finding", "run"), ("replay_run", "key")):
        table = LAYOUTS[kind].table
        count = connection.execute(f"DELETE FROM {table} WHERE {condition} = ?", (key,)).rowcount
        connection.execute(
            "UPDATE record_totals SET record_count = record_count - ? WHERE kind = ?",
            (count, kind),
        )


def delete_record(connection: sqlite3.Connection, kind: str, identity: str) -> bool:
    """Delete a record that no other names, inside the caller's transaction; say if it was there."""
    table = LAYOUTS[kind].table
    count = connection.execute(f"DELETE FROM {table} WHERE id = ?", (identity,)).rowcount
    connection.execute(
        "UPDATE record_totals SET record_count = record_count - ? WHERE kind = ?", (count, kind)
    )
    return count > 0


def delete_interactions(connection: sqlite3.Connection, tool_call_id: str) -> None:
    """Delete the interactions of one tool call, inside the caller's transaction."""
    count = connection.execute(
        "DELETE FROM interaction_rows WHERE tool_call = "
        "(SELECT key FROM tool_call_rows WHERE id = ?)",
        (tool_call_id,),
    ).rowcount
    connection.execute(
        "UPDATE record_totals SET record_count = record_count - ? WHERE kind = 'interaction'",
        (count,),
    )


def _plain_cell(name: str, value: Any, extra: JsonObject) -> Any:
    """Return a value SQLite can hold; what it cannot goes to ``extra`` as it was."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            extra[name] = value
            return value.encode("utf-8", "backslashreplace").decode()
        return value
    if isinstance(value, bool) or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        extra[name] = value
        return str(value)
    if isinstance(value, (int, float)):
        return value
    extra[name] = value
    return encode(value)[0].decode()


def _same_as_text(name: str, value: Any, fields: JsonObject) -> int | None:
    """Return the mark of a payload or result that its arguments or response already say.

    ``0``: the payload is the parsed arguments; the result is the response text.
    ``-1``: the result is the parsed response.
    """
    text = fields.get({"payload": "arguments", "result": "response"}.get(name, ""))
    if not isinstance(text, str):
        return None
    if name == "result" and isinstance(value, str):
        return 0 if value == text else None
    try:
        parsed = orjson.loads(text)
    except ValueError:
        return None
    if encode(parsed) != encode(value):  # bytes, so that 1, 1.0 and true stay apart
        return None
    return 0 if name == "payload" else -1


def _widen(row: dict[str, Any], first_us: int | None, last_us: int | None) -> None:
    """Let a schema seen again keep its first sighting and the later of its last."""
    firsts = [moment for moment in (row["first_seen_us"], first_us) if moment is not None]
    lasts = [moment for moment in (row["last_seen_us"], last_us) if moment is not None]
    row["first_seen_us"] = min(firsts, default=None)
    row["last_seen_us"] = max(lasts, default=None)
