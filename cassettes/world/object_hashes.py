"""Objects without a hash of their own are hashed by number, so that sets of them have one order.

Such a hash is the object's address, and addresses are never quite the same. No class can be given
another hash in Python without showing it (a dataclass would take it for one of its own), so the
slot is changed that classes take over from ``object``, where CPython keeps it: only classes that
are made from then on have it. Where the layout is not the known one, nothing is changed.
"""

from __future__ import annotations

import ctypes
import itertools
import sys
import sysconfig
import weakref
from functools import partial
from typing import Any, Final

from cassettes.scope import current

_TP_HASH: Final = 120
"""Of ``tp_hash`` in PyTypeObject, in bytes: 3.11 to 3.13 with a GIL, 64 bits."""
_D_WRAPPED: Final = 48
"""Of ``d_wrapped`` in the slot wrapper ``object.__hash__``."""
_FIRST: Final = 1 << 20

_Hash = ctypes.PYFUNCTYPE(ctypes.c_ssize_t, ctypes.py_object)
_numbers = itertools.count(_FIRST)
_known: dict[int, tuple[int, Any]] = {}
_by_address: Any = None


def install_object_hashes() -> bool:
    """Number the instances of classes that are made from now on; False: it cannot be done here."""
    global _by_address
    if not _is_known_layout():
        return False
    slot = ctypes.c_void_p.from_address(id(object) + _TP_HASH)
    wrapped = ctypes.c_void_p.from_address(id(object.__hash__) + _D_WRAPPED)
    before = slot.value
    if before is None or wrapped.value != before:
        return False
    _by_address = _Hash(before)
    slot.value = wrapped.value = ctypes.cast(_hash, ctypes.c_void_p).value
    if not _works():
        slot.value = wrapped.value = before
        return False
    return True


def _is_known_layout() -> bool:
    return (
        sys.implementation.name == "cpython"
        and (3, 11) <= sys.version_info[:2] <= (3, 13)
        and sys.maxsize > 1 << 32
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
    )


def _forget(address: int, reference: object) -> None:
    _known.pop(address, None)


def _number(one: Any) -> int:
    address = id(one)
    found = _known.get(address)
    if found is not None:
        return found[0]
    try:
        reference = weakref.ref(one, partial(_forget, address))
    except TypeError:  # it has slots and none for this
        number: int = _by_address(one)
        return number
    scope = current.get()
    numbers = _numbers if scope is None or scope.clock is None else scope.clock.numbers
    number = next(numbers)
    _known[address] = number, reference
    return number


_hash = _Hash(_number)
"""Kept for ever: C code calls it."""


def _works() -> bool:
    class Probe:
        pass

    class Own:
        def __hash__(self) -> int:
            return 7

    one, other = Probe(), Probe()
    first, second = hash(one), hash(other)
    return (
        (first, second) == (hash(one), hash(other))
        and second == first + 1
        and hash(Own()) == 7
        and {one: 1}[one] == 1
    )
