"""One change of a schema, and how the validators judge it on payloads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from replay.compatibility.changes import OnPayloads
from replay.compatibility.reading import Reading
from replay.compatibility.values import same_value
from replay.records import JsonValue

LAX, STRICT = Reading(coerces=True), Reading()


@dataclass(frozen=True)
class Case:
    """One change."""

    name: str
    rule: str
    old: Any
    new: Any
    payloads: Sequence[JsonValue]
    path: str | None = None
    reading: Reading = STRICT
    careful: str = ""
    """Why the rules say "may break" where these payloads all go one way; empty: they do not."""


def schema_of(version: Any) -> Any:
    return version if isinstance(version, dict | bool) else TypeAdapter(version).json_schema()


def read(version: Any, payload: JsonValue, reading: Reading) -> tuple[bool, JsonValue]:
    """Return (accepted, what the tool's code would be given)."""
    if isinstance(version, dict | bool):
        validator = jsonschema.validators.validator_for(
            version, default=jsonschema.Draft202012Validator
        )
        return validator(_openapi(version)).is_valid(payload), payload
    adapter: TypeAdapter[Any] = TypeAdapter(version)
    try:
        strict = None if reading.coerces else True
        value = adapter.validate_json(json.dumps(payload), strict=strict)
    except ValidationError:
        return False, None
    return True, adapter.dump_python(value, mode="json")


def _openapi(schema: Any) -> Any:
    """``nullable: true`` is OpenAPI's word: as JSON Schema it is a branch with null."""
    if isinstance(schema, list):
        return [_openapi(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _openapi(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner


def established(case: Case) -> OnPayloads:
    """Return the verdict on the payloads of a case, as the validator of the new version says it."""
    accepted, changed = [], []
    for payload in case.payloads:
        was_taken, before = read(case.old, payload, case.reading)
        assert was_taken, f"{case.name}: the old version does not take {payload!r}"
        is_taken, now = read(case.new, payload, case.reading)
        accepted.append(is_taken)
        changed.append(is_taken and not same_value(now, before))
    if not any(accepted):
        return OnPayloads.BREAKS
    if not all(accepted):
        return OnPayloads.MAY_BREAK
    return OnPayloads.SILENT if any(changed) else OnPayloads.SAFE


def model(*, forbid: bool = True, name: str = "Args", **fields: Any) -> type[BaseModel]:
    config = ConfigDict(extra="forbid" if forbid else "ignore")
    given: dict[str, Any] = {
        key: value if isinstance(value, tuple) else (value, ...) for key, value in fields.items()
    }
    return create_model(name, __config__=config, **given)


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def value(part: Any) -> dict[str, Any]:
    return closed(v=part)
