"""Every action of the terminal UI, once: keys, footer, help, palette and docs come from here."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

EVERYWHERE: Final = "everywhere"
LINES: Final = "lines"
OUTLINE: Final = "outline"
TRACES: Final = "traces"
EMPTY: Final = "empty"
TRANSCRIPT: Final = "transcript"
FACETS: Final = "facets"
RUNS: Final = "runs"
FINDINGS: Final = "findings"
ORIGINS: Final = "origins"
REPLAYING: Final = "replaying"
WHAT_IF: Final = "what-if"
COPYING: Final = "copying"
LABELLING: Final = "labelling"
BREAKPOINTS: Final = "breakpoints"
WATCHES: Final = "watches"
COMPARISON: Final = "comparison"
SCHEMAS: Final = "schemas"
METRICS: Final = "metrics"

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


def _action(place: str, call: str, keys: str, name: str, help: str, **more: object) -> Action:
    return Action(place, call, tuple(keys.split()), name, help, **more)  # type: ignore[arg-type]  # group and footer


ACTIONS: Final[tuple[Action, ...]] = (
    # -- a transcript ---------------------------------------------------------------------------
    _action(TRANSCRIPT, "step(1)", "n f10", "next", "next step", group="Step", footer=1),
    _action(TRANSCRIPT, "step(-1)", "p N", "back", "step back", group="Step", footer=2),
    _action(
        TRANSCRIPT,
        "go_on(1)",
        "c f5",
        "next ≠",
        "next call that differs, breakpoint or watched change",
        group="Step",
        footer=3,
    ),
    _action(
        TRANSCRIPT,
        "go_on(-1)",
        "C",
        "back ≠",
        "back to the one before",
        group="Step",
    ),
    _action(TRANSCRIPT, "seek('error', 1)", "e", "next ×", "next error", group="Step", footer=14),
    _action(TRANSCRIPT, "seek('error', -1)", "E", "back ×", "previous error", group="Step"),
    _action(
        TRANSCRIPT,
        "seek('model', 1)",
        "m",
        "model call",
        "next model call",
        group="Step",
        footer=16,
    ),
    _action(
        TRANSCRIPT, "seek('model', -1)", "M", "model back", "previous model call", group="Step"
    ),
    _action(
        TRANSCRIPT, "seek('tool', 1)", "t", "tool call", "next tool call", group="Step", footer=17
    ),
    _action(TRANSCRIPT, "seek('tool', -1)", "T", "tool back", "previous tool call", group="Step"),
    _action(
        TRANSCRIPT,
        "into(1)",
        "s f11",
        "into",
        "next part of this step, then the next",
        group="Step",
    ),
    _action(TRANSCRIPT, "into(-1)", "S", "out of", "previous part", group="Step"),
    _action(
        TRANSCRIPT,
        "over(1)",
        "greater_than_sign",
        "over",
        "over the calls beside this one",
        group="Step",
    ),
    _action(
        TRANSCRIPT,
        "over(-1)",
        "less_than_sign",
        "back over",
        "back over the calls beside this one",
        group="Step",
    ),
    _action(
        TRANSCRIPT,
        "out",
        "u",
        "out",
        "to the list; from a call to the model that asked for it",
        group="Step",
    ),
    _action(TRANSCRIPT, "go_to", "colon", "go to", "go to a step by its number", group="Step"),
    _action(
        TRANSCRIPT,
        "toggle_breakpoint",
        "b f9",
        "break",
        "stop at this tool's calls; on a value: where it is so",
        group="Step",
        footer=8,
    ),
    _action(TRANSCRIPT, "breakpoints", "B", "breakpoints", "list and edit the breakpoints"),
    _action(
        TRANSCRIPT,
        "watch",
        "W",
        "watch",
        "watch a value or an expression at every step",
        footer=12,
    ),
    _action(TRANSCRIPT, "watches", "K", "watches", "list and edit the watches"),
    *(
        _action(TRANSCRIPT, f"tab({number - 1})", str(number), name.lower(), f"tab: {name}")
        for number, name in enumerate(
            ("Prompt", "Output", "Payload", "Response", "Outside", "Timing", "Schema", "Verdict"), 1
        )
    ),
    _action(TRANSCRIPT, "turn(1)", "right_square_bracket", "next tab", "next tab"),
    _action(TRANSCRIPT, "turn(-1)", "left_square_bracket", "previous tab", "previous tab"),
    _action(TRANSCRIPT, "zoom", "z", "zoom", "only this pane, and back", footer=18),
    _action(TRANSCRIPT, "search", "slash", "search", "find a text in this pane", footer=10),
    _action(
        TRANSCRIPT,
        "origins",
        "w",
        "where from",
        "where the value under the cursor came from",
        footer=4,
    ),
    _action(
        TRANSCRIPT,
        "return_back",
        "backspace",
        "return",
        "back to where w was pressed",
        group="Step",
    ),
    _action(
        TRANSCRIPT,
        "debug",
        "d",
        "debug",
        "stop in today's tool, in this call (pdb)",
        group="Act",
        footer=11,
    ),
    _action(
        TRANSCRIPT,
        "debug_in_editor",
        "",
        "debug in an editor",
        "stop in today's tool, in an editor that attaches (debugpy)",
        group="Act",
    ),
    _action(
        TRANSCRIPT,
        "copy",
        "y",
        "copy",
        "copy what the cursor is on, as JSON",
        group="Act",
        footer=9,
    ),
    _action(
        TRANSCRIPT,
        "copy_menu",
        "Y",
        "copy as",
        "copy as JSON, curl, a pytest test, a command, an id",
        group="Act",
    ),
    _action(
        TRANSCRIPT,
        "compare",
        "v",
        "compare",
        "this call, recorded against today; on the schema tab: the tool's schemas",
        footer=3,
    ),
    _action(
        TRANSCRIPT,
        "replay",
        "r",
        "replay",
        "replay this trace, or more, through today's tools",
        group="Act",
        footer=5,
    ),
    _action(
        TRANSCRIPT,
        "what_if",
        "i",
        "what if",
        "edit this call's arguments and run on; on its tabs: the response, an outside answer",
        group="Act",
        footer=6,
    ),
    _action(TRANSCRIPT, "branches", "I", "branch", "the newest edited branch", group="Act"),
    _action(
        TRANSCRIPT,
        "approve",
        "a",
        "approve",
        "approve what differs in this call: it is meant",
        group="Act",
        footer=7,
    ),
    _action(
        TRANSCRIPT,
        "pin",
        "P",
        "pin",
        "pin this call (or trace) as a regression case, and unpin it",
        group="Act",
    ),
    _action(
        TRANSCRIPT,
        "feedback",
        "f",
        "feedback",
        "say what is good or bad about this step",
        group="Act",
        footer=15,
    ),
    _action(
        TRANSCRIPT,
        "label",
        "L",
        "label",
        "label one call after the other, one key each",
        group="Act",
    ),
    _action(TRANSCRIPT, "edit_pane", "o", "editor", "this pane in $EDITOR, to read", group="Act"),
    _action(TRANSCRIPT, "edit_source", "O", "source", "the tool's source in $EDITOR", group="Act"),
    _action(TRANSCRIPT, "findings", "R", "findings", "the replay run that these verdicts are from"),
    # -- the list of traces ---------------------------------------------------------------------
    _action(TRACES, "open", "enter l right", "open", "open the trace", group="Move", footer=1),
    _action(
        TRACES,
        "filter",
        "f",
        "filter",
        "show only some: tool:NAME outcome:failed words",
        footer=2,
    ),
    _action(TRACES, "search", "slash", "search", "find a text in the list", footer=5),
    _action(TRACES, "match(1)", "n", "next match", "next match of the search"),
    _action(TRACES, "match(-1)", "N", "match back", "previous match"),
    _action(
        TRACES,
        "facets",
        "x",
        "pick a filter",
        "filter by what there is: tools, models, outcomes",
        footer=4,
    ),
    _action(TRACES, "sort", "s", "sort", "sort by the next column", footer=6),
    _action(TRACES, "turn_round", "S", "turn round", "sort the other way round"),
    _action(TRACES, "runs", "r R", "runs", "the replay runs so far, and what they found", footer=3),
    _action(TRACES, "schemas", "v", "schemas", "versions of a tool's schema, compared", footer=8),
    _action(TRACES, "metrics", "m", "metrics", "by model and tool: outcomes, times", footer=9),
    _action(
        TRACES,
        "seek(1)",
        "c",
        "next ≠",
        "next trace that differs or hits a breakpoint",
        group="Step",
        footer=7,
    ),
    _action(TRACES, "seek(-1)", "C", "back ≠", "the one before", group="Step"),
    _action(TRACES, "breakpoints", "B", "breakpoints", "list and edit the breakpoints"),
    _action(TRACES, "copy", "y", "copy", "copy the trace as JSON", group="Act", footer=11),
    _action(
        TRACES,
        "follow",
        "F",
        "follow",
        "stay on the newest trace while recording goes on",
        footer=10,
    ),
    # -- what there is to choose from -----------------------------------------------------------
    _action(
        FACETS,
        "choose",
        "enter l right",
        "only these",
        "show only the traces with this value",
        group="Move",
        footer=1,
    ),
    _action(
        FACETS,
        "group(1)",
        "right_square_bracket",
        "next group",
        "next group",
        group="Move",
        footer=3,
    ),
    _action(FACETS, "group(-1)", "left_square_bracket", "group back", "group before", group="Move"),
    _action(FACETS, "search", "slash", "search", "find a text in the list", footer=2),
    _action(FACETS, "step(1)", "n", "next match", "next match of the search"),
    _action(FACETS, "step(-1)", "N", "match back", "previous match"),
    # -- an empty database ----------------------------------------------------------------------
    _action(
        EMPTY, "demo", "t", "try the demo", "record and replay the demo", group="Act", footer=1
    ),
    _action(
        EMPTY, "import_file", "i", "import traces", "import a file of traces", group="Act", footer=2
    ),
    _action(EMPTY, "retry", "r", "look again", "open the database again", group="Act", footer=3),
    # -- replay runs ----------------------------------------------------------------------------
    _action(RUNS, "open", "enter l right", "open", "what the run found", group="Move", footer=1),
    _action(RUNS, "copy", "y", "copy", "copy the run as JSON", group="Act", footer=3),
    # -- findings -------------------------------------------------------------------------------
    _action(
        FINDINGS,
        "open",
        "enter",
        "transcript",
        "this call in its transcript",
        group="Move",
        footer=1,
    ),
    _action(
        FINDINGS,
        "approve",
        "a",
        "approve",
        "approve this finding: it is meant",
        group="Act",
        footer=2,
    ),
    _action(
        FINDINGS, "call(1)", "n", "next call", "next call with this cause", group="Step", footer=3
    ),
    _action(
        FINDINGS,
        "call(-1)",
        "p N",
        "call back",
        "previous call with this cause",
        group="Step",
        footer=4,
    ),
    _action(
        FINDINGS,
        "compare",
        "v",
        "compare",
        "this call, recorded against today, side by side too",
        footer=5,
    ),
    _action(FINDINGS, "search", "slash", "search", "find a text in this pane"),
    _action(FINDINGS, "zoom", "z", "zoom", "only this pane, and back", footer=7),
    _action(
        FINDINGS, "copy", "y", "copy", "copy what the cursor is on, as JSON", group="Act", footer=6
    ),
    # -- where a value came from ----------------------------------------------------------------
    _action(
        ORIGINS,
        "open",
        "enter l right",
        "go there",
        "this place in the transcript",
        group="Move",
        footer=1,
    ),
    _action(ORIGINS, "copy", "y", "copy", "copy the places as JSON", group="Act", footer=3),
    # -- one call, recorded against today -------------------------------------------------------
    _action(COMPARISON, "change(1)", "n", "next", "next change", group="Step", footer=1),
    _action(COMPARISON, "change(-1)", "p N", "back", "previous change", group="Step", footer=2),
    _action(
        COMPARISON, "call(1)", "c f5", "next ≠", "next call that differs", group="Step", footer=3
    ),
    _action(COMPARISON, "call(-1)", "C", "back ≠", "previous call that differs", group="Step"),
    _action(
        COMPARISON, "beside", "D", "side by side", "side by side, or one below the other", footer=4
    ),
    _action(
        COMPARISON,
        "more(1)",
        "right_curly_bracket",
        "more",
        "more of what is equal around each change",
        footer=5,
    ),
    _action(
        COMPARISON,
        "more(-1)",
        "left_curly_bracket",
        "less",
        "less of what is equal",
        footer=6,
    ),
    _action(COMPARISON, "search", "slash", "search", "find a text", footer=7),
    _action(
        COMPARISON,
        "copy",
        "y",
        "copy",
        "copy what the cursor is on, as JSON",
        group="Act",
        footer=8,
    ),
    _action(COMPARISON, "copy_all", "Y", "copy all", "copy the call and its verdict", group="Act"),
    # -- versions of a tool's schema ------------------------------------------------------------
    _action(
        SCHEMAS,
        "open",
        "enter",
        "payload",
        "the first recorded call that this hits",
        group="Move",
        footer=1,
    ),
    _action(SCHEMAS, "tool(1)", "right_square_bracket", "next tool", "next tool", footer=2),
    _action(SCHEMAS, "tool(-1)", "left_square_bracket", "tool back", "previous tool"),
    _action(SCHEMAS, "older(-1)", "less_than_sign", "older", "older version on the left", footer=3),
    _action(
        SCHEMAS, "older(1)", "greater_than_sign", "newer", "newer version on the left", footer=4
    ),
    _action(SCHEMAS, "newer(-1)", "left_parenthesis", "older right", "older version on the right"),
    _action(SCHEMAS, "newer(1)", "right_parenthesis", "newer right", "newer version on the right"),
    _action(SCHEMAS, "form", "t", "form", "what models were shown, or what validates", footer=5),
    _action(SCHEMAS, "change(1)", "n", "next change", "next change in the definition"),
    _action(SCHEMAS, "change(-1)", "p N", "change back", "previous change in the definition"),
    _action(
        SCHEMAS, "beside", "D", "side by side", "side by side, or one below the other", footer=6
    ),
    _action(SCHEMAS, "more(1)", "right_curly_bracket", "more", "more of what is equal", footer=7),
    _action(SCHEMAS, "more(-1)", "left_curly_bracket", "less", "less of what is equal"),
    _action(SCHEMAS, "search", "slash", "search", "find a text in this pane"),
    _action(SCHEMAS, "zoom", "z", "zoom", "only this pane, and back"),
    _action(SCHEMAS, "copy", "y", "copy", "copy the differences as JSON", group="Act", footer=8),
    # -- replaying ------------------------------------------------------------------------------
    _action(REPLAYING, "start", "enter", "start", "start the replay", group="Act", footer=1),
    _action(REPLAYING, "scope", "s space", "traces", "other traces", group="Act", footer=2),
    _action(REPLAYING, "tools", "t", "tools", "name the tools", group="Act", footer=3),
    _action(
        REPLAYING,
        "parser",
        "v",
        "parser",
        "how arguments are read: strict, flexible",
        group="Act",
        footer=4,
    ),
    _action(
        REPLAYING, "hide", "h", "hide", "go on meanwhile; H shows it again", group="Act", footer=5
    ),
    # -- an edited branch -----------------------------------------------------------------------
    _action(
        WHAT_IF,
        "difference(1)",
        "n",
        "next ≠",
        "next call that the edit changes",
        group="Step",
        footer=1,
    ),
    _action(
        WHAT_IF,
        "difference(-1)",
        "p N",
        "back ≠",
        "previous call that the edit changes",
        group="Step",
        footer=2,
    ),
    _action(WHAT_IF, "search", "slash", "search", "find a text in this pane"),
    _action(WHAT_IF, "zoom", "z", "zoom", "only this pane, and back", footer=7),
    _action(
        WHAT_IF, "copy", "y", "copy", "copy what the cursor is on, as JSON", group="Act", footer=6
    ),
    # -- what can be copied ----------------------------------------------------------------------
    _action(
        COPYING,
        "take",
        "enter l right y",
        "copy",
        "copy this form, and go back",
        group="Act",
        footer=1,
    ),
    # -- labelling -------------------------------------------------------------------------------
    _action(
        LABELLING, "call(1)", "n", "next", "next call, without a label", group="Step", footer=1
    ),
    _action(LABELLING, "call(-1)", "p N", "back", "previous call", group="Step", footer=2),
    _action(
        LABELLING, "undo", "u", "undo", "take back the label given last", group="Act", footer=3
    ),
    # -- metrics --------------------------------------------------------------------------------
    _action(
        METRICS, "open", "enter", "traces", "the traces with these calls", group="Move", footer=1
    ),
    _action(METRICS, "group", "t", "group", "count by something else", footer=2),
    _action(METRICS, "sort(1)", "s", "sort", "sort by something else", footer=3),
    _action(METRICS, "sort(-1)", "S", "sort back", "sort by what was before"),
    _action(METRICS, "period(1)", "right_square_bracket", "period", "shorter period", footer=4),
    _action(METRICS, "period(-1)", "left_square_bracket", "period back", "longer period"),
    _action(METRICS, "search", "slash", "search", "find a text in this pane"),
    _action(METRICS, "zoom", "z", "zoom", "only this pane, and back", footer=6),
    _action(METRICS, "copy", "y", "copy", "copy the row as JSON", group="Act", footer=5),
    # -- breakpoints and watches ----------------------------------------------------------------
    *(
        action
        for place, noun in ((BREAKPOINTS, "breakpoint"), (WATCHES, "watch"))
        for action in (
            _action(place, "add", "a", "add", f"add a {noun}", group="Act", footer=1),
            _action(place, "edit", "enter e", "edit", "change it", group="Act", footer=2),
            _action(place, "remove", "x delete", "remove", "take it out", group="Act", footer=4),
            _action(place, "copy", "y", "copy", "copy the list as JSON", group="Act", footer=6),
        )
    ),
    _action(BREAKPOINTS, "switch", "t", "on or off", "let it count, or not", group="Act", footer=3),
    _action(
        BREAKPOINTS,
        "hits",
        "h",
        "hits",
        "which of its hits it stops at: 3, >=3, %10",
        group="Act",
        footer=5,
    ),
    _action(
        WATCHES, "switch", "t", "stop or show", "stop at its changes, or not", group="Act", footer=3
    ),
    # -- every list and pane --------------------------------------------------------------------
    _action(LINES, "move(1)", "j down", "down", "next line", group="Move"),
    _action(LINES, "move(-1)", "k up", "up", "previous line", group="Move"),
    _action(LINES, "page(1)", "space pagedown ctrl+f", "page", "page down", group="Move"),
    _action(LINES, "page(-1)", "pageup ctrl+b", "page up", "page up", group="Move"),
    _action(LINES, "page(0.5)", "ctrl+d", "half page", "half a page down", group="Move"),
    _action(LINES, "page(-0.5)", "ctrl+u", "half page up", "half a page up", group="Move"),
    _action(LINES, "edge(-1)", "g home", "top", "first line", group="Move"),
    _action(LINES, "edge(1)", "G end", "end", "last line", group="Move"),
    _action(OUTLINE, "fold('toggle')", "enter", "fold", "fold or unfold; a long text: all of it"),
    _action(OUTLINE, "fold('open')", "l right", "unfold", "unfold"),
    _action(OUTLINE, "fold('close')", "h left", "fold", "fold, or go to what holds this"),
    _action(OUTLINE, "fold_all(True)", "plus", "unfold all", "unfold everything"),
    _action(OUTLINE, "fold_all(False)", "minus", "fold all", "fold everything"),
    _action(
        OUTLINE, "change(1)", "full_stop", "next change", "next change in this pane", group="Step"
    ),
    _action(
        OUTLINE, "change(-1)", "comma", "change back", "previous change in this pane", group="Step"
    ),
    # -- everywhere -----------------------------------------------------------------------------
    _action(
        EVERYWHERE, "other_pane(1)", "tab", "other pane", "the other pane", group="Move", footer=20
    ),
    _action(
        EVERYWHERE, "other_pane(-1)", "shift+tab", "pane back", "the pane before", group="Move"
    ),
    _action(
        EVERYWHERE, "help", "question_mark f1", "help", "these keys", group="Program", footer=30
    ),
    _action(EVERYWHERE, "job", "H", "under way", "the replay that is under way", group="Program"),
    _action(EVERYWHERE, "theme", "f2", "light or dark", "light or dark", group="Program"),
    _action(
        EVERYWHERE,
        "reveal",
        "f3",
        "hidden values",
        "show hidden values (the audit notes it), or hide them again",
        group="Program",
    ),
    _action(
        EVERYWHERE,
        "back",
        "q escape",
        "back",
        "back: ends a search or a filter first; on the first screen: quit",
        group="Program",
        footer=31,
    ),
    _action(
        EVERYWHERE,
        "stop",
        "ctrl+z",
        "to the shell",
        "to the shell; `fg` comes back",
        group="Program",
    ),
    _action(EVERYWHERE, "quit", "Q ctrl+q ctrl+c", "quit", "quit", group="Program"),
)

_KEY_WORDS: Final = {
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "escape": "esc",
    "home": "Home",
    "end": "End",
    "shift+tab": "shift+tab",
}


_own_keys: dict[str, tuple[str, ...]] = {}
"""Keys that somebody chose otherwise, by action."""


def use_keys(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Let footer, help, palette and tables name these keys instead of the table's own."""
    _own_keys.clear()
    _own_keys.update(keys)


