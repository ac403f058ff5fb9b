"""Exceptions, recorded and raised again as the application knew them.

An exception is kept as its class's name, its arguments and its plain attributes, and rebuilt
without calling ``__init__`` (signatures differ wildly). Its class is only ever looked up among the
modules already imported: a cassette cannot make a process import anything.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, cast

from cassettes.errors import RecordedError

Phase = Literal["send", "request", "body"]

_GIVEN_UP = "asyncio.exceptions.CancelledError"
_CUT = "http.client.IncompleteRead"
_PLAIN = (str, int, float, bool, type(None))


def given_up() -> Failure:
    """Return what is kept of a request whose answer nobody waits for any more."""
    return Failure(_GIVEN_UP, "")


@dataclass(slots=True)
class Failure:
    """An exception as it was raised in the recording."""

    type: str
    """Class with its module: ``httpx.ConnectError``, ``builtins.TimeoutError``."""
    message: str
    args: list[Any] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    phase: Phase = "request"
    """``send``: while the request went out (where a client tells that apart); ``request``: instead
    of a response; ``body``: while the response was read."""
    cause: Failure | None = None
    """The exception it was raised from, where that carries an OS error."""

    @classmethod
    def of(cls, error: BaseException, phase: Phase = "request") -> Failure:
        """Return what is kept of ``error``."""
        return cls._of(error, phase, depth=3)

    @classmethod
    def _of(cls, error: BaseException, phase: Phase, depth: int) -> Failure:
        kind = type(error)
        cause = error.__cause__ or _nested(error)
        attributes = {
            name: _member(value) if isinstance(value, Enum) else value
            for name, value in vars(error).items()
            if isinstance(value, (*_PLAIN, Enum)) and not name.startswith("__")
        }
        if isinstance(error, OSError) and error.errno is not None:
            attributes["errno"], attributes["strerror"] = error.errno, error.strerror
            if isinstance(error.filename, str):
                attributes["filename"] = error.filename
        return cls(
            type=f"{kind.__module__}.{kind.__qualname__}",
            message=_words(error),
            args=[arg if isinstance(arg, _PLAIN) else _words(arg) for arg in error.args],
            attributes=attributes,
            phase=phase,
            cause=cls._of(cause, phase, depth - 1) if cause is not None and depth else None,
        )

    @property
    def is_cancellation(self) -> bool:
        """Whether the application gave the request up, rather than the request failing."""
        return self.type == _GIVEN_UP

    @property
    def missing_bytes(self) -> int:
        """How much of the announced body never came; 0 for every other failure.

        A client that counts raises its own error for it: it is given the short body.
        """
        return int(self.attributes.get("expected") or 0) if self.type == _CUT else 0

    def rebuild(self, **attributes: Any) -> BaseException:
        """Return the exception; ``attributes`` are those only the client can supply.

        A class that does not exist here gives a :class:`RecordedError` with the same words.
        """
        kind = _class_named(self.type)
        if kind is None or not issubclass(kind, Exception):
            return RecordedError(self.type, self.message)
        args = tuple(self.args)
        plain = {name: _value(value) for name, value in self.attributes.items()}
        if issubclass(kind, OSError) and "errno" in plain:
            args = (plain.pop("errno"), plain.pop("strerror") or self.message)
        cause = None if self.cause is None else self.cause.rebuild()
        try:
            error: BaseException = kind.__new__(kind, *args)
            error.args = args
            if issubclass(kind, OSError):
                OSError.__init__(error, *args)
                if "filename" in plain:
                    error.filename = plain.pop("filename")  # type: ignore[attr-defined]
            if self.type == _CUT:
                plain["partial"] = b""  # what was read before is in the response
            error.__dict__.update(plain)
            error.__dict__.update({k: v for k, v in attributes.items() if v is not None})
            if cause is not None:
                error.__cause__ = cause
            str(error)
        except (TypeError, AttributeError):
            return RecordedError(self.type, self.message)
        return error

    def to_json(self) -> dict[str, Any]:
        """Return the failure as plain JSON values."""
        return {
            "type": self.type,
            "message": self.message,
            "args": self.args,
            "attributes": self.attributes,
            "phase": self.phase,
            "cause": None if self.cause is None else self.cause.to_json(),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Failure:
        """Return the failure that ``form`` describes."""
        phase = str(form["phase"])
        cause = form.get("cause")
        return cls(
            type=str(form["type"]),
            message=str(form["message"]),
            args=list(form["args"]),
            attributes=dict(form["attributes"]),
            phase=cast("Phase", phase),
            cause=None if cause is None else cls.from_json(cause),
        )


def _member(member: Enum) -> dict[str, str]:
    """Return the form of an attribute that is a member of an enumeration, as of redis."""
    kind = type(member)
    return {"enum": f"{kind.__module__}.{kind.__qualname__}", "member": member.name}


def _value(form: Any) -> Any:
    """Return the attribute that ``form`` stands for; None for a member that is gone."""
    if not isinstance(form, dict):
        return form
    kind = _named(str(form.get("enum")))
    known = isinstance(kind, type) and issubclass(kind, Enum)
    return kind.__members__.get(str(form.get("member"))) if known else None


def _words(value: object) -> str:
    """Return ``str(value)``; recording must not fail where an exception cannot print itself."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever it raises, the application must not see it
        return f"<{type(value).__qualname__} that cannot be printed>"


def _nested(error: BaseException) -> BaseException | None:
    """Where aiohttp and urllib keep the OS error: an attribute instead of a cause."""
    inner = getattr(error, "os_error", None) or getattr(error, "reason", None)
    return inner if isinstance(inner, BaseException) and inner is not error else None


def _class_named(dotted: str) -> type[BaseException] | None:
    """Return the exception class called ``dotted`` if its module is already imported."""
    found = _named(dotted)
    if isinstance(found, type) and issubclass(found, BaseException):
        return found
    return None


def _named(dotted: str) -> Any:
    """Return what is called ``dotted`` if its module is already imported; else None."""
    module_name, _, qualname = dotted.rpartition(".")
    while module_name and module_name not in sys.modules:
        module_name, _, outer = module_name.rpartition(".")
        qualname = f"{outer}.{qualname}"
    found: Any = sys.modules.get(module_name)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found
