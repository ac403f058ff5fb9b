"""The keys of a transcript that say where going on is to stop, and what is to be watched."""

from __future__ import annotations

from collections.abc import Callable

from replay.stepping.breakpoints import Breakpoint, quoted, tool_condition
from replay.stepping.facts import FACTS
from replay.stepping.watches import Watch
from tui.screens.asking import ask_condition
from tui.screens.stops import Stopping
from tui.views.json_entries import json_text
from tui.views.parts import Part, printable


class StopKeys(Stopping):
    """What `b`, `B`, `W` and `K` do."""

    def action_toggle_breakpoint(self) -> None:
        """Stop at calls of this tool, or no longer; on a value: at steps that have it."""
        row = self.row
        if row is None:
            return
        where = self._value_condition()
        if where is not None:
            self._ask_breakpoint(where)
            return
        tool = row.name if row.kind == "tool" else None
        text = f"model == {quoted(row.name)}" if tool is None else tool_condition(tool)
        stops = self.stops
        held = [one for one in stops.breakpoints if one.condition.text == text]
        if held:
            stops.breakpoints = [one for one in stops.breakpoints if one not in held]
            self._kept(("no breakpoint any more on ", ""), (printable(text), "accent"))
        else:
            stops.breakpoints.append(Breakpoint.of(text))
            self._kept(("● breakpoint: ", "bad"), (printable(text), "accent"))

    def action_breakpoints(self) -> None:
        """List the breakpoints, to change them."""
        from tui.screens.breakpoints import BreakpointsScreen

        self.app.push_screen(BreakpointsScreen())

    def action_watches(self) -> None:
        """List the watches, to change them."""
        from tui.screens.watches import WatchesScreen

        self.app.push_screen(WatchesScreen())

    def action_watch(self) -> None:
        """Ask for an expression, and show its value at every step."""
        path = self._path_here()
        self._ask(
            "watch",
            path or "",
            "response.status   world.orders['W1'].status   count(payload.items[*])",
            self._add_watch,
        )

    def _add_watch(self, text: str) -> None:
        watch = Watch.of(text)
        self.stops.watches.append(watch)
        self._problem = None
        self._kept(("watching ", "good"), (printable(watch.expression.text), "accent"))

    def _ask_breakpoint(self, text: str) -> None:
        self._ask(
            "stop where",
            text,
            "payload.total > 1000   response.status == 'lost'   verdict != 'same'",
            self._add_breakpoint,
        )

    def _add_breakpoint(self, text: str) -> None:
        new = Breakpoint.of(text)
        self.stops.breakpoints.append(new)
        self._kept(("● breakpoint: ", "bad"), (printable(new.condition.text), "accent"))

    def _ask(self, label: str, value: str, example: str, take: Callable[[str], None]) -> None:
        ask_condition(self, label, value, example, take, never_mind=self._say_again)

    def _kept(self, *said: Part) -> None:
        """Keep what was changed, look anew, and say it."""
        self.look_again()
        self.say(*said, ("   B lists breakpoints, K watches", "dim"))
        with self.telling_errors():
            self.stops.save()

    def _path_here(self) -> str | None:
        """Return the way to the value under the cursor, as conditions write it; None: none."""
        if self.focused is not self.outline:
            return None
        path = self.outline.path_here()
        name = path.replace("[", ".").partition(".")[0]
        return path if name in FACTS else None

    def _value_condition(self) -> str | None:
        """Return the condition that holds where the value under the cursor stands; None: none."""
        path = self._path_here()
        value = self.outline.value_here()
        if path is None or isinstance(value, (dict, list)):
            return None
        if isinstance(value, str):
            return f"{path} == {quoted(value)}" if len(value) <= 200 else None
        return f"{path} == {json_text(value)}"
