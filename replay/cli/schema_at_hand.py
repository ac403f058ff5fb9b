"""One schema that a command speaks of: recorded, or today's; in its own dialect, or in another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay.cli.schema_names import named_schemas, short_id, split_reference, unknown_name
from replay.errors import SelectionError
from replay.records import JsonObject, JsonValue

if TYPE_CHECKING:
    from replay.replayer.questions.asking import DescribedTool, DescribedToolbox
    from replay.store import Store
    from replay.store.schemas import KnownSchema

BARE = "json-schema"
"""The arguments' JSON Schema alone, in no provider's envelope."""
_WITHOUT_PARAMETERS = ("openai-custom", "provider")


@dataclass(frozen=True, slots=True)
class SchemaAtHand:
    """A schema with its definition, and what is known of it."""

    tool: str
    version: str | None
    dialect: str
    definition: JsonValue
    said: str
    """Which it is, in a few words: ``recorded, b6fae42f``."""
    known: KnownSchema | None = None
    """What it was used for; None: it is today's."""
    described: DescribedTool | None = None
    """Today's tool; None: it is recorded."""

    @property
    def parameters(self) -> JsonObject | None:
        """The JSON Schema of the arguments; None: the dialect has none."""
        from replay.tools.schemas import parameters_of

        if self.dialect in _WITHOUT_PARAMETERS or not isinstance(self.definition, dict):
            return None
        if self.dialect == BARE:
            return self.definition
        return parameters_of(self.definition)[2]

    @property
    def description(self) -> str:
        """What a model is told that the tool does."""
        from replay.tools.schemas import parameters_of

        if self.described is not None:
            return self.described.description
        if not isinstance(self.definition, dict) or self.dialect in _WITHOUT_PARAMETERS:
            return ""
        return parameters_of(self.definition)[1] or ""

    def rendered(self, dialect: str) -> SchemaAtHand:
        """Return the same schema as replay would show it in another dialect.

        Raises:
            ToolboxError: strict mode cannot express it.
            SelectionError: it has no JSON Schema, or no definition is shown in that dialect.
        """
        from replay.tools.schemas import DIALECTS, definition_in

        if dialect == self.dialect:
            return self
        parameters = self.parameters
        if parameters is None or dialect not in (BARE, *DIALECTS):
            raise SelectionError(
                f"The schema of {self.tool!r} ({self.dialect}) has no form in {dialect!r}.",
                hint=f"Definitions are shown in {', '.join(DIALECTS)}.",
            )
        definition = (
            parameters
            if dialect == BARE
            else definition_in(
                dialect, name=self.tool, description=self.description, parameters=parameters
            )
        )
        said = f"written of the {self.dialect} one {self.said}"
        return SchemaAtHand(
            self.tool, self.version, dialect, definition, said, self.known, self.described
        )


def recorded(store: Store, known: KnownSchema) -> SchemaAtHand:
    """Return a recorded schema with its definition."""
    return SchemaAtHand(
        tool=known.tool,
        version=", ".join(known.versions) or None,
        dialect=known.dialect,
        definition=store.tool_schema(known.id).definition,
        said=f"recorded, {short_id(known.id)}",
        known=known,
    )


def recorded_as(store: Store, reference: str, dialect: str | None) -> SchemaAtHand:
    """Return the newest recorded schema that ``reference`` means.

    In ``dialect`` it is what was recorded in it, else the newest written in it.

    Raises:
        SelectionError: there is no such tool or version.
        ToolboxError: it cannot be written in that dialect.
    """
    found = named_schemas(store, reference)
    if dialect is None:
        return recorded(store, found[0])
    of_dialect = [one for one in found if one.dialect == dialect]
    return recorded(store, (of_dialect or found)[0]).rendered(dialect)


def todays(toolbox: DescribedToolbox, reference: str, dialect: str | None) -> SchemaAtHand:
    """Return the schema of one of today's tools; in no dialect: its source.

    Raises:
        SelectionError: there is no such tool, version, or form in the dialect.
    """
    from replay.cli.schema_today import place_words

    tool = todays_tool(toolbox, reference)
    if dialect is None or dialect == BARE:
        definition: JsonValue = tool.parameters
        dialect = BARE
    elif dialect == "pydantic":  # recorded so, too: the source in the envelope of `openai`
        definition = tool.shown["openai"]
    elif dialect in tool.shown:
        definition = tool.shown[dialect]
    else:
        why = tool.not_shown.get(dialect)
        raise SelectionError(
            f"{tool.name!r} has no form in {dialect!r}{': ' + why if why else '.'}",
            hint=f"It is shown in {', '.join(tool.shown)}.",
        )
    place = place_words(tool)
    said = f"today, {place}" if place else "today"
    return SchemaAtHand(tool.name, tool.version, dialect, definition, said, described=tool)


def todays_tool(toolbox: DescribedToolbox, reference: str) -> DescribedTool:
    """Return one of today's tools: ``TOOL``, the version that runs, or ``TOOL@VERSION``.

    Raises:
        SelectionError: there is none; names the nearest.
    """
    whole = toolbox.find(reference)
    if whole is not None:
        return whole
    name, version = split_reference(reference)
    if toolbox.find(name) is None:
        names = list(dict.fromkeys(tool.name for tool in toolbox.tools))
        raise unknown_name(name, names, f"The toolbox {toolbox.name!r}")
    found = toolbox.find(name, version)
    if found is None:
        versions = _versions(toolbox.tools, name)
        raise SelectionError(
            f"The toolbox {toolbox.name!r} has no version {version!r} of {name!r}.",
            hint=f"It has {versions}.",
        )
    return found


def _versions(tools: Sequence[DescribedTool], name: str) -> str:
    return ", ".join(tool.version or "one without a version" for tool in tools if tool.name == name)
