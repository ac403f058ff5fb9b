"""What a tool, a sanitizer or an authorizer raises to end a call with an outcome of its own.

Refusal
├── Refused      outcome ``refused``: declined for a reason of the tool's own
├── Denied       outcome ``denied``: the caller lacks the permission
└── Throttled    outcome ``throttled``: a rate limit or a quota
"""

from __future__ import annotations

from typing import ClassVar

from replay.records import JsonValue, Outcome


class Refusal(Exception):
    """Ends a call in an orderly way. The model is told ``message``, ``code`` and ``details``."""

    outcome: ClassVar[Outcome] = Outcome.REFUSED

    def __init__(self, message: str, *, code: str | None = None, details: JsonValue = None) -> None:
        """``message`` is written for the model; ``code`` is a word of yours for programs."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details


class Refused(Refusal):
    """The tool declined for a reason of its own: outside business hours, already refunded."""

    outcome = Outcome.REFUSED


class Denied(Refusal):
    """The caller lacks the permission."""

    outcome = Outcome.DENIED


class Throttled(Refusal):
    """A rate limit or a quota ended the call."""

    outcome = Outcome.THROTTLED

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: JsonValue = None,
        retry_after_s: float | None = None,
    ) -> None:
        """``retry_after_s``: when asking again makes sense, in seconds; None: not known."""
        super().__init__(message, code=code, details=details)
        self.retry_after_s = retry_after_s
