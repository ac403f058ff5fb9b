"""Bodies: their JSON form on disk, their canonical form for matching, and content encodings.

On disk a body is readable wherever it can be: parsed JSON when printing it again gives the same
bytes, else text, else base64. A compressed body is stored unpacked with its encoding's name, so
that masking and diffs see what the tool saw; it is packed again when played.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from cassettes.copies import Cut
from cassettes.errors import InteractionFormatError

CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd")


def body_to_json(
    body: bytes, encoding: str = "", *, cut: Cut | None = None
) -> dict[str, Any] | None:
    """Return the JSON form of ``body``; None for an empty one.

    ``encoding`` is the value of its Content-Encoding header, or "". With ``cut``, ``body`` is no
    more than a head.
    """
    if cut is not None:
        return {"base64": base64.b64encode(body).decode("ascii"), "cut": cut.to_json()}
    if not body:
        return None
    coding = encoding.strip().lower()
    if coding in CODINGS:
        plain = unpack(body, coding)
        if plain is not None:
            return {**_plain_to_json(plain), "encoding": coding}
    return _plain_to_json(body)


def _plain_to_json(body: bytes) -> dict[str, Any]:
    if body[:1] in (b"{", b"["):
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            value = None
        if value is not None:
            if orjson.dumps(value) == body:
                return {"json": value}
            if _spaced(value) == body:
                return {"json": value, "spelling": "spaced"}
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _spaced(value: Any) -> bytes:
    """The spelling of ``json.dumps``, which requests and most servers in Python use."""
    return json.dumps(value).encode()


def body_from_json(form: Any) -> bytes:
    """Return the body that ``form`` describes.

    Raises:
        InteractionFormatError: ``form`` is no body.
    """
    return response_body_from_json(form)[0]


def response_body_from_json(form: Any) -> tuple[bytes, str]:
    """Return the unpacked body that ``form`` describes, and the encoding it had, or "".

    Raises:
        InteractionFormatError: ``form`` is no body.
    """
    if form is None:
        return b"", ""
    if not isinstance(form, dict):
        raise InteractionFormatError(f"A body must be an object or null, not {form!r:.80}.")
    return _plain_from_json(form), str(form.get("encoding") or "")


def _plain_from_json(form: dict[str, Any]) -> bytes:
    try:
        if "json" in form:
            spaced = form.get("spelling") == "spaced"
            return _spaced(form["json"]) if spaced else orjson.dumps(form["json"])
        if "text" in form:
            return str(form["text"]).encode("utf-8")
        if "base64" in form:
            return base64.b64decode(form["base64"], validate=True)
    except (ValueError, TypeError, binascii.Error) as error:
        raise InteractionFormatError(f"A body cannot be read: {error}.") from error
    raise InteractionFormatError(
        f"A body holds one of json, text or base64; this one has {sorted(form)}."
    )


def unpack(body: bytes, coding: str) -> bytes | None:
    """Return ``body`` without its content encoding; None when it cannot be undone here."""
    try:
        if coding in ("gzip", "x-gzip"):
            return zlib.decompress(body, 47)
        if coding == "deflate":
            return _inflate(body)
        if coding == "zstd":
            return _unpack_zstd(body)
        if coding == "br":
            return _unpack_brotli(body)
    except zlib.error:
        return None
    return None


def unpack_part(body: bytes, coding: str) -> bytes | None:
    """Return ``body`` without its content encoding as far as it goes; None when it is no such.

    For one whose end was never read.
    """
    try:
        if coding in ("gzip", "x-gzip"):
            return zlib.decompressobj(47).decompress(body)
        if coding == "deflate":
            return zlib.decompressobj().decompress(body)
    except zlib.error:
        return None
    brotli = _brotli() if coding == "br" else None
    if brotli is None:
        return unpack(body, coding)
    try:
        return bytes(brotli.Decompressor().process(body))
    except brotli.error:
        return None


def _unpack_zstd(body: bytes) -> bytes | None:
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    except zstandard.ZstdError:
        return None


def _unpack_brotli(body: bytes) -> bytes | None:
    brotli = _brotli()
    if brotli is None:
        return None
    try:
        return bytes(brotli.decompress(body))
    except brotli.error:
        return None


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -15)


def pack(body: bytes, coding: str) -> bytes:
    """Return ``body`` in the content encoding ``coding``; the same bytes every time.

    Raises:
        InteractionFormatError: this process cannot write that encoding.
    """
    if coding in ("gzip", "x-gzip"):
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        return packer.compress(body) + packer.flush()
    if coding == "deflate":
        return zlib.compress(body)
    if coding == "zstd":
        import zstandard

        return zstandard.ZstdCompressor().compress(body)
    brotli = _brotli() if coding == "br" else None
    if brotli is None:
        raise InteractionFormatError(
            f"A body was recorded with Content-Encoding {coding!r}, which this process cannot "
            "write. For br: pip install brotli."
        )
    return bytes(brotli.compress(body))


def _brotli() -> Any:
    for name in ("brotli", "brotlicffi"):
        try:
            return __import__(name)
        except ImportError:
            continue
    return None


_WHOLE_FLOAT = re.compile(rb"(?<=[:,\[])(-?\d+)\.0(?=[,}\]])")
"""Models write 3 for an amount of 3.0; what validates it may make a float of it. A text that holds
``:3.0,`` loses its zero too: that matches a little more, and a match serves what was recorded."""


def canonical_body(body: bytes, content_type: str) -> bytes:
    """Return ``body`` as it is matched: what only spelling changes does not count.

    That is the order of keys and of form fields, 3.0 for 3 in JSON, and multipart boundaries.
    """
    if not body:
        return b""
    kind = content_type.lower()
    if "json" in kind or body[:1] in (b"{", b"["):
        try:
            canonical = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
            return _WHOLE_FLOAT.sub(rb"\1", canonical) if b".0" in canonical else canonical
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            return body
    if "x-www-form-urlencoded" in kind:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return urlencode(sorted(pairs)).encode()
    if "multipart/" in kind:
        boundary = multipart_boundary(content_type)
        return body.replace(boundary, b"BOUNDARY") if boundary else body
    return body


def multipart_boundary(content_type: str) -> bytes:
    """Return the boundary that ``content_type`` names, or b""."""
    _, _, rest = content_type.partition("boundary=")
    return rest.split(";")[0].strip().strip('"').encode("latin-1", "replace")
