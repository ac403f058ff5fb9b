"""Tools under another policy than their cassettes: real runs, and a real service on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store
from tests.cli.shop_service import Service, record

Printed = pytest.CaptureFixture[str]


BELOW = """
def connect_below_python():
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(2, 1, 0)
    where = b"\\x02\\x00" + PORT.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    if libc.connect(made, where, 16) != 0:
        raise OSError(ctypes.get_errno(), "connect")
    os.close(made)
"""


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def run(*options: str) -> int:
    return exit_code_of(["run", "--tools", "shop.py:toolbox", "--jobs", "1", *options])


def verdicts() -> dict[str, Any]:
    with Store.open("traces.db") as store:
        return {verdict.tool: verdict for verdict in store.verdicts("latest")}


def changes_of(tool: str) -> list[Any]:
    found: list[Any] = verdicts()[tool].interaction_changes
    return found


def test_a_live_tool_really_asks_and_only_it(shop: Path, service: Service, capsys: Printed) -> None:
    service.value = 1.6

    assert run() == 0
    assert service.asked == []
    assert run("--policy", "rate=live") == 2
    assert service.asked == ["GET /rates/EUR"]

    printed = capsys.readouterr().out
    assert "1 changed in 1 finding" in printed
    assert "rate ran live: 1 call, 1 request really went out" in printed
    found = verdicts()
    assert found["rate"].policy == "live"
    assert found["rate"].went_out == [f"GET http://127.0.0.1:{service.port}/rates/EUR"]
    assert (found["order"].policy, found["order"].went_out) == (None, None)


def test_a_live_tool_that_is_answered_as_recorded_is_the_same(shop: Path, service: Service) -> None:
    assert run("--policy", "rate=live") == 0

    assert verdicts()["rate"].verdict == "same"


@pytest.mark.slow
def test_what_a_live_tool_asks_otherwise_is_told(shop: Path, service: Service) -> None:
    change(shop, '"/rates/{currency}"', '"/v2/rates/{currency}"')

    assert run("--policy", "rate=live") == 2

    changes = {(c.change, c.request.partition(str(service.port))[2]) for c in changes_of("rate")}
    assert changes == {("added", "/v2/rates/EUR"), ("removed", "/rates/EUR")}


@pytest.mark.slow
@pytest.mark.parametrize(
    "reach",
    [
        'socket.create_connection(("127.0.0.1", PORT)).close()',
        "subprocess.run(['curl', '-s', f'http://127.0.0.1:{PORT}/by-program'], check=True)",
        "connect_below_python()",
    ],
)
def test_sockets_and_programs_are_open_for_the_live_tool_alone(
    shop: Path, service: Service, reach: str
) -> None:
    for tool in ("rate", "left"):
        name = {"rate": "currency: str", "left": "item: str, world: Stock"}[tool]
        change(
            shop, f"def {tool}({name}) -> dict:\n", f"def {tool}({name}) -> dict:\n    {reach}\n"
        )
    shop.write_text(shop.read_text() + BELOW)

    assert run("--policy", "rate=live") == 2

    found = verdicts()
    assert found["rate"].verdict == "same"
    assert found["left"].verdict == "unanswered"


def test_the_clock_and_the_draws_of_a_live_tool_are_real(shop: Path, service: Service) -> None:
    change(
        shop,
        '    return {"rate": ask',
        "    started = time.monotonic()\n    time.sleep(0.05)\n"
        "    waited = time.monotonic() - started\n"
        "    assert time.time() > 1.7e9 and 0.04 < waited < 5, (time.time(), waited)\n"
        '    return {"rate": ask',
    )

    assert run("--policy", "rate=live") == 0


@pytest.mark.slow
def test_an_async_live_tool_waits_for_real_among_others(shop: Path, service: Service) -> None:
    text = shop.read_text()
    shop.write_text(
        text.replace("def rate(", "async def rate(")
        .replace("import ctypes", "import asyncio\nimport ctypes")
        .replace(
            '    return {"rate": ask',
            "    began = time.time()\n    await asyncio.sleep(0.2)\n"
            '    assert time.time() - began > 0.15\n    return {"rate": ask',
        )
    )

    assert run("--policy", "rate=live") == 0
    assert service.asked == ["GET /rates/EUR"]


@pytest.mark.slow
def test_a_live_call_goes_out_once_though_a_later_call_kills_its_process(
    shop: Path, service: Service
) -> None:
    change(shop, "    world.left[item] -= 1", "    os._exit(7)")

    assert run("--policy", "rate=live") == 1

    assert service.asked == ["GET /rates/EUR"]
    found = verdicts()
    assert str(found["rate"].verdict) == "same"
    assert str(found["order"].verdict) == "now_failing"
    assert found["left"].replayed.response == '{"left":3}'  # the world without the order


@pytest.mark.slow
def test_a_live_call_that_dies_leaves_the_guards_closed_behind_it(
    shop: Path, service: Service
) -> None:
    record(shop, ("left", {"item": "tea"}))
    change(shop, '    return {"rate": ask', '    os._exit(7)\n    return {"rate": ask')
    change(
        shop,
        '    """Tell how many are left."""',
        "    try:\n        connect_below_python()\n    except OSError:\n        pass",
    )
    shop.write_text(shop.read_text() + BELOW)

    assert run("--policy", "rate=live") == 1

    with Store.open("traces.db") as store:
        found = [str(v.verdict) for v in store.verdicts("latest") if v.tool == "left"]
    assert found == ["unanswered", "unanswered"]


@pytest.mark.slow
def test_with_a_baseline_the_service_is_told_from_the_code(
    shop: Path, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "old.py").write_text(shop.read_text())
    service.value = 2

    assert run("--policy", "rate=live", "--baseline", "old.py:toolbox") == 2

    assert service.asked == ["GET /rates/EUR"]
    assert verdicts()["rate"].cause == "outside"


def test_a_tool_served_as_recorded_is_not_run_and_not_judged(
    shop: Path, service: Service, capsys: Printed
) -> None:
    change(shop, '{"rate": ask', '{"rates": ask')

    assert run() == 2
    assert run("--policy", "rate=recorded") == 0

    printed = capsys.readouterr().out
    assert "3 calls of 1 trace: 2 same; 1 served as recorded" in printed
    assert "rate served as recorded: 1 call, says nothing of today's code" in printed
    assert "never called" not in printed.split("2 same; 1 served")[1]
    found = verdicts()["rate"]
    assert (found.verdict, found.cause, found.signature, found.replayed) == (
        "served",
        None,
        None,
        None,
    )
    assert found.note == "Served as recorded: today's rate was not run."
    assert found.conditional is False


def test_what_a_served_tool_did_to_the_world_is_missing_and_said(
    shop: Path, service: Service, capsys: Printed
) -> None:
    assert run("--policy", "order=recorded") == 2

    found = verdicts()
    assert found["order"].note.endswith(
        "What it did to the world is missing for the calls after it."
    )
    assert (found["rate"].conditional, found["left"].conditional) == (False, True)
    assert found["left"].verdict == "response_changed"
    assert found["left"].cause == "unknown"
    assert "The world lacks what order did in step 2, which was not run." in found["left"].note
    assert "or after a call that was served without its effect" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.slow
def test_a_run_that_only_served_is_not_green(shop: Path, capsys: Printed) -> None:
    assert run("--policy", "*=recorded") == 3
    assert run("--policy", "*=recorded", "--policy", "rate=refuse") == 3

    assert "Nothing was judged: every call was served as recorded." in capsys.readouterr().out


@pytest.mark.slow
def test_calls_that_nobody_can_judge_are_green_once_a_person_has_approved_them(
    shop: Path, capsys: Printed
) -> None:
    assert run("--policy", "*=recorded", "--approve") == 3  # there is nothing to approve
    assert run("--policy", "*=refuse") == 3
    assert run("--policy", "*=refuse", "--approve") == 0
    assert run("--policy", "*=refuse") == 0

    assert "Approved" in capsys.readouterr().out


@pytest.mark.slow
def test_a_refused_tool_is_not_run_and_a_person_must_look(
    shop: Path, service: Service, capsys: Printed
) -> None:
    assert run("--policy", "ra*=refuse") == 2

    assert verdicts()["rate"].verdict == "not_run"
    printed = capsys.readouterr().out
    assert "could not be judged: Not run: its policy is `refuse`" in " ".join(printed.split())
    assert "rate refused: 1 call not run" in printed


@pytest.mark.slow
def test_the_configuration_and_the_toolbox_say_policies_too(shop: Path, service: Service) -> None:
    change(shop, "@toolbox.tool\ndef left", '@toolbox.tool(replay="recorded")\ndef left')
    Path("pyproject.toml").write_text('[tool.replay.policy]\nrate = "live"\n"o*" = "recorded"\n')

    assert run() == 0
    assert {tool: v.policy for tool, v in verdicts().items()} == {
        "rate": "live",
        "order": "recorded",
        "left": "recorded",
    }
    assert run("--policy", "*=cassette") == 0
    assert {v.policy for v in verdicts().values()} == {None}
    assert service.asked == ["GET /rates/EUR"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rate", "Write it as TOOL=POLICY"),
        ("rate=lively", "Nearest: live"),
        ("*=live", "Name each tool that is to go out"),
        ("r?te=live", "Name each tool that is to go out"),
        ("rat=refuse", "Nearest: rate"),
    ],
)
def test_a_policy_that_cannot_hold_ends_with_3(
    shop: Path, capsys: Printed, word: str, said: str
) -> None:
    assert run("--policy", word) == 3

    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('"*" = "live"', "'*' is a pattern: name each tool that is to go out"),
        ('rate = "recordd"', "Nearest: recorded"),
    ],
)
def test_a_configured_policy_that_cannot_hold_ends_with_3(
    shop: Path, capsys: Printed, table: str, said: str
) -> None:
    Path("pyproject.toml").write_text(f"[tool.replay.policy]\n{table}\n")

    assert run() == 3

    assert said in capsys.readouterr().err


def test_no_toolbox_declares_a_tool_live(shop: Path, capsys: Printed) -> None:
    change(shop, "@toolbox.tool\ndef left", '@toolbox.tool(replay="live")\ndef left')

    assert run() == 3

    assert "--policy TOOL=live" in capsys.readouterr().err


@pytest.mark.slow
def test_reports_for_a_ci_server_say_what_was_served(shop: Path, tmp_path: Path) -> None:
    report, page = tmp_path / "junit.xml", tmp_path / "report.md"
    run("--policy", "left=recorded", "--junit", str(report), "--markdown", str(page))

    (suite,) = ElementTree.parse(report).getroot()
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    told = "left served as recorded: 1 call, says nothing of today's code"
    assert properties["policies"] == told
    assert [[part.tag for part in case] for case in suite.iter("testcase")] == [[]]
    run("--policy", "*=recorded", "--junit", str(report))
    (case,) = ElementTree.parse(report).getroot().iter("testcase")
    assert [part.tag for part in case] == ["skipped"]
    assert "left served as recorded: 1 call" in page.read_text()


@pytest.mark.slow
def test_policies_are_part_of_the_json_report(shop: Path, capsys: Printed) -> None:
    run("--policy", "left=recorded", "--json")

    told = json.loads(capsys.readouterr().out)["run"]
    assert told["options"]["policies"] == {"left": "recorded"}
    assert told["coverage"]["policies"] == [
        {"tool": "left", "policy": "recorded", "calls": 1, "judged": 0, "gaps": 1, "requests": 0}
    ]


@pytest.mark.slow
def test_calls_of_one_model_output_do_not_go_out_with_the_live_one_among_them(
    shop: Path, service: Service
) -> None:
    text = shop.read_text().replace("def rate(", "async def rate(")
    text = text.replace("def left(", "async def left(") + BELOW
    text = text.replace("import ctypes", "import asyncio\nimport ctypes", 1)
    shop.write_text(text)
    Path("traces.db").unlink()
    record(shop, [("rate", {"currency": "EUR"}), ("left", {"item": "tea"})])
    service.asked.clear()
    change(shop, '    return {"rate": ask', '    await asyncio.sleep(0.3)\n    return {"rate": ask')
    change(
        shop,
        '    """Tell how many are left."""',
        "    await asyncio.sleep(0.1)\n    connect_below_python()",
    )

    run("--policy", "rate=live")

    found = verdicts()
    assert str(found["rate"].verdict) == "same"
    assert str(found["left"].verdict) == "unanswered"


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["process", "call", "none"])
def test_a_live_tool_goes_out_under_each_isolation(
    shop: Path, service: Service, isolation: str
) -> None:
    change(
        shop,
        '    """Tell how many are left."""',
        '    try:\n        ask("/left")\n    except Exception:\n        pass',
    )

    assert run("--policy", "rate=live", "--isolation", isolation) == 2

    assert service.asked == ["GET /rates/EUR"]
    assert {tool: str(v.verdict) for tool, v in verdicts().items()} == {
        "rate": "same",
        "order": "same",
        "left": "unanswered",
    }
