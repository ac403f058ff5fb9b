"""Workers in which objects have the same addresses each time, as far as the kernel lets us.

Sets of objects without a hash of their own are gone through in the order of addresses. Linux
chooses these anew for each process, unless told not to.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

_ASK: Final = 0xFFFFFFFF
_NO_RANDOM_ADDRESSES: Final = 0x0040000


@contextlib.contextmanager
def fixed_addresses() -> Iterator[None]:
    """Start processes inside whose addresses are not random; where that is forbidden, they are."""
    personality = _personality()
    before = -1 if personality is None else personality(_ASK)
    if personality is None or before == -1 or personality(before | _NO_RANDOM_ADDRESSES) == -1:
        yield
        return
    try:
        yield
    finally:
        personality(before)


@cache
def _personality() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "personality", None)
