"""MCP's limits: ``inputSchema`` is JSON Schema with an object at the root, 2020-12 unless it says.

Read in the specification of 2025-06-18 and later: the root's ``type`` is ``object``; names are 1 to
128 of ``A-Z a-z 0-9 _ - .``. Clients are told to validate results against ``outputSchema``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from replay.compatibility.placing import Limit, parts_of
from replay.records import JsonObject

NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_OLD_DRAFTS: Final = ("draft-03", "draft-04", "draft-06", "draft-07")


def mcp_limits(name: str, schema: JsonObject) -> Iterator[Limit]:
    """Yield what clients do not take, or read otherwise."""
    if not NAME.fullmatch(name):
        said = f"the name {name[:80]!r} is not 1 to 128 of the characters A-Z a-z 0-9 _ - ."
        mend = "Give the tool another name: `name=...` where it is registered."
        yield Limit("", "rejected", said, mend)
    if schema.get("type") != "object":
        mend = 'Say `"type": "object"` at the root.'
        yield Limit("", "rejected", 'the root does not say `"type": "object"`', mend)
    draft = str(schema.get("$schema", ""))
    if any(old in draft for old in _OLD_DRAFTS):
        return
    for part in parts_of(schema):
        if isinstance(part.node.get("items"), list):
            said = "`items` with a schema per position is draft 7; 2020-12 says `prefixItems`"
            yield Limit(part.path, "rejected", said, "Say `prefixItems`, or name the draft.")
