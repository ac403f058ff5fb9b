"""A reverse proxy that records: for agents in other languages, and for those on the command line.

A request goes on as it came, its answer comes back as it comes, byte for byte and chunk for chunk;
in between it passes an httpx client that the recorder watches. What tools were told is read from
the next prompt; what belongs together is told by the prompts, or by the header ``x-replay-trace``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any, Final

from replay.errors import ReplayError
from replay.recorder.recorder import Recorder

TRACE_HEADER: Final = "x-replay-trace"
"""Names the trace of a request; it goes no further than here."""

UPSTREAMS: Final = {
    "openai": "https://api.openai.com",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
}
"""Where requests go when nobody says otherwise, by what their path looks like."""

_HOP_BY_HOP: Final = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        TRACE_HEADER,
    )
)
"""Headers of one connection (RFC 9110, 7.6.1), and those that are written anew."""
_TIMEOUT_S: Final = 600.0


class RecordingProxy:
    """A proxy on a port of this machine; ``with`` starts and stops it."""

    def __init__(
        self, recorder: Recorder, upstreams: Mapping[str, str], *, host: str, port: int
    ) -> None:
        """``upstreams``: addresses by provider; ``any`` takes all requests. Port 0: a free one.

        Raises:
            ReplayError: no HTTP client is installed, or the port cannot be had.
        """
        module = _client_module()
        self.recorder = recorder
        self.upstreams = dict(upstreams)
        self.client = recorder.wrap(module.Client(timeout=_TIMEOUT_S, follow_redirects=False))
        self.failure = module.HTTPError
        self.count = 0
        try:
            self._server = _Server((host, port), _handler_of(self))
        except OSError as error:
            raise ReplayError(
                f"The proxy cannot listen on {host}:{port}: {error.strerror}.",
                hint="Another port: --listen 127.0.0.1:0 takes a free one.",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address: ``http://127.0.0.1:8787``."""
        host, port = self._server.server_address[:2]
        name = host if isinstance(host, str) else host.decode()
        return f"http://{f'[{name}]' if ':' in name else name}:{port}"

    def upstream_of(self, path: str) -> str:
        """Return where a request for ``path`` goes."""
        if "any" in self.upstreams:
            return self.upstreams["any"]
        if path.startswith(("/v1/messages", "/v1/complete")):
            return self.upstreams["anthropic"]
        if path.startswith("/v1beta/") or ":generateContent" in path:
            return self.upstreams["google"]
        return self.upstreams["openai"]

    def __enter__(self) -> RecordingProxy:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.client.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a stream that nobody reads to its end would hold the end up


def _client_module() -> ModuleType:
    import importlib

    for name in ("httpx2", "httpx"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise ReplayError(
        "The proxy needs an HTTP client, httpx or httpx2.",
        hint="pip install 'replay-sandbox[proxy]'",
    )


def _handler_of(proxy: RecordingProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the terminal is the agent's."""

        def _pass_on(self) -> None:
            proxy.count += 1
            with _trace(proxy.recorder, self.headers.get(TRACE_HEADER)):
                _exchange(proxy, self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _pass_on

    return Handler


@contextlib.contextmanager
def _trace(recorder: Recorder, name: str | None) -> Iterator[None]:
    if not name:
        yield
        return
    with recorder.trace(id=name):
        yield


def _exchange(proxy: RecordingProxy, asked: BaseHTTPRequestHandler) -> None:
    """Send one request on and its answer back, chunk by chunk."""
    body = _body_of(asked)
    headers = [(name, value) for name, value in asked.headers.items() if _passes(name)]
    url = proxy.upstream_of(asked.path).rstrip("/") + asked.path
    request = proxy.client.build_request(asked.command, url, headers=headers, content=body)
    try:
        response = proxy.client.send(request, stream=True)
    except proxy.failure as error:
        _answer_ourselves(asked, 502, f"{url} cannot be reached: {error}")
        return
    try:
        asked.send_response(response.status_code, response.reason_phrase)
        length = response.headers.get("content-length")
        for name, value in response.headers.multi_items():
            if _passes(name):
                asked.send_header(name, value)
        chunks: Iterable[bytes] = response.iter_raw()
        if response.status_code >= 400:  # recorded before the agent hears of it, and asks again
            chunks = list(chunks)
        has_body = asked.command != "HEAD" and response.status_code not in (204, 304)
        if length is not None or not has_body:
            asked.send_header("content-length", length or "0")
        else:
            asked.send_header("transfer-encoding", "chunked")
        asked.end_headers()
        if has_body:
            _stream(asked, chunks, chunked=length is None)
    except (ConnectionError, TimeoutError):
        asked.close_connection = True  # the agent left; what it read is recorded
    except proxy.failure:
        asked.close_connection = True  # the provider's stream broke: so does the agent's
    finally:
        response.close()


def _stream(asked: BaseHTTPRequestHandler, chunks: Iterable[bytes], *, chunked: bool) -> None:
    for chunk in chunks:
        if chunk:
            asked.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
            asked.wfile.flush()
    if chunked:
        asked.wfile.write(b"0\r\n\r\n")


def _body_of(asked: BaseHTTPRequestHandler) -> bytes:
    if "chunked" in asked.headers.get("transfer-encoding", "").lower():
        pieces = []
        while size := int(asked.rfile.readline().split(b";")[0], 16):
            pieces.append(asked.rfile.read(size))
            asked.rfile.readline()
        while asked.rfile.readline().strip():
            pass  # trailers
        return b"".join(pieces)
    return asked.rfile.read(int(asked.headers.get("content-length") or 0))


def _answer_ourselves(asked: BaseHTTPRequestHandler, status: int, words: str) -> None:
    import json

    said = json.dumps({"error": {"type": "replay_proxy", "message": words}}).encode()
    asked.send_response(status)
    asked.send_header("content-type", "application/json")
    asked.send_header("content-length", str(len(said)))
    asked.end_headers()
    asked.wfile.write(said)


def _passes(name: str) -> bool:
    return name.lower() not in _HOP_BY_HOP
