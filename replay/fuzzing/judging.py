"""The laws of a tool call, and which of them a case broke.

====================  ==========================================================================
``invalid_reached``   what the published schema forbids must not reach the function
``undeclared``        what the tool accepts must end in an answer, a refusal, or a declared error
``disagreement``      what the published schema allows must not be rejected
``not_gated``         the tool runs with what its schema forbids, because it was told to
====================  ==========================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from replay.fuzzing.reference import Ruling, Says, fits_but_for_nulls, has_format
from replay.records import CallError, CallResult, JsonObject, Outcome, ReplayedCall, Stage
from replay.replayer.environment import shorter
from replay.replayer.questions.asking import DescribedTool
from replay.verdicts.paths import general_path, written


class Law(StrEnum):
    """What a case can break; the first two are the tool's fault."""

    INVALID_REACHED = "invalid_reached"
    UNDECLARED = "undeclared"
    DISAGREEMENT = "disagreement"
    NOT_GATED = "not_gated"

    @property
    def is_breaking(self) -> bool:
        """Whether the tool must be mended; of the others a person judges."""
        return self in (Law.INVALID_REACHED, Law.UNDECLARED)


SIGNATURE: Final = "signature"
"""The kind of a disagreement between a given schema and the parameters of the function."""


@dataclass(frozen=True, slots=True)
class Breach:
    """How one case broke a law."""

    tool: str
    law: Law
    kind: str
    """The exception's class, or what does not fit: ``missing``, ``string_type``."""
    place: str
    """Where: ``shop/tools.py:31`` of an exception, else a path of the payload."""
    said: str
    """The error's words, or what does not fit in words."""

    @property
    def key(self) -> tuple[str, Law, str, str]:
        """Breaches with one key are one failure."""
        return self.tool, self.law, self.kind, self.place


_PASSED: Final = frozenset(
    (Outcome.OK, Outcome.REFUSED, Outcome.DENIED, Outcome.THROTTLED, Outcome.CANCELLED)
)
_AFTER_THE_GATE: Final = frozenset((Stage.SANITIZE, Stage.AUTHORIZE, Stage.INVOKE, Stage.ENCODE))
_REJECTED: Final = frozenset((Outcome.BAD_JSON, Outcome.INVALID_ARGUMENTS))
_NO_PARAMETER: Final = re.compile(
    r"got (an unexpected keyword argument|multiple values for (keyword )?argument)"
)
_GONE: Final = frozenset((Outcome.CRASHED, Outcome.TIMEOUT))


def has_passed(result: CallResult) -> bool:
    """Whether a call got past its validator."""
    if result.outcome in _PASSED:
        return True
    stage = result.error.stage if result.error is not None else None
    return result.outcome not in _REJECTED and stage in _AFTER_THE_GATE


def is_unanswered(replayed: ReplayedCall) -> bool:
    """Whether a case asked outside what nobody has an answer to: nothing is known of it then."""
    asked = any(one.change == "unanswered" for one in replayed.outside.changes)
    return asked and (replayed.result is None or replayed.result.outcome is not Outcome.OK)


def breach_of(
    tool: DescribedTool, ruling: Ruling, replayed: ReplayedCall, *, folders: tuple[str, ...] = ()
) -> Breach | None:
    """Return the law that a case broke; None: it went as it should, or nothing can be said."""
    result = replayed.result
    if result is None:
        return None
    passed = has_passed(result)
    if ruling.says is Says.INVALID and passed and not _gone(result):
        if not tool.gates:
            return _not_gated(tool, ruling, result)
        if not fits_but_for_nulls(tool.parameters, ruling):
            return _schema_breach(tool, Law.INVALID_REACHED, ruling.errors)
    if is_unanswered(replayed):
        return None
    if ruling.says is Says.VALID and _is_unknown_field(tool, result):
        assert result.error is not None
        return Breach(tool.name, Law.DISAGREEMENT, SIGNATURE, "*", result.error.message)
    if ruling.says is Says.VALID and result.outcome in _REJECTED:
        return _rejected(tool, result)
    if result.outcome is Outcome.FAILED or _gone(result):
        return _undeclared(tool, result, replayed, folders)
    return None


def _gone(result: CallResult) -> bool:
    return result.outcome in _GONE


def _not_gated(tool: DescribedTool, ruling: Ruling, result: CallResult) -> Breach:
    said = _words(ruling.errors[0])
    ended = "answered" if result.outcome is Outcome.OK else f"ended {result.outcome}"
    return Breach(tool.name, Law.NOT_GATED, "not_gated", "", f"{said}; {ended}")


def _is_unknown_field(tool: DescribedTool, result: CallResult) -> bool:
    """Whether Python had no parameter for a field that an open schema lets pass."""
    error = result.error
    if error is None or not tool.is_given or error.type != "TypeError":
        return False
    return _NO_PARAMETER.search(error.message) is not None


def _rejected(tool: DescribedTool, result: CallResult) -> Breach | None:
    error = result.error
    if error is None or error.stage is Stage.INVOKE:
        return None
    errors = error.details if isinstance(error.details, list) else []
    if errors and all(map(_is_whole_float, errors)):
        return None  # JSON Schema takes 4.0 for an integer; pydantic's strict mode never does
    if any(has_format(tool.parameters, list(one["loc"])) for one in errors):
        return None  # the schema says so, in a word that a schema check does not read
    if not errors:
        return Breach(tool.name, Law.DISAGREEMENT, str(error.type), "", error.message)
    return _schema_breach(tool, Law.DISAGREEMENT, errors)


def _is_whole_float(error: JsonObject) -> bool:
    value = error["input"]
    return error["type"] == "int_type" and isinstance(value, float) and value.is_integer()


def _schema_breach(tool: DescribedTool, law: Law, errors: list[JsonObject]) -> Breach:
    first = errors[0]
    loc = list(first["loc"])
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument") and loc:
        place = f"{general_path(written(loc[:-1]))}.*".removeprefix(".")
    else:
        place = general_path(written(loc))
    return Breach(tool.name, law, str(first["type"]), place, _words(first))


def _words(error: JsonObject) -> str:
    where = written(list(error["loc"]))
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _undeclared(
    tool: DescribedTool, result: CallResult, replayed: ReplayedCall, folders: tuple[str, ...]
) -> Breach | None:
    error = result.error
    if error is None or error.type == "failure" or error.type in tool.raises:
        return None
    if result.outcome is Outcome.TIMEOUT and "TimeoutError" in tool.raises:
        return None
    place = _raising_line(error, folders) or str(error.stage or "")
    return Breach(tool.name, Law.UNDECLARED, error.type, place, _first_line(error.message))


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


_FRAME: Final = re.compile(r'^  File "(.+?)", line (\d+), in ', re.MULTILINE)
_LIBRARY: Final = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python3[^/\\]*)[/\\]|^<")


def _raising_line(error: CallError, folders: tuple[str, ...]) -> str:
    """Return the innermost line of the user's own code; of a library's where there is none."""
    frames = _FRAME.findall(error.traceback or "")
    own = [one for one in frames if not _LIBRARY.search(one[0])]
    if not frames:
        return ""
    file, line = (own or frames)[-1]
    return f"{shorter(file, folders)}:{line}"
