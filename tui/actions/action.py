"""One thing that a key does."""

from __future__ import annotations

from ast import literal_eval
from dataclasses import dataclass
from typing import Final

ALWAYS: Final = 30
"""From this rank on an action is in the footer however narrow it is."""

GROUPS: Final = ("Step", "Look", "Act", "Move", "Program")
"""The order of the help."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does."""

    place: str
    """The screen or widget it belongs to."""
    call: str
    """The method, as Textual's bindings spell it: ``step(1)``."""
    keys: tuple[str, ...]
    """Textual's key names; the first one is shown. None: it is in the palette only."""
    name: str
    """One or two words, for footer and palette."""
    help: str
    group: str = "Look"
    footer: int = 0
    """Rank in the footer; 0: not there."""

    @property
    def id(self) -> str:
        """A stable name for keymaps: ``transcript.step``, ``transcript.seek-error-back``."""
        name, _, given = self.call.rstrip(")").partition("(")
        arguments = literal_eval(f"({given},)") if given else ()
        words = [word for one in arguments for word in _id_words(name, one)]
        return f"{self.place}.{'-'.join([name.replace('_', '-'), *words])}"


def _id_words(name: str, argument: str | float | bool) -> list[str]:
    """Return how an argument is said in an id: what goes forward needs no word."""
    if isinstance(argument, str):
        return [argument]
    if isinstance(argument, bool):
        return [] if argument else ["off"]
    if name == "tab":
        return [str(int(argument) + 1)]  # as its key
    half = ["half"] if abs(argument) == 0.5 else []
    return half + (["back"] if argument < 0 else [])


def action(
    place: str,
    call: str,
    keys: str,
    name: str,
    help: str,
    *,
    group: str = "Look",
    footer: int = 0,
) -> Action:
    """Return an action whose keys are written as one text: ``"n f10"``; ``""``: none."""
    return Action(place, call, tuple(keys.split()), name, help, group, footer)
