"""The table of actions as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui.actions import ACTIONS


def bindings(*places: str) -> list[BindingType]:
    """Return the bindings of these places; each has its action's id, so a keymap can move it."""
    return [
        Binding(",".join(action.keys), action.call, action.name, show=False, id=action.id)
        for action in ACTIONS
        if action.place in places and action.keys
    ]
