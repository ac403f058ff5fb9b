"""What the replayed traffic did not reach: "nothing changed" says little about a tool nobody calls.

Written for a stream, as findings are: ``add`` every call, then ``report``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from replay.records import CallResult, JsonObject, JsonValue, Outcome
from replay.verdicts.answers import Ending, ending
from replay.verdicts.canonical import canonical_bytes, read_response

_DEPTH_MAX: Final = 6
"""Arguments nested deeper than this are not followed."""


class Coverage:
    """What calls reached of a toolbox."""

    def __init__(self, schemas: Mapping[str, JsonObject]) -> None:
        """``schemas``: the JSON Schema of every tool's arguments, by tool name."""
        self._schemas = dict(schemas)
        self._calls: Counter[str] = Counter()
        self._endings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._used: defaultdict[str, set[str]] = defaultdict(set)
        self._disagreeing: Counter[str] = Counter()
        self._objections: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._sent: defaultdict[str, set[bytes]] = defaultdict(set)

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
        if schema_errors and ending(result.outcome) is not Ending.TURNED_AWAY:
            self._disagreeing[tool] += 1
            self._objections[tool].update(_objection(error) for error in schema_errors)
        self._calls[tool] += 1
        self._endings[tool][ending(result.outcome).value] += 1
        schema = self._schemas.get(tool)
        payload = result.payload
        if not isinstance(payload, dict) or ending(result.outcome) is Ending.TURNED_AWAY:
            return
        asked = read_response(arguments).value
        if schema is not None and isinstance(asked, dict):
            for path, node, value in _given(schema, schema, asked, ""):
                self._used[tool].add(path)
                if "enum" in node:
                    self._sent[f"{tool} {path}"].add(canonical_bytes(value))
            for path, value in _defaults(schema, schema, asked, ""):
                self._sent[f"{tool} {path}"].add(canonical_bytes(value))

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

    def _unreached(self, tool: str) -> tuple[list[str], dict[str, list[JsonValue]]]:
        schema = self._schemas[tool]
        unused: list[str] = []
        unsent: dict[str, list[JsonValue]] = {}
        for path, node, required in _arguments(schema, schema, "", 0):
            if path not in self._used[tool]:
                if not required:
                    unused.append(path)
                continue
            sent = self._sent[f"{tool} {path}"]
            missing = [v for v in node.get("enum", ()) if canonical_bytes(v) not in sent]
            if missing:
                unsent[path] = missing
        return unused, unsent


def _objection(error: JsonObject) -> str:
    loc = ".".join(str(part) for part in error.get("loc", ())) or "arguments"
    return f"{loc}: {error.get('msg', 'is not valid')}"


def _arguments(
    root: JsonObject, schema: JsonObject, path: str, depth: int
) -> Iterator[tuple[str, JsonObject, bool]]:
    """Every argument a schema names: its path, its schema, whether it is required."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or depth >= _DEPTH_MAX:
        return
    required = schema.get("required") or ()
    for name, raw in properties.items():
        here = f"{path}.{name}" if path else str(name)
        node = _resolved(root, raw)
        yield here, node, name in required
        inner = _resolved(root, node["items"]) if "items" in node else node
        yield from _arguments(root, inner, here + ("[*]" if inner is not node else ""), depth + 1)


def _given(
    root: JsonObject, schema: JsonObject, value: JsonObject, path: str
) -> Iterator[tuple[str, JsonObject, JsonValue]]:
    """Every argument of ``schema`` that ``value`` gives."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    for name, given in value.items():
        if name not in properties:
            continue
        here = f"{path}.{name}" if path else str(name)
        node = _resolved(root, properties[name])
        yield here, node, given
        if isinstance(given, dict):
            yield from _given(root, node, given, here)
        elif isinstance(given, list) and "items" in node:
            inner = _resolved(root, node["items"])
            for item in given:
                if isinstance(item, dict):
                    yield from _given(root, inner, item, here + "[*]")


def _defaults(
    root: JsonObject, schema: JsonObject, value: JsonObject, path: str
) -> Iterator[tuple[str, JsonValue]]:
    """Every argument that ``value`` leaves to its default, in the objects that it gives."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    for name, raw in properties.items():
        here = f"{path}.{name}" if path else str(name)
        if name not in value and isinstance(raw, dict) and "default" in raw:
            yield here, raw["default"]
        node = _resolved(root, raw)
        given = value.get(name)
        if isinstance(given, dict):
            yield from _defaults(root, node, given, here)
        elif isinstance(given, list) and "items" in node:
            inner = _resolved(root, node["items"])
            for item in given:
                if isinstance(item, dict):
                    yield from _defaults(root, inner, item, here + "[*]")


def _resolved(root: JsonObject, node: Any) -> JsonObject:
    """Follow ``$ref`` and step into ``anyOf [X, null]``: the way optional arguments are written."""
    for _ in range(_DEPTH_MAX):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            node = _at(root, reference)
            continue
        choices = [
            choice
            for choice in node.get("anyOf", ())
            if isinstance(choice, dict) and choice.get("type") != "null"
        ]
        if len(choices) != 1:
            return node
        node = choices[0]
    return node if isinstance(node, dict) else {}


def _at(root: JsonObject, reference: str) -> Any:
    node: Any = root
    for part in reference[2:].split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node
