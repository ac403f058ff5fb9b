"""Bedrock by boto3: Converse and its stream, and Anthropic's own format under InvokeModel."""

from __future__ import annotations

import base64
import json
import struct
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

botocore_session = pytest.importorskip("botocore.session", reason="botocore is not installed")

from replay import Recorder  # noqa: E402
from replay.records import Outcome  # noqa: E402
from tests.frameworks.suite import model_calls, tool_calls  # noqa: E402

USE = {"toolUseId": "t1", "name": "get_weather", "input": {"city": "Paris"}}
ARGUMENTS = '{"city": "Paris"}'
QUESTION = {"role": "user", "content": [{"text": "Hi"}]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}]}


def frame(name: str, payload: Any) -> bytes:
    """One event as Amazon frames it."""
    headers = b""
    for key, value in ((":event-type", name), (":message-type", "event")):
        text = value.encode()
        headers += struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(text))
        headers += text
    body = json.dumps(payload).encode()
    start = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    start += struct.pack("!I", zlib.crc32(start))
    whole = start + headers + body
    return whole + struct.pack("!I", zlib.crc32(whole))


def converse_stream(is_last: bool) -> bytes:
    yes: list[tuple[str, Any]] = [("messageStart", {"role": "assistant"})]
    if is_last:
        yes += [("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "18 degrees."}})]
    else:
        start = {"toolUse": {"toolUseId": "t1", "name": "get_weather"}}
        yes += [("contentBlockStart", {"contentBlockIndex": 0, "start": start})]
        yes += [
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": piece}}})
            for piece in (ARGUMENTS[:5], ARGUMENTS[5:])
        ]
    yes += [("contentBlockStop", {"contentBlockIndex": 0})]
    yes += [("messageStop", {"stopReason": "end_turn" if is_last else "tool_use"})]
    yes += [("metadata", {"usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12}})]
    return b"".join(frame(name, payload) for name, payload in yes)


def invoke_stream() -> bytes:
    block = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}}
    message = {"id": "m1", "role": "assistant", "content": [], "model": "claude", "usage": {}}
    events: list[Any] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": ARGUMENTS},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}},
        {"type": "message_stop"},
    ]
    packed = [base64.b64encode(json.dumps(event).encode()).decode() for event in events]
    return b"".join(frame("chunk", {"bytes": piece}) for piece in packed)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_last = len(asked["messages"]) > 1
        kind = "application/vnd.amazon.eventstream"
        if self.path.endswith("/converse"):
            blocks = [{"text": "18 degrees."}] if is_last else [{"toolUse": USE}]
            said = {
                "output": {"message": {"role": "assistant", "content": blocks}},
                "stopReason": "end_turn" if is_last else "tool_use",
                "usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12},
                "metrics": {"latencyMs": 1},
            }
            body, kind = json.dumps(said).encode(), "application/json"
        elif self.path.endswith("/converse-stream"):
            body = converse_stream(is_last)
        else:
            body = invoke_stream()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("x-amzn-requestid", "r1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made = botocore_session.get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    yield made
    made.close()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_converse_is_recorded(client: Any, recorder: Recorder, stream: bool) -> None:
    @recorder.tool
    def get_weather(city: str) -> dict[str, Any]:
        return {"city": city}

    def ask(messages: list[Any]) -> Any:
        asked = {"modelId": "claude", "messages": messages, "toolConfig": TOOLS}
        asked["system"] = [{"text": "Be kind."}]
        if not stream:
            return client.converse(**asked)["output"]["message"]
        message: Any = {"role": "assistant", "content": []}
        for event in client.converse_stream(**asked)["stream"]:
            if "contentBlockStart" in event:
                use = event["contentBlockStart"]["start"]["toolUse"]
                message["content"].append({"toolUse": {**use, "input": json.loads(ARGUMENTS)}})
        return message

    with recorder.trace() as trace:
        first = ask([QUESTION])
        use = first["content"][0]["toolUse"]
        result = {"toolUseId": use["toolUseId"], "content": [{"json": get_weather(**use["input"])}]}
        ask([QUESTION, first, {"role": "user", "content": [{"toolResult": result}]}])
    recorder.store.flush()
    transcript = recorder.store.transcript(trace.id)

    asked, last = model_calls(transcript)
    (call,) = tool_calls(transcript)
    assert (asked.api, asked.model, asked.finish_reason) == ("converse", "claude", "tool_use")
    assert (asked.streamed, asked.request_id, asked.status_code) == (stream, "r1", 200)
    assert asked.usage == {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12}
    assert asked.messages[0] == {"role": "system", "content": [{"text": "Be kind."}]}
    assert asked.tools == [{"name": "get_weather", "inputSchema": SCHEMA}]
    assert last.output == {"role": "assistant", "content": [{"text": "18 degrees."}]}
    assert (call.tool, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
    assert (call.outcome, call.result, call.provider_call_id) == (
        Outcome.OK,
        {"city": "Paris"},
        "t1",
    )
    assert json.loads(call.response or "") == {"city": "Paris"}


def test_anthropic_s_events_in_amazon_s_frames_are_read(client: Any, recorder: Recorder) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    with recorder.trace() as trace:
        said = client.invoke_model_with_response_stream(modelId="claude", body=json.dumps(body))
        assert len(list(said["body"])) == 6
    recorder.store.flush()
    transcript = recorder.store.transcript(trace.id)

    (asked,) = model_calls(transcript)
    (call,) = tool_calls(transcript)
    assert (asked.api, asked.model, asked.response_id) == ("messages", "claude", "m1")
    assert (call.tool, call.arguments) == ("get_weather", ARGUMENTS)
