"""`replay cassettes`: recorded, looked at, verified, refreshed; with a real service on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.records import Interaction
from replay.store import Store
from replay.store.cassettes import StoredCassette
from tests.cli.shop_service import Service, record

Printed = pytest.CaptureFixture[str]

PAY = '''

@toolbox.tool
def pay(amount: int) -> dict:
    """Pay."""
    return {"paid": ask("/payments", {"amount": amount})["value"]}
'''


@pytest.fixture
def paying(shop: Path, service: Service) -> Path:
    """The shop with a tool that writes, and a second trace in which it is called."""
    shop.write_text(shop.read_text() + PAY)
    record(shop, ("pay", {"amount": 5}), ("rate", {"currency": "USD"}))
    service.asked.clear()
    return shop


def run(*words: str) -> int:
    return exit_code_of(["run", "--tools", "shop.py:toolbox", "--jobs", "1", *words])


def refresh(*words: str) -> int:
    return exit_code_of(["cassettes", "refresh", "--tools", "shop.py:toolbox", *words])


def stored() -> list[StoredCassette]:
    with Store.open("traces.db") as store:
        assert store.check() == []
        return store.cassettes()


def values() -> list[Any]:
    """What the recorded answers say, by call and request."""
    return [
        one.exchange["response"]["body"]["json"]["value"]
        for cassette in stored()
        for one in cassette.interactions
    ]


def test_list_names_each_call_that_asked_something(
    paying: Path, service: Service, capsys: Printed
) -> None:
    assert exit_code_of(["cassettes", "list"]) == 0

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["TRACE", "STEP", "TOOL", "ASKED", "WRITES", "FROM", "FIRST", "REQUEST"]
    assert [row.split()[1:6] for row in rows] == [
        ["1", "rate", "1", "-", "recording"],
        ["1", "pay", "1", "1", "recording"],
        ["2", "rate", "1", "-", "recording"],
    ]
    assert max(map(len, [head, *rows])) <= 80
    assert exit_code_of(["cassettes", "list", "--tool", "pay", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["requests"] == [f"POST http://127.0.0.1:{service.port}/payments → 200"]
    assert (one["write_count"], one["changed"]) == (1, None)


def test_list_of_nothing_says_why(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["cassettes", "list"]) == 0

    assert "No call of this database asked anything outside" in capsys.readouterr().err


def test_show_has_every_request_with_its_answer(paying: Path, capsys: Printed) -> None:
    trace = stored()[1].call.trace_id

    assert exit_code_of(["cassettes", "show", trace, "--step", "1"]) == 0
    printed = capsys.readouterr().out
    assert "1. POST http://127.0.0.1:" in printed
    assert '    body     {"amount": 5}' in printed
    assert '    body     {"value": 1.5}' in printed
    assert "content-type: application/json" in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert exit_code_of(["cassettes", "show", trace, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["tool"] for one in shown] == ["pay", "rate"]
    assert shown[0]["exchanges"][0]["request"]["method"] == "POST"


def test_show_of_a_call_that_asked_nothing_names_those_that_did(
    shop: Path, capsys: Printed
) -> None:
    trace = stored()[0].call.trace_id

    assert exit_code_of(["cassettes", "show", trace, "--step", "2"]) == 3

    assert "Its steps with a cassette: 1." in capsys.readouterr().err


def test_verify_asks_every_distinct_read_once_and_never_writes(
    paying: Path, service: Service, capsys: Printed
) -> None:
    record(paying, ("rate", {"currency": "EUR"}))
    service.asked.clear()

    assert exit_code_of(["cassettes", "verify"]) == 0

    assert sorted(service.asked) == ["GET /rates/EUR", "GET /rates/USD"]
    printed = capsys.readouterr().out
    assert "2 requests sent: 2 answered as recorded" in printed
    assert "pay: 1 request that may change something: --writes-of pay sends them" in printed


def test_verify_says_what_is_answered_otherwise(
    paying: Path, service: Service, capsys: Printed
) -> None:
    service.value = {"amount": 2, "unit": "EUR"}

    assert exit_code_of(["cassettes", "verify", "--tool", "rate", "--json"]) == 2
    requests = json.loads(capsys.readouterr().out)["requests"]
    assert [one["changes"][0]["path"] for one in requests] == ["body.value", "body.value"]
    assert [one["answers_as_recorded"] for one in requests] == [False, False]
    assert exit_code_of(["cassettes", "verify", "--tool", "rate"]) == 2
    assert '~ body.value 1.5 → {"amount": 2, "unit": "EUR"}' in capsys.readouterr().out


def test_verify_sends_a_write_only_where_its_tool_is_named(
    paying: Path, service: Service, capsys: Printed
) -> None:
    assert exit_code_of(["cassettes", "verify", "--writes-of", "pay"]) == 0
    assert "POST /payments" in service.asked
    assert exit_code_of(["cassettes", "verify", "--writes-of", "pays"]) == 3

    assert "Nearest: pay" in capsys.readouterr().err


def test_verify_sends_the_header_that_is_given(
    shop: Path, service: Service, capsys: Printed
) -> None:
    service.wants = ("authorization", "Bearer 2")

    assert exit_code_of(["cassettes", "verify"]) == 2
    printed = capsys.readouterr().out
    assert "~ status 200 → 401" in printed
    assert "--header 'authorization: ...' gives another" in printed
    assert exit_code_of(["cassettes", "verify", "--header", "Authorization: Bearer 2"]) == 0
    assert exit_code_of(["cassettes", "verify", "--header", "Bearer"]) == 3


def test_a_service_that_is_not_there_is_no_proof(
    shop: Path, service: Service, capsys: Printed
) -> None:
    service.close()

    assert exit_code_of(["cassettes", "verify"]) == 2

    printed = capsys.readouterr().out
    assert "1 request sent: 1 not answered" in printed
    assert "ConnectionRefusedError" in printed


def test_verify_of_writes_alone_verifies_nothing(paying: Path, capsys: Printed) -> None:
    assert exit_code_of(["cassettes", "verify", "--tool", "pay"]) == 2

    assert "Nothing was sent, so nothing is verified." in capsys.readouterr().out


def test_requests_that_cannot_be_read_are_listed_and_counted_and_stop_nothing(
    paying: Path, capsys: Printed
) -> None:
    with Store.open("traces.db", "w") as store:
        call = store.cassettes()[0].call
        broken = Interaction(
            id=f"{call.id}.9",
            tool_call_id=call.id,
            interaction_index=9,
            exchange={"request": {"method": "GET"}},
        )
        store.append(broken)

    assert exit_code_of(["cassettes", "verify", "--tool", "rate"]) == 0
    assert "rate: 1 request that cannot be read as they are stored" in capsys.readouterr().out
    assert exit_code_of(["cassettes", "list"]) == 0
    assert exit_code_of(["cassettes", "show", call.trace_id]) == 0


def test_refresh_puts_todays_answers_on_the_cassettes_of_one_tool(
    paying: Path, service: Service, capsys: Printed
) -> None:
    service.value = 1.6

    assert refresh("--tool", "rate", "--dry-run") == 0
    assert "rate: 2 cassettes: 2 would be replaced" in capsys.readouterr().out
    assert values() == [1.5, 1.5, 1.5]
    assert refresh("--tool", "rate") == 0
    assert "/rates/EUR: ~ body.value 1.5 → 1.6" in " ".join(capsys.readouterr().out.split())

    assert values() == [1.6, 1.5, 1.6]
    assert service.asked == ["GET /rates/EUR", "GET /rates/USD"] * 2
    changed = [one.call.attributes.get("cassette", {}).get("by") for one in stored()]
    assert changed == ["replay cassettes refresh", None, "replay cassettes refresh"]
    # What the model was told is history: today's code says something else on today's answers.
    assert run() == 2
    with Store.open("traces.db") as store:
        found = {v.tool: str(v.verdict) for v in store.verdicts("latest")}
    assert found == {
        "rate": "response_changed",
        "order": "same",
        "left": "same",
        "pay": "same",
    }


@pytest.mark.slow
def test_refresh_again_finds_everything_as_recorded(
    shop: Path, service: Service, capsys: Printed
) -> None:
    assert refresh("--tool", "rate") == 0

    assert "rate: 1 cassette: 1 as recorded" in capsys.readouterr().out
    assert "cassette" not in stored()[0].call.attributes


@pytest.mark.slow
def test_refresh_sends_no_write_unless_its_tool_is_named(
    paying: Path, service: Service, capsys: Printed
) -> None:
    service.value = "new"

    assert refresh("--tool", "pay") == 2
    assert service.asked == []
    assert values() == [1.5, 1.5, 1.5]
    assert "--writes-of pay" in " ".join(capsys.readouterr().out.split())
    assert refresh("--tool", "pay", "--writes-of", "pay") == 0
    assert service.asked == ["POST /payments"]
    assert values() == [1.5, "new", 1.5]


@pytest.mark.slow
def test_append_lets_only_what_is_missing_out_and_the_replay_is_whole_again(
    shop: Path, service: Service, capsys: Printed
) -> None:
    also = '    ask("/fees")\n    return {"rate": ask'
    shop.write_text(shop.read_text().replace('    return {"rate": ask', also))
    assert run() == 2
    capsys.readouterr()

    assert refresh("--tool", "rate", "--append") == 0

    assert service.asked == ["GET /fees"]
    assert "/fees" in capsys.readouterr().out
    (cassette,) = stored()
    uris = [one.exchange["request"]["uri"].rpartition("/")[2] for one in cassette.interactions]
    assert uris == ["fees", "EUR"]
    assert cassette.call.attributes["cassette"]["by"] == "replay cassettes refresh --append"
    assert run() == 0
    assert service.asked == ["GET /fees"]


@pytest.mark.slow
def test_a_call_that_fails_today_keeps_its_old_cassette(
    shop: Path, service: Service, capsys: Printed
) -> None:
    service.close()

    assert refresh("--tool", "rate") == 2

    assert "1 kept as they were" in capsys.readouterr().out
    assert values() == [1.5]
    assert run() == 0


@pytest.mark.slow
def test_a_cassette_that_became_shorter_leaves_nothing_of_the_old_one(
    shop: Path, service: Service
) -> None:
    twice = '    ask("/rates/" + currency)\n    return {"rate": ask'
    text = shop.read_text()
    shop.write_text(text.replace('    return {"rate": ask', twice))
    record(shop, ("rate", {"currency": "CHF"}))
    shop.write_text(text)
    assert [len(one.interactions) for one in stored()] == [1, 2]

    assert refresh("--tool", "rate") == 0

    assert [len(one.interactions) for one in stored()] == [1, 1]
    with Store.open("traces.db") as store:
        assert store.counts()["interaction"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Which tool is to go out?"),
        (["--tool", "rat"], "Nearest: rate"),
        (["--tool", "rate", "--trace", "nothing"], "nothing"),
        (["--tool", "rate", "--writes-of", "left"], "--writes-of left"),
    ],
)
def test_a_refresh_that_cannot_be_ends_with_3(
    shop: Path, service: Service, capsys: Printed, words: list[str], said: str
) -> None:
    if words == ["--tool", "rat"]:
        record_unknown(shop)
        service.asked.clear()

    assert refresh(*words) == 3

    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed
    assert service.asked == []


def record_unknown(shop: Path) -> None:
    """Record a call of a tool that is gone today."""
    text = shop.read_text()
    shop.write_text(text.replace("def rate(", "def rat("))
    record(shop, ("rat", {"currency": "EUR"}))
    shop.write_text(text)


DATED = '''
import asyncio
import datetime
import uuid
import aiohttp
import httpx
import requests


@toolbox.tool
async def dated(name: str) -> dict:
    """Ask in several ways, each with the time and a new id."""
    def query():
        on = datetime.datetime.now().isoformat(timespec="seconds")
        return {"on": on, "id": str(uuid.uuid4())}

    url = f"http://127.0.0.1:{PORT}/{name}"
    async with httpx.AsyncClient() as client:
        first = (await client.get(url, params=query())).json()["value"]
        await asyncio.sleep(0.05)
        second = (await client.get(url, params=query())).json()["value"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url, params=query()) as answer:
            third = (await answer.json())["value"]
    fourth = await asyncio.to_thread(lambda: requests.get(url, query(), timeout=5).json()["value"])
    return {"seen": [first, second, third, fourth]}
'''


@pytest.mark.slow
def test_a_refresh_asks_what_a_replay_asks_at_its_time_and_with_its_ids(
    shop: Path, service: Service, capsys: Printed
) -> None:
    shop.write_text(shop.read_text() + DATED)
    record(shop, ("dated", {"name": "x"}))
    service.asked.clear()

    assert refresh("--tool", "dated") == 0
    assert "dated: 1 cassette: " in capsys.readouterr().out
    assert len(service.asked) == 4
    assert run("--tool", "dated") == 0
    assert refresh("--tool", "dated", "--append") == 0
    assert len(service.asked) == 4


@pytest.mark.slow
def test_on_the_real_clock_a_refresh_keeps_the_draws_too(shop: Path, service: Service) -> None:
    only_ids = DATED.replace('"on": on, ', "")
    shop.write_text(shop.read_text() + only_ids)
    record(shop, ("dated", {"name": "x"}))
    before = stored()[-1].call.draws
    service.asked.clear()

    assert refresh("--tool", "dated", "--real-clock") == 0

    assert len(service.asked) == 4
    after = stored()[-1].call.draws
    assert before is not None
    assert after not in (None, before)
    assert run("--tool", "dated") == 0


def test_calls_whose_tools_ran_unseen_keep_what_their_turn_asked(
    shop: Path, service: Service, capsys: Printed
) -> None:
    with Store.open("traces.db", "w") as store:
        cassette = store.cassettes()[0]
        store.append_all(
            [one.model_copy(update={"bound_by": "turn"}) for one in cassette.interactions]
        )
    assert exit_code_of(["cassettes", "export", "traces.db", "out"]) == 0

    assert refresh("--tool", "rate") == 2
    assert "nobody knows which of the calls" in " ".join(capsys.readouterr().out.split())
    assert exit_code_of(["cassettes", "import", "traces.db", "out"]) == 0
    assert "there already" in capsys.readouterr().out
    assert stored()[0].interactions[0].bound_by == "turn"


@pytest.mark.parametrize("how", [[], ["--append"]])
def test_a_secret_that_a_service_answers_now_is_not_kept(
    shop: Path, service: Service, how: list[str]
) -> None:
    also = '    ask("/session")\n    return {"rate": ask'
    shop.write_text(shop.read_text().replace('    return {"rate": ask', also))
    service.value = {"access_token": "tok-9f8e7d6c5b4a39281706"}

    refresh("--tool", "rate", *how)

    (cassette,) = stored()
    kept = json.dumps([one.exchange for one in cassette.interactions])
    assert "/session" in kept
    assert "access_token" in kept
    assert "tok-9f8e7d6c5b4a39281706" not in kept
