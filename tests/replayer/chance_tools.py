"""Tools that read clocks, draw, hash and order: everything that could differ between two runs."""

from __future__ import annotations

import random
import time
import uuid
from datetime import datetime
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("chance")
IMPORTED_AT = time.time()


@toolbox.tool
def chance() -> dict[str, Any]:
    return {
        "imported": IMPORTED_AT,
        "now": datetime.now().isoformat(),
        "time": time.time(),
        "random": random.random(),
        "uuid": str(uuid.uuid4()),
        "hash": hash("text"),
        "order": list({"apple", "pear", "plum", "fig", "quince"}),
        "zone": time.tzname,
        "address": repr(object()),
    }
