"""botocore, brotli, and HTTPS: what the matrix of clients does not cover."""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from cassettes import Cassette, Interaction, freeze, side_effects

_PLAIN = json.dumps({"words": "hello " * 50}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(b'{"TableNames": ["orders"]}', "application/x-amz-json-1.0", "")

    def do_PUT(self) -> None:
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(b"", "text/plain", "")

    def do_GET(self) -> None:
        if self.path == "/br":
            import brotli

            self._answer(brotli.compress(_PLAIN), "application/json", "br")
        else:
            self._answer(_PLAIN, "application/json", "")

    def _answer(self, body: bytes, kind: str, encoding: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Running:
    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.005))
        self._thread.start()
        self.is_up = True

    def stop(self) -> None:
        if self.is_up:
            self.is_up = False
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


@pytest.fixture
def plain() -> Iterator[Running]:
    running = Running()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that this test signs itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("No openssl here to sign a certificate with.")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject),
            *("-keyout", str(path), "-out", f"{path}.crt"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Running]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running = Running(context)
    yield running
    running.stop()


def _recorded_and_replayed(
    act: Callable[[], Any], server: Running
) -> tuple[Any, Any, Any, list[Interaction]]:
    """Run ``act`` bare, recorded, and replayed without its server."""
    bare = act()
    recording = Cassette("t")
    with freeze(recording):
        recorded = act()
    kept = [Interaction.from_json(one.to_json()) for one in recording.interactions]
    server.stop()
    replay = Cassette("t", "replay", kept)
    with freeze(replay):
        replayed = act()
    assert side_effects(replay).changes == []
    return bare, recorded, replayed, kept


def _s3_and_dynamodb(url: str) -> Any:
    session_module = pytest.importorskip("botocore.session", reason="botocore is not installed")
    session = session_module.get_session()
    known = {
        "endpoint_url": url,
        "region_name": "eu-west-1",
        "aws_access_key_id": "id",
        "aws_secret_access_key": "not a secret",
    }
    tables = session.create_client("dynamodb", **known).list_tables()["TableNames"]
    s3 = session.create_client("s3", **known)
    s3.put_object(Bucket="bucket", Key="key", Body=b"content" * 1000)
    got = s3.get_object(Bucket="bucket", Key="key")["Body"].read()
    return [tables, got]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_botocore_is_recorded_and_replayed_through_urllib3(plain: Running):
    bare, recorded, replayed, kept = _recorded_and_replayed(
        lambda: _s3_and_dynamodb(plain.url), plain
    )

    assert bare == recorded == replayed == [["orders"], _PLAIN]
    assert [(one.via, one.request.method) for one in kept] == [
        ("urllib3", "POST"),
        ("urllib3", "PUT"),
        ("urllib3", "GET"),
    ]
    assert b"content" * 1000 in kept[1].request.body


async def _with_aiohttp(url: str, context: ssl.SSLContext | None) -> bytes:
    trust = True if context is None else context
    async with aiohttp.ClientSession() as session, session.get(url, ssl=trust) as answer:
        return await answer.read()


async def _with_async(module: Any, url: str, verify: Any) -> bytes:
    async with module.AsyncClient(verify=verify) as client:
        content: bytes = (await client.get(url)).content
        return content


def _with_http_client(url: str, context: ssl.SSLContext) -> bytes:
    parts = urlsplit(url)
    conn = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context)
    conn.request("GET", parts.path)
    body = conn.getresponse().read()
    conn.close()
    return body


def _with_urllib3(url: str, path: str) -> bytes:
    with urllib3.PoolManager(ca_certs=path) as pool:
        return pool.request("GET", url).data


@pytest.mark.parametrize("client", ["requests", "urllib3", "httpx", "httpx2", "aiohttp"])
def test_brotli_is_unpacked_on_the_way_and_packed_again(client: str, plain: Running):
    pytest.importorskip("brotli", reason="brotli is not installed")
    url = plain.url + "/br"
    asks: dict[str, Callable[[], bytes]] = {
        "requests": lambda: requests.get(url, timeout=10).content,
        "urllib3": lambda: urllib3.request("GET", url).data,
        "httpx": lambda: httpx.get(url).content,
        "httpx2": lambda: httpx2.get(url).content,
        "aiohttp": lambda: asyncio.run(_with_aiohttp(url, None)),
    }
    bare, recorded, replayed, kept = _recorded_and_replayed(asks[client], plain)

    assert bare == recorded == replayed == _PLAIN
    (one,) = kept
    assert one.to_json()["response"]["body"] == {
        "json": json.loads(_PLAIN),
        "spelling": "spaced",
        "encoding": "br",
    }


@pytest.mark.parametrize(
    "client",
    [
        "requests",
        "urllib3",
        "http.client",
        "urllib.request",
        "httpx",
        "httpx2",
        "httpx async",
        "httpx2 async",
        "aiohttp",
    ],
)
def test_https_with_a_certificate_of_ones_own(client: str, secure: Running, certificate: Path):
    url = secure.url + "/plain"
    context = ssl.create_default_context(cafile=f"{certificate}.crt")

    def opened() -> bytes:
        with urllib.request.urlopen(url, context=context) as answer:
            body: bytes = answer.read()
            return body

    asks: dict[str, Callable[[], bytes]] = {
        "requests": lambda: requests.get(url, verify=f"{certificate}.crt", timeout=10).content,
        "urllib3": lambda: _with_urllib3(url, f"{certificate}.crt"),
        "http.client": lambda: _with_http_client(url, context),
        "urllib.request": opened,
        "httpx": lambda: httpx.get(url, verify=context).content,
        "httpx2": lambda: httpx2.get(url, verify=context).content,
        "httpx async": lambda: asyncio.run(_with_async(httpx, url, context)),
        "httpx2 async": lambda: asyncio.run(_with_async(httpx2, url, context)),
        "aiohttp": lambda: asyncio.run(_with_aiohttp(url, context)),
    }
    bare, recorded, replayed, kept = _recorded_and_replayed(asks[client], secure)

    assert bare == recorded == replayed == _PLAIN
    assert [one.request.line for one in kept] == [f"GET {url}"]


def test_a_certificate_that_is_not_trusted_fails_the_same_way_in_the_replay(secure: Running):
    def ask() -> str:
        try:
            requests.get(secure.url, timeout=10)
        except requests.exceptions.SSLError as error:
            return f"{type(error).__name__}: {'certificate verify failed' in str(error)}"
        return "trusted"

    bare, recorded, replayed, _ = _recorded_and_replayed(ask, secure)

    assert bare == recorded == replayed == "SSLError: True"
