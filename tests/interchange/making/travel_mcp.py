"""The travel tools behind MCP on stdio, recorded natively: for command-line agents.

python travel_mcp.py DATABASE [structured]

``structured``: answers have structured content too. Gemini CLI makes some of every text that is
JSON, and refuses its own where that is a list.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from travel import execute
from travel_tools import toolbox

from replay import Recorder


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the result of one request."""
    if method == "initialize":
        return {
            "protocolVersion": params.get("protocolVersion", "2025-06-18"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "travel", "version": "1"},
        }
    if method == "tools/list":
        return {
            "tools": [
                {
                    "name": one["function"]["name"],
                    "description": one["function"]["description"],
                    "inputSchema": one["function"]["parameters"],
                }
                for one in toolbox.schemas("openai")
            ]
        }
    if method == "tools/call":
        told = execute("none", params["name"], json.dumps(params.get("arguments") or {}))
        is_error = told.startswith("Error")
        structured = {"structuredContent": {"result": told}} if "structured" in sys.argv else {}
        return {"content": [{"type": "text", "text": told}], "isError": is_error, **structured}
    return {}


def main(database: Path) -> None:
    """Serve until stdin ends; everything that is called is one trace."""
    name = database.parent.name
    with Recorder(database, app="travel", mask=False) as recorder:
        trace = None
        for line in sys.stdin:
            request = json.loads(line)
            if "id" not in request or "method" not in request:
                continue
            if request["method"] == "tools/call" and trace is None:
                # Agents start their servers more often than they use them.
                trace = recorder.trace(id=f"{name}-travel")
                trace.__enter__()
            result = answer(request["method"], request.get("params") or {})
            reply = {"jsonrpc": "2.0", "id": request["id"], "result": result}
            sys.stdout.write(json.dumps(reply) + "\n")
            sys.stdout.flush()
        if trace is not None:
            trace.__exit__(None, None, None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
