"""Cassettes as vcrpy's files: from a database and back, played by vcrpy and pytest-recording."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr  # noqa: TID251 - the tool whose files these are

from cassettes.vcr_files import read_vcr_file
from replay import Recorder, Toolbox
from replay.cli.main import exit_code_of
from replay.records import ToolCall, Trace
from replay.store import Store
from replay.store.cassettes import NewCassette
from replay.tools.loading import load_toolbox
from tests.cassettes.conftest import Server

Printed = pytest.CaptureFixture[str]

TOOLS = '''
import aiohttp
import httpx
import requests
from cassettes import external
from replay import Toolbox

toolbox = Toolbox("asking")
URL = "{url}"


@external(name="stock", effect="read")
def stock(item):
    return {{"item": item, "left": 3}}


@toolbox.tool
def look(item: str) -> dict:
    """Look at an item, in many ways."""
    first = requests.get(f"{{URL}}/packed/gzip", timeout=5).json()
    second = httpx.post(f"{{URL}}/echo/{{item}}", json={{"word": "grüß"}}).json()
    try:
        httpx.get("{refused}")
    except httpx.ConnectError:
        return {{**first, "body": second["body"], **stock(item)}}


@toolbox.tool
async def note(text: str) -> dict:
    """Take a note."""
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{{URL}}/echo/note", json={{"text": text}}) as answer:
            body = (await answer.json())["body"]
        async with session.get(f"{{URL}}/packed/deflate") as answer:
            return {{"body": body, **await answer.json()}}
'''


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, refused_url: str
) -> Path:
    """A folder with ``asking.py`` and one recorded trace of both of its tools."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "asking.py"
    file.write_text(TOOLS.format(url=server.url, refused=refused_url))
    record(toolbox_of(file), ("look", {"item": "tea"}), ("note", {"text": "hello"}))
    return tmp_path


@pytest.fixture
def refused_url() -> str:
    from tests.cassettes.conftest import refused_url as fixture

    return str(fixture.__wrapped__())  # type: ignore[attr-defined]  # the function behind it


def toolbox_of(file: Path) -> Toolbox:
    sys.modules.pop(file.stem, None)
    return load_toolbox(f"{file}:toolbox")


def record(toolbox: Toolbox, *calls: tuple[str, dict[str, Any]]) -> None:
    with Recorder("traces.db") as recorder, recorder.trace():
        for number, (tool, arguments) in enumerate(calls):
            asked = {"type": "function_call", "call_id": f"call_{number}", "name": tool}
            toolbox.dispatch_sync([{**asked, "arguments": json.dumps(arguments)}])


def export(folder: str, *words: str) -> dict[str, bytes]:
    assert exit_code_of(["cassettes", "export", "traces.db", folder, *words]) == 0
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(Path(folder).rglob("*.yaml"))
    }


def forget_cassettes() -> None:
    with Store.open("traces.db", "w") as store:
        store.replace_cassettes(
            {one.call.id: NewCassette([]) for one in store.cassettes()}, by="a test"
        )


def exchanges() -> list[Any]:
    with Store.open("traces.db") as store:
        return [[one.exchange for one in each.interactions] for each in store.cassettes()]


@pytest.mark.parametrize("per", ["call", "trace"])
def test_a_database_written_and_read_is_written_again_byte_for_byte(asking: Path, per: str) -> None:
    before = exchanges()
    first = export("first", "--per", per)
    forget_cassettes()
    assert exchanges() == []

    assert exit_code_of(["cassettes", "import", "traces.db", "first"]) == 0
    second = export("second", "--per", per)

    assert list(map(len, before)) == [4, 2]
    assert exchanges() == before
    assert second == first
    assert len(first) == (2 if per == "call" else 1)


