"""Schemas, changes of them and payloads, drawn at random, small enough to meet often."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

TYPES: Final = ("string", "integer", "number", "boolean", "null", "array", "object")
NAMES: Final = ("a", "b", "c")
SCALARS: Final[list[Any]] = [
    *(None, True, False, 0, 1, 2, 3, 5, 1.5, 2.0, -1, "", "a", "ab", "abc", "A1", "2020-01-01")
]
PAYLOADS: Final[list[Any]] = [
    *SCALARS,
    *([], [1], [1, 1], ["a"], [1, "a"], [None], [[]]),
    *({}, {"a": 1}, {"a": "a"}, {"a": None}, {"b": 1}, {"a": 1, "b": "x"}, {"a": {"a": 1}}),
    *({"c": []}, {"a": [], "b": 1, "c": "ab"}, {"d": 1}, {"a": 1, "d": {}}),
]
PATTERNS: Final = ("^[a-z]{2}$", "^[a-z]+$", "a", "^[a-zA-Z]*$", ".*", "^[A-Z0-9]+$", "^[0-9]+$")
_NUMBER_LIMITS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LEVELS_MAX: Final = 3


class Drawing:
    """Draws from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def whole(self) -> dict[str, Any]:
        """Return a schema with two definitions, the first of which may recur."""
        root = self.part(0, ("#/$defs/X", "#/$defs/Y"))
        root = root if isinstance(root, dict) else {}
        # It recurs only beneath a property: the reference validator dies of what is itself.
        recursive = self._object(1, ("#/$defs/Y",))
        recursive["properties"]["c"] = {"$ref": "#/$defs/X"}
        return {**root, "$defs": {"X": recursive, "Y": self.part(1, ())}}

    def part(self, level: int, references: tuple[str, ...]) -> Any:
        """Return a schema, a boolean one now and then."""
        random, draw = self._random, self._random.random()
        if draw < 0.04:
            return random.choice([True, {}, False])
        if references and draw < 0.14:
            beside = {"description": "x"} if random.random() < 0.3 else {}
            return {"$ref": random.choice(references), **beside}
        if level < _LEVELS_MAX and draw < 0.36:
            return self._combined(level, references)
        if draw < 0.42:
            listed = random.sample(SCALARS, random.randint(1, 4))
            return random.choice([{"enum": listed}, {"const": random.choice(PAYLOADS)}])
        if level < _LEVELS_MAX and draw < 0.48:
            inner = self.part(level + 1, references)
            return random.choice([{"not": inner}, {"if": inner, "then": self.part(3, ())}])
        return self._typed(level, references)

    def _combined(self, level: int, references: tuple[str, ...]) -> dict[str, Any]:
        random = self._random
        keyword = random.choice(["anyOf", "anyOf", "oneOf", "allOf"])
        parts = [self.part(level + 1, references) for _ in range(random.randint(1, 3))]
        beside: dict[str, Any] = {}
        if random.random() < 0.2:
            beside["type"] = random.choice(TYPES)
        if random.random() < 0.2:
            beside |= self._object(level + 1, references)
        return {keyword: parts, **beside}

    def _typed(self, level: int, references: tuple[str, ...]) -> dict[str, Any]:
        random = self._random
        kind = random.choice(TYPES)
        schema: dict[str, Any] = {}
        if random.random() < 0.9:
            schema["type"] = kind if random.random() < 0.8 else random.sample(TYPES, 2)
        if kind in ("integer", "number"):
            schema |= {key: random.randint(0, 3) for key in _NUMBER_LIMITS if random.random() < 0.2}
            if random.random() < 0.15:
                schema["multipleOf"] = random.choice([1, 2, 0.5, 3])
        elif kind == "string":
            limits = ("minLength", "maxLength")
            schema |= {key: random.randint(0, 3) for key in limits if random.random() < 0.25}
            if random.random() < 0.25:
                schema["pattern"] = random.choice(PATTERNS)
        elif kind == "array":
            schema |= self._array(level, references)
        elif kind == "object":
            schema |= self._object(level, references)
        return schema

    def _array(self, level: int, references: tuple[str, ...]) -> dict[str, Any]:
        random = self._random
        limits = ("minItems", "maxItems")
        schema: dict[str, Any] = {
            key: random.randint(0, 2) for key in limits if random.random() < 0.2
        }
        if level < _LEVELS_MAX and random.random() < 0.6:
            schema["items"] = self.part(level + 1, references)
        if level < _LEVELS_MAX and random.random() < 0.2:
            schema["prefixItems"] = [self.part(level + 1, references)]
        if random.random() < 0.15:
            schema["uniqueItems"] = True
        return schema

    def _object(self, level: int, references: tuple[str, ...]) -> dict[str, Any]:
        random = self._random
        names = random.sample(NAMES, random.randint(0, 3))
        schema: dict[str, Any] = {}
        if level < _LEVELS_MAX:
            schema["properties"] = {name: self.part(level + 1, references) for name in names}
        if random.random() < 0.6:
            among = NAMES if random.random() < 0.3 else names
            schema["required"] = random.sample(among, random.randint(0, len(names)))
        draw = random.random()
        if draw < 0.45:
            free = level < _LEVELS_MAX and draw > 0.3
            schema["additionalProperties"] = self.part(level + 1, references) if free else False
        if level < _LEVELS_MAX and random.random() < 0.1:
            pattern = random.choice(["^a", "^b", "c"])
            schema["patternProperties"] = {pattern: self.part(level + 1, references)}
        return schema

    def changed(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return ``schema`` with one or two places changed."""
        changed = copy.deepcopy(schema)
        for _ in range(self._random.randint(1, 2)):
            self._change(self._random.choice(list(_nodes(changed))))
        return changed

    def _change(self, node: dict[str, Any]) -> None:
        random = self._random
        union = next((key for key in ("anyOf", "oneOf", "allOf") if key in node), None)
        if union is not None:
            if len(node[union]) > 1 and random.random() < 0.5:
                node[union].pop(random.randrange(len(node[union])))
            else:
                node[union].append(self.part(2, ()))
        elif "properties" in node and random.random() < 0.4:
            node["properties"][random.choice(NAMES)] = self.part(2, ())
        elif "additionalProperties" in node and random.random() < 0.4:
            del node["additionalProperties"]
        elif "required" in node and random.random() < 0.4:
            node["required"] = random.sample(NAMES, random.randint(0, 2))
        elif "type" in node and random.random() < 0.4:
            node["type"] = random.choice(TYPES)
        elif limits := [key for key in node if key not in ("type", "$defs", "$ref", "properties")]:
            node.pop(random.choice(limits))
        elif node.get("type") == "string":
            node["minLength"] = random.randint(0, 2)


def _nodes(part: Any) -> Any:
    """Yield every part of a schema that is an object of keywords."""
    if not isinstance(part, dict):
        return
    yield part
    for keyword, inner in part.items():
        if keyword in ("properties", "patternProperties", "$defs"):
            for one in inner.values():
                yield from _nodes(one)
        elif isinstance(inner, dict) and keyword not in ("const", "enum"):
            yield from _nodes(inner)
        elif isinstance(inner, list) and keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for one in inner:
                yield from _nodes(one)
