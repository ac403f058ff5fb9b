"""docs/toolbox.md: its files, run as they stand, and what the page says of each."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from replay.records import CallResult, Outcome
from replay.tools import Toolbox, load_toolbox, run_call_sync, state_hash

PAGE = (Path(__file__).parent.parent.parent / "docs" / "toolbox.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = dict(re.findall(r"<!-- command: (\S+) -->\n```bash\nreplay (.*?)\n```", PAGE))
OUTPUTS = dict(re.findall(r"<!-- output: (\S+) -->\n```text\n(.*?)```", PAGE, re.DOTALL))

Load = Callable[[str], Toolbox]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of a user who follows the page; what it imports is forgotten."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    package = tmp_path / "agentlib"
    (package / "domains").mkdir(parents=True)
    (package / "__init__.py").write_text("import a_client_that_is_not_installed\n")
    (package / "domains" / "__init__.py").write_text("raise ImportError('not in a replay')\n")
    (package / "domains" / "shop.py").write_text(SHOP_TOOLS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in {"agentlib", *(file.removesuffix(".py") for file in FILES)}:
            del sys.modules[name]


SHOP_TOOLS = """
class ShopTools:
    def __init__(self, stock):
        self.stock = stock

    def left(self, item: str) -> int:
        return self.stock[item]

    left.is_tool = True

    def connect(self):
        raise RuntimeError("not for a model")
"""


@pytest.fixture
def load(folder: Path) -> Load:
    """Load the toolbox of one file of the page."""
    return lambda file: load_toolbox(f"{file}:toolbox", folder=folder)


def call(toolbox: Toolbox, tool: str, world: object = None, **arguments: object) -> CallResult:
    """Run one call of the assistant."""
    return run_call_sync(toolbox, tool=tool, arguments=arguments, world=world)


def test_functions_are_described_by_annotations_and_docstring(load: Load) -> None:
    toolbox = load("functions.py")

    quote = toolbox.schemas("anthropic")[0]
    refused = call(toolbox, "quote", item="gold")

    assert quote["description"] == "Quote the price of an item."
    assert quote["input_schema"]["properties"]["item"]["description"] == (
        "Its name, in small letters."
    )
    assert (refused.outcome, refused.response) == (
        Outcome.REFUSED,
        "Error: quote refused [not_sold]: We do not sell gold.",
    )


def test_dispatch_prints_what_the_page_shows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(folder / "running.py"), run_name="__main__")

    assert capsys.readouterr().out == OUTPUTS["running.py"]


def test_given_schemas_report_or_gate_and_a_wrapper_hides_what_is_missing(load: Load) -> None:
    toolbox = load("given_schemas.py")

    outcomes = {name: call(toolbox, name).outcome.value for name in toolbox.names()}
    reported = call(toolbox, "refund", order_id="7")

    table = re.search(r"\| the call `\{\}` of (.*?)\n\n", PAGE, re.DOTALL)
    assert table is not None
    said = {
        name: row.rpartition("| `")[2].rstrip("` |")
        for row in table.group(1).splitlines()
        for name in re.findall(r"`(\w*refund)`", row)
    }
    assert outcomes == said
    assert (reported.outcome, reported.schema_errors[0]["loc"]) == (Outcome.OK, ["order_id"])
    assert call(toolbox, "strict_refund", order_id="7").outcome is Outcome.INVALID_ARGUMENTS


def test_tools_of_a_world_share_it_and_models_do_not_see_it(load: Load) -> None:
    toolbox = load("with_a_world.py")

    with toolbox.session({"stock": {"tea": 3}}) as session:
        call(toolbox, "order", session.world, item="tea", count=2)
        told = [call(toolbox, "order_count", session.world), call(toolbox, "left", session.world)]
        left = call(toolbox, "left", session.world, item="tea")

    assert set(toolbox.names()) == {"search", "order", "order_count", "left"}
    shown = {one["name"]: list(one["inputSchema"]["properties"]) for one in toolbox.schemas("mcp")}
    assert (shown["order_count"], shown["left"]) == ([], ["item"])
    assert [one.outcome for one in told] == [Outcome.OK, Outcome.INVALID_ARGUMENTS]
    assert left.result == 1


def test_a_search_that_fills_a_cache_leaves_the_state_alone(load: Load) -> None:
    toolbox = load("with_a_world.py")

    with toolbox.session({"stock": {"tea": 3}}) as session:
        before = state_hash(toolbox.state_hook(session.world))  # type: ignore[misc]  # it is there
        searched = call(toolbox, "search", session.world, word="tea")
        ordered = call(toolbox, "order", session.world, item="tea")

    assert searched.state_hash == before
    assert ordered.state_hash != before


MADE_ONCE = """
import json, random, tempfile, time
from pathlib import Path

import cassettes

tempfile.gettempdir()  # writes a file, the first time; a worker has asked before
cassettes.install(world=True)
from replay import Toolbox
from replay.replayer.warm_world import WarmWorld


def torn_down():
    yield {}


async def awaited():
    return {}


def made_once(factory):
    toolbox = Toolbox()
    toolbox.world(factory)
    return WarmWorld(toolbox).is_made


