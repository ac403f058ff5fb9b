"""urllib3, and with it requests and botocore: one hook where a pool makes one request.

Retries and redirects happen above it, so each hop is an interaction of its own and each recorded
error is raised where the original was.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from http.client import HTTPMessage, IncompleteRead
from typing import Any

from cassettes.capture import Capture, WireTee
from cassettes.cassette import Cassette
from cassettes.copies import BodyCopy
from cassettes.failures import Failure
from cassettes.hooks.uploads import replayable, watched
from cassettes.interaction import Interaction, Pairs, Request, Response
from cassettes.scope import Scope, answer, current, process, refuse_outside
from cassettes.unread import read_on

_PORTS = {"http": 80, "https": 443}
_VERSIONS = {9: "HTTP/0.9", 10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2", 30: "HTTP/3"}
_NUMBERS = {name: number for number, name in _VERSIONS.items()}


def hook_urllib3(module: Any) -> None:
    """Hook the connection pools of ``urllib3.connectionpool``."""
    plain, secure = module.HTTPConnectionPool, module.HTTPSConnectionPool
    if "preload_content" not in plain._make_request.__code__.co_varnames:
        return  # urllib3 1.x: its requests pass the hook on http.client
    plain._make_request = _hooked(plain._make_request)
    secure._prepare_proxy = _unless_replayed(secure._prepare_proxy)


def _hooked(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def _make_request(pool: Any, conn: Any, method: str, url: str, **options: Any) -> Any:
        scope = current.get()
        if scope is None:
            if process.blocks:
                refuse_outside(method, _absolute(pool, url))
            return original(pool, conn, method, url, **options)
        cassette = scope.cassette
        if cassette is None:
            return original(pool, conn, method, url, **options)
        body = options.get("body")
        headers = _request_headers(pool, options.get("headers"))
        asked = Request(method, _absolute(pool, url), headers)
        if cassette.is_replay:
            options["body"], asked.body = replayable(body)
            found = answer(scope, asked)
            if found is not None:
                early = functools.partial(read_on, cassette, asked, found)
                return _play(found, early, (pool, conn, method, url), options)
            if not cassette.goes_out:
                with scope.below():
                    return original(pool, conn, method, url, **options)
            body = options["body"]
        options["body"], asked.body, sent = watched(body, cassette.body_bytes_max)
        return _record(original, scope, asked, sent, (pool, conn, method, url), options)

    return _make_request


def _record(
    original: Callable[..., Any],
    scope: Scope,
    asked: Request,
    sent: BodyCopy | None,
    where: tuple[Any, Any, str, str],
    options: dict[str, Any],
) -> Any:
    cassette = scope.cassette
    assert cassette is not None
    interaction = cassette.begin(asked, "urllib3")
    preload = options.get("preload_content", True)
    token = current.set(scope.silenced)
    try:
        # Read by us below, through the copy: a preloaded body would be gone before we see it.
        response = original(*where, **{**options, "preload_content": False})
    except BaseException as error:
        if sent is not None:
            asked.sent(sent)
        cassette.keep_failure(interaction, error)
        raise
    finally:
        current.reset(token)
    if sent is not None:
        asked.sent(sent)
    _tee(cassette, interaction, response, where[2])
    if preload:
        _read_ahead(response, options)
    return response


def _read_ahead(response: Any, options: dict[str, Any]) -> None:
    """Read the body as a preloading response does: before it knows of its pool."""
    place = response._pool, response._connection
    response._pool = response._connection = None
    response._body = response.read(decode_content=options.get("decode_content", True))
    response._pool, response._connection = place


def _tee(cassette: Cassette, interaction: Interaction, response: Any, method: str) -> None:
    interaction.response = Response(
        response.status,
        response.reason or "",
        _VERSIONS.get(response.version, "HTTP/1.1"),
        list(response.headers.iteritems()),
    )
    capture = Capture(cassette, interaction)
    inner = getattr(response, "_fp", None)
    raw = getattr(inner, "fp", None)
    length = getattr(inner, "length", None)
    if raw is None or length == 0 or method.upper() == "HEAD" or response.status in (204, 304):
        capture.finish()
        return
    assert inner is not None
    inner.fp = WireTee(raw, capture, length=length, chunked=bool(inner.chunked))


class _ReplayedOriginal:
    """What cookie handling looks for behind a response: its message."""

    def __init__(self, headers: Pairs) -> None:
        self.msg = HTTPMessage()
        for name, value in headers:
            self.msg[name] = value

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open."""


