"""Drafts of translations between schemas as short as can be, and what their code makes."""

from __future__ import annotations

import copy
from typing import Any

from replay.compatibility.suggesting import Draft, draft, written
from replay.tools import Toolbox
from replay.tools.translations import ToolVersion

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def schema(required: str = "", **properties: Any) -> dict[str, Any]:
    """Return an object's schema; ``required`` are names with spaces between."""
    return {"type": "object", "properties": properties, "required": required.split()}


def drafted(
    old: dict[str, Any], new: dict[str, Any], *captured: dict[str, Any], tools: str = "t t"
) -> Draft:
    """Return the draft from version 1 to 2; ``tools``: the old name and the new one."""
    before, after = tools.split()
    return draft(ToolVersion(before, "1"), ToolVersion(after, "2"), old, new, captured=captured)


def run(suggested: Draft, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what the draft's code makes of ``payload``."""
    toolbox = Toolbox()
    exec(written(suggested), {"toolbox": toolbox})
    chain = toolbox.translations.chain_between(suggested.old, suggested.new)
    assert chain is not None
    return chain.steps[0].function(copy.deepcopy(payload))  # type: ignore[return-value]
