"""What the replayed traffic did not reach: "nothing changed" says little about a tool nobody calls.

Written for a stream, as findings are: ``add`` every call, then ``report``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from replay.records import CallResult, JsonObject, JsonValue, Outcome
from replay.verdicts.answers import Ending, ending
from replay.verdicts.canonical import read_response
from replay.verdicts.reached import Argument, arguments_of, mark, walked


class Coverage:
    """What calls reached of a toolbox."""

    def __init__(self, schemas: Mapping[str, JsonObject]) -> None:
        """``schemas``: the JSON Schema of every tool's arguments, by tool name."""
        self._schemas = dict(schemas)
        self._calls: Counter[str] = Counter()
        self._endings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._arguments: dict[str, dict[str, Argument]] = {}
        self._disagreeing: Counter[str] = Counter()
        self._objections: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(
        self,
        tool: str,
        arguments: str,
        result: CallResult | None,
        schema_errors: Sequence[JsonObject] = (),
        recorded: Outcome | None = None,
    ) -> None:
        """Count one replayed call; ``result`` None was not run and reached nothing.

        ``schema_errors`` is what today's schema has against the arguments, gating or not.
        ``recorded`` is how the call ended when it was recorded: that way of ending was seen too.
        """
        if recorded is not None:
            self._endings[tool][ending(recorded).value] += 1
        if result is None:
            return
        if schema_errors and ending(result.outcome) is not Ending.REJECTED:
            self._disagreeing[tool] += 1
            self._objections[tool].update(_objection(error) for error in schema_errors)
        self._calls[tool] += 1
        self._endings[tool][ending(result.outcome).value] += 1
        if not isinstance(result.payload, dict) or ending(result.outcome) is Ending.REJECTED:
            return
        asked = read_response(arguments).value
        if isinstance(asked, dict):
            mark(self._arguments_of(tool), asked)

    def report(self) -> JsonObject:
        """Return what no call reached, as plain JSON.

        ``tools``: never called. ``outcomes``: by tool, ways of ending (``ok``, ``failing``) that no
        call of it had, neither recorded nor replayed. ``arguments``: by tool, optional arguments
        never given. ``values``: by tool and argument, enum values never used, neither given nor as
        the default. ``schema_disagrees``: by tool, calls that ran though
        the schema shown to models forbids them, and its most frequent objection.
        """
        called = [tool for tool in self._schemas if self._calls[tool]]
        arguments: dict[str, list[str]] = {}
        values: dict[str, dict[str, list[JsonValue]]] = {}
        for tool in called:
            unused, unsent = self._unreached(tool)
            if unused:
                arguments[tool] = unused
            if unsent:
                values[tool] = unsent
        return {
            "tool_count": len(self._schemas),
            "calls": {tool: self._calls[tool] for tool in called},
            "tools": [tool for tool in self._schemas if not self._calls[tool]],
            "outcomes": self._unseen_endings(called),
            "arguments": arguments,
            "values": values,
            "schema_disagrees": {
                tool: {"calls": calls, "objection": self._objections[tool].most_common(1)[0][0]}
                for tool, calls in sorted(self._disagreeing.items())
            },
        }

    def _unseen_endings(self, called: list[str]) -> dict[str, list[str]]:
        ways = (Ending.OK.value, Ending.FAILING.value)
        unseen = {tool: [w for w in ways if not self._endings[tool][w]] for tool in called}
        return {tool: missing for tool, missing in unseen.items() if missing}

    def _arguments_of(self, tool: str) -> dict[str, Argument]:
        found = self._arguments.get(tool)
        if found is None:
            found = self._arguments[tool] = arguments_of(self._schemas.get(tool, {}))
        return found

    def _unreached(self, tool: str) -> tuple[list[str], dict[str, list[JsonValue]]]:
        unused: list[str] = []
        unsent: dict[str, list[JsonValue]] = {}
        for argument in walked(self._arguments_of(tool)):
            if not argument.is_used:
                if not argument.is_required:
                    unused.append(argument.path)
            elif missing := argument.unsent():
                unsent[argument.path] = missing
        return unused, unsent


def _objection(error: JsonObject) -> str:
    loc = ".".join(str(part) for part in error.get("loc", ())) or "arguments"
    return f"{loc}: {error.get('msg', 'is not valid')}"
