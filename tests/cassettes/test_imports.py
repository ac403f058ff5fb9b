"""Hooks find clients whenever they are imported, and import none themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_and_installing_imports_no_client():
    out = _run(
        "import sys, cassettes; cassettes.install()\n"
        "heavy = {'httpx', 'httpx2', 'requests', 'urllib3', 'aiohttp', 'vcr', 'pydantic', 'yaml',"
        " 'click', 'rich', 'asyncio', 'time_machine'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    assert out == "[]\n"


@pytest.mark.parametrize("client", ["httpx", "requests", "urllib.request", "aiohttp", "httpx2"])
def test_a_client_imported_after_install_is_hooked(client):
    ask = {
        "aiohttp": "import asyncio\n"
        "async def ask(url):\n"
        "    async with aiohttp.ClientSession() as s:\n"
        "        await s.get(url)\n"
        "get = lambda url: asyncio.run(ask(url))",
        "urllib.request": "get = urllib.request.urlopen",
    }.get(client, f"get = {client}.get")
    out = _run(
        "import cassettes; cassettes.install()\n"
        f"import {client}\n{ask}\n"
        "with cassettes.freeze(cassettes.Cassette('t', 'replay')):\n"
        "    try: get('http://localhost:9/x')\n"
        "    except cassettes.CassetteMiss as miss: print(miss.miss.line)"
    )

    assert out == "GET http://localhost:9/x\n"
