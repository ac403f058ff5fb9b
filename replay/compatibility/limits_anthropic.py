"""Anthropic's limits.

What is sent as ``input_schema`` is taken as it is. With ``strict`` a grammar is made of it, and the
SDK rewrites before it sends (``lib/_parse/_transform.py``, read in release 2.14): what the grammar
cannot express goes into the description, ``oneOf`` becomes ``anyOf``, objects are closed, keywords
beside a ``$ref`` are dropped. A recursive schema, or all strict tools of a request together too
large for one grammar, is rejected (400).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.compatibility.limits_openai import name_limits
from replay.compatibility.placing import Limit, Part, is_object, parts_of, recursive_names
from replay.records import JsonObject

FORMATS: Final = frozenset(
    {
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    }
)
"""Formats that the grammar knows."""

_KEPT: Final = frozenset(
    {"type", "anyOf", "oneOf", "allOf", "enum", "const", "description", "title", "$ref", "$defs"}
)
_KEPT_BY_TYPE: Final = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "string": frozenset({"format"}),
    "array": frozenset({"items", "minItems"}),
}
_HARMLESS: Final = frozenset({"default", "examples", "$schema", "$comment", "discriminator"})
"""Move into the description, too; nothing is lost of them there."""
_ENFORCE: Final = "Check it in the tool: the model is only told."


def anthropic_limits(name: str, schema: JsonObject, *, strict: bool) -> Iterator[Limit]:
    """Yield what is not taken as it is."""
    yield from name_limits(name, "Anthropic")
    if schema.get("type") != "object":
        mend = 'Say `"type": "object"` at the root.'
        yield Limit("", "rejected", 'the root does not say `"type": "object"`', mend)
    union = next((key for key in ("anyOf", "oneOf", "allOf") if key in schema), None)
    if union is not None:
        mend = "Put the union into a property of its own."
        yield Limit("", "rejected", f"`{union}` at the root", mend)
    if not strict:
        return
    for definition in recursive_names(schema):
        said = f"the schema is recursive (`{definition}`)"
        yield Limit("", "rejected", said, "Unroll it to the depth that is needed.")
    for part in parts_of(schema):
        yield from _rewritten(part)


def _rewritten(part: Part) -> Iterator[Limit]:
    node = part.node
    if "$ref" in node:
        beside = sorted(node.keys() - {"$ref", "$defs", *_HARMLESS})
        if beside:
            said = f"`{'`, `'.join(beside)}` beside a `$ref` is dropped"
            yield Limit(part.path, "rewritten", said, "Write it into the definition.")
        return
    yield from _type_limits(part)
    kept = _KEPT | _KEPT_BY_TYPE.get(str(node.get("type")), frozenset())
    for keyword in sorted(node.keys() - kept - _HARMLESS):
        said = f"`{keyword}` is moved into the description"
        yield Limit(part.path, "rewritten", said, _ENFORCE)
    if node.get("type") == "array" and node.get("minItems", 0) not in (0, 1):
        said = "`minItems` above 1 is moved into the description"
        yield Limit(part.path, "rewritten", said, _ENFORCE)
    if "oneOf" in node and not part.is_root:
        said = "`oneOf` becomes `anyOf`"
        yield Limit(part.path, "rewritten", said, "Tell its variants apart by a constant.")
    if node.get("type") == "string" and node.get("format", "date") not in FORMATS:
        said = f"the format {node['format']!r} is moved into the description"
        yield Limit(part.path, "rewritten", said, _ENFORCE)
    if is_object(node) and node.get("additionalProperties") is not False:
        said = "the object is closed: no names but those of its properties"
        mend = "Say `additionalProperties: false`, or take a list of names and values."
        yield Limit(part.path, "rewritten", said, mend)
    listed = node.get("enum")
    if isinstance(listed, list) and any(isinstance(value, dict | list) for value in listed):
        said = "listed values that are objects or lists are moved into the description"
        yield Limit(part.path, "rewritten", said, "List texts, numbers, true, false or null.")


def _type_limits(part: Part) -> Iterator[Limit]:
    if isinstance(part.node.get("type"), list):
        mend = 'Say `anyOf`: `[{"type": "string"}, {"type": "null"}]`.'
        yield Limit(part.path, "rejected", "a list of types; the SDK raises", mend)
    elif not {"type", "anyOf", "oneOf", "allOf", "enum", "const"} & part.node.keys():
        yield Limit(part.path, "rejected", "a value of any type; the SDK raises", "Give it a type.")
