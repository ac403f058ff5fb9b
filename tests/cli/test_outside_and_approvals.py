"""Changed requests and approvals that grow, from the recording to the report."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.store import Store
from replay.tools.loading import load_toolbox
from tests.cli.conftest import one_trace

Printed = pytest.CaptureFixture[str]

PAYS = '''
import json
import urllib.request
from replay import Toolbox

toolbox = Toolbox("pay")


def ask(path, body=None):
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("BASE" + path, content, {{"content-type": "application/json"}})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@toolbox.tool
def refund(order_id: str, amount: float) -> dict:
    """Look the order up, and give money back."""
    ask("/orders/" + order_id)
    return ask("/refunds", {"order_id": order_id, "amount": amount})
'''.replace("{{", "{").replace("}}", "}")

ASKED = {"type": "function_call", "call_id": "call_1", "name": "refund"}


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b'{"done": true}'
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def pay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``pay.py`` and a recording of three refunds with it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    file = tmp_path / "pay.py"
    file.write_text(PAYS.replace("BASE", f"http://127.0.0.1:{server.server_port}"))
    toolbox = load_toolbox(f"{file}:toolbox")
    with Recorder("traces.db") as recorder:
        for order, amount in (("A1", 15.5), ("A2", 20), ("ord_7", 3)):
            arguments = {"order_id": order, "amount": amount}
            with recorder.trace():
                toolbox.dispatch_sync([{**ASKED, "arguments": json.dumps(arguments)}])
    server.shutdown()
    thread.join()
    server.server_close()
    return file


@pytest.mark.slow
def test_what_a_tool_now_asks_is_the_headline(pay: Path, capsys: Printed) -> None:
    pay.write_text(pay.read_text().replace('"amount": amount', '"amount": amount * 100'))

    assert exit_code_of(["run", "--tools", "pay.py:toolbox", "--jobs", "2"]) == 2
    printed = capsys.readouterr().out

    assert "~ refund: POST /refunds now sends body.amount 1550.0 instead of 15.5\n" in printed
    assert "  3 of 3 calls, 3 traces\n  cause: today's code answers differently\n" in printed
    assert "      - body.amount 15.5\n      + body.amount 1550.0\n" in printed


@pytest.mark.slow
def test_a_request_sent_twice_says_so(pay: Path, capsys: Printed) -> None:
    again = '    ask("/refunds", {"order_id": order_id, "amount": amount})\n    return ask("/ref'
    pay.write_text(pay.read_text().replace('    return ask("/ref', again))

    assert exit_code_of(["run", "--tools", "pay.py:toolbox", "--jobs", "2"]) == 2

    assert "~ refund: sends POST /refunds twice (recorded once)\n" in capsys.readouterr().out


@pytest.mark.slow
def test_requests_that_change_places_say_after_which_they_come_now(
    pay: Path, capsys: Printed
) -> None:
    look = '    ask("/orders/" + order_id)\n'
    give = '    return ask("/refunds", {"order_id": order_id, "amount": amount})'
    text = pay.read_text()
    pay.write_text(
        text.replace(look, "").replace(
            give, f"{give.replace('return', 'given =')}\n{look}    return given"
        )
    )
    assert exit_code_of(["run", "--tools", "pay.py:toolbox", "--jobs", "2", "--json"]) == 2
    (finding,) = json.loads(capsys.readouterr().out)["findings"]

    assert finding["title"] == "refund: sends GET /orders/* after POST /refunds"
    (change,) = finding["example"]["interaction_changes"]
    assert change["change"] == "reordered"
    assert change["recorded"].startswith("before POST http://127.0.0.1:")


@pytest.mark.slow
def test_a_moved_endpoint_is_one_finding_however_many_orders(pay: Path, capsys: Printed) -> None:
    pay.write_text(pay.read_text().replace('"/orders/"', '"/v2/orders/"'))

    assert exit_code_of(["run", "--tools", "pay.py:toolbox", "--jobs", "2"]) == 2
    printed = capsys.readouterr().out

    assert "3 unanswered in 1 finding" in printed
    words = " ".join(printed.split())
    assert "asks GET /v2/orders/* instead of GET /orders/*, which no cassette" in words
    assert "differs in path: recorded '/orders/A1', asked '/v2/orders/A1'." in words
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.slow
def test_an_approved_failure_that_grows_ends_with_1_again(folder: Path, capsys: Printed) -> None:
    tools = folder / "shop.py"
    fails = '    if len(item) < 4:\n        raise ValueError(f"{item!r} is too small")\n    return'
    tools.write_text(tools.read_text().replace("    return", fails))
    run = ["run", "--tools", "shop:toolbox", "--jobs", "1"]
    assert exit_code_of(run) == 1
    assert exit_code_of([*run, "--approve"]) == 0
    assert exit_code_of(run) == 0
    assert "3 calls of 3 traces: 1 same, 2 approved\n" in capsys.readouterr().out

    with Store.open("traces.db", mode="w") as store:
        store.append_all(one_trace(4, "pot"))

    assert exit_code_of(run) == 1
    assert "  approved for 2 calls, now 3: look again\n" in capsys.readouterr().out
    with Store.open("traces.db", mode="r") as store:
        verdicts = store.verdicts(store.run("latest").id)
        assert not any(verdict.approved for verdict in verdicts)

    assert exit_code_of(["approve", "all"]) == 0
    assert exit_code_of(run) == 0


@pytest.mark.slow
def test_a_loose_tool_goes_on_with_the_recorded_answer_and_the_difference_is_told(
    pay: Path, capsys: Printed
) -> None:
    pay.write_text(
        pay.read_text()
        .replace('"amount": amount', '"amount": amount * 100')
        .replace("    return ask(", "    given = ask(")
        + '    return {"done": given["done"], "asked": True}\n'
    )
    run = ["run", "--tools", "pay.py:toolbox", "--jobs", "2", "--json"]
    changes = {}
    for words in ([], ["--loose", "ref*"]):
        exit_code_of([*run, *words])
        (finding,) = json.loads(capsys.readouterr().out)["findings"]
        example = finding["example"]
        (change,) = example["interaction_changes"]
        changes[bool(words)] = (
            finding["verdict"],
            example["replayed"]["outcome"],
            change["change"],
            change["field"],
            change["replayed"],
        )

    assert changes == {
        False: ("interactions_changed", "failed", "unanswered", "body.amount", 1550.0),
        True: ("response_changed", "ok", "changed", "body.amount", 1550.0),
    }


@pytest.mark.slow
def test_what_is_approved_later_counts_as_approved_in_runs_and_of_each_call(
    folder: Path, capsys: Printed
) -> None:
    tools = folder / "shop.py"
    tools.write_text(tools.read_text().replace('"price": len', '"cost": len'))
    assert exit_code_of(["run", "--tools", "shop:toolbox", "--jobs", "1"]) == 2
    with Store.open("traces.db") as store:
        (finding,) = store.findings("latest")
    capsys.readouterr()

    def said(*words: str) -> str:
        assert exit_code_of(list(words)) == 0
        return capsys.readouterr().out

    assert "APPROVED" not in said("runs")
    said("approve", "all")
    head, line = said("runs").splitlines()
    assert head.split()[-3:] == ["SAME", "APPROVED", "EXIT"]
    assert line.split()[-2] == str(finding.call_count)
    assert "  approved\n" in said("diff", "latest", finding.signature)
    said("approve", "all", "--take-back")
    assert "APPROVED" not in said("runs")
    assert "  approved\n" not in said("diff", "latest", finding.signature)


@pytest.mark.slow
def test_an_approval_is_taken_back_wherever_it_is_kept(folder: Path, capsys: Printed) -> None:
    tools = folder / "shop.py"
    tools.write_text(tools.read_text().replace('"price": len', '"cost": len'))
    assert exit_code_of(["run", "--tools", "shop:toolbox", "--jobs", "1"]) == 2
    file = ["--approvals", "approvals.jsonl"]
    assert exit_code_of(["approve", "all"]) == 0
    assert exit_code_of(["approve", "all", *file]) == 0
    with Store.open("traces.db") as store:
        (kept,) = store.approvals()
    capsys.readouterr()

    assert exit_code_of(["approve", kept.signature[:5], "--take-back", *file]) == 0

    assert f"Approved no longer: {kept.title}" in capsys.readouterr().err
    with Store.open("traces.db") as store:
        assert store.approvals() == []
        assert store.check() == []
    assert (folder / "approvals.jsonl").read_text() == ""
    assert exit_code_of(["approve", "zzz", "--take-back"]) == 3
    assert "No approval begins with 'zzz'" in capsys.readouterr().err
    assert exit_code_of(["approve", "all", "--take-back", "--note", "x"]) == 3
