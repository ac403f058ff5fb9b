"""A toolbox of the tools that ``TOOL_NAMES`` names, each answering by chance, clock and order."""

from __future__ import annotations

import os
import random
import time
import uuid
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("answering")


def new_world() -> dict[str, Any]:
    return {"calls": 0}


def answer(world: dict[str, Any], **given: Any) -> dict[str, Any]:
    world["calls"] += 1
    return {
        "call": world["calls"],
        "hash": hash(repr(given)),
        "order": list({"apple", "pear", "plum", *given}),
        "id": str(uuid.uuid4()),
        "random": random.random(),
        "time": time.time(),
        "zone": time.tzname,
    }


for name in os.environ["TOOL_NAMES"].split():
    parameters = {"type": "object", "properties": {}}
    toolbox.add(answer, name=name, schema={"name": name, "parameters": parameters})

toolbox.world(inject_as="world")(new_world)
