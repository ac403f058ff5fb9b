"""The shop with another shelf: the same code over other data."""

from __future__ import annotations

from typing import Any

import shop_v1

toolbox = shop_v1.toolbox


@toolbox.world
def world() -> dict[str, Any]:
    return {"stock": {"tea": 7, "cup": 5}, "orders": []}
