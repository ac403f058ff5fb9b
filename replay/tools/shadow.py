"""What another version would have made of the same arguments: parsed beside, never run.

A shadow changes nothing of the call: it runs after it, only where somebody records, and what it
raises is its own result.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

from replay.records import JsonObject, JsonValue, Outcome
from replay.records.canonical import content_hash
from replay.tools.arguments import BadJson, parse_arguments
from replay.tools.encoding import NotJson, as_json
from replay.tools.observer import CallStart
from replay.tools.outcome import CallProgress
from replay.tools.resolve import translated_arguments
from replay.tools.routing import share_of
from replay.tools.tool import Tool
from replay.tools.validate import InvalidArguments, validated_arguments

if TYPE_CHECKING:
    from replay.tools.toolbox import Toolbox

_ERRORS_MAX: Final = 8
"""Errors kept of one shadow: where they are and what, without the values there."""


class Shadows:
    """By tool: the versions that parse beside, each with the share of calls that it sees."""

    def __init__(self) -> None:
        self._by_tool: dict[str, dict[str, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_tool)

    def add(self, tool: str, version: str, percent: float) -> None:
        """Let ``version`` parse beside for ``percent`` of the calls of ``tool``."""
        self._by_tool.setdefault(tool, {})[version] = percent

    def all(self) -> list[tuple[str, str]]:
        """Return every shadow as (tool, version)."""
        return [(tool, one) for tool, versions in self._by_tool.items() for one in versions]

    def of(self, call: CallStart, running: str | None) -> list[str]:
        """Return the versions that parse ``call`` beside the one that runs."""
        return [
            version
            for version, percent in self._by_tool.get(call.tool, {}).items()
            if version != running
            and (percent >= 100 or share_of(call.request_id, f"shadow\0{version}") < percent)
        ]


def shadow_parses(toolbox: Toolbox, progress: CallProgress) -> dict[str, JsonObject]:
    """Return, by version, what the shadows of a call make of its arguments; nothing is raised.

    Each has its ``outcome`` and ``duration_us``; where it accepts them a ``payload_hash`` and
    whether that is the ``same_payload`` as the version's that ran; where not, the ``errors``.
    ``translated``: it rejects them as they are, and has read their translation.
    """
    start, running = progress.start, progress.tool
    if running is None or not toolbox.shadows:
        return {}
    wanted = toolbox.shadows.of(start, running.version)
    if not wanted:
        return {}
    versions = toolbox.versions(start.tool, start.actor)
    mine = _parsed(toolbox, running, start, None) if running.options.sanitize else None
    payload = progress.payload if mine is None else mine.payload
    found = {}
    for version in wanted:
        if version not in versions:
            found[version] = {"outcome": Outcome.UNKNOWN_TOOL.value}
            continue
        parse = _parsed(toolbox, versions[version], start, None)
        if parse.outcome is Outcome.INVALID_ARGUMENTS and running.version is not None:
            translated = _parsed(toolbox, versions[version], start, running.version)
            parse = translated if translated.is_translated else parse
        found[version] = parse.told(payload)
    return found


class _Parse:
    """How one version read the arguments."""

    __slots__ = (
        "duration_us",
        "errors",
        "is_translated",
        "message",
        "outcome",
        "payload",
        "payload_hash",
    )

    def __init__(self) -> None:
        self.outcome = Outcome.OK
        self.payload: JsonValue = None
        self.payload_hash: str | None = None
        self.errors: list[JsonObject] = []
        self.message: str | None = None
        self.is_translated = False
        self.duration_us = 0.0

    def told(self, payload: JsonValue) -> JsonObject:
        """Return what is recorded of it, beside the ``payload`` of the version that ran."""
        told: JsonObject = {
            "outcome": self.outcome.value,
            "duration_us": round(self.duration_us, 1),
        }
        if self.is_translated:
            told["translated"] = True
        if self.outcome is Outcome.OK:
            told["payload_hash"] = self.payload_hash
            if payload is not None and not self.is_translated:  # that one is in other words
                told["same_payload"] = content_hash(payload) == self.payload_hash
        if self.errors:
            told["errors"] = [
                {"type": one["type"], "loc": one["loc"], "msg": one["msg"]}
                for one in self.errors[:_ERRORS_MAX]
            ]
        if self.message is not None:
            told["message"] = self.message
        return told


def _parsed(toolbox: Toolbox, tool: Tool, start: CallStart, old: str | None) -> _Parse:
    parse, progress = _Parse(), CallProgress(start)
    began_ns = perf_counter_ns()
    try:
        values, is_raw = parse_arguments(start.arguments).values, True
        if old is not None:
            values, is_raw = translated_arguments(toolbox, tool, old, values, progress)
        arguments = validated_arguments(tool, start, values, progress, is_raw=is_raw)
        parse.duration_us = (perf_counter_ns() - began_ns) / 1000
        parse.payload = as_json(arguments)
        parse.payload_hash = content_hash(parse.payload)
    except BadJson:
        parse.outcome = Outcome.BAD_JSON
    except InvalidArguments:
        parse.outcome = Outcome.INVALID_ARGUMENTS
    except NotJson:
        parse.message = "The payload cannot be shown as JSON."
    except Exception as error:  # noqa: BLE001 -- a validator or translation of the user's
        parse.outcome, parse.message = Outcome.FAILED, type(error).__name__
    parse.duration_us = parse.duration_us or (perf_counter_ns() - began_ns) / 1000
    parse.errors = progress.schema_errors
    parse.is_translated = progress.is_translated
    return parse
