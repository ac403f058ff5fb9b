"""Replay from the screen: what of it with which tools, how far it is, and stop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from replay.errors import ReplayError
from replay.records import ReplayRun
from tui.actions import REPLAYING, actions_of
from tui.jobs import Ended, Job
from tui.pyproject import is_in_repository
from tui.rows.acting import Baseline, Tools
from tui.rows.judging import Strangers, strangers
from tui.screens.base import BaseScreen
from tui.views.parts import Part, count, printable
from tui.widgets.bars import Bar, KeyBar
from tui.widgets.keys import bindings

PARSERS: Final = ("", "strict", "flexible")
"""Who reads arguments; ``""``: whom the toolbox chooses."""
PARSER_WORDS: Final = (
    "arguments are read as the toolbox says",
    "arguments are read strictly",
    'arguments are read flexibly: "3" is a 3',
)
_UNDER_WAY: Final = ("replaying.hide",)
_CHOOSING: Final = tuple(
    action.id for action in actions_of(REPLAYING) if action.id not in _UNDER_WAY
)
"""Keys that do something before it is started, and nothing while it runs."""
_LINES: Final = ("scope", "tools", "strangers", "baseline", "parser", "outside", "progress")
_BASELINES: Final = "git:main   git:HEAD~1   package.module:old_toolbox   empty: none"


@dataclass(frozen=True, slots=True)
class Scope:
    """Traces that can be replayed from where one is."""

    name: str
    """In words: ``this trace``."""
    words: tuple[str, ...]
    """The options of `replay run` that select them."""

    @property
    def trace_ids(self) -> tuple[str, ...]:
        """Return the traces that are named; none: it names none."""
        return self.words[1::2] if self.words[:1] == ("--trace",) else ()

    @property
    def is_pinned(self) -> bool:
        """Whether it is what is pinned."""
        return self.words == ("--pinned",)


class ReplayingScreen(BaseScreen):
    """Chosen, under way, or ended."""

    BINDINGS = bindings(REPLAYING)
    PLACES: ClassVar[tuple[str, ...]] = (REPLAYING,)

    def __init__(
        self,
        scopes: Sequence[Scope],
        tools: Tools,
        baseline: Baseline,
        done: Callable[[ReplayRun | None], None],
    ) -> None:
        """``done`` gets the run when it ended; None: it said why not, on the screen."""
        super().__init__()
        self.scopes = list(scopes)
        self.tools = tools
        self.baseline = baseline
        self.done = done
        self.scope_index = 0
        self.parser_index = 0
        self.problem: ReplayError | None = None
        self.watched: Job | None = None
        """Begun from another screen: this one is left when it ends."""
        self._asked: tuple[str, Scope] | None = None
        """Of which tools and traces it was last asked how many have none of the tools."""
        self._is_over = False
        """What was begun here ended while another screen lay above: this one is left, too."""

    @classmethod
    def of_job(cls, job: Job) -> ReplayingScreen:
        """Return the screen of a command that is under way; who began it is told of its end."""
        tools, baseline = Tools("as it began"), Baseline("as it began")
        screen = cls([Scope(job.title, ())], tools, baseline, lambda run: None)
        screen.watched = job
        return screen

    def compose_body(self) -> ComposeResult:
        """A few lines."""
        with Vertical(id="notice"), Vertical(id="notice-box"):
            for name in _LINES:
                yield Bar(id=f"replaying-{name}", markup=False)

    def on_mount(self) -> None:
        """Show what would be replayed, or what is."""
        self.query_one("#replaying-strangers", Bar).display = False
        self.say_head([("Replay", "strong"), ("  recorded calls through today's tools", "dim")])
        self._show()
        self.set_interval(0.1, self.job_ticked)

    @property
    def job(self) -> Job | None:
        """What is under way."""
        return self.replay.jobs.now

    def job_ticked(self) -> None:
        """Show how far it is."""
        job = self.job
        if job is not None:
            self._line("progress", *job.progress_parts(), ("  esc stops, h hides", "dim"))

    def _show(self) -> None:
        scope = self.scopes[self.scope_index]
        parser = PARSER_WORDS[self.parser_index]
        toolbox = self.tools.toolbox
        named: Part = (printable(toolbox), "strong") if toolbox else ("none named yet", "warn")
        self._choice("s", "scope", "traces", (printable(scope.name), "strong"))
        self._choice("t", "tools", "tools", named)
        self._choice("b", "baseline", "baseline", *self._baseline_parts())
        self._choice("v", "parser", "parser", (parser, ""))
        self._choice(" ", "outside", "outside", ("network blocked; the recording answers", "dim"))
        if self.watched is None and toolbox and (toolbox, scope) != self._asked:
            self.query_one("#replaying-strangers", Bar).display = False
            self._asked = (toolbox, scope)
            self._count_strangers(toolbox, scope)
        keys = self.query_one(KeyBar)
        keys.suit(idle=_CHOOSING if self.job is not None else _UNDER_WAY)
        keys.name_back("stop" if self.job is not None else "back")
        if self.job is not None:
            self.job_ticked()
        elif self.problem is not None:
            words = " ".join(str(self.problem).split())
            self._line("progress", ("× ", "bad"), (printable(words), ""))
        else:
            self._line("progress", ("enter starts it", "accent"), ("   esc does not", "dim"))

    @work(thread=True, exclusive=True, description="a thread", group="strangers")
    def _count_strangers(self, toolbox: str, scope: Scope) -> None:
        """Count, in a thread, the traces that have none of the tools; a million take a second."""
        try:
            found = strangers(
                self.replay.the_database, toolbox, scope.trace_ids, is_pinned=scope.is_pinned
            )
        except ReplayError:
            return  # the replay itself will say what is wrong with the database
        if self.app.is_running:
            self.app.call_from_thread(self._show_strangers, (toolbox, scope), found)

    def _show_strangers(self, asked: tuple[str, Scope], found: Strangers | None) -> None:
        if asked != self._asked or not self.is_ready:
            return
        bar = self.query_one("#replaying-strangers", Bar)
        bar.display = found is not None and found.count > 0
        if found is not None:
            bar.say([(f"{'':13}", ""), *strangers_parts(found)])

    def _baseline_parts(self) -> list[Part]:
        if self.baseline.named:
            return [(printable(self.baseline.named), "strong"), (" tells causes apart", "dim")]
        return [("none", ""), (": a cause may stay unknown", "dim")]

    def _choice(self, key: str, name: str, words: str, *parts: Part) -> None:
        """Show what is chosen, after the key that changes it."""
        self._line(name, (f"{key}  ", "accent strong"), (f"{words:<9} ", "dim"), *parts)

    def _line(self, name: str, *parts: Part) -> None:
        self.query_one(f"#replaying-{name}", Bar).say(parts)

    # -- actions ----------------------------------------------------------------------------------

    def action_scope(self) -> None:
        """Replay other traces."""
        if self.job is not None:
            self._say_under_way()
        else:
            self.scope_index = (self.scope_index + 1) % len(self.scopes)
            self._show()

    def action_parser(self) -> None:
        """Have the arguments read by another parser."""
        if self.job is not None:
            self._say_under_way()
        else:
            self.parser_index = (self.parser_index + 1) % len(PARSERS)
            self._show()

    def action_tools(self) -> None:
        """Name the tools."""
        if self.job is not None:
            self._say_under_way()
            return

        def done(text: str | None) -> None:
            self.set_focus(None)
            if text and text.strip() and text.strip() != self.tools.toolbox:
                self.tools = replace(self.tools, toolbox=text.strip())
            self._show()

        self.prompt.ask(
            "tools", self.tools.toolbox, on_done=done, placeholder="package.module:toolbox"
        )

    def action_baseline(self) -> None:
        """Name the old tools; where there is a repository, its last commit is offered."""
        if self.job is not None:
            self._say_under_way()
            return

        def done(text: str | None) -> None:
            self.set_focus(None)
            if text is not None and text.strip() != self.baseline.named:
                self.baseline = Baseline(text.strip())
            self._show()

        offered = self.baseline.named or ("git:HEAD" if is_in_repository() else "")
        self.prompt.ask("baseline", offered, on_done=done, placeholder=_BASELINES)

    def action_start(self) -> None:
        """Start it."""
        if self.job is not None:
            self._say_under_way()
            return
        if not self.can_write("Replaying"):
            return
        if not self.tools.toolbox:
            self.action_tools()
            return
        self.replay.tools, self.replay.baseline = self.tools, self.baseline
        scope = self.scopes[self.scope_index]
        tools = [*self.tools.words(), *self.baseline.words()]
        words = ["run", str(self.replay.path), *scope.words, *tools, "--json"]
        if PARSERS[self.parser_index]:
            words += ["--parser", PARSERS[self.parser_index]]
        self.problem = None
        with self.telling_errors():
            self.replay.jobs.start(f"replaying {scope.name}", words, self._ended)
        self._show()

    def action_hide(self) -> None:
        """Go on with something else meanwhile."""
        if self.job is None:
            self.app.bell()
            self.say(("nothing is under way to hide", "warn"), ("   enter starts it", "dim"))
            return
        self.app.pop_screen()

    def _say_under_way(self) -> None:
        self.app.bell()
        self.say(("it is under way", "warn"), ("   esc stops it, h hides it", "dim"))

    def action_back(self) -> None:
        """Stop what is under way; else leave."""
        if self.job is not None:
            self.job.stop()
            self._line("progress", ("◐ stopping: what is judged is kept", "warn"))
        else:
            self.app.pop_screen()

    def on_screen_resume(self) -> None:
        """Leave, where what was begun here ended meanwhile."""
        if self._is_over:
            self.app.pop_screen()

    def _ended(self, ended: Ended) -> None:
        if is_watching(self.app.screen, ended.job):
            self.app.pop_screen()
        is_here, is_beneath = self.app.screen is self, self in self.app.screen_stack[:-1]
        run: ReplayRun | None = None
        try:
            if ended.job.is_stopped and not ended.output:
                raise _nothing_judged()
            if not ended.is_judged and not ended.job.is_stopped:
                raise ended.error()
            run = ReplayRun.model_validate(ended.json()["run"])
            if run.status != "finished" and not run.call_count:
                run, self.problem = None, _nothing_judged()
        except ReplayError as error:
            self.problem = error
        if (is_here or is_beneath) and run is None and not ended.job.is_stopped:
            self._show()
            return
        if is_here:
            self.app.pop_screen()
        self._is_over = is_beneath
        if run is None and isinstance(self.app.screen, BaseScreen):
            assert self.problem is not None
            self.app.screen.complain(self.problem)
        self.done(run)


def _nothing_judged() -> ReplayError:
    return ReplayError("Stopped before the first trace was judged: nothing is kept.")


def strangers_parts(found: Strangers) -> list[Part]:
    """Return how many traces have none of the tools that are to replay them."""
    if found.of == 1:
        return [("it calls none of these tools: nothing of it is judged", "warn")]
    which = f"{found.count:,} of {found.of:,} traces" if found.count < found.of else "all traces"
    return [(f"{which} call none of these tools: not judged", "warn")]


def is_watching(screen: Screen[Any], job: Job) -> bool:
    """Return whether a screen shows nothing but a job that another screen began."""
    return isinstance(screen, ReplayingScreen) and screen.watched is job


def ended_parts(run: ReplayRun, counts: Mapping[str, int]) -> list[Part]:
    """Return how a run ended, on one line; ``counts``: of `counts_of`."""
    from tui.views.finding_view import count_parts

    stopped = "" if run.status == "finished" else f" ({run.status}: the rest was not judged)"
    parts: list[Part] = [
        (f"replayed {count(run.call_count, 'call')}{stopped}", "good" if not stopped else "warn")
    ]
    return parts + count_parts(counts)
