"""The recorders that the recording benchmark sets side by side: same events, same files' disk."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Protocol

import orjson

from benchmarks.recording_workload import Event


class Recorder(Protocol):
    """What is measured: one call per record, then the end of the recording."""

    name: str
    survives_kill: str
    """What ``kill -9`` may take of what was acknowledged."""

    def append(self, event: Event) -> None: ...

    def finish(self) -> None: ...

    def size_bytes(self) -> int: ...


class JsonLines:
    name = "JSON Lines append, no fsync"
    survives_kill = "nothing lost"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "traces.jsonl"
        self._file = self._path.open("ab")

    def append(self, event: Event) -> None:
        self._file.write(orjson.dumps({**event.fields, "kind": event.kind}) + b"\n")
        self._file.flush()

    def finish(self) -> None:
        self._file.close()

    def size_bytes(self) -> int:
        return self._path.stat().st_size


class RawSqlite:
    name = "SQLite, JSON rows, commit each"
    survives_kill = "nothing lost"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "raw.db"
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE records (id TEXT PRIMARY KEY, kind TEXT, trace_id TEXT, body TEXT)"
        )

    def append(self, event: Event) -> None:
        fields = event.fields
        self._connection.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)",
            (fields["id"], event.kind, fields.get("trace_id"), orjson.dumps(fields).decode()),
        )

    def finish(self) -> None:
        self._connection.close()

    def size_bytes(self) -> int:
        return self._path.stat().st_size


class Replay:
    name = "replay"
    survives_kill = "nothing lost"

    def __init__(self, folder: Path) -> None:
        from replay.store import Store

        self.path = folder / "traces.db"
        self._store = Store.open(self.path, "create")

    def append(self, event: Event) -> None:
        self._store.append_fields(event.kind, event.fields)

    def finish(self) -> None:
        self._store.close()

    def size_bytes(self) -> int:
        return self.path.stat().st_size


class OpenTelemetry:
    """Spans with the prompt as an attribute, a batch processor, an exporter to a file."""

    name = "OpenTelemetry SDK to a file"
    survives_kill = "up to 5 s lost"

    def __init__(self, folder: Path) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

        self._path = folder / "spans.jsonl"
        self._file = self._path.open("a")
        exporter = ConsoleSpanExporter(
            out=self._file, formatter=lambda span: span.to_json(indent=None) + os.linesep
        )
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("benchmark")

    def append(self, event: Event) -> None:
        with self._tracer.start_as_current_span(event.kind) as span:
            for name, value in event.fields.items():
                if value is not None:
                    span.set_attribute(name, _attribute(value))

    def finish(self) -> None:
        self._provider.shutdown()
        self._file.close()

    def size_bytes(self) -> int:
        return self._path.stat().st_size


def _attribute(value: Any) -> Any:
    plain = isinstance(value, (str, int, float, bool))
    return value if plain else orjson.dumps(value).decode()


def recorders() -> list[type[Any]]:
    """Return the recorders that this machine has the packages for."""
    found: list[type[Any]] = [JsonLines, RawSqlite, Replay]
    try:
        import opentelemetry.sdk.trace  # noqa: F401  # only asked whether it is there
    except ImportError:
        return found
    return [*found, OpenTelemetry]
