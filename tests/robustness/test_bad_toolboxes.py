"""Tools that cannot be loaded, and hooks that raise: said in words, and nothing of it is green."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.errors import ExitCode
from tests.robustness.conftest import Replay

HEAD = "from replay import Toolbox\n\ntoolbox = Toolbox('shop')\n\n\n"
PRICE = "@toolbox.tool\ndef price(item: str) -> int:\n    return len(item)\n"
SHARED = PRICE.replace("item: str", "item: str, world: dict")
RAISE = "    raise RuntimeError('not today')\n"


def run_with(replay: Replay, source: str, *more: str) -> tuple[int, str, str]:
    Path("bad.py").write_text(source)
    ran = replay("run", "traces.db", "--tools", "bad:toolbox", "--jobs", "1", *more)
    return ran.code, ran.out, ran.err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def x(:\n", "'bad' could not be imported:\n  File "),
        ("import no_such_thing\n", "No module named 'no_such_thing'"),
        ("import sys; sys.exit(4)\n", "SystemExit: 4"),
        ("import os; os._exit(4)\n", "ended (exit status 4) while it imported the tools"),
        ("toolbox = 3\n", "'bad:toolbox' is of type int, not a Toolbox."),
        ("x = 1\n", "Module 'bad' has no 'toolbox'."),
        ("from replay import Toolbox\ntoolbx = Toolbox('a')\n", "Nearest: toolbx"),
    ],
)
def test_tools_that_do_not_load_end_with_3_and_store_no_run(
    folder: Path, replay: Replay, source: str, said: str
) -> None:
    code, out, err = run_with(replay, source)

    assert (code, out) == (ExitCode.COULD_NOT_RUN, "")
    assert said in err
    assert 'File "' + str(Path(__file__).parents[2]) not in err  # no frames of ours
    assert [run["id"] for run in json.loads(replay("runs", "traces.db", "--json").out)] == [
        "run_old"
    ]


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (HEAD, ExitCode.BREAKING, "no such tool any more"),
        (
            f"{HEAD}@toolbox.world\ndef made():\n{RAISE}\n\n{PRICE}",
            3,
            "The world could not be made",
        ),
        (
            f"{HEAD}@toolbox.world\ndef made():\n    return {{}}\n\n\n"
            f"@toolbox.state\ndef state(world):\n{RAISE}\n\n{SHARED}",
            3,
            "The state cannot be shown: RuntimeError: not today",
        ),
        (f"{HEAD}@toolbox.encode\ndef encode(result):\n{RAISE}\n\n{PRICE}", 1, "not today"),
        (f"{HEAD}@toolbox.failure\ndef failure(result):\n{RAISE}\n\n{PRICE}", 0, "all the same"),
    ],
    ids=["no tools", "world", "state", "encode", "failure"],
)
def test_a_hook_that_raises_is_named_and_costs_no_run(
    folder: Path, replay: Replay, source: str, code: int, said: str
) -> None:
    ended = run_with(replay, source)

    assert ended[0] == code, ended
    assert said in " ".join(ended[1].split())
    assert replay("db", "check", "traces.db").code == ExitCode.OK


def test_what_tools_print_stays_out_of_the_report(folder: Path, replay: Replay) -> None:
    talk = "    print('chatty')\n    os.write(1, b'raw')\n    os.write(2, b'x' * 500_000)\n"
    source = f"import os\n{HEAD}{PRICE}".replace("    return", f"{talk}    return")

    code, out, err = run_with(replay, f"print('hello')\n{source}", "--json")

    assert (code, err) == (ExitCode.OK, "")
    assert json.loads(out)["run"]["call_count"] == 3


@pytest.mark.parametrize(
    "body",
    [
        "os.chdir('/'); os.environ['TZ'] = 'Asia/Tokyo'; os.environ.pop('PATH', None)",
        "threading.Thread(target=threading.Event().wait).start()",
        "asyncio.get_running_loop().create_task(asyncio.sleep(3600))",
        "sys.stdout.close(); sys.stderr.close()",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    ],
)
def test_a_tool_that_leaves_a_mess_leaves_it_to_nobody(
    folder: Path, replay: Replay, body: str
) -> None:
    source = f"import asyncio, os, signal, sys, threading\n{HEAD}{PRICE}"
    source = source.replace("def price", "async def price").replace(
        "    return", f"    {body}\n    return"
    )

    code, out, err = run_with(replay, source)

    assert (code, err) == (ExitCode.OK, "")
    assert "3 calls of 3 traces: all the same" in out
