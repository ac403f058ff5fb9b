"""vcrpy's YAML: written so that plain vcrpy plays it, read from whatever vcrpy recorded.

What vcrpy has no place for stands under ``x-replay``, which vcrpy ignores: the order, the timing,
the original headers, failures, whose cassette it is. Bodies are written without their content
encoding, the one form that each of vcrpy's stubs plays; with ``x-replay`` they come back as they
were. (Not under vcrpy's own ``metadata``: pytest-recording 0.14 falls over it.)
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import yaml  # type: ignore[import-untyped]  # comes with vcrpy, without stubs

from cassettes.bodies import CODINGS, body_to_json, unpack
from cassettes.errors import InteractionFormatError
from cassettes.failures import Failure
from cassettes.interaction import Interaction, Pairs, Request, Response

_EXTENSION: Final = "x-replay"
_FRAMING: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class VcrFile:
    """What a cassette file of vcrpy holds."""

    cassettes: dict[str, list[Interaction]]
    """By name, each by the start of its requests; a file that vcrpy wrote has one called ""."""
    about: dict[str, Any] = field(default_factory=dict)
    """What the writer said of the cassettes, and vcrpy ignores."""


def to_vcr_yaml(interactions: Iterable[Interaction]) -> str:
    """Return ``interactions`` as a cassette file of vcrpy, the same text every time."""
    return write_vcr_file(VcrFile({"": list(interactions)}))


def write_vcr_file(file: VcrFile) -> str:
    """Return the text of ``file``, the same every time; vcrpy plays all its cassettes as one.

    Requests that failed without a response, bodies that were not kept whole, and what is not HTTP
    have no form there; they stand under ``x-replay`` at the end of the file.
    """
    several = len(file.cassettes) > 1
    entries: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    for name, interactions in file.cassettes.items():
        named = {"cassette": name} if several else {}
        for one in sorted(interactions, key=lambda one: one.sequence):
            if one.response is None or one.is_cut or one.protocol != "http":
                beside.append({**named, **one.to_json()})
            else:
                entries.append(_entry(one, one.response, named))
    extension: dict[str, Any] = {}
    if any(file.cassettes):
        extension["cassettes"] = list(file.cassettes)
    if file.about:
        extension["about"] = file.about
    if beside:
        extension["beside"] = beside
    document: dict[str, Any] = {"interactions": entries, "version": 1}
    if extension:
        document[_EXTENSION] = extension
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True)
    return text


def _entry(one: Interaction, response: Response, named: dict[str, str]) -> dict[str, Any]:
    plain, headers = _unpacked(response)
    extension: dict[str, Any] = {
        **named,
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
    return [one for cassette in read_vcr_file(text).cassettes.values() for one in cassette]


def read_vcr_file(text: str) -> VcrFile:
    """Return what is in a cassette file of vcrpy, one that we wrote or one that vcrpy did.

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
    extension = document.get(_EXTENSION) or {}
    if not isinstance(extension, dict):
        raise InteractionFormatError(
            "This is not a cassette of ours: its 'x-replay' is no mapping."
        )
    names = [str(name) for name in extension.get("cassettes") or [""]]
    found: dict[str, list[Interaction]] = {name: [] for name in names}
    for number, entry in enumerate(document["interactions"]):
        one = _read(entry, number)
        found.setdefault(_name_in(entry.get(_EXTENSION), names), []).append(one)
    for form in extension.get("beside") or ():
        found.setdefault(_name_in(form, names), []).append(Interaction.from_json(form))
    for cassette in found.values():
        cassette.sort(key=lambda one: one.sequence)
    return VcrFile(found, dict(extension.get("about") or {}))


def _name_in(form: Any, names: list[str]) -> str:
    """The cassette that an entry names; the file's first where it names none."""
    return str(form.get("cassette", names[0])) if isinstance(form, dict) else names[0]


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
                _sent_body(request),
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


def _sent_body(request: Mapping[str, Any]) -> bytes:
    """The body of a request; vcrpy's stub for aiohttp keeps ``json=`` and ``data=`` as given."""
    form = request.get("body")
    headers = {name.lower(): value for name, value in _pairs(request.get("headers"))}
    is_form = "x-www-form-urlencoded" in headers.get("content-type", "")
    if (
        is_form
        and isinstance(form, dict | list)
        and not (isinstance(form, dict) and _is_base64(form))
    ):
        return urlencode(form).encode()
    return _body(form)


def _is_base64(form: dict[str, Any]) -> bool:
    return set(form) == {"base64_string"}


def _body(form: Any) -> bytes:
    if form is None:
        return b""
    if isinstance(form, bytes):
        return form
    if isinstance(form, str):
        return form.encode("utf-8")
    if isinstance(form, dict) and _is_base64(form):
        return base64.b64decode(form["base64_string"])
    return json.dumps(form).encode()


def _pairs(headers: Any) -> Pairs:
    pairs: Pairs = []
    for name, values in (headers or {}).items():
        many = values if isinstance(values, list) else [values]
        pairs.extend((str(name), _text(value)) for value in many)
    return pairs


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
