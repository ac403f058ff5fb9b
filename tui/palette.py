"""The command palette: the table of actions, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.actions import EVERYWHERE, LINES, actions_of, key_words
from tui.screens.base import BaseScreen


class ActionProvider(Provider):
    """The command palette: every action of the screen, by name."""

    async def discover(self) -> Hits:
        """Give all of them."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(name, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Give those that match."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            score = matcher.match(f"{name} {help_text}")
            if score > 0:
                yield Hit(score, matcher.highlight(f"{name} {help_text}"), run, help=name)

    def _commands(self) -> list[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        if not isinstance(screen, BaseScreen):
            return []
        return [
            (
                f"{action.help}  ({key_words(action)})",
                action.name,
                partial(screen.action_by_id, action.id),
            )
            for action in actions_of(*screen.PLACES, LINES, EVERYWHERE)
        ]