def actions_of(*places: str) -> list[Action]:
    """Return the actions of these places, in the table's order, with the keys that are in use."""
    return [
        replace(action, keys=_own_keys[action.id]) if action.id in _own_keys else action
        for action in ACTIONS
        if action.place in places
    ]


def key_word(key: str) -> str:
    """Return a key as people write it: ``?``, ``F5``, ``PgDn``."""
    if key in _KEY_WORDS:
        return _KEY_WORDS[key]
    return key.upper() if key[0] == "f" and key[1:].isdecimal() else key


def key_name(word: str) -> str:
    """Return a key as Textual names it, from how people write it: ``?``, ``PgDn``, ``esc``."""
    for name, written in _KEY_WORDS.items():
        if word == written or word.lower() == written.lower() != written:
            return name
    return word if len(word) == 1 else word.lower()


def key_words(action: Action) -> str:
    """Return all keys of an action, as the help lists them."""
    return " ".join(key_word(key) for key in action.keys) or "ctrl+p"


_PLACE_WORDS: Final = {
    TRANSCRIPT: "In a transcript",
    TRACES: "In the list of traces",
    FACETS: "Where traces are chosen by what they have",
    RUNS: "In the list of replay runs",
    FINDINGS: "In the findings of a run",
    ORIGINS: "Where a value came from",
    REPLAYING: "Where a replay is started, and while it runs",
    WHAT_IF: "In an edited branch",
    COPYING: "What can be copied of a step",
    LABELLING: "Where calls are labelled (each label has a key of its own)",
    BREAKPOINTS: "In the list of breakpoints",
    WATCHES: "In the list of watches",
    COMPARISON: "In a comparison: one call, recorded against today",
    SCHEMAS: "In the schemas",
    METRICS: "In the metrics",
    LINES: "In every list and pane",
    OUTLINE: "In a detail pane",
    EMPTY: "On the first screen, while there is nothing to show",
    EVERYWHERE: "Everywhere",
}


def _key_cell(action: Action) -> str:
    return " ".join(f"`{key_word(key)}`" for key in action.keys) or "`ctrl+p`, by its name"


def key_tables() -> str:
    """Return all keys as Markdown, for docs/tui.md."""
    parts = []
    for place, words in _PLACE_WORDS.items():
        rows = [
            f"| {_key_cell(action)} | {action.help} | `{action.id}` |"
            for action in ACTIONS
            if action.place == place
        ]
        head = [f"### {words}", "", "| key | does | action |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"
