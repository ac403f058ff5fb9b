"""What is known of a call while it runs, and the result that is made of it."""

from __future__ import annotations

import json
import logging
import re
from hashlib import blake2b
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel

from replay.records import CallResult, JsonObject, JsonValue, Outcome, Stage, StageTiming
from replay.records.canonical import canonical_json
from replay.records.traces import STATE_NOT_SHOWN
from replay.tools.encoding import NotJson, as_json, response_text
from replay.tools.error_text import CallFailure, default_error_text
from replay.tools.observer import CallStart, StateView, current_state_view

if TYPE_CHECKING:
    from replay.tools.endings import Ending
    from replay.tools.invoke import Step
    from replay.tools.tool import Tool
    from replay.tools.toolbox import Toolbox

_log = logging.getLogger("replay.tools")


_put_fields = BaseModel.__dict__["__dict__"].__set__
_put_names = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_put_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_put_private = BaseModel.__dict__["__pydantic_private__"].__set__
_RESULT_FIELDS = set(CallResult.model_fields)


def _result(fields: dict[str, Any]) -> CallResult:
    """Return the result with all its ``fields``, which are our own and need no validation.

    Does what ``model_construct`` does, ten times as fast; a test compares the two.
    """
    result: CallResult = object.__new__(CallResult)
    _put_fields(result, fields)
    _put_names(result, _RESULT_FIELDS)
    _put_extra(result, None)
    _put_private(result, None)
    return result


class CallProgress:
    """A call on its way through its stages."""

    __slots__ = (
        "_began_ns",
        "_lapped_ns",
        "dropped",
        "failure",
        "is_translated",
        "notes",
        "payload",
        "positional",
        "response",
        "result",
        "schema_errors",
        "stage",
        "start",
        "step",
        "timings",
        "tool",
        "translation",
    )

    def __init__(self, start: CallStart) -> None:
        self.start = start
        self.stage = Stage.PARSE
        self.timings: list[StageTiming] = []
        self.notes: list[str] = []
        self.schema_errors: list[JsonObject] = []
        self.tool: Tool | None = None
        self.step: Step | None = None
        self.positional: list[JsonValue] = []
        self.payload: JsonValue = None
        self.result: JsonValue = None
        self.response: str | None = None
        self.failure: str | None = None
        self.is_translated = False
        self.translation: list[str] = []
        self.dropped: list[str] = []
        self._began_ns = self._lapped_ns = perf_counter_ns()

    def lap(self, stage: Stage | None) -> None:
        """End the stage that runs; ``stage`` is the next one, None: there is none."""
        now_ns = perf_counter_ns()
        self.timings.append(StageTiming(self.stage, (now_ns - self._lapped_ns) / 1000))
        self._lapped_ns = now_ns
        if stage is not None:
            self.stage = stage

    @property
    def duration_ms(self) -> float:
        """Milliseconds from the call's start to the last lap."""
        return (self._lapped_ns - self._began_ns) / 1e6


def encode_response(toolbox: Toolbox, value: Any, progress: CallProgress) -> None:
    """Put the tool's result, the response, and whether it says that it failed, on ``progress``.

    Raises:
        NotJson: the result is nothing that JSON can hold, and the toolbox has no encoder.
    """
    if toolbox.encode_hook is None:
        progress.result = as_json(value)
        progress.response = response_text(progress.result)
    else:
        response = toolbox.encode_hook(value)
        if not isinstance(response, str):
            raise NotJson(
                f"The toolbox's encode returned {type(response).__name__}, not the text for the "
                "model."
            )
        progress.response = response
        try:
            progress.result = as_json(value)
        except NotJson as error:
            progress.notes.append(f"The result itself is not kept: {error}")
    if toolbox.failure_hook is not None:
        progress.failure = failure_of(toolbox, progress.response)


def failure_of(toolbox: Toolbox, response: str | None) -> str | None:
    """Return what ``response`` says of its own failure by the toolbox's rule, or None.

    The rule (``@toolbox.failure``) gets the JSON value where the text is JSON, else the text: the
    same for a live result and for a recorded response of which only the text is left.
    """
    hook = toolbox.failure_hook
    if hook is None or response is None:
        return None
    value: JsonValue = response
    if response[:1] in '{["-0123456789tfn' and response:
        try:
            value = json.loads(response)
        except (ValueError, RecursionError):
            value = response
    try:
        said = hook(value)
    except Exception:  # noqa: BLE001 -- a rule for other shapes says nothing of this one
        _warn_once(toolbox, "failure rule")
        return None
    return str(said) if said else None


