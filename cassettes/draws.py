"""Random draws of one call, kept by the site that made them.

A sequence would not do: a draw that is new in today's code, or two that changed places, would hand
every later one somebody else's value. So a draw is known by its site (`cassettes.places`), its kind
and size, and its place among those. As JSON::

    {"shop.orders:new_order_id": [{"uuid": "8c1f…"}], "shop.orders:token": [{"size": 32}]}

Values of uuids are kept. What else is drawn may be a secret: by default only its size is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from cassettes.places import site_of

Keep: TypeAlias = Literal["uuid", "all", "none"]
"""Which draws' values are kept: of uuids, of all, or no draws at all."""

Key: TypeAlias = tuple[str, str, int]
"""What a draw is known by: its site, its kind (``uuid``, ``uuid1`` or ``bytes``) and its size."""

_DRAWS_MAX: Final = 1000
"""Of one call; draws beyond are not kept, and new in a replay."""


def kind_of(frame: FrameType) -> str:
    """Return what kind of draw the code of ``frame``, which asks for bytes, makes."""
    is_uuid = frame.f_code.co_name == "uuid4" and frame.f_globals.get("__name__") == "uuid"
    return "uuid" if is_uuid else "bytes"


class Draws:
    """What one call drew, in order, while it is recorded."""

    __slots__ = ("_keep", "_made")

    def __init__(self, keep: Keep = "uuid") -> None:
        self._keep = keep
        self._made: list[tuple[str, str, bytes]] = []

    def note(self, frame: FrameType, value: bytes, kind: str = "") -> None:
        """Keep that the code of ``frame`` was given ``value``."""
        if self._keep != "none" and len(self._made) < _DRAWS_MAX:
            self._made.append((site_of(frame), kind or kind_of(frame), value))

    def to_json(self) -> dict[str, Any] | None:
        """Return the draws by site; None where none are to be kept."""
        if self._keep == "none":
            return None
        form: dict[str, list[dict[str, Any]]] = {}
        for site, kind, value in self._made:
            if kind == "bytes":
                one = {"size": len(value)} | ({"hex": value.hex()} if self._keep == "all" else {})
            else:  # as the application knows it: with the bits that say what kind of uuid it is
                version = 4 if kind == "uuid" else None
                one = {kind: str(UUID(bytes=value, version=version))}
            form.setdefault(site, []).append(one)
        return form


class Tape:
    """Recorded draws, for playing."""

    __slots__ = ("_aliases", "_by_key", "_by_name")

    def __init__(self, form: Mapping[str, Any]) -> None:
        """``form`` is as `Draws.to_json` gives it; what is no draw in it is passed over."""
        self._by_key: dict[Key, list[bytes | None]] = {}
        self._by_name: dict[Key, list[Key]] = {}
        self._aliases: dict[Key, Key] = {}
        for site, made in form.items():
            for one in made if isinstance(made, list) else []:
                self._add(str(site), one)

    def _add(self, site: str, one: Any) -> None:
        kind = next((name for name in ("uuid", "uuid1") if name in one), "bytes")
        text = one.get("hex" if kind == "bytes" else kind)
        try:
            value = bytes.fromhex(text.replace("-", "")) if isinstance(text, str) else None
        except ValueError:
            value = None  # redacted
        size = one.get("size", 0) if kind == "bytes" else 16
        if value is not None and len(value) != size:
            value = None
        key = site, kind, size
        if key not in self._by_key:
            self._by_key[key] = []
            self._by_name.setdefault((_name(site), kind, size), []).append(key)
        self._by_key[key].append(value)

    def take(self, key: Key, index: int) -> tuple[bool, bytes | None]:
        """Return whether the ``index``-th draw of ``key`` was recorded, and its value or None.

        A function that moved to another module since is found by its name, where it is the only
        one of that name.
        """
        made = self._by_key.get(key) or self._by_key.get(self._alias(key), [])
        return (True, made[index]) if index < len(made) else (False, None)

    def _alias(self, key: Key) -> Key:
        if key not in self._aliases:
            site, kind, size = key
            named = self._by_name.get((_name(site), kind, size), [])
            self._aliases[key] = named[0] if len(named) == 1 else key
        return self._aliases[key]


def _name(site: str) -> str:
    return site.partition(":")[2]
