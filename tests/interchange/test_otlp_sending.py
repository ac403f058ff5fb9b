"""Spans are posted to a server that is there, busy, choosy, or not there."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.interchange.otlp_sending import NotSent, Sender, url_of
from replay.store import Store
from tests.interchange.rich_trace import chat_trace, claude_trace

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, b"{}")


class Collector:
    """Gives one answer after the other, and keeps what was posted."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.posted: list[tuple[str, dict[str, str], bytes]] = []
        collector = self

        class Takes(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.posted.append((self.path, dict(self.headers), body))
                code, headers, said = collector.answers.pop(0) if collector.answers else OK
                self.send_response(code)
                for name, value in {**headers, "content-length": str(len(said))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()


@pytest.fixture(scope="module")
def running() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.thread.join()
    collector.server.server_close()


@pytest.fixture
def collector(running: Collector) -> Collector:
    running.answers.clear()
    running.posted.clear()
    return running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def sender(collector: Collector, waits: list[float]) -> Sender:
    return Sender(collector.url, {"Authorization": "Bearer k"}, sleep=waits.append)


def test_a_request_is_posted_to_the_traces_of_the_endpoint(
    sender: Sender, collector: Collector
) -> None:
    sender.send({"resourceSpans": []})

    ((path, headers, body),) = collector.posted
    assert path == "/v1/traces"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer k"
    assert json.loads(body) == {"resourceSpans": []}


def test_who_is_busy_is_asked_again_after_the_time_it_asks_for(
    sender: Sender, collector: Collector, waits: list[float]
) -> None:
    collector.answers += [(503, {"Retry-After": "3"}, b""), (429, {}, b""), OK]

    sender.send({"resourceSpans": []})

    assert len(collector.posted) == 3
    assert waits == [3.0, 1.0]


def test_a_date_to_come_again_is_waited_for(
    sender: Sender, collector: Collector, waits: list[float]
) -> None:
    # Long past: how long it is until then needs no clock of the test's.
    collector.answers += [(429, {"Retry-After": "Fri, 20 Nov 2020 10:00:00 GMT"}, b""), OK]
    collector.answers += [(429, {"Retry-After": "Tue, 20 Nov 2096 10:00:00 GMT"}, b""), OK]

    sender.send({"resourceSpans": []})
    sender.send({"resourceSpans": []})

    assert waits == [0.5, 30.0]


def test_who_stays_busy_is_told(sender: Sender, collector: Collector, waits: list[float]) -> None:
    collector.answers += [(503, {}, b"no room")] * 5

    with pytest.raises(NotSent) as refused:
        sender.send({"resourceSpans": []})

    assert f"{collector.url}/v1/traces answered 503 Service Unavailable: no room" in str(
        refused.value
    )
    assert "It stayed so for 5 tries." in str(refused.value)
    assert waits == [0.5, 1.0, 2.0, 4.0]


def test_a_refusal_is_told_at_once_with_what_to_do(
    sender: Sender, collector: Collector, waits: list[float]
) -> None:
    collector.answers += [(401, {}, b"who are you?")]

    with pytest.raises(NotSent, match=r"401 Unauthorized: who are you\?\nName a key"):
        sender.send({"resourceSpans": []})

    assert waits == []


def test_an_endpoint_that_is_not_there_is_told(waits: list[float]) -> None:
    sender = Sender("http://127.0.0.1:1", sleep=waits.append)

    with pytest.raises(NotSent, match=r"cannot be reached: .*refused.*\nDoes a collector listen"):
        sender.send({"resourceSpans": []})

    assert len(waits) == 4


def test_who_takes_protobuf_only_gets_that(
    sender: Sender, collector: Collector, tmp_path: Path
) -> None:
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    from replay.interchange import ExportReport, export_requests
    from replay.records import Selection

    collector.answers += [(415, {}, b"unsupported"), OK]
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all(chat_trace())
        for request in export_requests(store, Selection(), "openinference", ExportReport()):
            sender.send(request)
            sender.send(request)

    json_first, *others = collector.posted
    assert json_first[1]["Content-Type"] == "application/json"
    assert [one[1]["Content-Type"] for one in others] == ["application/x-protobuf"] * 2
    read = service.ExportTraceServiceRequest.FromString(others[0][2])
    (span, *_) = read.resource_spans[0].scope_spans[0].spans
    assert (
        span.trace_id.hex()
        == json.loads(json_first[2])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]
    )


def test_spans_that_the_endpoint_throws_away_are_counted(
    sender: Sender, collector: Collector
) -> None:
    said = {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}
    collector.answers += [(200, {}, json.dumps(said).encode())]

    sender.send({"resourceSpans": []})

    assert (sender.rejected_count, sender.rejected_words) == (2, "too old")


def test_spans_that_are_thrown_away_are_counted_of_an_answer_in_protobuf(
    sender: Sender, collector: Collector
) -> None:
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    said = service.ExportTraceServiceResponse()
    said.partial_success.rejected_spans = 3
    said.partial_success.error_message = "no room"
    collector.answers += [(415, {}, b""), (200, {}, said.SerializeToString()), (200, {}, b"oops")]

    sender.send({"resourceSpans": []})
    sender.send({"resourceSpans": []})

    assert (sender.rejected_count, sender.rejected_words) == (3, "no room")


def test_what_was_not_sent_can_be_gone_on_with(
    collector: Collector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all([*chat_trace(), *claude_trace()])
    words = ["export", str(tmp_path / "traces.db"), "--to", "otlp", "--endpoint", collector.url]
    collector.answers += [OK, (400, {}, b"no")]

    assert exit_code_of(words) == 3
    told = capsys.readouterr().err
    since = re.search(r"Sent 1 traces? before that, .* Go on with --since (\S+): ", told)
    assert since is not None
    assert exit_code_of([*words, "--since", since[1]]) == 0

    sent = {
        json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]
        for _, _, body in collector.posted
    }
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("given", "posted_to"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("https://host/otlp/", "https://host/otlp/v1/traces"),
        ("http://host/v1/traces", "http://host/v1/traces"),
    ],
)
def test_the_path_is_added_where_it_is_missing(given: str, posted_to: str) -> None:
    assert url_of(given) == posted_to


def test_the_command_sends_each_trace_and_says_so(
    collector: Collector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all([*chat_trace(), *claude_trace()])
    database = str(tmp_path / "traces.db")

    ended = exit_code_of(["export", database, "--to", "otlp", "--endpoint", collector.url])

    assert ended == 0
    assert len(collector.posted) == 2
    assert "Sent 2 traces, 10 spans." in capsys.readouterr().err


def test_what_is_no_endpoint_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "traces.db"
    Store.open(database, "create").close()

    for words in (
        ["--to", "otlp", "--endpoint", "localhost:4318"],
        ["--to", "records", "--endpoint", "http://localhost:4318"],
        ["--to", "otlp", "--header", "a=b"],
        ["--to", "otlp", "--no-mask"],
    ):
        assert exit_code_of(["export", str(database), *words]) == 3

    said = capsys.readouterr().err
    assert "'localhost:4318' is no URL such as http://localhost:4318" in said
    assert "--endpoint is for spans" in said
    assert "--header goes with --endpoint" in said
    assert "--no-mask is for --to bundle" in said
