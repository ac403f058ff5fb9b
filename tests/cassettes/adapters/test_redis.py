"""redis: commands and pipelines, sync and async, replayed without a server."""

from __future__ import annotations

import asyncio

import pytest

from cassettes import Cassette, CassetteMiss, freeze, side_effects
from tests.cassettes.adapters.conftest import RedisServer
from tests.cassettes.adapters.runs import asked, assert_replays, effects, recorded, replayed

redis = pytest.importorskip("redis", reason="redis is not installed")
pytest.importorskip("redis.asyncio")


def _failed(act):
    try:
        return act()
    except redis.RedisError as error:
        return type(error), str(error), repr(error)


def test_commands_pipelines_and_transactions_are_replayed(redis_server: RedisServer):
    def tool():
        with redis.Redis(port=redis_server.port, decode_responses=True) as client:
            client.flushall()
            seen = [client.set("a", 1), client.get("a"), client.incr("a"), client.get("none")]
            client.hset("h", mapping={"x": 1.5, "y": "\u00e9"})
            client.zadd("z", {"m": 1.5})
            seen += [client.hgetall("h"), client.zrange("z", 0, -1, withscores=True)]
            seen += [client.sadd("s", "1", "2"), client.smembers("s"), list(client.scan_iter("a"))]
            with client.pipeline() as pipe:
                pipe.set("b", b"\x00").incr("a")
                seen += [pipe.execute(), len(pipe), pipe.execute()]
            with client.pipeline(transaction=False) as pipe:
                pipe.get("a").lpush("b", 1)
                seen.append([repr(one) for one in pipe.execute(raise_on_error=False)])
            with client.pipeline() as pipe:
                pipe.lpush("b", 1)
                seen.append(_failed(pipe.execute))
            seen.append(_failed(lambda: client.lpush("b", 1)))

            def double(pipe):
                now = int(pipe.get("a"))
                pipe.multi()
                pipe.set("a", now * 2)

            return [*seen, client.transaction(double, "a"), client.get("a")]

    kept = assert_replays(tool, redis_server.stop)

    assert asked(kept)[:5] == [
        "redis/FLUSHALL",
        "redis/SET",
        "redis/GET",
        "redis/INCRBY",
        "redis/GET",
    ]
    assert effects(kept)[:5] == ["write", "write", "read", "write", "read"]
    assert "redis/MULTI" in asked(kept)
    assert "redis/PIPELINE" in asked(kept)


def test_the_asyncio_client_is_replayed_and_parallel_commands_keep_apart(
    redis_server: RedisServer,
):
    async def use():
        async with redis.asyncio.Redis(port=redis_server.port) as client:
            await client.mset({f"k{number}": number for number in range(5)})
            seen = list(await asyncio.gather(*(client.get(f"k{number}") for number in range(5))))
            async with client.pipeline() as pipe:
                await pipe.watch("k1")
                value = await pipe.get("k1")
                pipe.multi()
                pipe.set("k1", value)
                seen += [value, await pipe.execute()]
            async with client.pipeline(transaction=False) as pipe:
                seen.append(await pipe.get("k2").get("k3").execute())
            return seen

    kept = assert_replays(lambda: asyncio.run(use()), redis_server.stop)

    assert kept[-1].request.header("x-effect") == "read"


def test_a_command_that_was_not_recorded_does_not_reach_the_server(redis_server: RedisServer):
    def tool(amount=5):
        with redis.Redis(port=redis_server.port) as client:
            return client.incr("paid", amount)

    _, kept = recorded(tool)
    cassette = Cassette("replay", "replay", kept)
    with freeze(cassette), pytest.raises(CassetteMiss):
        tool(500)

    (only,) = side_effects(cassette).changes
    assert (only.field, only.recorded, only.replayed) == ("body.args[1]", 5, 500)
    with redis.Redis(port=redis_server.port) as client:
        assert client.get("paid") == b"5"


def test_a_server_that_is_away_fails_the_same_way_in_the_replay(redis_server: RedisServer):
    def tool():
        with redis.Redis(port=redis_server.port, retry=None) as client:
            return _failed(lambda: client.get("a"))

    redis_server.stop()
    given, kept = recorded(tool)
    again, _ = replayed(tool, kept)

    assert again == given
    assert given[0] is redis.ConnectionError


def test_messages_are_refused_in_a_replay(redis_server: RedisServer):
    def tool():
        with redis.Redis(port=redis_server.port) as client, client.pubsub() as messages:
            messages.subscribe("news")
            return messages.get_message(timeout=1)["type"]

    given, kept = recorded(tool)
    assert given == "subscribe"
    with pytest.raises(CassetteMiss, match="The adapter of redis does not record this"):
        replayed(tool, kept)


def test_bytes_that_are_text_are_kept_readable(redis_server: RedisServer):
    def tool():
        with redis.Redis(port=redis_server.port) as client:
            client.set("greeting", "h\u00e9llo")
            return client.get("greeting")

    kept = assert_replays(tool)

    assert "h\u00e9llo".encode() in kept[-1].response.body