def finished_result(
    toolbox: Toolbox, world: Any, progress: CallProgress, ending: Ending | None
) -> CallResult:
    """Return the result of the call that stands at ``progress`` and ended with ``ending``."""
    progress.lap(None)
    tool = progress.tool
    outcome, error = Outcome.OK, None
    if ending is not None:
        outcome, error = ending.outcome, ending.call_error()
        progress.response = _error_response(toolbox, progress, ending)
    elif progress.failure is not None:
        from replay.records import CallError

        outcome = Outcome.FAILED
        error = CallError(type="failure", message=progress.failure, stage=Stage.INVOKE)
    state_hash = _state_hash(toolbox, world, progress) if toolbox.state_hook is not None else None
    fields = {
        "outcome": outcome,
        "tool": tool.name if tool is not None else progress.start.tool,
        "tool_version": tool.version if tool is not None else None,
        "schema_hash": tool.schema_hash if tool is not None else None,
        "payload": progress.payload,
        "result": progress.result,
        "response": progress.response,
        "error": error,
        "stages": progress.timings,
        "state_hash": state_hash,
        "duration_ms": progress.duration_ms,
        "notes": progress.notes,
        "translation": progress.translation,
        "dropped": progress.dropped,
        "schema_errors": progress.schema_errors,
    }
    return _result(fields)


def _error_response(toolbox: Toolbox, progress: CallProgress, ending: Ending) -> str | None:
    failure = CallFailure(
        tool=progress.start.tool,
        outcome=ending.outcome,
        stage=ending.stage,
        message=ending.message,
        error_type=ending.error_type.rpartition(".")[2],
        errors=ending.errors,
        details=ending.details,
        code=ending.code,
        nearest=ending.nearest,
        names=ending.names,
        arguments=progress.start.arguments,
        error=ending.error,
    )
    try:
        said = toolbox.error_text_hook(failure)
    except Exception as error:  # noqa: BLE001 -- the agent lives on with our own words
        _warn_once(toolbox, "error_text")
        progress.notes.append(f"error_text raised {type(error).__name__}: {error}")
        return default_error_text(failure)
    return said if isinstance(said, str) else str(said)


def _warn_once(toolbox: Toolbox, hook: str) -> None:
    """Log that a hook raised, the first time: an agent makes thousands of calls."""
    if (toolbox.name, hook) not in _warned:
        _warned.add((toolbox.name, hook))
        _log.warning("The %s of toolbox %r raised.", hook, toolbox.name, exc_info=True)


_warned: set[tuple[str, str]] = set()


def _state_hash(toolbox: Toolbox, world: Any, progress: CallProgress) -> str | None:
    if world is None or toolbox.state_hook is None:
        return None
    try:
        return state_hash(toolbox.state_hook(world), current_state_view())
    except Exception as error:  # noqa: BLE001 -- the call itself went as it went
        progress.notes.append(f"{STATE_NOT_SHOWN}: {type(error).__name__}: {error}")
        return None


def world_state_hash(toolbox: Toolbox, world: Any) -> str | None:
    """Return the digest of what ``toolbox`` shows of ``world``; None: nothing, or it raised."""
    if world is None or toolbox.state_hook is None:
        return None
    try:
        return state_hash(toolbox.state_hook(world), current_state_view())
    except Exception:  # noqa: BLE001 -- the next call says so, in its notes
        return None


def shown_state(toolbox: Toolbox, world: Any) -> JsonValue:
    """Return what ``toolbox`` shows of ``world`` as JSON; None: nothing, or it cannot."""
    if world is None or toolbox.state_hook is None:
        return None
    try:
        return as_json(toolbox.state_hook(world))
    except Exception:  # noqa: BLE001 -- as above
        return None


def state_hash(state: Any, view: StateView | None = None) -> str:
    """Return the digest of a world's state: ``"b2-16:"`` and 32 hex digits.

    ``view``: what it is seen through; None: as it is.

    Raises:
        NotJson: the state holds what JSON cannot.
    """
    global _last_state
    try:
        plain = orjson.dumps(state, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except orjson.JSONEncodeError:
        return _hashed(_digest(canonical_json(_seen(as_json(state), view))), view)
    known, known_view, known_version, digest = _last_state
    version = 0 if view is None else view.version
    if plain != known or view is not known_view or version != known_version:
        in_order = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
        shown = None if view is None else view.seen(plain)
        encoded = orjson.dumps(state if shown is None else shown, option=in_order)
        digest = _hashed(_digest(encoded), view)
        _last_state = plain, view, version, digest
    return digest


def _hashed(digest: str, view: StateView | None) -> str:
    return digest if view is None else view.hashed(digest)


def _seen(state: JsonValue, view: StateView | None) -> JsonValue:
    shown = None if view is None else view.seen(canonical_json(state))
    return state if shown is None else shown


_last_state: tuple[bytes, StateView | None, int, str] = (b"", None, 0, "")
# Most calls only read. Sorting and hashing a world of 3 MB takes three times as long as seeing that
# it is the one of the call before.


_WHOLE_FLOAT: Final = re.compile(rb"(?<=[:,\[])(-?\d+)\.0(?=[,}\]])")


def _digest(encoded: bytes) -> str:
    # 65.0 is 65 spelled otherwise, here as in a response. A text that holds `:65.0,` is read so
    # too: that it became `:65,` and nothing else changed is not told from no change.
    if b".0" in encoded:
        encoded = _WHOLE_FLOAT.sub(rb"\1", encoded)
    return "b2-16:" + blake2b(encoded, digest_size=16).hexdigest()
