"""Which version of their tools calls were written for that were recorded without one.

Chat files, and tools under ``@recorder.tool``, have no versions. The user may say it by tool; else
it is found by content: the schema that the model was shown is that of one known version. Nothing
is guessed: where no version fits, or several do, the calls are read as today's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Literal

from replay.errors import ReplayError, SelectionError, ToolboxError
from replay.records import CallVerdict, JsonObject, JsonValue, ToolCall, ToolSchema, Transcript
from replay.store import Store

By = Literal["named", "schema", "step"]

_UNVERSIONED: Final = ""
"""As `replay.tools.translations` has it; nothing of the tools is imported before it is needed."""

_WORDS_ONLY: Final = frozenset(("title", "description", "examples", "$schema", "$comment"))
_BESIDE_VALUES: Final = _WORDS_ONLY | {"default"}
_WHY: Final[dict[By, str]] = {
    "named": "you say so",
    "schema": "the model was shown its schema",
    "step": "a translation leads on from there",
}


class WrittenFor:
    """Says of each call of a replay run which version it was written for."""

    def __init__(
        self,
        store: Store,
        *,
        named: Mapping[str, str],
        versions: Iterable[JsonObject],
        schemas: Iterable[ToolSchema] = (),
        from_unversioned: Collection[str] = (),
    ) -> None:
        """``named``: version by tool, as the user says it.

        ``from_unversioned``: tools with a translation from the time when they had no version.

        ``versions`` are today's (``name``, ``version``, ``parameters``), ``schemas`` the recorded
        ones: both tell what a version's schema is.
        """
        self._store = store
        self._named = named
        self._known = _known(versions, schemas)
        self._from_unversioned = frozenset(from_unversioned)
        self._found: dict[tuple[int | None, str], str | None] = {}
        self._taken: dict[str, tuple[str, By]] = {}
        self._counts: Counter[tuple[str, str, By]] = Counter()

    def applied(self, transcript: Transcript) -> Transcript:
        """Return ``transcript`` with the versions of calls that have none, where they are known."""
        without = [
            step
            for step in transcript.steps
            if isinstance(step, ToolCall)
            and step.tool_version is None
            and (
                step.tool in self._named
                or step.tool in self._known
                or step.tool in self._from_unversioned
            )
        ]
        if not without:
            return transcript
        shown = self._shown(transcript, without)
        for call in without:
            version, by = self._version_of(call, shown)
            if version is not None:
                self._taken[call.id] = (version, by)
        steps = [
            step.model_copy(update={"tool_version": self._taken[step.id][0]})
            if step.id in self._taken
            else step
            for step in transcript.steps
        ]
        return transcript.model_copy(update={"steps": steps})

    def noted(self, verdict: CallVerdict) -> CallVerdict:
        """Return ``verdict`` with why its call was taken for a version, where it was."""
        taken = self._taken.pop(verdict.tool_call_id, None)
        if taken is None:
            return verdict
        version, by = taken
        self._counts[verdict.tool, version, by] += (
            1  # judged: others may be left when it is stopped
        )
        taken_for = f"version {version}" if version else "a call from before it had versions"
        note = f"Taken for {taken_for}: {_WHY[by]}."
        return verdict.model_copy(update={"note": f"{verdict.note or ''} {note}".strip()})

    def report(self) -> list[JsonObject]:
        """Return one object by tool, version and how that was known, with the number of calls."""
        return [
            {"tool": tool, "version": version, "by": by, "calls": calls}
            for (tool, version, by), calls in sorted(self._counts.items())
        ]

    def _shown(self, transcript: Transcript, calls: Sequence[ToolCall]) -> Mapping[str, int | None]:
        if all(call.tool in self._named for call in calls):
            return {}
        return self._store.toolset_keys(transcript.trace.id)

    def version_of(self, tool: str, toolset: int | None) -> str | None:
        """Return the version of a call that has none; None: it is not known.

        ``toolset``: which tools its model was shown, as `Store.toolset` has them.
        """
        return self._by_toolset(tool, toolset)[0]

    def version_with(self, tool: str, parameters: JsonObject) -> str | None:
        """Return the version that a schema which a model was shown is of; None: not known."""
        if tool in self._named:
            return self._named[tool]
        found = self._only_version(tool, parameters)
        return _UNVERSIONED if found is None and tool in self._from_unversioned else found

    def _version_of(self, call: ToolCall, shown: Mapping[str, int | None]) -> tuple[str | None, By]:
        return self._by_toolset(call.tool, shown.get(call.model_call_id or ""))

    def _by_toolset(self, tool: str, toolset: int | None) -> tuple[str | None, By]:
        if tool in self._named:
            return self._named[tool], "named"
        key = (toolset, tool)
        if key not in self._found:
            self._found[key] = None if key[0] is None else self._by_content(key[0], tool)
        if self._found[key] is None and tool in self._from_unversioned:
            return _UNVERSIONED, "step"
        return self._found[key], "schema"

    def _by_content(self, toolset: int, tool: str) -> str | None:
        """Return the only version whose schema is the one that was shown; None: there is none."""
        from replay.tools.schemas import parameters_of

        for definition in self._store.toolset(toolset):
            try:
                name, _, parameters = parameters_of(definition)
            except (ToolboxError, AttributeError):
                continue  # a provider's own tool: it has no schema
            if name == tool:
                return self._only_version(tool, parameters)
        return None

    def _only_version(self, tool: str, parameters: JsonObject) -> str | None:
        for left_out in (_WORDS_ONLY, _BESIDE_VALUES):
            shown = _shape(parameters, left_out)
            fitting = {
                version
                for version, known in self._known.get(tool, ())
                if shown in (_shape(form, left_out) for form in _forms(known, tool))
            }
            if fitting:
                return next(iter(fitting)) if len(fitting) == 1 else None
        return None


def _known(
    versions: Iterable[JsonObject], schemas: Iterable[ToolSchema]
) -> dict[str, list[tuple[str, JsonObject]]]:
    known: dict[str, list[tuple[str, JsonObject]]] = {}
    for one in versions:
        if one["version"] is not None:
            known.setdefault(one["name"], []).append((one["version"], one["parameters"]))
    for schema in schemas:
        if schema.tool_version is not None and isinstance(schema.definition, dict):
            from replay.tools.schemas import parameters_of

            try:
                _, _, parameters = parameters_of(schema.definition)
            except ToolboxError:
                continue
            known.setdefault(schema.tool, []).append((schema.tool_version, parameters))
    return known


def _forms(parameters: JsonObject, tool: str) -> list[JsonObject]:
    """A schema as it is, and as strict mode has it, where that can say it."""
    from replay.tools.schemas import strict_form

    try:
        return [parameters, strict_form(parameters, tool=tool)]
    except (ToolboxError, LookupError, RecursionError):
        return [parameters]


def _shape(schema: JsonValue, left_out: Collection[str]) -> str:
    return json.dumps(_bare(schema, left_out), sort_keys=True)


def _bare(schema: JsonValue, left_out: Collection[str]) -> JsonValue:
    if isinstance(schema, list):
        return [_bare(one, left_out) for one in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {
        key: sorted(map(str, part)) if key == "required" else _bare(part, left_out)
        for key, part in schema.items()
        if key not in left_out
    }
    for key in ("properties", "$defs", "definitions"):  # names of fields, not keywords
        if isinstance(schema.get(key), dict):
            bare[key] = {name: _bare(part, left_out) for name, part in schema[key].items()}
    return bare


def read_versions(words: Sequence[str]) -> dict[str, str]:
    """Return the versions that ``TOOL=VERSION`` words say.

    Raises:
        ReplayError: one says none.
    """
    found = {}
    for word in words:
        tool, equals, version = word.rpartition("=")
        if not (tool and equals and version):
            raise ReplayError(
                f"{word!r} names no version of a tool.",
                hint="Write it as TOOL=VERSION: `create_event=1`.",
            )
        found[tool] = version
    return found


def refuse_unknown(named: Mapping[str, str], known: Collection[str]) -> None:
    """Refuse a version of a tool that is neither recorded nor here.

    Raises:
        SelectionError: it names the nearest one.
    """
    for tool in named:
        if tool not in known:
            raise SelectionError(
                f"There is no tool {tool!r}, neither in the toolbox nor in the recording: that its "
                f"calls are of version {named[tool]!r} would hold for nothing.",
                nearest=next(iter(get_close_matches(tool, known, 1, cutoff=0.4)), None),
                hint=f"There are: {', '.join(sorted(known)[:12])}.",
            )
