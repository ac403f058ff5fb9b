"""Keys in the order they were typed: each is given out when the one before it has been dealt with.

Textual hands a key to what has the focus when it arrives. Keys that arrive together, of a fast
hand, a slow line or a busy machine, would all go there, before the first of them has opened a
prompt or another screen: the rest of a reason would be commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from textual import events
from textual.message import Message

from tui.screens.base import BaseScreen

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.screen import Screen

    from tui.app import ReplayApp

_LOOK_S: Final = 0.02
"""So often it is looked whether a screen is there whole."""
_WAIT_MAX_S: Final = 2.0
"""So long a key waits at most for the one before it: none is held for good."""

Typed = events.Key | events.Paste


class KeyPassed(Message):
    """Goes the way of a key, right behind it: where this has come, the key has been before."""

    def __init__(self, number: int) -> None:
        """``number``: of the key."""
        super().__init__()
        self.number = number


class TypedAhead:
    """What was typed while the key before was still being dealt with; owned by the app."""

    def __init__(self, app: ReplayApp) -> None:
        """Nothing was typed yet."""
        self._app = app
        self._waiting: deque[Typed] = deque()
        self._number = 0
        self._is_busy = False
        self._next: Typed | None = None
        """What is given out now: it comes by once more."""
        self._target: MessagePump | None = None
        """What has the key that is being dealt with."""
        self._screen: Screen[object] | None = None
        """The screen that was shown when it was given out."""

    @property
    def is_idle(self) -> bool:
        """Whether all that was typed is dealt with."""
        return not self._is_busy and not self._waiting

    def drop(self) -> None:
        """Forget what was typed behind this key: it was meant for what the key did not open."""
        self._waiting.clear()

    def may_go(self, event: Typed) -> bool:
        """Say whether ``event`` is to be given out now; else it is kept until then."""
        if event is self._next:
            self._next = None
            return True
        if self._is_busy or self._waiting:
            self._waiting.append(event)
            return False
        self._is_busy = True
        return True

    def give(self, target: MessagePump, screen: Screen[object]) -> None:
        """Take note that a key went to ``target`` on ``screen``, and send after it."""
        self._number += 1
        self._target, self._screen = target, screen
        self._call_later(_WAIT_MAX_S, self._number, is_last=True)
        if target.post_message(KeyPassed(self._number)):
            self._call_later(_LOOK_S, self._number, is_last=False)
        else:
            self.passed(self._number)

    def _call_later(self, wait_s: float, number: int, *, is_last: bool) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(wait_s, self._look, number, is_last)

    def _look(self, number: int, is_last: bool) -> None:
        """Go on without what went after a key, where the key's widget is gone."""
        if number != self._number or not self._is_busy:
            return
        if is_last:
            self._release(number)
        elif self._target is not None:
            if self._target.is_running and self._target.is_attached:
                self._call_later(_LOOK_S, number, is_last=False)
            else:
                self.passed(number)

    def passed(self, number: int) -> None:
        """Give out the next key, once the screen that this one opened is there whole."""
        if number != self._number or not self._is_busy:
            return
        self._target = None
        screen = self._app.screen if self._app.screen_stack else None
        if screen is None or (screen is self._screen and not _is_arriving(screen)):
            self._release(number)
        else:
            self._wait_for(screen, number)

    def _wait_for(self, screen: Screen[object], number: int) -> None:
        def look() -> None:
            if screen.is_running and _is_arriving(screen):
                screen.set_timer(_LOOK_S, look)
            else:
                self._release(number)

        # Behind its mounting, and behind what that left for when it is painted.
        if not screen.call_later(lambda: screen.call_after_refresh(look)):
            self._release(number)

    def _release(self, number: int) -> None:
        if number != self._number or not self._is_busy:
            return
        self._target = self._screen = None
        if self._waiting:
            self._number += 1  # who still looks after the last one has nothing to do
            self._next = self._waiting.popleft()
            self._app.post_message(self._next)
        else:
            self._is_busy = False


def _is_arriving(screen: Screen[object]) -> bool:
    return isinstance(screen, BaseScreen) and screen.is_arriving
