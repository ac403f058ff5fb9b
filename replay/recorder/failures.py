"""What the recorder could not do: logged and counted, never raised into the application."""

from __future__ import annotations

import logging
from types import TracebackType

from replay.errors import ReplayError

_log = logging.getLogger("replay")


class Failures:
    """A count of what went wrong inside the recorder, and the last of it."""

    def __init__(self) -> None:
        self.count = 0
        self.last: str | None = None

    def note(self, act: str, error: BaseException) -> None:
        """Count one failure. The 1st and every 1000th are logged: a full disk floods no log.

        What a person can mend is told in its own words; a traceback is for mistakes of ours.
        """
        self.count += 1
        self.last = f"{act}: {type(error).__name__}: {error}"
        if self.count == 1 or self.count % 1000 == 0:
            is_plain = isinstance(error, ReplayError)
            _log.warning(
                "The recorder failed to %s (failure %d); the application goes on.%s",
                act,
                self.count,
                f"\n{error}" if is_plain else "",
                exc_info=None if is_plain else error,
            )

    def guard(self, act: str) -> _Guard:
        """Return a context that keeps failures of ``act`` from the application."""
        return _Guard(self, act)


class _Guard:
    __slots__ = ("_act", "_failures")

    def __init__(self, failures: Failures, act: str) -> None:
        self._failures = failures
        self._act = act

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        # KeyboardInterrupt and SystemExit are the application's, also when they hit our code.
        if not isinstance(error, Exception):
            return False
        self._failures.note(self._act, error)
        return True