class _BrokenBody(io.BytesIO):
    """Plays a response that broke off: its bytes, then an exception for who wants more."""

    def __init__(self, body: bytes, fail: Callable[[], BaseException]) -> None:
        super().__init__(body)
        self._fail = fail

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        wants_all = size is None or size < 0
        if wants_all or (not found and size != 0):
            raise self._fail()
        return found

    def read1(self, size: int | None = -1, /) -> bytes:
        return self.read(size)


class _ShortBody(io.BytesIO):
    """Plays a response whose end never came, as http.client does: a full read says so."""

    def __init__(self, body: bytes, missing: int) -> None:
        super().__init__(body)
        self._missing = missing

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is None or size < 0:
            raise IncompleteRead(found, self._missing)
        return found

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read(size)


def _body_of(
    recorded: Response,
    failure: Failure | None,
    closed_early: Callable[[], BaseException],
    **attributes: Any,
) -> io.BytesIO:
    body = recorded.wire_body()
    if failure is None:
        return _BrokenBody(body, closed_early) if recorded.closed_early else io.BytesIO(body)
    if failure.missing_bytes:
        return _ShortBody(body, failure.missing_bytes)
    return _BrokenBody(body, functools.partial(failure.rebuild, **attributes))


def _play(
    interaction: Interaction,
    closed_early: Callable[[], BaseException],
    where: tuple[Any, Any, str, str],
    options: dict[str, Any],
) -> Any:
    """Return the response; ``closed_early`` gives what reading on behind its known part raises."""
    from urllib3._collections import HTTPHeaderDict
    from urllib3.response import HTTPResponse

    pool, conn, method, url = where
    recorded, failure = interaction.response, interaction.failure
    if recorded is None:
        assert failure is not None
        raise failure.rebuild(pool=pool, _conn=conn)
    is_short = failure is not None and failure.missing_bytes > 0
    headers = HTTPHeaderDict()
    for name, value in recorded.headers:
        headers.add(name, value)
    response = HTTPResponse(
        body=_body_of(recorded, failure, closed_early, pool=pool, _conn=conn),
        headers=headers,
        status=recorded.status,
        version=_NUMBERS.get(recorded.http_version, 11),
        version_string=recorded.http_version,
        reason=recorded.reason or None,
        preload_content=options.get("preload_content", True),
        decode_content=options.get("decode_content", True),
        request_method=method,
        request_url=url,
        enforce_content_length=is_short and options.get("enforce_content_length", True),
        retries=options.get("retries"),
    )
    response._original_response = _ReplayedOriginal(recorded.headers)  # type: ignore[assignment]
    response._connection = options.get("response_conn")
    response._pool = pool
    return response


def _unless_replayed(original: Callable[..., Any]) -> Callable[..., Any]:
    """A tunnel through a proxy is opened before the request; in replay there is none to open."""

    @functools.wraps(original)
    def _prepare_proxy(pool: Any, conn: Any) -> Any:
        scope = current.get()
        if scope is not None and scope.cassette is not None and scope.is_replay:
            return None
        return original(pool, conn)

    return _prepare_proxy


def _absolute(pool: Any, url: str) -> str:
    if "://" in url[:8]:
        return url  # through a proxy, plain HTTP names the whole address
    port = "" if pool.port in (None, _PORTS.get(pool.scheme)) else f":{pool.port}"
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    return f"{pool.scheme}://{host}{port}{url}"


def _request_headers(pool: Any, headers: Any) -> Pairs:
    given = pool.headers if headers is None else headers
    return [(_text(name), _text(value)) for name, value in given.items()]


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
