"""The worlds of one trace after the other, from `replay world DATABASE -`: one process for many.

A process and its worker take a second to start and a few hundredths for each trace, so a look
through a list of traces keeps them. For one thread; `WorldStreams.stop` may be called by another.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import orjson

from replay.errors import ReplayError
from replay.stepping.worlds import NOTHING, WorldHistory, WorldStep
from tui.jobs import replay_command
from tui.rows.acting import Tools
from tui.rows.hits import Interrupted

_STARTED_MAX: Final = 4
"""Processes at once: one for each toolbox that the traces were replayed with."""


class WorldStream:
    """One process that replays traces with one toolbox."""

    def __init__(self, path: Path, tools: Sequence[str]) -> None:
        """``path``: the database; ``tools``: the options that name them."""
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process
        self._process = subprocess.Popen(
            replay_command("world", path, "-", *tools, "--json"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._talk,
            start_new_session=True,
        )

    def world(self, trace_id: str) -> WorldHistory:
        """Return the world of a trace.

        Raises:
            ReplayError: it is not known; the message says why.
        """
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        line = b""
        with contextlib.suppress(OSError):  # it has ended: what it said follows
            asked.write(f"{trace_id}\n".encode())
            asked.flush()
            line = answered.readline()
        if not line:
            raise ReplayError(self._last_words())
        answer = orjson.loads(line)
        if "error" in answer:
            raise ReplayError(answer["error"])
        steps = [WorldStep.from_json(one) for one in answer["steps"]]
        return WorldHistory(answer.get("start", NOTHING), steps)

    @property
    def has_ended(self) -> bool:
        """Whether it answers no more."""
        return self._process.poll() is not None

    def _last_words(self) -> str:
        self._process.wait()
        said = _text_of(self._talk).rpartition("Error: ")[2]
        return said or f"The replay ended with code {self._process.returncode}."

    def stop(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.terminate()

    def close(self) -> None:
        """End the process and let go of its files."""
        self.stop()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._talk):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()


class WorldStreams:
    """The processes of one look through traces, one for each toolbox."""

    def __init__(self, path: Path, options: Sequence[str] = ()) -> None:
        """``path``: the database; ``options``: of every question."""
        self._path = path
        self._options = options
        self._streams: dict[Tools, WorldStream] = {}
        self._useless: dict[Tools, ReplayError] = {}
        """Why no trace has a world by these tools."""
        self._is_stopped = False

    def world(self, trace_id: str, tools: Tools) -> WorldHistory:
        """Return the world of a trace, replayed with ``tools``.

        Raises:
            ReplayError: it is not known; the message says why.
            Interrupted: `stop` was called meanwhile.
        """
        if tools in self._useless:
            raise self._useless[tools]
        stream = self._stream(tools)
        try:
            return stream.world(trace_id)
        except ReplayError as error:
            if self._is_stopped:
                raise Interrupted from None
            if stream.has_ended:
                self._useless[tools] = error
            raise

    def _stream(self, tools: Tools) -> WorldStream:
        if self._is_stopped:
            raise Interrupted
        if tools not in self._streams:
            if len(self._streams) == _STARTED_MAX:
                self._streams.pop(next(iter(self._streams))).close()
            self._streams[tools] = WorldStream(self._path, [*tools.words(), *self._options])
        return self._streams[tools]

    def stop(self) -> None:
        """End what runs; the thread that waits for a world is told."""
        self._is_stopped = True
        for stream in list(self._streams.values()):
            stream.stop()

    def close(self) -> None:
        """Leave nothing behind."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return " ".join(file.read().decode("utf-8", "replace").split())
