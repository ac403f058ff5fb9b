"""Base64 in texts: opened, looked at, and packed again in the same alphabet."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

_PACKED: Final = re.compile(
    r"(?<![A-Za-z0-9+/=_-])"
    r"(?:(?:[A-Za-z0-9+/]{20,}|[A-Za-z0-9_-]{20,})={0,2}"
    r"|(?:[A-Za-z0-9+/]{10,}|[A-Za-z0-9_-]{10,})={1,2}(?![A-Za-z0-9+/=_-]))"
)
"""What is short is any word, unless it is padded."""
HEX: Final = r"(?:[2-7][0-9a-fA-F]){9}"
_HEX: Final = re.compile(r"(?<![0-9A-Za-z])(?:[2-7][0-9a-eA-E]|[2-6][fF]){9,}(?![0-9A-Za-z])")
"""Letters all through, as hardly a hash has them."""
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def opened_base64(text: str, masked: Callable[[str], str]) -> str:
    """Return ``text`` with what stands in it in base64 masked; what is no text so packed stays."""

    def replaced(found: re.Match[str]) -> str:
        packed = found[0]
        plain = _plain(packed)
        if plain is None:
            return packed
        clean = masked(plain)
        return packed if clean == plain else _packed(clean, like=packed)

    return _PACKED.sub(replaced, text) if len(text) >= 12 else text


def opened_hex(text: str, masked: Callable[[str], str]) -> str:
    """Return ``text`` with what stands in it as pairs of hexadecimal digits masked."""

    def replaced(found: re.Match[str]) -> str:
        plain = bytes.fromhex(found[0]).decode("ascii")
        clean = masked(plain)
        if clean == plain:
            return found[0]
        made = clean.encode("utf-8").hex()
        return made if found[0] == found[0].lower() else made.upper()

    return _HEX.sub(replaced, text)


def _plain(packed: str) -> str | None:
    bare = packed.rstrip("=")
    if len(bare) % 4 == 1:
        return None
    try:
        standard = bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4)
        plain = base64.b64decode(standard, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return None if _NOT_TEXT.search(plain) else plain


def _packed(plain: str, *, like: str) -> str:
    is_url_safe = "-" in like or "_" in like
    encode = base64.urlsafe_b64encode if is_url_safe else base64.b64encode
    packed = encode(plain.encode("utf-8")).decode("ascii")
    is_padded = like.endswith("=") or len(like) % 4 == 0
    return packed if is_padded else packed.rstrip("=")
