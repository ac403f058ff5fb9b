"""A toolbox that asks all of them, recorded, and replayed by workers with nothing there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cassettes.adapters.conftest import RedisServer, free_port

pytestmark = pytest.mark.slow  # servers, and workers that import every client

TOOLS = '''
import json, os
import grpc, grpc.aio, psycopg, redis, redis.asyncio
from psycopg.rows import dict_row
from cassettes import adapt
from replay import Recorder, Toolbox

adapt("redis", "psycopg", "grpc")
toolbox = Toolbox("shop")
cache = redis.Redis(port=int(os.environ["REDIS_PORT"]), decode_responses=True)
channel = grpc.insecure_channel(os.environ["GRPC"])
rate = channel.unary_unary("/shop.Rates/Get")


@toolbox.tool
def refund(amount: float) -> dict:
    """Give money back."""
    with psycopg.connect(os.environ["DATABASE"], row_factory=dict_row) as books:
        booked = books.execute(
            "INSERT INTO bookings (amount) VALUES (%s) RETURNING id, at", (amount,)
        ).fetchone()
    with cache.pipeline() as pipe:
        count, _ = pipe.incr("refunds").expire("refunds", 60).execute()
    return {"at": str(booked["at"]), "count": count, "rate": rate(b"EUR").decode()}


@toolbox.tool
async def look(key: str) -> list:
    """Look up."""
    async with redis.asyncio.Redis(port=int(os.environ["REDIS_PORT"])) as client:
        found = str(await client.get(key))
    async with await psycopg.AsyncConnection.connect(os.environ["DATABASE"]) as books:
        rows = await (await books.execute("SELECT count(*) FROM bookings")).fetchall()
    async with grpc.aio.insecure_channel(os.environ["GRPC"]) as other:
        return [found, rows, (await other.unary_unary("/shop.Rates/Get")(b"x")).decode()]


if __name__ == "__main__":
    calls = [("refund", {"amount": 15.5}), ("look", {"key": "refunds"}), ("refund", {"amount": 3})]
    with Recorder("traces.db") as recorder:
        for name, arguments in calls:
            call = {"type": "function_call", "call_id": name, "name": name}
            with recorder.trace():
                toolbox.dispatch_sync([{**call, "arguments": json.dumps(arguments)}])
        assert recorder.failures == 0
'''


@pytest.fixture
def grpc_address() -> Iterator[str]:
    grpc = pytest.importorskip("grpc", reason="grpcio is not installed")
    from concurrent.futures import ThreadPoolExecutor

    class Answers(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request + b"!")

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Answers()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


def test_replays_are_the_recording_and_a_change_is_told_by_its_field(
    tmp_path: Path, redis_server: RedisServer, postgres: str, grpc_address: str
) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TABLE bookings (id serial, amount numeric, at timestamptz)")
        connection.execute("ALTER TABLE bookings ALTER at SET DEFAULT now()")
    file = tmp_path / "shop.py"
    file.write_text(TOOLS)
    there = {"REDIS_PORT": str(redis_server.port), "DATABASE": postgres, "GRPC": grpc_address}
    nowhere = {
        "REDIS_PORT": str(free_port()),
        "DATABASE": f"host=127.0.0.1 port={free_port()}",
        "GRPC": f"127.0.0.1:{free_port()}",
    }

    def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )

    words = ["run", "traces.db", "--tools", "shop:toolbox", "--jobs", "1"]
    words += [word for name in there for word in ("--env", name)]
    replay = ("-P", "-m", "replay.cli.main", *words)
    agent = run(there, "shop.py")
    assert (agent.returncode, agent.stderr) == (0, "")

    same = run(nowhere, *replay)
    assert same.stdout == "3 calls of 3 traces: all the same\n", same.stdout + same.stderr

    # Every server is there again, and is not asked.
    file.write_text(TOOLS.replace("(amount,)", "(amount * 100,)"))
    changed = run(there, *replay)
    told = " ".join(changed.stdout.split())
    assert changed.returncode == 2
    assert (
        "~ refund: CALL external://psycopg/INSERT/bookings now sends body.parameters[0] "
        "1550.0 instead of 15.5" in told
    )
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT sum(amount) FROM bookings").fetchone() == (18.5,)
