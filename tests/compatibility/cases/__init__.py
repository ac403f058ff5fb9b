"""Changes of schemas, with payloads that both validators are asked about.

A case gives both versions, the rule that should name the change, and payloads of the old version
that go through the changed place. What the verdict should be is not written here: the validator of
the new version says it (`established`). pydantic models are asked with pydantic, schemas with the
reference validator of their draft.
"""

from __future__ import annotations

import json
import re

from tests.compatibility.cases.case import STRICT, Case, established, schema_of
from tests.compatibility.cases.fields import FIELDS_CASES
from tests.compatibility.cases.limits import LIMITS_CASES
from tests.compatibility.cases.models import DRAFT_7_NEW, DRAFT_7_OLD
from tests.compatibility.cases.references import REFERENCES_CASES
from tests.compatibility.cases.types import TYPES_CASES

CASES = [*FIELDS_CASES, *TYPES_CASES, *LIMITS_CASES, *REFERENCES_CASES]
"""Every case."""

JSON_SCHEMA_CASES = frozenset(
    case.name
    for case in CASES
    if case.reading is STRICT
    and not case.careful
    and not {"format", "nullable"} & set(re.findall(r"[a-z]+", json.dumps(schema_of(case.new))))
    and "nullable" not in json.dumps(schema_of(case.old))
)
"""The cases that need no more than JSON Schema to decide: no coercion, no formats, no OpenAPI."""

__all__ = [
    "CASES",
    "DRAFT_7_NEW",
    "DRAFT_7_OLD",
    "JSON_SCHEMA_CASES",
    "Case",
    "established",
    "schema_of",
]
