"""A tool's schema in two versions: field by field, with verdicts and the payloads that they hit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical

from replay.errors import ReplayError
from replay.records import JsonObject
from tui.actions import OUTLINE, SCHEMAS
from tui.answers import Asking
from tui.rows.schemas import Form, Side, ToolSchemas, read_definition, read_tool_schemas
from tui.screens.base import PanesScreen
from tui.views.entries import Entry
from tui.views.field_lines import (
    Field,
    field_header,
    fields_of,
    hit_key,
    hits_words,
    same_words,
    side_words,
)
from tui.views.parts import Part, printable
from tui.views.sames import CONTEXTS, context_words
from tui.views.schema_view import field_entries
from tui.widgets.bars import Bar
from tui.widgets.differences import Differences
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import FieldTable

_ROLES: Final = {
    "shown": "shown to models",
    "validator": "validates calls",
    "source": "the code's",
}

Pair = tuple[str, str]


class SchemasScreen(PanesScreen):
    """Versions of tools' schemas, two at a time."""

    BINDINGS = bindings(SCHEMAS)
    LIST_HEIGHT_MAX: ClassVar[int] = 0
    PLACES: ClassVar[tuple[str, ...]] = (SCHEMAS, OUTLINE)

    def __init__(self, tool: str | None = None) -> None:
        """``tool`` to begin with; None: the first one."""
        super().__init__()
        self._wanted_tool = tool
        self.tools: list[ToolSchemas] = []
        self.tool_index = self.form_index = self.context = 0
        self.old_index = self.new_index = 0
        self.difference: Mapping[str, Any] | None = None
        self.hits: Mapping[str, JsonObject] | None = None
        self.asking: Asking | None = None
        self.is_counting = False
        self._answers: dict[Pair, tuple[Mapping[str, Any], Mapping[str, JsonObject] | None]] = {}

    def compose_body(self) -> ComposeResult:
        """Column names, the fields above, one of them below."""
        yield Bar(id="columns", markup=False)
        with Vertical(id="body"):
            table = FieldTable(id="list-pane")
            table.add_class("pane")
            table.border_title = "Fields"
            yield table
            with Vertical(id="detail-pane", classes="pane"):
                yield Differences(id="outline")

    @property
    def table(self) -> FieldTable:
        """The fields."""
        return self.query_one(FieldTable)

    @property
    def pane(self) -> Differences:
        """What is known of one of them."""
        return self.query_one(Differences)

    def on_mount(self) -> None:
        """Read which tools there are."""
        self.table.focus()
        self.call_after_refresh(self._read)

    def on_unmount(self) -> None:
        """Leave no process behind."""
        if self.asking is not None:
            self.asking.stop()

    def on_resize(self, event: object) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)  # type: ignore[arg-type]  # Textual gives the event it has
        self._say_columns()

    def _read(self) -> None:
        try:
            self.tools = read_tool_schemas(self.replay.the_database)
        except ReplayError as error:
            self.pane.show([Entry((("× The schemas cannot be read.", "bad"),))])
            self.complain(error)
            return
        names = [one.tool for one in self.tools]
        if not names:
            self._show_nothing()
        elif self._wanted_tool is None or self._wanted_tool in names:
            self._turn_to_tool(names.index(self._wanted_tool) if self._wanted_tool else 0)
        else:
            self._show_unknown(self._wanted_tool)

    def _show_unknown(self, tool: str) -> None:
        self._turn_to_tool(0)
        self.say(
            (f"no schema of {printable(tool)} was recorded", "warn"), ("   [ ] other tools", "dim")
        )

    def _show_nothing(self) -> None:
        self.say_head([("Schemas", "strong")])
        self.pane.show(
            [
                Entry((("No schema of a tool was recorded.", "strong"),)),
                Entry((("", ""),)),
                Entry((("They come with prompts that show tools to a model, and with", ""),)),
                Entry((("tools that are in a Toolbox:", ""),)),
                Entry((("", ""),)),
                Entry((("  toolbox = Toolbox(); toolbox.add(my_tool)", "good"),)),
            ]
        )
        self.say(("no schemas", "warn"))

    # -- what is compared -------------------------------------------------------------------------

    @property
    def tool(self) -> ToolSchemas:
        """The tool that is looked at."""
        return self.tools[self.tool_index]

    @property
    def form(self) -> Form:
        """The form of its schema."""
        return self.tool.forms[self.form_index]

    @property
    def sides(self) -> list[Side]:
        """All its versions in that form."""
        return self.tool.sides(self.form)

    @property
    def is_comparing(self) -> bool:
        """Whether it is not known yet what changed."""
        return self.asking is not None and self.difference is None

    def _turn_to_tool(self, index: int) -> None:
        self.tool_index, self.form_index = index, 0
        shown = [at for at, form in enumerate(self.tool.forms) if "shown" in form.roles]
        self.form_index = shown[0] if shown else 0
        self._turn_to_newest()

    def _turn_to_newest(self) -> None:
        last = len(self.sides) - 1
        self.old_index, self.new_index = max(0, last - 1), last
        self._compare()

    def _compare(self) -> None:
        """Show the two versions that are chosen: at once where they were compared before."""
        if self.asking is not None:
            self.asking.stop()
            self.asking = None
        old, new = self.sides[self.old_index], self.sides[self.new_index]
        self.difference, self.hits, self.is_counting = None, None, False
        self._say_head()
        if old == new:
            self._show_alone(old)
            return
        known = self._answers.get((old.reference, new.reference))
        if known is not None:
            self.difference, self.hits = known
            self._show()
            return
        self._set_fields([])
        words = f"◐ comparing {old.label} with {new.label}"
        self.pane.show([Entry(((words, "accent"),))])
        self.say((words, "accent"), ("   esc leaves", "dim"))
        self.asking = Asking()
        self._ask(self.asking, old, new)

    @work(thread=True, description="a thread", group="schemas")
    def _ask(self, asking: Asking, old: Side, new: Side) -> None:
        """Compare in a process of its own, then count in another what recorded payloads say."""
        path, today = str(self.replay.path), self.tool.today
        words = ["schema", "diff", path, old.reference, new.reference]
        counts_hits = new.known is None and today is not None
        try:
            if counts_hits:
                assert today is not None
                words = [*words[:-1], *today.options]
            difference = asking(words)
            if difference is not None:
                self.app.call_from_thread(self._compared, asking, difference, counts_hits)
            if difference is not None and counts_hits and difference["changes"]:
                assert today is not None
                said = asking(
                    ["schema", "check", path, *today.options, "--tool", self.tool.tool, "--all"]
                )
                if said is not None:
                    self.app.call_from_thread(self._counted, asking, said)
        except ReplayError as error:
            if not asking.is_stopped:
                self.app.call_from_thread(self._could_not_compare, asking, error)

    def _compared(self, asking: Asking, difference: Mapping[str, Any], counts: bool) -> None:
        if asking is not self.asking or not self.is_ready:
            return
        self.difference = difference
        self.is_counting = counts and bool(difference["changes"])
        self._remember()
        self._show()

    def _counted(self, asking: Asking, said: Mapping[str, Any]) -> None:
        if asking is not self.asking or not self.is_ready:
            return
        self.is_counting = False
        self.hits = {
            hit_key(change): {**change["evidence"], "mend": change["mend"]}
            for change in said["changes"]
            if change.get("evidence")
        }
        self._remember()
        self._show(keep=True)

    def _could_not_compare(self, asking: Asking, error: ReplayError) -> None:
        if asking is not self.asking or not self.is_ready:
            return
        self.is_counting = False
        if self.difference is None:
            self.asking = None  # it has ended, and nothing will come
            lines = str(error).splitlines() or [type(error).__name__]
            self.pane.show(
                [
                    Entry((("× These two cannot be compared.", "bad"),)),
                    *(Entry(((printable(line), ""),)) for line in lines),
                    Entry((("", ""),)),
                    Entry((("< > another version   [ ] another tool", "dim"),)),
                ]
            )
        self.complain(error)

    def _remember(self) -> None:
        assert self.difference is not None
        pair = self.sides[self.old_index].reference, self.sides[self.new_index].reference
        if not self.is_counting:
            self._answers[pair] = (self.difference, self.hits)

    # -- what it shows ----------------------------------------------------------------------------

    def _show_alone(self, side: Side) -> None:
        """Show the one version that there is."""
        definition = None
        with self.telling_errors():
            if side.known is not None:
                definition = read_definition(self.replay.the_database, side.known.id)
        self._set_fields(fields_of(definition, definition, ()))
        self.say(
            ("one version is known   ", "warn"),
            ("replay run --tools package.module:toolbox makes today's known, too", "dim"),
        )
        self._show_field()

    def _show(self, *, keep: bool = False) -> None:
        difference = self.difference
        assert difference is not None
        fields = fields_of(
            difference["old"]["definition"], difference["new"]["definition"], difference["changes"]
        )
        self._set_fields(fields, keep=keep)
        self._say_head()
        self._show_field(keep=keep)
        self._say_counts()

    def _say_counts(self) -> None:
        if self.difference is None or not self.difference["changes"]:
            self.say(("✓ no difference", "good"))
            return
        said: list[Part] = [(same_words(self.table.fields), "strong")]
        if self.is_counting:
            said.append(("   ◐ counting the recorded payloads that they hit", "accent"))
        elif self.hits is None:
            said.append(("   payloads are counted against today's tools only", "dim"))
        else:
            shown = [hit_key(change) for change in self.difference["changes"]]
            said.append(hits_words([self.hits[key] for key in shown if key in self.hits]))
        self.say(*said)

    def _set_fields(self, fields: list[Field], *, keep: bool = False) -> None:
        table = self.table
        table.fields, table.hits, table.is_counting = fields, self.hits, self.is_counting
        which = f"tool {self.tool_index + 1} of {len(self.tools)}"
        table.noun, table.place_more = "field" if fields else "", f" · {which}"
        table.border_subtitle = which
        if not keep:
            table.set_reactive(FieldTable.cursor, 0)
        table.lines_changed()
        self._say_columns()

    def _show_field(self, *, keep: bool = False) -> None:
        fields = self.table.fields
        field = fields[self.table.cursor] if fields else None
        entries = field_entries(field, self.difference, self.hits, context=CONTEXTS[self.context])
        if keep:
            self.pane.replace(entries)
        else:
            self.pane.show(entries)

    def _say_head(self) -> None:
        old, new = self.sides[self.old_index], self.sides[self.new_index]
        roles = ", ".join(_ROLES[role] for role in self.form.roles)
        self.say_head(
            [
                (printable(self.tool.tool), "strong"),
                (f"   {old.label}", "removed"),
                (f" → {new.label}" if old != new else "", "accent"),
                (f"   {roles} ({self.form.dialect})", "dim"),
                ("" if new.known or self.tool.today is None else self._today_words(), "dim"),
            ]
        )

    def _today_words(self) -> str:
        today = self.tool.today
        return f"   today: {printable(today.toolbox)}" if today is not None else ""

    def _say_columns(self) -> None:
        if not self.tools:
            return
        old, new = self.sides[self.old_index], self.sides[self.new_index]
        labels = [
            side_words(one.label, one.known.call_count if one.known else None, 24)
            for one in (old, new)
        ]
        header = field_header(self.table.line_width, (labels[0], labels[1]), has_two=old != new)
        self.query_one("#columns", Bar).say(header)

    @on(Lines.Moved, "#list-pane")
    def _moved(self) -> None:
        self._show_field()

    @on(Lines.Chosen, "#list-pane")
    def _chosen(self) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------

    def action_tool(self, direction: int) -> None:
        """Look at another tool."""
        if self.tools:
            self._turn_to_tool((self.tool_index + direction) % len(self.tools))

    def action_older(self, direction: int) -> None:
        """Choose another older version; what is in its way on the right goes on, too."""
        old = self.old_index + direction
        self._choose(old, self.new_index + (direction if old == self.new_index else 0))

    def action_newer(self, direction: int) -> None:
        """Choose another newer version; what is in its way on the left goes on, too."""
        new = self.new_index + direction
        self._choose(self.old_index + (direction if new == self.old_index else 0), new)

    def _choose(self, old: int, new: int) -> None:
        if not self.tools or not 0 <= old < len(self.sides) or not 0 <= new < len(self.sides):
            self.app.bell()
            self.say(("there is no other version in this direction", "warn"))
            return
        self.old_index, self.new_index = old, new
        self._compare()

    def action_form(self) -> None:
        """Look at what models were shown, or at what validates."""
        if not self.tools or len(self.tool.forms) < 2:
            self.app.bell()
            self.say(
                (
                    "no other schema of this tool was recorded: models were shown what validates",
                    "warn",
                )
            )
            return
        self.form_index = (self.form_index + 1) % len(self.tool.forms)
        self._turn_to_newest()

    def action_open(self) -> None:
        """Open the first recorded call that this field's changes hit."""
        fields = self.table.fields
        field = fields[self.table.cursor] if fields else None
        for change in field.changes if field is not None else ():
            first = (self.hits or {}).get(hit_key(change), {}).get("first")
            if first:
                self.replay.open_trace(str(first[0]), step_number=int(first[1]), tab="Payload")
                return
        self.app.bell()
        self.say((self._why_none(field), "warn"))

    def _why_none(self, field: Field | None) -> str:
        """Say why there is no recorded call to open for a field."""
        if self.is_comparing:
            old, new = self.sides[self.old_index], self.sides[self.new_index]
            return f"◐ still comparing {old.label} with {new.label}: then it says what changed"
        if self.is_counting:
            return "◐ still counting: enter opens the first call that this hits once it is known"
        if field is None or not field.changes:
            return "nothing changes here, so it hits no recorded payload"
        if self.hits is None:
            return "nobody has counted: payloads are counted against today's tools only"
        return "no recorded payload is hit by this"

    def action_beside(self) -> None:
        """Let the definitions stand side by side."""
        self.pane.turn()

    def action_more(self, direction: int) -> None:
        """Show more of what is equal in the definitions, or less."""
        wanted = self.context + direction
        if not 0 <= wanted < len(CONTEXTS):
            self.app.bell()
            self.say((f"already: {context_words(self.context)}", "warn"))
            return
        self.context = wanted
        self._show_field(keep=True)
        self.say((context_words(wanted), ""))

    def action_change(self, direction: int) -> None:
        """Go to the next change of the definitions; while a search is on: to the next match."""
        if not self.search_step(direction):
            self.pane.action_change(direction)

    def action_copy(self) -> None:
        """Copy what the cursor is on: in the list all differences."""
        if self.focused is self.pane:
            self.copy(self.pane.value_here(), "this")
        elif self.difference is not None:
            self.copy(self.difference, f"the difference of {printable(self.tool.tool)}")
