"""One function per HTTP client: make a request, give back all that an application can see."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import aiohttp
import httpx
import httpx2
import requests
import urllib3

from cassettes.bodies import unpack

_ADDRESS = re.compile(r"0x[0-9a-f]+")


@dataclass
class Case:
    """One request: what is asked and how patiently."""

    method: str
    path: str
    json: Any = None
    form: dict[str, str] | None = None
    file: bytes | None = None
    chunks: list[bytes] | None = None
    timeout: float = 10.0
    headers: dict[str, str] = field(default_factory=dict)


CASES: dict[str, Case] = {
    "get": Case("GET", "/echo/a?x=1&y=2"),
    "json": Case("POST", "/echo/b", json={"a": 1, "b": [1, 2.5, None]}),
    "form": Case("POST", "/echo/c", form={"user": "me", "word": "x y&z"}),
    "multipart": Case("POST", "/echo/d", file=b"hello file"),
    "generator body": Case("POST", "/echo/e", chunks=[b"part1-", b"part2"]),
    "gzip": Case("GET", "/packed/gzip"),
    "deflate": Case("GET", "/packed/deflate"),
    "zstd": Case("GET", "/packed/zstd", headers={"Accept-Encoding": "zstd"}),
    "server-sent events": Case("GET", "/chunked/5"),
    "binary": Case("GET", "/binary"),
    "redirect": Case("GET", "/redirect"),
    "head": Case("HEAD", "/echo/head"),
    "head of a packed answer": Case("HEAD", "/packed/gzip"),
    "redirect with its body": Case("POST", "/moved/307", json={"keep": "me"}),
    "redirect to a get": Case("POST", "/moved/303", json={"drop": "me"}),
    "redirect in a circle": Case("GET", "/circle"),
    "many headers of one name": Case("GET", "/many"),
    "trailers": Case("GET", "/trailers"),
    "empty": Case("GET", "/status/200?empty=1"),
    "early hints": Case("GET", "/hints"),
    "not modified": Case("GET", "/status/304"),
    "corrupt gzip": Case("GET", "/corrupt"),
    "timeout in the body": Case("GET", "/chunked/2?step=1", timeout=0.15),
    "no content": Case("GET", "/status/204"),
    "not found": Case("GET", "/status/404"),
    "server error": Case("GET", "/status/500"),
    "until the server hangs up": Case("GET", "/tillclose"),
    "broken off": Case("GET", "/cut"),
    "refused": Case("GET", "refused"),
    "timeout": Case("GET", "/echo/slow?release=1", timeout=0.15),
}


def _seen(status: int, body: bytes, **more: Any) -> dict[str, Any]:
    return {"status": status, "body": body, **more}


def with_requests(url: str, case: Case) -> Any:
    with requests.Session() as session:
        answer = session.request(
            case.method,
            url,
            json=case.json,
            data=case.form if case.chunks is None else iter(case.chunks),
            files=None if case.file is None else {"f": ("a.txt", case.file)},
            headers=case.headers,
            timeout=case.timeout,
        )
        return _seen(
            answer.status_code,
            answer.content,
            cookies=session.cookies.get_dict(),
            hops=[(hop.status_code, hop.url) for hop in answer.history],
            reason=answer.reason,
            headers=dict(answer.headers),
            version=answer.raw.version,
        )


def with_urllib3(url: str, case: Case) -> Any:
    options: dict[str, Any] = {}
    if case.json is not None:
        options["json"] = case.json
    if case.form is not None:
        options.update(fields=case.form, encode_multipart=False)
    if case.file is not None:
        options["fields"] = {"f": ("a.txt", case.file)}
    if case.chunks is not None:
        options["body"] = iter(case.chunks)
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            case.method,
            url,
            timeout=case.timeout,
            retries=urllib3.Retry(1, redirect=3, backoff_factor=0, status=0),
            headers=case.headers or None,
            **options,
        )
        return _seen(
            answer.status,
            answer.data,
            reason=answer.reason,
            headers=dict(answer.headers),
            version=answer.version,
        )


def _plain_body(case: Case) -> tuple[Any, dict[str, str]]:
    if case.json is not None:
        return json.dumps(case.json).encode(), {"Content-Type": "application/json"}
    if case.form is not None:
        return urllib.parse.urlencode(case.form).encode(), {
            "Content-Type": "application/x-www-form-urlencoded"
        }
    if case.chunks is not None:
        return iter(case.chunks), {}
    return case.file, {}


def _unpacked(answer: Any, body: bytes) -> bytes:
    """Undo the content encoding, as every application over http.client has to."""
    coding = answer.headers.get("Content-Encoding")
    return body if coding is None else unpack(body, coding) or b""


def with_urllib(url: str, case: Case) -> Any:
    body, headers = _plain_body(case)
    asked = urllib.request.Request(
        url, data=body, headers={**headers, **case.headers}, method=case.method
    )
    try:
        with urllib.request.urlopen(asked, timeout=case.timeout) as answer:
            return _seen(
                answer.status,
                _unpacked(answer, answer.read()),
                url=answer.url,
                headers=answer.headers.items(),
                version=answer.version,
            )
    except urllib.error.HTTPError as error:
        with error:
            return _seen(error.code, error.read(), headers=error.headers.items())


def with_http_client(url: str, case: Case) -> Any:
    body, headers = _plain_body(case)
    parts = urllib.parse.urlsplit(url)
    conn = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=case.timeout)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        conn.request(
            case.method,
            target,
            body,
            {**headers, **case.headers},
            encode_chunked=case.chunks is not None,
        )
        answer = conn.getresponse()
        return _seen(answer.status, _unpacked(answer, answer.read()), headers=answer.getheaders())
    finally:
        conn.close()


def _httpx_options(case: Case) -> dict[str, Any]:
    options: dict[str, Any] = {"headers": case.headers}
    if case.json is not None:
        options["json"] = case.json
    if case.form is not None:
        options["data"] = case.form
    if case.file is not None:
        options["files"] = {"f": ("a.txt", case.file)}
    return options


def _httpx_seen(client: Any, answer: Any) -> Any:
    return _seen(
        answer.status_code,
        answer.content,
        cookies=dict(client.cookies),
        hops=[(hop.status_code, str(hop.url)) for hop in answer.history],
        reason=answer.reason_phrase,
        headers=answer.headers.multi_items(),
        version=answer.http_version,
    )


def with_httpx(module: Any) -> Callable[[str, Case], Any]:
    def ask(url: str, case: Case) -> Any:
        options = _httpx_options(case)
        if case.chunks is not None:
            options["content"] = iter(case.chunks)
        with module.Client(timeout=case.timeout, follow_redirects=True, verify=False) as client:
            return _httpx_seen(client, client.request(case.method, url, **options))

    return ask


def with_httpx_async(module: Any) -> Callable[[str, Case], Any]:
    async def ask(url: str, case: Case) -> Any:
        options = _httpx_options(case)
        if case.chunks is not None:
            options["content"] = _each(case.chunks)
        async with module.AsyncClient(
            timeout=case.timeout, follow_redirects=True, verify=False
        ) as client:
            return _httpx_seen(client, await client.request(case.method, url, **options))

    return lambda url, case: asyncio.run(ask(url, case))


async def _each(chunks: list[bytes]) -> Any:
    for chunk in chunks:
        yield chunk


async def _with_aiohttp(url: str, case: Case) -> Any:
    options: dict[str, Any] = {"headers": case.headers}
    if case.json is not None:
        options["json"] = case.json
    if case.form is not None:
        options["data"] = case.form
    if case.file is not None:
        options["data"] = form = aiohttp.FormData()
        form.add_field("f", case.file, filename="a.txt")
    if case.chunks is not None:
        options["data"] = _each(case.chunks)
    async with (
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=case.timeout),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        ) as session,
        session.request(case.method, url, **options) as answer,
    ):
        return _seen(
            answer.status,
            await answer.read(),
            cookies={cookie.key: cookie.value for cookie in session.cookie_jar},
            hops=[(hop.status, str(hop.url)) for hop in answer.history],
            reason=answer.reason,
            headers=list(answer.headers.items()),
            version=tuple(answer.version or ()),
        )


def with_aiohttp(url: str, case: Case) -> Any:
    return asyncio.run(_with_aiohttp(url, case))


def with_httplib2(url: str, case: Case) -> Any:
    import httplib2

    body, headers = _plain_body(case)
    if case.chunks is not None:
        body = b"".join(case.chunks)  # httplib2 copies bodies; a generator it cannot
    client = httplib2.Http(timeout=case.timeout)
    try:
        answer, content = client.request(
            url, case.method, body=body, headers={**headers, **case.headers}
        )
        return _seen(
            answer.status,
            content,
            reason=answer.reason,
            headers=dict(answer),
            version=answer.version,
            hops=None if answer.previous is None else answer.previous.status,
        )
    finally:
        client.close()


async def _with_tornado(url: str, case: Case) -> Any:
    from tornado.httpclient import AsyncHTTPClient

    body, headers = _plain_body(case)
    options: dict[str, Any] = {}
    if case.chunks is not None:
        body, chunks = None, case.chunks

        async def produce(write: Any) -> None:
            for chunk in chunks:
                await write(chunk)

        options["body_producer"] = produce
    client = AsyncHTTPClient(force_instance=True)
    try:
        answer = await client.fetch(
            url,
            raise_error=False,
            method=case.method,
            body=body,
            headers={**headers, **case.headers},
            request_timeout=case.timeout,
            connect_timeout=case.timeout,
            **options,
        )
        return _seen(
            answer.code,
            answer.body,
            reason=answer.reason,
            headers=list(answer.headers.get_all()),
            url=answer.effective_url,
            error=repr(answer.error),
        )
    finally:
        client.close()


def with_tornado(url: str, case: Case) -> Any:
    return asyncio.run(_with_tornado(url, case))


CLIENTS: dict[str, Callable[[str, Case], Any]] = {
    "requests": with_requests,
    "urllib3": with_urllib3,
    "urllib.request": with_urllib,
    "http.client": with_http_client,
    "httpx": with_httpx(httpx),
    "httpx async": with_httpx_async(httpx),
    "httpx2": with_httpx(httpx2),
    "httpx2 async": with_httpx_async(httpx2),
    "aiohttp": with_aiohttp,
}
RARE: dict[str, Callable[[str, Case], Any]] = {
    "httplib2": with_httplib2,
    "tornado": with_tornado,
}
CLIENTS |= {name: ask for name, ask in RARE.items() if find_spec(name) is not None}


def observed(ask: Callable[[], Any]) -> Any:
    """Return what ``ask`` saw; an exception counts with its class and its words."""
    try:
        seen = ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the tool sees
        kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
        return {"raised": kinds[0], "words": _ADDRESS.sub("0x", str(error))}
    if "headers" in seen:
        named = seen["headers"].items() if isinstance(seen["headers"], dict) else seen["headers"]
        seen["headers"] = [(name, value) for name, value in named if name.lower() != "date"]
    return seen
