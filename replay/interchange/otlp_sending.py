"""Spans on their way to a collector, or to whoever takes OTLP: ``POST /v1/traces``.

JSON first. Who answers that they take protobuf only (Phoenix) gets protobuf. What is busy is asked
again, as OTLP's specification has it; what is refused is told in words.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from replay.errors import ReplayError
from replay.interchange.otlp_protobuf import as_protobuf, partial_success
from replay.records import JsonObject

PATH: Final = "/v1/traces"
_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_BUSY: Final = frozenset({429, 502, 503, 504})
_UNSUPPORTED: Final = 415
_TIMEOUT_S: Final = 30.0
_WAITS_S: Final = (0.5, 1.0, 2.0, 4.0)
_WAIT_S_MAX: Final = 30.0
_SAID_MAX: Final = 300


class NotSent(ReplayError):
    """An endpoint that does not take the spans."""


def url_of(endpoint: str) -> str:
    """Return where to post: ``/v1/traces`` is added to an endpoint that has no path.

    Raises:
        ValueError: it is no http or https URL.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{endpoint!r} is no URL such as http://localhost:4318")
    path = parts.path.rstrip("/")
    if not path.endswith(PATH):
        path += PATH
    return urlunsplit(parts._replace(path=path))


def began_ns(request: JsonObject) -> int:
    """Return when the trace of a request began, in nanoseconds since 1970."""
    spans = (
        span
        for part in request["resourceSpans"]
        for scope in part["scopeSpans"]
        for span in scope["spans"]
    )
    return min((int(span["startTimeUnixNano"]) for span in spans), default=0)


class Sender:
    """Posts requests to one endpoint, one after the other."""

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``headers``: a key, for instance. ``sleep``: what waits between tries."""
        self.url = url_of(endpoint)
        self.rejected_count = 0
        """Spans that the endpoint took and threw away, by its own account."""
        self.rejected_words = ""
        self._headers = dict(headers or {})
        self._sleep = sleep
        self._content_type = _JSON

    def send(self, request: JsonObject) -> None:
        """Post one request, again where the endpoint is busy.

        Raises:
            NotSent: it is not there, stays busy, or refuses.
        """
        answer = self._answered(request)
        if answer is None and self._content_type == _JSON:
            self._content_type = _PROTOBUF
            answer = self._answered(request)
        if answer is None:
            raise NotSent(f"{self.url} takes neither JSON nor protobuf (415).")
        self._note_rejected(answer)

    def _answered(self, request: JsonObject) -> bytes | None:
        """Return the answer's body; None: the endpoint does not take this content type."""
        body = self._body(request)
        for wait_s in (*_WAITS_S, None):
            try:
                return self._post(body)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code == _UNSUPPORTED:
                        return None
                    if error.code not in _BUSY or wait_s is None:
                        raise self._refusal(error) from error
                    asked_s = _seconds(error.headers.get("Retry-After"))
                self._sleep(min(asked_s or wait_s, _WAIT_S_MAX))
            except (OSError, HTTPException) as error:
                if wait_s is None:
                    raise self._unreachable(error) from error
                self._sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    @property
    def _is_protobuf(self) -> bool:
        return self._content_type == _PROTOBUF

    def _body(self, request: JsonObject) -> bytes:
        if self._is_protobuf:
            return as_protobuf(request)
        return json.dumps(request, separators=(",", ":")).encode()

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": self._content_type, "User-Agent": "replay", **self._headers}
        asked = urllib.request.Request(self.url, body, headers, method="POST")
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:
            found: bytes = answer.read()
        return found

    def _refusal(self, error: urllib.error.HTTPError) -> NotSent:
        said = " ".join(error.read(4096).decode("utf-8", "replace").split())[:_SAID_MAX]
        words = f"{self.url} answered {error.code} {error.reason}"
        hints = {
            401: "Name a key that it takes: --header 'Authorization=Bearer ...'.",
            403: "Name a key that it takes: --header 'Authorization=Bearer ...'.",
            404: "Is this the OTLP endpoint for HTTP? It is http://localhost:4318 in most setups.",
            413: "A trace is too large for it: raise its limit, or export to a file.",
        }
        again = f"It stayed so for {len(_WAITS_S) + 1} tries. " if error.code in _BUSY else ""
        return NotSent(
            f"{words}{f': {said}' if said else '.'}",
            hint=again + hints.get(error.code, "Send the spans again: they keep their ids."),
        )

    def _unreachable(self, error: OSError | HTTPException) -> NotSent:
        why = getattr(error, "reason", None) or error
        return NotSent(
            f"{self.url} cannot be reached: {why}.",
            hint="Does a collector listen there? `--to otlp -o FILE` writes a file instead.",
        )

    def _note_rejected(self, answer: bytes) -> None:
        if not answer.strip():
            return
        try:
            whole = partial_success(answer) if self._is_protobuf else json.loads(answer)
            said = whole.get("partialSuccess") or {}
            self.rejected_count += int(said.get("rejectedSpans") or 0)
        except (ValueError, AttributeError, TypeError):
            return
        self.rejected_words = str(said.get("errorMessage") or self.rejected_words)


def _seconds(text: str | None) -> float | None:
    """What `Retry-After` asks for: seconds, or a date."""
    try:
        return max(0.0, float(text or ""))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return max(0.0, until.timestamp() - time.time())
