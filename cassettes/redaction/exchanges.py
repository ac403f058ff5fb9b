"""Interactions without their secrets: URIs, headers, bodies and errors in the JSON form of one.

A body is opened before it is looked at, and its Content-Length mended afterwards. What cannot be
opened is dropped, and the body says so: a secret may be in it.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Final
from urllib.parse import urlsplit

from cassettes.bodies import (
    CODINGS,
    body_to_json,
    multipart_boundary,
    pack,
    response_body_from_json,
    unpack,
    unpack_part,
)
from cassettes.copies import Cut, body_hash
from cassettes.errors import InteractionFormatError
from cassettes.redaction.sweep import Sweep

DROPPED: Final = "it could not be opened to look for secrets"

_PART_NAME: Final = re.compile(rb'\bname="?([^";\r\n]+)"?', re.IGNORECASE)


def exchange(sweep: Sweep, form: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON form of an interaction (`Interaction.to_json`) redacted."""
    found = dict(form)
    found["request"] = request(sweep, form["request"])
    if form.get("response") is not None:
        found["response"] = _response(sweep, form["response"])
    if form.get("failure") is not None:
        found["failure"] = _failure(sweep, form["failure"])
    return found


def bare_exchange(form: dict[str, Any], why: str) -> dict[str, Any]:
    """Return what is left of an exchange that cannot be redacted: whom it asked, how it went."""
    asked, answered = form["request"], form.get("response")
    host = urlsplit(asked["uri"]).netloc.rpartition("@")[2]
    found = {
        **form,
        "request": {"method": asked["method"], "uri": f"//{host}/", "headers": {}, "body": None},
        "failure": None,
    }
    if answered is not None:
        gone = {"base64": "", "cut": Cut(0, body_hash(b""), why).to_json()}
        found["response"] = {**answered, "reason": "", "headers": {}, "body": gone}
    return found


def request(sweep: Sweep, form: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON form of a request redacted; its headers come first: they teach values."""
    headers = _headers(sweep, form["headers"])
    uri = form["uri"]
    is_uri = "://" in uri[:32]
    found = {**form, "headers": headers, "uri": sweep.uri(uri) if is_uri else sweep.plain(uri)}
    found["body"] = _body(sweep, form["body"], form["headers"])
    return mended(found, form)


def _response(sweep: Sweep, form: dict[str, Any]) -> dict[str, Any]:
    found = {**form, "headers": _headers(sweep, form["headers"])}
    found["reason"] = sweep.text(form["reason"])
    found["body"] = _body(sweep, form["body"], form["headers"])
    return mended(found, form)


def _failure(sweep: Sweep, form: dict[str, Any]) -> dict[str, Any]:
    found = {**form, "message": sweep.plain(form["message"])}
    found["args"] = sweep.value(form["args"])
    found["attributes"] = sweep.value(form["attributes"])
    if form.get("cause") is not None:
        found["cause"] = _failure(sweep, form["cause"])
    return found


def _headers(sweep: Sweep, headers: dict[str, list[str]]) -> dict[str, list[str]]:
    return {
        name: [sweep.header(name.lower(), value) for value in values]
        for name, values in headers.items()
    }


def _header(headers: dict[str, list[str]], wanted: str) -> str:
    for name, values in headers.items():
        if name.lower() == wanted and values:
            return str(values[0])
    return ""


def _body(sweep: Sweep, form: Any, headers: dict[str, list[str]]) -> Any:
    if form is None:
        return None
    kind = _header(headers, "content-type")
    if form.get("cut") is not None:
        return _cut(sweep, form, headers)
    if "json" in form:
        return {**form, "json": sweep.value(form["json"])}
    if "text" in form:
        text = form["text"]
        if "multipart/" in kind.lower():
            parts = _multipart(sweep, text.encode("utf-8"), multipart_boundary(kind))
            return {**form, "text": parts.decode("utf-8", "replace")}
        is_form = "x-www-form-urlencoded" in kind.lower()
        return {**form, "text": sweep.plain(sweep.fields(text)) if is_form else sweep.text(text)}
    return _bytes(sweep, form, headers, kind)


def _bytes(sweep: Sweep, form: Any, headers: dict[str, list[str]], kind: str) -> Any:
    """A body that is no text: packed, multipart with files in it, or binary."""
    body = base64.b64decode(form["base64"])
    coding = _header(headers, "content-encoding").strip().lower()
    if "encoding" not in form and coding not in ("", "identity", "aws-chunked"):
        plain = _opened(body, coding)
        if plain is None:
            return _dropped(body)
        clean = _plain_bytes(sweep, plain, kind)
        return form if clean == plain else body_to_json(pack(clean, coding))
    clean = _plain_bytes(sweep, body, kind)
    return form if clean == body else {**form, "base64": base64.b64encode(clean).decode("ascii")}


def _opened(body: bytes, coding: str) -> bytes | None:
    """Return a packed body unpacked; of one that was not read to its end what is there."""
    if coding not in CODINGS:
        return None
    plain = unpack(body, coding)
    return unpack_part(body, coding) if plain is None else plain


def _plain_bytes(sweep: Sweep, body: bytes, kind: str) -> bytes:
    if "multipart/" in kind.lower():
        return _multipart(sweep, body, multipart_boundary(kind))
    return sweep.bytes(body)


def _cut(sweep: Sweep, form: Any, headers: dict[str, list[str]]) -> Any:
    """Of a body over its cassette's limit there is only the head; one that is packed goes."""
    head = base64.b64decode(form["base64"])
    coding = _header(headers, "content-encoding").strip().lower()
    clean = b"" if coding not in ("", "identity", "aws-chunked") else sweep.bytes(head)
    return form if clean == head else {**form, "base64": base64.b64encode(clean).decode("ascii")}


def _dropped(body: bytes) -> dict[str, Any]:
    cut = Cut(len(body), body_hash(body), DROPPED)
    return {"base64": "", "cut": cut.to_json()}


def _multipart(sweep: Sweep, body: bytes, boundary: bytes) -> bytes:
    if not boundary:
        return sweep.bytes(body)
    return (b"--" + boundary).join(_part(sweep, part) for part in body.split(b"--" + boundary))


def _part(sweep: Sweep, part: bytes) -> bytes:
    head, blank, content = part.partition(b"\r\n\r\n")
    if not blank:
        return part
    named = _PART_NAME.search(head)
    name = named[1].decode("utf-8", "replace") if named else ""
    plain = content.removesuffix(b"\r\n")
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError:
        clean = sweep.bytes(plain)
    else:
        clean = sweep.field(name, text).encode("utf-8")
    return sweep.bytes(head) + blank + clean + content[len(plain) :]


def mended(found: dict[str, Any], form: dict[str, Any]) -> dict[str, Any]:
    """Set Content-Length to what the body has now, where that changed."""
    has_length = bool(_header(found["headers"], "content-length"))
    is_cut = (found["body"] or {}).get("cut") is not None
    if not has_length or is_cut or found["body"] == form["body"]:
        return found
    body, coding = response_body_from_json(found["body"])
    try:
        size = len(pack(body, coding) if coding else body)
    except InteractionFormatError:  # an encoding that cannot be written here, nor played
        return found
    found["headers"] = {
        name: [str(size) for _ in values] if name.lower() == "content-length" else values
        for name, values in found["headers"].items()
    }
    return found
