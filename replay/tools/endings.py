"""From an exception that ended a call to its outcome, its stage and its error."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from replay.records import CallError, JsonObject, JsonValue, Outcome, Stage
from replay.tools.arguments import BadJson
from replay.tools.encoding import NotJson, as_json
from replay.tools.invoke import DeadlinePassed, ToolStopped
from replay.tools.refusals import Refusal
from replay.tools.resolve import UnknownTool
from replay.tools.translations import TranslationFailed
from replay.tools.validate import InvalidArguments

if TYPE_CHECKING:
    from replay.tools.outcome import CallProgress

_OUR_FOLDER = str(Path(__file__).parent)
_FRAMES_MAX = 20


@dataclass(slots=True)
class Ending:
    """How a call ended other than well."""

    outcome: Outcome
    stage: Stage
    error_type: str
    message: str
    error: BaseException | None = None
    errors: list[JsonObject] = field(default_factory=list)
    details: JsonValue = None
    code: str | None = None
    names: list[str] = field(default_factory=list)
    nearest: str | None = None
    raise_again: bool = False
    """True: the application itself is being stopped; the exception goes on."""

    def call_error(self) -> CallError:
        """Return the ending as it is recorded."""
        details: JsonValue = self.errors or self.details
        if self.code is not None:
            details = {"code": self.code, "details": self.details}
        failed_inside = self.outcome in (Outcome.FAILED, Outcome.CRASHED)
        return CallError(
            type=self.error_type,
            message=self.message,
            stage=self.stage,
            details=details,
            traceback=_tool_traceback(self.error) if failed_inside and self.error else None,
        )


def ending_of(error: BaseException, progress: CallProgress, *, is_cancelled: bool) -> Ending:
    """Return how ``error`` ended the call that stands at ``progress``."""
    if isinstance(error, ToolStopped):
        error = error.error
    stage = progress.stage
    kind = type_name(error)
    if isinstance(error, BadJson):
        return Ending(Outcome.BAD_JSON, stage, "JSONDecodeError", str(error))
    if isinstance(error, UnknownTool):
        names, nearest = error.names, error.nearest
        said = str(error)
        return Ending(
            Outcome.UNKNOWN_TOOL, stage, "UnknownTool", said, names=names, nearest=nearest
        )
    if isinstance(error, InvalidArguments):
        said = str(error)
        return Ending(
            Outcome.INVALID_ARGUMENTS,
            stage,
            "ValidationError",
            said,
            errors=error.errors,
            names=error.names,
        )
    if isinstance(error, TranslationFailed):
        return Ending(Outcome.INVALID_ARGUMENTS, stage, error.error_type, str(error), error)
    if isinstance(error, Refusal):
        details = _details(error)
        return Ending(
            error.outcome, stage, kind, error.message, error, details=details, code=error.code
        )
    if isinstance(error, DeadlinePassed):
        assert progress.tool is not None
        said = f"The deadline of {progress.tool.options.timeout_ms:g} ms passed."
        return Ending(Outcome.TIMEOUT, stage, "TimeoutError", said)
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError | GeneratorExit):
        again = is_cancelled or not isinstance(error, asyncio.CancelledError)
        return Ending(
            Outcome.CANCELLED, stage, kind, str(error) or "Cancelled.", error, raise_again=again
        )
    return _failure(error, progress, kind)


def _failure(error: BaseException, progress: CallProgress, kind: str) -> Ending:
    stage = progress.stage
    if isinstance(error, SystemExit):
        said = f"The tool tried to end the process: sys.exit({error.code!r})."
        return Ending(Outcome.CRASHED, stage, kind, said, error)
    if isinstance(error, NotJson) and stage is Stage.ENCODE:
        return Ending(Outcome.FAILED, stage, "NotJson", str(error))
    if isinstance(error, TypeError) and stage is Stage.INVOKE and not _fits(progress):
        tool = progress.tool
        names = list(tool.parameters.get("properties", {})) if tool is not None else []
        errors = progress.schema_errors
        return Ending(
            Outcome.INVALID_ARGUMENTS,
            Stage.VALIDATE,
            kind,
            str(error),
            error,
            errors=errors,
            names=names,
        )
    return Ending(Outcome.FAILED, stage, kind, _message(error), error)


def _fits(progress: CallProgress) -> bool:
    """Whether Python could bind the arguments: if not, the tool's own code never ran."""
    step = progress.step
    if step is None or (progress.tool is not None and progress.tool.gates):
        return True
    if getattr(step.function, "given_twice", False):
        return False
    try:
        inspect.signature(step.function).bind(*step.args, **step.kwargs)
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 -- a user's own __str__ may raise
        return f"(its text cannot be read: {type(broken).__name__})"


def _details(error: Refusal) -> JsonValue:
    details = error.details
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        details = {"retry_after_s": retry_after_s, "details": details}
    try:
        return as_json(details)
    except NotJson:
        return repr(details)


def type_name(error: BaseException) -> str:
    """Return the class name of ``error``, with its module when that is not builtin."""
    return class_name(type(error))


def class_name(kind: type[BaseException]) -> str:
    """Return the name of an exception class, with its module when that is not builtin."""
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _tool_traceback(error: BaseException) -> str:
    """The traceback from the tool's own first frame on; the middle of a long one is left out."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OUR_FOLDER):
        frames = frames.tb_next
    try:
        shown = traceback.TracebackException(type(error), error, frames, limit=-_FRAMES_MAX)
        return "".join(shown.format())
    except Exception as broken:  # noqa: BLE001 -- a user's own __str__ may raise
        return f"(the traceback cannot be shown: {type(broken).__name__})"
