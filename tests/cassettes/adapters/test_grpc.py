"""gRPC: unary calls, sync, async and as futures, replayed without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest

from cassettes import Cassette, CassetteMiss, freeze, side_effects
from tests.cassettes.adapters.runs import asked, assert_replays, recorded, replayed

grpc = pytest.importorskip("grpc", reason="grpcio is not installed")
pytest.importorskip("grpc.aio")


class _Answers(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self.count = 0

    def service(self, details: Any) -> Any:
        if details.method.endswith("/List"):
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter([b"1", b"2"]))
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, request: bytes, context: Any) -> bytes:
        self.count += 1
        context.send_initial_metadata((("first", "1"),))
        context.set_trailing_metadata((("last", "2"), ("raw-bin", b"\xff")))
        if request == b"fail":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such r\u00e4te")
        return request + b"!"


class _Server:
    def __init__(self) -> None:
        self.handler = _Answers()
        self._server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[self.handler])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(0).wait()


@pytest.fixture
def server() -> Iterator[_Server]:
    running = _Server()
    yield running
    running.stop()


def _error(error: Any) -> list[Any]:
    return [
        type(error).__name__,
        error.code(),
        error.details(),
        [tuple(one) for one in error.initial_metadata()],
        [tuple(one) for one in error.trailing_metadata()],
    ]


def _failed(act):
    try:
        return act()
    except grpc.RpcError as error:
        return _error(error)


def test_calls_futures_metadata_and_errors_are_replayed(server: _Server):
    def tool():
        with grpc.insecure_channel(server.address) as channel:
            rate = channel.unary_unary("/shop.Rates/Get")
            text = channel.unary_unary(
                "/shop.Rates/Say", request_serializer=str.encode, response_deserializer=bytes.decode
            )
            answer, call = rate.with_call(b"\xff", metadata=(("who", "me"),))
            seen = [rate(b"EUR"), text("h\u00e9"), answer, call.code(), call.details()]
            seen += [[tuple(one) for one in call.initial_metadata()]]
            seen += [[tuple(one) for one in call.trailing_metadata()]]
            waiting = [rate.future(b"%d" % number) for number in range(3)]
            seen += [one.result() for one in waiting]
            return [
                *seen,
                _failed(lambda: rate(b"fail")),
                _failed(lambda: rate.future(b"fail").result()),
            ]

    kept = assert_replays(tool, server.stop)

    assert asked(kept)[1:3] == ["grpc/shop.Rates/Get", "grpc/shop.Rates/Say"]


def test_calls_under_asyncio_are_replayed(server: _Server):
    class Loud(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, details, request):
            return await continuation(details, request + b"?")

    async def use():
        seen = []
        async with grpc.aio.insecure_channel(server.address) as channel:
            rate = channel.unary_unary("/shop.Rates/Get")
            seen += await asyncio.gather(*(rate(b"%d" % number) for number in range(3)))
            call = rate(b"x")
            seen += [
                await call.code(),
                await call,
                call.done(),
                list(await call.initial_metadata()),
            ]
            try:
                await rate(b"fail")
            except grpc.aio.AioRpcError as error:
                seen += _error(error)
        async with grpc.aio.insecure_channel(server.address, interceptors=[Loud()]) as channel:
            seen.append(await channel.unary_unary("/shop.Rates/Get")(b"x"))
        return seen

    assert_replays(lambda: asyncio.run(use()), server.stop)


def test_protobuf_messages_are_compared_field_by_field(server: _Server):
    wrappers = pytest.importorskip("google.protobuf.struct_pb2", reason="protobuf is not installed")

    def tool(amount=15.5):
        with grpc.insecure_channel(server.address) as channel:
            pay = channel.unary_unary(
                "/shop.Pay/Refund",
                request_serializer=wrappers.Struct.SerializeToString,
                response_deserializer=lambda raw: len(raw) > 0,
            )
            message = wrappers.Struct()
            message.update({"order": "A1", "amount": amount})
            return pay(message)

    _, kept = recorded(tool)
    served = server.handler.count
    cassette = Cassette("replay", "replay", kept)
    with freeze(cassette), pytest.raises(CassetteMiss):
        tool(1550)

    (only,) = side_effects(cassette).changes
    assert (only.field, only.recorded, only.replayed) == ("body.message.amount", 15.5, 1550.0)
    assert server.handler.count == served


def test_streams_are_refused_in_a_replay_by_name(server: _Server):
    def tool():
        with grpc.insecure_channel(server.address) as channel:
            return list(channel.unary_stream("/shop.Rates/List")(b""))

    given, kept = recorded(tool)
    assert given == [b"1", b"2"]
    with pytest.raises(CassetteMiss, match=r"grpc/shop\.Rates/List/stream"):
        replayed(tool, kept)


def test_a_server_that_is_away_fails_the_same_way_in_the_replay(server: _Server):
    def tool():
        with grpc.insecure_channel(server.address) as channel:
            return _failed(lambda: channel.unary_unary("/shop.Rates/Get")(b"x", timeout=5))

    server.stop()
    given, kept = recorded(tool)
    again, _ = replayed(tool, kept)

    assert again == given
    assert given[1] is grpc.StatusCode.UNAVAILABLE
