"""Hidden values, shown on the screens for as long as somebody wants to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.app import ReplayApp
    from tui.jobs import Ended


class Revealing:
    """Whether hidden values are shown: first it is noted in the audit; owned by the app."""

    def __init__(self, app: ReplayApp) -> None:
        """Nothing is revealed yet."""
        self._app = app

    @property
    def option(self) -> list[str]:
        """The option by which commands show hidden values, where the screen does; else none."""
        database = self._app.database
        return ["--reveal"] if database is not None and database.is_revealed else []

    def toggle(self) -> None:
        """Show hidden values once that is noted, or hide them again."""
        database, screen = self._app.database, self._app.screen_now
        if database is None or screen is None:
            return
        if database.hidden is None:
            screen.say(("nothing in this database is hidden", "dim"))
        elif database.is_revealed:
            self._draw(is_revealed=False)
        else:
            words = ["audit", str(self._app.path), "--note-reveal", "ui"]
            self._app.jobs.soon("noting the reveal", words, self._noted)
            screen.say(("hidden values are shown in a moment…", "accent"))

    def _noted(self, ended: Ended) -> None:
        self._draw(is_revealed=True)
        if ended.talk.strip() and (screen := self._app.screen_now) is not None:
            self._app.call_after_refresh(screen.complain, ended.error())

    def _draw(self, *, is_revealed: bool) -> None:
        """Draw anew what is shown: what was read before may hold what is hidden, or the sign."""
        self._app.the_database.reveal(is_revealed=is_revealed)
        self._app.show_anew()
        words = "shown; F3 hides them again" if is_revealed else "hidden again"
        self._app.call_after_refresh(self._say, f"hidden values are {words}")

    def _say(self, words: str) -> None:
        if (screen := self._app.screen_now) is not None:
            is_revealed = self._app.the_database.is_revealed
            screen.say((words, "warn" if is_revealed else "good"))