print(json.dumps({
    "reads": made_once(lambda: Path("hooks.py").read_text()),
    "keeps open": made_once(lambda: {"log": open("hooks.py")}),
    "start": made_once(lambda start=None: {}),
    "writes": made_once(lambda: Path("scratch.txt").write_text("")),
    "clock": made_once(lambda: time.time()),
    "draws": made_once(lambda: random.random()),
    "generator": made_once(torn_down),
    "async": made_once(awaited),
}))
"""


@pytest.mark.slow  # a process whose clocks and draws are the frozen world's, as a worker's are
def test_only_a_factory_without_a_start_that_stays_in_memory_is_made_once(folder: Path) -> None:
    ran = run(folder, "-c", MADE_ONCE)

    made_once = json.loads(ran.stdout)
    assert {factory for factory, once in made_once.items() if once} == {"reads"}


def test_the_hooks_write_judge_and_keep_in_step(load: Load) -> None:
    toolbox = load("hooks.py")

    with toolbox.session() as session:
        paid = call(toolbox, "pay", session.world, name="ann", amount=5)
        unknown = call(toolbox, "pay", session.world, name="eve", amount=5)
        invalid = call(toolbox, "pay", session.world, name="ann")

    assert session.world["total"] == 15
    assert paid.response == '{\n "balance": 15\n}'
    assert (unknown.outcome, unknown.response) == (Outcome.FAILED, "Sorry, eve has no account.")
    assert invalid.response is not None
    assert invalid.response.startswith("Sorry: amount: ")


def test_a_version_is_translated_or_chosen(load: Load) -> None:
    toolbox = load("versions.py")

    def recorded_as_1(tool: str, arguments: str) -> CallResult:
        return run_call_sync(toolbox, tool=tool, arguments=arguments, arguments_version="1")

    translated = recorded_as_1("get_order", '{"order_id": "#7"}')
    routed = recorded_as_1("cancel_order", '{"order_id": "#7"}')
    today = call(toolbox, "cancel_order", number=7, reason="late")

    assert (translated.response, translated.payload) == ("shipped", {"number": 7})
    assert (routed.response, routed.tool_version) == ("cancelled: #7", "1")
    assert (today.response, today.tool_version) == ("cancelled: 7 (late)", "2")
    assert call(toolbox, "get_order", order_id="#7").outcome is Outcome.INVALID_ARGUMENTS
    shown = {one["name"]: list(one["inputSchema"]["properties"]) for one in toolbox.schemas("mcp")}
    assert shown["cancel_order"] == ["number", "reason"]


def test_a_call_is_cleaned_allowed_and_tried_again_with_one_id(load: Load) -> None:
    toolbox = load("policies.py")

    paid = call(toolbox, "pay", to="ann", amount=1.005)
    denied = call(toolbox, "pay", to="ann", amount=5000.0)
    refused = call(toolbox, "pay", to="ann", amount=0.0)

    seen = sys.modules["policies"].SEEN
    assert (paid.outcome, paid.payload) == (Outcome.OK, {"to": "ann", "amount": 1.0})
    assert (len(seen), len(set(seen))) == (2, 1)
    assert (denied.outcome, refused.outcome) == (Outcome.DENIED, Outcome.REFUSED)


def test_tools_of_a_simulated_user_are_not_shown_to_the_model(load: Load) -> None:
    toolbox = load("two_actors.py")

    shown = [one["name"] for one in toolbox.schemas("mcp")]
    of_user = [one["name"] for one in toolbox.schemas("mcp", actor="user")]

    assert (shown, of_user) == (["is_reachable"], ["toggle_airplane_mode"])
    assert call(toolbox, "toggle_airplane_mode", {}).outcome is Outcome.UNKNOWN_TOOL


def test_a_package_that_imports_too_much_is_stood_in_for(load: Load) -> None:
    toolbox = load("existing_code.py")

    with toolbox.session() as session:
        left = call(toolbox, "left", session.world, item="tea")

    assert (toolbox.names(), left.result) == (["left"], 3)


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with ``command`` in ``folder``."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


def replay(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run the command `replay` in ``folder``, with one worker."""
    return run(folder, "-P", "-m", "replay.cli.main", *words.split(), "--jobs", "1")


@pytest.mark.slow  # three processes
@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("recording_a_world.py", COMMANDS["world"]),
        ("two_actors.py", "run traces.db --tools two_actors:toolbox"),
    ],
)
def test_what_is_recorded_with_a_world_replays(folder: Path, file: str, command: str) -> None:
    recorded = run(folder, file)
    ran = replay(folder, command)

    assert recorded.returncode == 0, recorded.stderr
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.match(r"[23] calls of 1 trace: all the same", ran.stdout)


@pytest.mark.slow  # two toolboxes in processes of their own
def test_two_values_of_a_variable_are_two_toolboxes(folder: Path) -> None:
    """The old one was recorded, today's answers otherwise: the baseline says that it is code."""
    (folder / "agent.py").write_text(
        "from chosen import toolbox\n"
        "from replay import Recorder\n"
        'with Recorder("traces.db") as recorder, recorder.trace():\n'
        '    toolbox.dispatch_sync([{"name": "total", "args": {"item": "tea"}}])\n'
    )
    assert run(folder, "agent.py", SHIPPING="old").returncode == 0

    ran = replay(folder, f"{COMMANDS['chosen']} --json")

    report = json.loads(ran.stdout)
    (finding,) = report["findings"]
    assert (ran.returncode, finding["cause"]) == (2, "code")
    assert finding["example"]["replayed"]["result"] == 7


def test_every_file_of_the_page_is_run_here() -> None:
    tested = Path(__file__).read_text("utf-8")

    assert [file for file in FILES if f'"{file}"' not in tested and file != "chosen.py"] == []
