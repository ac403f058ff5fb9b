"""Every tool of the labelled payloads and of the transcripts beside them, each schema a version."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from replay.tools import Toolbox

CORPORA = Path(os.environ["CORPORA"])
toolbox = Toolbox("labelled")


def _nothing(**arguments: Any) -> None:
    raise AssertionError("a question runs no tool")


def _add_all() -> None:
    schemas = json.loads((CORPORA / "payloads" / "schemas.json").read_text())
    seen = set()
    for file in sorted((CORPORA / "payloads").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            key = row["tool"], row.get("schema")
            if None not in key and key not in seen:
                seen.add(key)
                _add(row["tool"], row["schema"], schemas[row["schema"]])
    contexts = json.loads((CORPORA / "transcripts" / "contexts.json").read_text())
    for name, context in contexts.items():
        for definition in context["tools"]:
            function = definition["function"]
            _add(function["name"], name, function.get("parameters") or {"type": "object"})


def _add(tool: str, version: str, schema: dict[str, Any]) -> None:
    parameters = {"type": "object", **schema}
    toolbox.add(_nothing, name=tool, version=version, schema=parameters, validation="gate")


_add_all()
