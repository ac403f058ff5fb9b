"""Watching model calls that go through urllib3: botocore's (Bedrock) and those of requests.

``HTTPConnectionPool.urlopen`` is public and carries every request of both. The answer is copied as
the application reads it; what urllib3 tries again by itself counts as one try.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from replay.recorder.flight import Flight, held, plain, take_off
from replay.recorder.journal import Journal
from replay.recorder.wire import api_of

MODULE: Final = "urllib3.connectionpool"
_PORTS: Final = {"http": 80, "https": 443}


def watch_urllib3(journal: Journal, module: ModuleType, *, keep_streams: bool = False) -> None:
    """Watch every connection pool of ``urllib3.connectionpool`` in this process."""
    original: Any = module.HTTPConnectionPool.urlopen

    @functools.wraps(original)
    def urlopen(pool: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        body = args[0] if args else options.get("body")
        flight = _take_off(journal, pool, method, url, body, keep_streams)
        if flight is None:
            return original(pool, method, url, *args, **options)
        try:
            with held():
                response = original(pool, method, url, *args, **options)
        except BaseException as error:
            flight.crash(error)
            raise
        with journal.failures.guard("read a model's answer"):
            _land(flight, response, is_read=options.get("preload_content", True))
        return response

    module.HTTPConnectionPool.urlopen = urlopen


def _take_off(
    journal: Journal, pool: Any, method: str, url: str, body: Any, keep_streams: bool
) -> Flight | None:
    if method.upper() != "POST" or not isinstance(body, bytes | bytearray | str):
        return None
    with journal.failures.guard("read a model call"):
        path = url.partition("?")[0]
        if api_of(path) is None:
            return None
        content = body.encode() if isinstance(body, str) else bytes(body)
        place = _place(pool, path)
        return take_off(journal, place, path, content, keep_streams=keep_streams)
    return None


def _place(pool: Any, path: str) -> str:
    """The URL without query and user: keys travel there."""
    if "://" in path[:8]:
        return path  # through a proxy, plain HTTP names the whole address
    port = "" if pool.port in (None, _PORTS.get(pool.scheme)) else f":{pool.port}"
    return f"{pool.scheme}://{pool.host}{port}{path}"


def _land(flight: Flight, response: Any, *, is_read: bool) -> None:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if is_read:
        flight.land(response.status, headers, response.data)
        return
    flight.open(response.status, headers, plain)
    _Copy(flight).put_on(response)


class _Copy:
    """Copies what is read of one response, by whichever of its methods; some read by others."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._is_reading = False
        self._is_let_go = False
        """The connection is free: what is still to be read lies in urllib3's own memory."""

    def put_on(self, response: Any) -> None:
        for name in ("read", "read1"):
            if hasattr(response, name):
                setattr(response, name, self._reading(getattr(response, name)))
        response.read_chunked = self._chunks(response.read_chunked)
        for name in ("close", "release_conn"):
            setattr(response, name, self._ending(getattr(response, name)))

    def _reading(self, read: Any) -> Any:
        @functools.wraps(read)
        def copying(*args: Any, **options: Any) -> Any:
            if self._is_reading:
                return read(*args, **options)
            self._is_reading = True
            try:
                chunk = read(*args, **options)
            except BaseException as error:
                self._flight.end(error)
                raise
            finally:
                self._is_reading = False
            amount = args[0] if args else options.get("amt")
            if chunk:
                self._flight.saw(bytes(chunk))
            is_last = self._is_let_go and len(chunk) < (amount or 0)
            if amount is None or amount < 0 or is_last or (not chunk and amount):
                self._flight.end()
            return chunk

        return copying

    def _chunks(self, read_chunked: Any) -> Any:
        @functools.wraps(read_chunked)
        def copying(*args: Any, **options: Any) -> Iterator[Any]:
            chunks = iter(read_chunked(*args, **options))
            while True:
                self._is_reading = True
                try:
                    chunk = next(chunks, None)
                except BaseException as error:
                    self._flight.end(error)
                    raise
                finally:
                    self._is_reading = False
                if chunk is None:
                    break
                self._flight.saw(bytes(chunk))
                yield chunk
            self._flight.end()

        return copying

    def _ending(self, close: Any) -> Any:
        @functools.wraps(close)
        def closing(*args: Any, **options: Any) -> Any:
            try:
                return close(*args, **options)
            finally:
                self._is_let_go = True
                if not self._is_reading:  # at its end a body is let go of before it is handed on
                    self._flight.end()

        return closing
