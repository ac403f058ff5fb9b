"""Two calls of one model output that wait, and note in which order they went on."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("pair")
_log: list[str] = []


@toolbox.tool
async def wait(name: str, seconds: float) -> dict[str, Any]:
    """Wait, then tell who went on before."""
    await asyncio.sleep(seconds)
    _log.append(name)
    return {"before": _log[:-1], "at": round(time.time(), 3)}
