"""Addresses of machines on the internet. Private ones are nobody's, nor those in manuals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from cassettes.redaction.personal.kind import Kind, Span, keyed

_V4: Final = re.compile(r"(?<![\w.\-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w\-]|\.[\w])")
_V6: Final = re.compile(
    r"(?<![\w:.\-])(?:[23][0-9a-fA-F]{3}:[0-9a-fA-F:]{3,34}"
    r"|(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4})(?![\w:])"
)
_VERSION: Final = re.compile(
    r"(?:(?:version|versions|ver|release|build|section|firmware|oid|chapter)\W{0,3}"
    r"|[=~<>^!]=[ ]?|[~^][ ]?"
    r"|(?:^|[\s(\"';])[A-Za-z][\w.\-]*/)$",
    re.IGNORECASE,
)
"""What stands before a version: a word, a comparison, a product (``Chrome/``)."""
_BEFORE: Final = 24


def _spans(text: str) -> Iterator[Span]:
    for found in _V4.finditer(text):
        if _is_v4(found[0]) and not _VERSION.search(text[: found.start()][-_BEFORE:]):
            yield found.span()
    for found in _V6.finditer(text):
        bare = found[0].rstrip(":")
        if _is_v6(bare):
            yield found.start(), found.start() + len(bare)


def _is_v4(text: str) -> bool:
    """Not a section number either: one digit in each part."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return (address.is_global and len(text) > 7) or _is_stand_in(text)


def _is_v6(text: str) -> bool:
    try:
        address = IPv6Address(text)
        is_ours = address.is_private or address.is_link_local or address.is_multicast
        is_hardware = all(len(part) == 2 for part in text.split(":"))
        return not (is_ours or is_hardware) or _is_stand_in(text)
    except AddressValueError:
        return False


def _is_stand_in(text: str) -> bool:
    """In the network that is reserved for ever, or in that for documentation."""
    if ":" in text:
        return text.lower().startswith("2001:db8:")
    return text.partition(".")[0].isdigit() and 240 <= int(text.partition(".")[0]) <= 254


def _stand_in(key: bytes, text: str) -> str:
    if ":" in text:
        drawn = keyed(key, f"ip {IPv6Address(text).compressed}").hex()
        return "2001:db8:" + ":".join(drawn[at : at + 4] for at in range(0, 24, 4))
    drawn_bytes = keyed(key, f"ip {text}")
    parts = (240 + drawn_bytes[0] % 15, *drawn_bytes[1:4])
    return ".".join(map(str, parts))


IP: Final = Kind(
    name="ip",
    search=r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[23][0-9a-fA-F]{3}:[0-9a-fA-F]{0,4}:"
    r"|[0-9a-fA-F]:[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:",
    spans=_spans,
    stand_in=_stand_in,
    is_stand_in=_is_stand_in,
)
