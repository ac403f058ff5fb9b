"""vcrpy's YAML: written so that plain vcrpy plays it, read from whatever vcrpy recorded.

What vcrpy has no place for stands under ``x-replay``, which vcrpy ignores: the order, the timing,
the original headers, failures. Bodies are written without their content encoding, the one form
that each of vcrpy's stubs plays; with ``x-replay`` they come back as they were.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml  # type: ignore[import-untyped]  # comes with vcrpy, without stubs

from cassettes.bodies import CODINGS, body_to_json, unpack
from cassettes.errors import InteractionFormatError
from cassettes.failures import Failure
from cassettes.interaction import Interaction, Pairs, Request, Response

_EXTENSION: Final = "x-replay"
_FRAMING: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def to_vcr_yaml(interactions: Iterable[Interaction]) -> str:
    """Return ``interactions`` as a cassette file of vcrpy, the same text every time.

    Requests that failed without a response, and bodies that were not kept whole, have no form
    there; they stand under ``x-replay`` at the end of the file.
    """
    ordered = sorted(interactions, key=lambda one: one.sequence)
    document: dict[str, Any] = {
        "interactions": [
            _entry(one, one.response)
            for one in ordered
            if one.response is not None and not one.is_cut
        ],
        "version": 1,
    }
    unanswered = [one.to_json() for one in ordered if one.response is None or one.is_cut]
    if unanswered:
        document[_EXTENSION] = {"unanswered": unanswered}
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True)
    return text


def _entry(one: Interaction, response: Response) -> dict[str, Any]:
    plain, headers = _unpacked(response)
    extension: dict[str, Any] = {
        "sequence": one.sequence,
        "via": one.via,
        "offset_ms": one.offset_ms,
        "duration_ms": one.duration_ms,
        "http_version": response.http_version,
    }
    if one.head_ms is not None:
        extension["head_ms"] = one.head_ms
    if headers != response.headers:
        extension["headers"] = [list(pair) for pair in response.headers]
    if plain is not response.body or response.packed_as:
        extension["packed_as"] = response.packed_as or response.header("content-encoding").lower()
    if response.closed_early:
        extension["closed_early"] = True
    if one.failure is not None:
        extension["failure"] = one.failure.to_json()
    return {
        "request": {
            "method": one.request.method,
            "uri": one.request.uri,
            "headers": _grouped(one.request.headers),
            "body": _sent(one),
        },
        "response": {
            "status": {"code": response.status, "message": response.reason},
            "headers": _grouped(headers),
            "body": {"string": _shown(plain)},
        },
        _EXTENSION: extension,
    }


def _sent(one: Interaction) -> Any:
    """Return the request's body in the spelling that vcrpy's stub for this client would match."""
    body = one.request.body
    if not body:
        return "" if one.via.startswith("httpx") else None
    if one.via == "aiohttp" and "json" in one.request.header("content-type"):
        form = body_to_json(body) or {}
        if "json" in form and json.dumps(form["json"]).encode() == body:
            return form["json"]  # the stub looks at what was given as json=, before it is printed
    return _shown(body)


def _unpacked(response: Response) -> tuple[bytes, Pairs]:
    """Return the plain body, and headers that are true of it."""
    coding = response.header("content-encoding").strip().lower()
    plain = response.body
    if coding in CODINGS and not response.packed_as:
        found = unpack(response.body, coding)
        if found is None:
            return response.body, response.headers
        plain = found
    headers = []
    for name, value in response.headers:
        lower = name.lower()
        if lower == "content-length" and plain:
            headers.append((name, str(len(plain))))
        elif lower == "content-length" or lower not in _FRAMING or not plain:
            headers.append((name, value))
    return plain, headers


def _shown(body: bytes) -> str | bytes:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body


def _grouped(headers: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def from_vcr_yaml(text: str) -> list[Interaction]:
    """Return the interactions of a cassette file of vcrpy, by the start of each request.

    Raises:
        InteractionFormatError: It is not YAML, or not such a file.
    """
    try:
        document = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise InteractionFormatError(f"This is not YAML: {error}.") from error
    if not isinstance(document, dict) or not isinstance(document.get("interactions"), list):
        raise InteractionFormatError(
            "This is not a cassette of vcrpy: it has no list called 'interactions'."
        )
    found = [_read(entry, number) for number, entry in enumerate(document["interactions"])]
    extension = document.get(_EXTENSION) or {}
    found += [Interaction.from_json(form) for form in extension.get("unanswered", ())]
    return sorted(found, key=lambda one: one.sequence)


def _read(entry: Any, number: int) -> Interaction:
    try:
        request, response = entry["request"], entry["response"]
        extension = entry.get(_EXTENSION) or {}
        failure = extension.get("failure")
        return Interaction(
            Request(
                str(request["method"]),
                str(request["uri"]),
                _pairs(request.get("headers")),
                _body(request.get("body")),
            ),
            _read_response(response, extension),
            failure=None if failure is None else Failure.from_json(failure),
            sequence=int(extension.get("sequence", number)),
            via=str(extension.get("via", "vcrpy")),
            offset_ms=float(extension.get("offset_ms", 0.0)),
            duration_ms=float(extension.get("duration_ms", 0.0)),
            head_ms=extension.get("head_ms"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InteractionFormatError(
            f"Interaction {number} of this file cannot be read: {type(error).__name__} {error}. "
            "Expected request and response as vcrpy's version 1 writes them."
        ) from error


def _read_response(form: Mapping[str, Any], extension: Mapping[str, Any]) -> Response:
    body = form.get("body") or {}
    plain = _body(body.get("string") if isinstance(body, dict) else body)
    own = extension.get("headers")
    status = form["status"]
    response = Response(
        status=int(status["code"]),
        reason=str(status.get("message") or ""),
        http_version=str(extension.get("http_version", "HTTP/1.1")),
        headers=_pairs(form.get("headers")) if own is None else [(k, v) for k, v in own],
        body=plain,
        closed_early=bool(extension.get("closed_early", False)),
        packed_as=str(extension.get("packed_as", "")),
    )
    if not extension:
        _mend(response)
    return response


def _mend(response: Response) -> None:
    """Some of vcrpy's stubs keep ``Content-Encoding: gzip`` over a body they have unpacked."""
    coding = response.header("content-encoding").strip().lower()
    if coding in CODINGS and response.body and unpack(response.body, coding) is None:
        response.packed_as = coding


def _body(form: Any) -> bytes:
    if form is None:
        return b""
    if isinstance(form, bytes):
        return form
    if isinstance(form, str):
        return form.encode("utf-8")
    if isinstance(form, dict) and set(form) == {"base64_string"}:
        return base64.b64decode(form["base64_string"])
    return json.dumps(form).encode()  # aiohttp's stub keeps json= as it was given


def _pairs(headers: Any) -> Pairs:
    pairs: Pairs = []
    for name, values in (headers or {}).items():
        many = values if isinstance(values, list) else [values]
        pairs.extend((str(name), _text(value)) for value in many)
    return pairs


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
