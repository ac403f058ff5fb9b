"""A bank on loopback that hands secrets out and takes them in every way HTTP has, and the secrets.

Each secret is planted in one place; what the bank gives is asked for again in others.
"""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import brotli
import zstandard

SECRETS = {
    "a password in JSON": "correct-horse-7-battery",
    "a token in a gzip answer": "at_5up3rT0ken9931xyz",
    "a refresh token beside it": "rt_0ld3rBr0ther77310",
    "a cookie that is set": "s1dv4lue99281837465",
    "a cookie that is sent": "c00k1e-sent-5510293",
    "an authorization header": "hdr-b34r3r-81726354",
    "an api key header": "x4p1k3y-header-5566",
    "a password in basic credentials": "b4s1c-pw-77553311",
    "a query field": "qu3ry-k3y-909081726",
    "a signed url": "s1gn4ture-of-url-42",
    "a client secret in a form": "cl13nt/secret+44 9==",
    "a field of a multipart form": "mult1p4rt-k3y-3321",
    "a file of a multipart form": "sk-proj-f1l3f1l3f1l3f1l3f1l3",
    "a path of a bot": "7251638490:AAHfiqksKZ8WmR2zMnJ7QpL3xYvBdEcTgUw",
    "a code where it redirects to": "4/0AbCdEf-c0de-998877",
    "a token in a fragment": "fr4gment-t0ken-1029",
    "a key in a br answer": "AKIAQ3EGTK5ZX7RBW2LD",
    "a key in a zstd answer": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "a web token in text": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJleHAiOjE3OTUyMDAwMDB9"
    ".c2lnbmF0dXJlLXh5ei05OTg4Nzc",
    "a private key": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDplanted",
    "userinfo of a url in text": "db-p4ss-8899001122",
    "a session token in events": "ev3nt-s3ss10n-66554",
    "a password in xml": "xml-p4ssw0rd-332211",
    "a hidden field of a page": "csrf-h1dden-77441122",
    "a token in the text of an error": "3rr0r-t0ken-5544332",
    "a variable of the environment, in a path": "env-k3y-1234-abcd-99",
    "a token in words of the user": "t0ld-by-the-user-331",
    "what a tool answers": "t00l-answer-s3cret-1",
}
PIN = 4817
"""A secret number: it becomes another, and is looked for by its name."""


_S = SECRETS


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        self.server.asked.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        route = self.path.split("?")[0].strip("/").split("/")[0]
        give = getattr(self, f"_{route}", self._echo)
        status, kind, told, headers = give(body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def _login(self, body: bytes) -> Any:
        if json.loads(body).get("password") != _S["a password in JSON"]:
            return 403, "application/json", b'{"error": "wrong password"}', {}
        told = {
            "access_token": _S["a token in a gzip answer"],
            "refresh_token": _S["a refresh token beside it"],
            "token_type": "Bearer",
            "expires_in": 3600,
            "customer": {"name": "Ann", "pin": PIN},
        }
        headers = {
            "Content-Encoding": "gzip",
            "Set-Cookie": f"sid={_S['a cookie that is set']}; Path=/; HttpOnly",
        }
        return 200, "application/json", gzip.compress(json.dumps(told).encode()), headers

    def _balance(self, body: bytes) -> Any:
        """Only with the token, which stands in the path."""
        token = self.path.split("?")[0].split("/")[2]
        if token != _S["a token in a gzip answer"]:
            return 401, "text/plain", f"no such token: {token}".encode(), {}
        return 200, "text/plain", f"42 EUR for {token}".encode(), {}

    def _away(self, body: bytes) -> Any:
        code, fragment = _S["a code where it redirects to"], _S["a token in a fragment"]
        place = f"/landed?code={quote(code, safe='')}&lang=en#access_token={fragment}"
        return 302, "text/plain", b"", {"Location": place}

    def _br(self, body: bytes) -> Any:
        told = json.dumps({"note": f"use {_S['a key in a br answer']}"}).encode()
        return 200, "application/json", brotli.compress(told), {"Content-Encoding": "br"}

    def _zstd(self, body: bytes) -> Any:
        told = json.dumps({"deploy": _S["a key in a zstd answer"]}).encode()
        packed = zstandard.ZstdCompressor().compress(told)
        return 200, "application/json", packed, {"Content-Encoding": "zstd"}

    def _text(self, body: bytes) -> Any:
        told = (
            f"as {_S['a web token in text']}\n-----BEGIN PRIVATE KEY-----\n{_S['a private key']}\n"
            f"-----END PRIVATE KEY-----\nsee postgres://svc:{_S['userinfo of a url in text']}@db/x"
        )
        return 200, "text/plain", told.encode(), {}

    def _events(self, body: bytes) -> Any:
        told = {"session_token": _S["a session token in events"]}
        events = f"event: open\ndata: {json.dumps(told)}\n\ndata: [DONE]\n\n"
        return 200, "text/event-stream", events.encode(), {}

    def _xml(self, body: bytes) -> Any:
        told = f"<user><name>ann</name><password>{_S['a password in xml']}</password></user>"
        return 200, "text/xml", told.encode(), {}

    def _page(self, body: bytes) -> Any:
        field = f'<input type="hidden" name="csrf_token" value="{_S["a hidden field of a page"]}">'
        return 200, "text/html", f"<form>{field}</form>".encode(), {}

    def _echo(self, body: bytes) -> Any:
        return 200, "application/json", json.dumps({"ok": True}).encode(), {}


class Bank:
    """The running bank."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.asked = []  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.005))
        self._thread.start()

    @property
    def asked(self) -> list[str]:
        """Every request that came, in one line."""
        asked: list[str] = self._server.asked  # type: ignore[attr-defined]
        return asked

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
