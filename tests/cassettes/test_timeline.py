"""Parallel questions of one tool are answered at their recorded places in time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.cassettes.conftest import Server

pytestmark = pytest.mark.slow  # many processes, turns or examples

_TOOLS = """
import asyncio, json, random, sys, time
import cassettes
WORLD = WORLD_IS_IN
cassettes.install(world=WORLD)
import httpx
from time import perf_counter

def burn(seconds):
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass

@cassettes.external
async def ask(worker, number, seconds):
    await asyncio.sleep(seconds)
    return number

async def with_externals(chance):
    log = []
    plans = [[(chance.random() * 0.006, chance.random() * 0.003)
              for _ in range(chance.randrange(1, 4))] for _ in range(5)]
    async def worker(index, plan):
        for number, (seconds, cpu) in enumerate(plan):
            burn(cpu)
            log.append([index, await ask(index, number, seconds)])
        log.append([index, "end"])
    await asyncio.gather(*(worker(*each) for each in enumerate(plans)))
    return log

async def with_http(chance, url):
    log = []
    async with httpx.AsyncClient(verify=False) as client:
        async def worker(index):
            for number in range(3):
                burn(chance.random() * 0.002)
                async with client.stream("GET", f"{url}/chunked/{index + number}") as answer:
                    log.append([index, number, "head"])
                    await answer.aread()
                log.append([index, number, "body"])
        await asyncio.gather(*(worker(index) for index in range(5)))
    return log
"""

_RECORD = (
    _TOOLS.replace("WORLD_IS_IN", "False")
    + """
turns = []
for number in range(int(sys.argv[1])):
    cassette = cassettes.Cassette("t")
    with cassettes.freeze(cassette):
        log = asyncio.run(TOOL)
    turns.append([log, [one.to_json() for one in cassette.interactions]])
print(json.dumps(turns))
"""
)

_REPLAY = (
    _TOOLS.replace("WORLD_IS_IN", "True")
    + """
cassettes.outside("block")
same = []
for number, (log, forms) in enumerate(json.load(sys.stdin)):
    for _ in range(2):
        kept = map(cassettes.Interaction.from_json, forms)
        cassette = cassettes.Cassette("t", "replay", kept)
        with cassettes.freeze(cassette, at=1e9, seed="s"):
            same.append(asyncio.run(TOOL) == log)
print(json.dumps(same))
"""
)


def _run(code: str, *args: str, stdin: str = "") -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _same(tool: str, turns: int) -> list[bool]:
    recorded = _run(_RECORD.replace("TOOL", tool), str(turns))
    same: list[bool] = json.loads(_run(_REPLAY.replace("TOOL", tool), stdin=recorded))
    return same


def test_sixty_turns_of_five_parallel_workers_interleave_as_they_were_recorded():
    assert _same("with_externals(random.Random(number))", 60) == [True] * 120


def test_heads_and_bodies_of_parallel_responses_come_in_their_recorded_order(server: Server):
    tool = f"with_http(random.Random(number), {server.url!r})"

    assert _same(tool, 10) == [True] * 20


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("await asyncio.gather(ask('a'), ask('b'))", {"a": 1.0, "b": 2.0}),
        ("await asyncio.gather(ask('b'), ask('a'))", {"a": 1.0, "b": 2.0}),
        ("await ask('b'); await ask('a')", {"a": 2.0, "b": 2.0}),
        ("time.sleep(5); await ask('a')", {"a": 5.0}),
        ("await asyncio.sleep(0.5); await ask('a')", {"a": 1.0}),
        ("await asyncio.to_thread(time.sleep, 0.7); await ask('a')", {"a": 1.0}),
        ("await asyncio.to_thread(sync_ask, 'b'); await ask('a')", {"a": 2.0, "b": 2.0}),
    ],
)
def test_every_answer_comes_at_its_own_time(act, expected):
    shown = _run(
        f"""
import cassettes; cassettes.install(world=True)
import asyncio, json, time
from cassettes import Cassette, Interaction, Request, Response
seen = {{}}
@cassettes.external(name="a", key=lambda: None)
async def first(): ...
@cassettes.external(name="b", key=lambda: None)
async def second(): ...
@cassettes.external(name="b", key=lambda: None)
def second_sync(): ...
async def ask(name):
    await (first if name == "a" else second)()
    seen[name] = round(time.time() - 1000.0, 3)
def sync_ask(name):
    second_sync()
    seen[name] = round(time.time() - 1000.0, 3)
def kept(name, offset_ms, duration_ms):
    request = Request("CALL", f"external://{{name}}", [], b'{{"key":null}}')
    return Interaction(request, Response(200, body=b"null"), offset_ms=offset_ms,
                       duration_ms=duration_ms)
async def main():
    {act}
cassette = Cassette("t", "replay", [kept("a", 0.0, 1000.0), kept("b", 500.0, 1500.0)])
with cassettes.freeze(cassette, at=1000.0, seed="s"):
    asyncio.run(main())
print(json.dumps(seen))
"""
    )

    assert json.loads(shown) == expected