def test_importing_what_is_there_changes_nothing(asking: Path, capsys: Printed) -> None:
    export("first")
    capsys.readouterr()

    assert exit_code_of(["cassettes", "import", "traces.db", "first"]) == 0

    assert capsys.readouterr().out.count("there already") == 2
    with Store.open("traces.db") as store:
        assert [one.call.attributes.get("cassette") for one in store.cassettes()] == [None, None]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_plain_vcrpy_plays_what_was_exported(asking: Path, server: Server) -> None:
    export("first", "--per", "trace")
    (file,) = Path("first").glob("*.yaml")
    module = sys.modules["asking"]
    server.stop()
    matched = ["method", "uri", "body"]

    with vcr.use_cassette(str(file), record_mode="none", match_on=matched) as cassette:
        by_requests = module.requests.get(f"{server.url}/packed/gzip", timeout=5).json()
        by_httpx = httpx.post(f"{server.url}/echo/tea", json={"word": "grüß"}).json()
        by_aiohttp = asyncio.run(module.note("hello"))

    assert by_requests["words"] == by_aiohttp["words"]
    assert json.loads(by_httpx["body"].encode("latin-1")) == {"word": "grüß"}
    assert cassette.all_played


@pytest.mark.slow
def test_pytest_recording_plays_what_was_exported(asking: Path, server: Server) -> None:
    export("cassettes", "--tool", "note")
    (file,) = Path("cassettes").rglob("*.yaml")
    Path("test_it.py").write_text(
        "import asyncio, pytest\n"
        "from asking import note\n\n\n"
        f"@pytest.mark.vcr({str(file.resolve())!r}, match_on=['method', 'uri', 'body'])\n"
        "@pytest.mark.block_network\n"
        "def test_it():\n"
        "    assert 'hello' in asyncio.run(note('hello'))['body']\n"
    )
    Path("pytest.ini").write_text("[pytest]\npythonpath = .\n")
    server.stop()

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--record-mode=none"],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_tools_are_replayed_against_a_cassette_that_vcrpy_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, refused_url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "asking.py"
    file.write_text(TOOLS.format(url=server.url, refused=refused_url))
    module = importlib.import_module(toolbox_of(file).tools()[0].function.__module__)
    with vcr.use_cassette("theirs.yaml"):
        told = asyncio.run(module.note("hello"))
        gzipped = module.requests.get(f"{server.url}/packed/gzip", timeout=5).json()
    server.stop()
    assert gzipped["words"] == told["words"]
    at = "2026-11-20T10:00:00.000000Z"
    call = ToolCall(
        id="c1",
        trace_id="t1",
        step_number=1,
        tool="note",
        arguments='{"text": "hello"}',
        response=json.dumps(told),
        outcome="ok",
        started_at=at,
    )
    with Store.open("traces.db", "create") as store:
        store.append_all([Trace(id="t1", started_at=at), call])
    run = ["run", "--tools", "asking.py:toolbox", "--jobs", "1"]

    assert exit_code_of(run) == 2
    assert exit_code_of(["cassettes", "import", "traces.db", "theirs.yaml", "--trace", "t1"]) == 0
    assert exit_code_of(run) == 2

    with Store.open("traces.db") as store:
        (verdict,) = store.verdicts("latest")
    # The tool does not ask for the gzipped page: what it does ask is answered as vcrpy heard it.
    assert verdict.replayed is not None
    assert json.loads(verdict.replayed.response or "") == told
    assert [change.change for change in verdict.interaction_changes] == ["removed"]


@pytest.mark.parametrize(
    ("body", "headers", "sent"),
    [
        ("null", "", b""),
        ("''", "", b""),
        ("{a: 1}", "Content-Type: [application/json]", b'{"a": 1}'),
        ("{a: 1}", "Content-Type: [application/x-www-form-urlencoded]", b"a=1"),
        ("{base64_string: aGk=}", "", b"hi"),
    ],
)
def test_bodies_are_read_in_each_of_vcrpys_spellings(body: str, headers: str, sent: bytes) -> None:
    text = (
        "version: 1\ninteractions:\n- request: {method: POST, uri: 'http://x/', "
        f"body: {body}, headers: {{{headers}}}}}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: ok}}\n"
    )

    ((one,),) = read_vcr_file(text).cassettes.values()

    assert one.request.body == sent


