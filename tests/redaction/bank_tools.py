"""Tools of the bank: each asks with another client, and puts its secrets in other places."""

from __future__ import annotations

import asyncio
import os
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import requests
from bank import SECRETS

from replay import Toolbox

toolbox = Toolbox("bank")
API = os.environ["BANK_API"]


@toolbox.world
def world() -> Iterator[dict[str, Any]]:
    with httpx.Client() as client:
        yield {"token": None, "client": client}


@toolbox.state
def state(world: dict[str, Any]) -> dict[str, Any]:
    return {"last": world["token"]}


@toolbox.tool
def login(user: str, password: str, world: dict[str, Any]) -> dict[str, Any]:
    """Log in; the token stays in the world, and so does the cookie."""
    answer = world["client"].post(f"{API}/login", json={"user": user, "password": password})
    answer.raise_for_status()
    world["token"] = answer.json()["access_token"]
    return {"hello": answer.json()["customer"]["name"], "pin": answer.json()["customer"]["pin"]}


@toolbox.tool
def balance(world: dict[str, Any]) -> str:
    """Ask with the token in the path, by the client that has the cookie."""
    return str(world["client"].get(f"{API}/balance/{world['token']}").text)


@toolbox.tool
def confirm(pin: int, world: dict[str, Any]) -> dict[str, Any]:
    """Send a secret number."""
    return dict(requests.post(f"{API}/confirm", json={"pin": pin}, timeout=9).json())


@toolbox.tool
def headers() -> int:
    """Secrets in headers."""
    sent = {
        "Authorization": f"Bearer {SECRETS['an authorization header']}",
        "X-Api-Key": SECRETS["an api key header"],
        "Cookie": f"theme=dark; tracking={SECRETS['a cookie that is sent']}",
    }
    asked = urllib.request.Request(f"{API}/headers", headers=sent)
    with urllib.request.urlopen(asked, timeout=9) as answer:
        status: int = answer.status
    basic = ("svc", SECRETS["a password in basic credentials"])
    return status + requests.get(f"{API}/basic", auth=basic, timeout=9).status_code


@toolbox.tool
def fields() -> list[int]:
    """Secrets in queries, forms and files."""
    query = {"api_key": SECRETS["a query field"], "page": "2", "sig": SECRETS["a signed url"]}
    form = {"grant": "client", "client_secret": SECRETS["a client secret in a form"]}
    file = f"[default]\nopenai = {SECRETS['a file of a multipart form']}\n".encode()
    answers = [
        requests.get(f"{API}/search", params=query, timeout=9),
        requests.post(f"{API}/oauth", data=form, timeout=9),
        requests.post(
            f"{API}/upload",
            data={"api_key": SECRETS["a field of a multipart form"]},
            files={"config": ("a.ini", file)},
            timeout=9,
        ),
        requests.get(f"{API}/bot{SECRETS['a path of a bot']}/getMe", timeout=9),
        requests.get(f"{API}/{os.environ['BANK_API_KEY']}/status", timeout=9),
    ]
    return [answer.status_code for answer in answers]


@toolbox.tool
async def answers() -> dict[str, Any]:
    """Secrets in answers of many kinds."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for path in ("text", "events", "xml", "page"):
            async with session.get(f"{API}/{path}") as answer:
                found[path] = await answer.text()
    async with httpx.AsyncClient() as client:
        one, two, away = await asyncio.gather(
            client.get(f"{API}/br", headers={"Accept-Encoding": "br"}),
            client.get(f"{API}/zstd", headers={"Accept-Encoding": "zstd"}),
            client.get(f"{API}/away"),
        )
    return found | {"br": one.json(), "zstd": two.json(), "to": away.headers["location"]}


@toolbox.tool
def refused() -> str:
    """An address where nobody listens: the client's own words hold the URL."""
    token = SECRETS["a token in the text of an error"]
    requests.get(f"http://127.0.0.1:9/ping?access_token={token}", timeout=9)
    return "never"


@toolbox.tool
def answer() -> dict[str, str]:
    """Secrets that are the tool's own; one is drawn."""
    return {"secret": SECRETS["what a tool answers"], "session_id": str(uuid.uuid4())}