THEIRS = """
version: 1
interactions:
- request:
    method: GET
    uri: http://127.0.0.1:9/weather?city=Rome&api_key=k3y-5ecret-value
    body: null
    headers: {Authorization: [Bearer t0ken-5ecret-value]}
  response:
    status: {code: 200, message: OK}
    headers: {Set-Cookie: [session=c00kie-5ecret-value]}
    body: {string: '{"degrees": 24}'}
"""


def test_what_vcrpy_wrote_is_masked_as_recordings_are(asking: Path, capsys: Printed) -> None:
    Path("theirs.yaml").write_text(THEIRS)
    with Store.open("traces.db") as store:
        trace = store.trace_ids()[0]
    words = ["cassettes", "import", "traces.db", "theirs.yaml", "--trace", trace, "--step", "1"]

    assert exit_code_of(words) == 0
    masked = json.dumps(exchanges())
    assert exit_code_of(words) == 0
    assert "there already" in capsys.readouterr().out
    assert exit_code_of([*words, "--no-mask"]) == 0

    assert "5ecret" not in masked
    assert "degrees" in masked
    assert json.dumps(exchanges()).count("5ecret") == 3


def test_what_a_trace_without_masking_gave_stays_as_it_is(asking: Path) -> None:
    with Store.open("traces.db", "w") as store:
        trace = store.transcript(store.trace_ids()[0]).trace
        plain = {**trace.attributes, "redacted": False}
        store.append(trace.model_copy(update={"attributes": plain}))
    Path("theirs.yaml").write_text(THEIRS)
    words = ["--trace", trace.id, "--step", "1", "--no-mask"]
    assert exit_code_of(["cassettes", "import", "traces.db", "theirs.yaml", *words]) == 0
    before = exchanges()
    export("first")

    assert exit_code_of(["cassettes", "import", "traces.db", "first"]) == 0

    assert exchanges() == before


def test_files_have_names_that_every_system_takes(asking: Path) -> None:
    at = "2026-11-20T10:00:00.000000Z"
    call = ToolCall(
        id="odd", trace_id="../a b:c", step_number=1, tool="x/y", arguments="{}", started_at=at
    )
    with Store.open("traces.db", "w") as store:
        store.append_all([Trace(id="../a b:c", started_at=at), call])
        store.replace_cassettes({"odd": NewCassette(exchanges()[0])}, by="a test")

    assert "_a_b_c/001-x_y.yaml" in export("first")


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("interactions: []\nversion: 1\n", [], "name the call with --trace and --step"),
        ("interactions: []\nversion: 1\n", ["--step", "1"], "--step needs the trace"),
        ("interactions: []\nversion: 1\n", ["--trace", "TRACE"], "has several tool calls"),
        ("interactions: []\nversion: 1\n", ["--trace", "TRACE", "--step", "7"], "is no tool call"),
        ("a: [", [], "This is not YAML"),
        ("just: this", [], "is no cassette"),
        (
            "interactions: []\nversion: 1\nx-replay: {cassettes: [c9]}\n",
            [],
            "which the database does not have",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_changes_nothing(
    asking: Path, capsys: Printed, text: str, words: list[str], said: str
) -> None:
    Path("bad.yaml").write_text(text)
    before = exchanges()
    with Store.open("traces.db") as store:
        trace = store.trace_ids()[0]
    words = [trace if word == "TRACE" else word for word in words]
    good = export("good")
    files = ["good", "bad.yaml"] if not words else ["bad.yaml"]

    assert exit_code_of(["cassettes", "import", "traces.db", *files, *words]) == 3

    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed
    assert exchanges() == before
    assert export("again") == good
