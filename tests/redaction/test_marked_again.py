"""Marked dates and numbers are masked in today's answers as they were in the recorded ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.replayer import Replayer
from replay.store import Store
from replay.tools.loading import load_toolbox

TOOLS = '''
from typing import Annotated

from replay import Sensitive, Toolbox

toolbox = Toolbox("desk")
PEOPLE = {
    "ann": {"born": "1977-07-13", "card": "4012-8888-8888-1881"},
    "bob": {"born": "1980-02-03", "card": "4111-1111-1111-1111"},
}


@toolbox.tool
def find(id: str) -> dict:
    """Look somebody up."""
    return PEOPLE[id]


@toolbox.tool
def verify(born: Annotated[str, Sensitive], card: Annotated[str, Sensitive]) -> str:
    """Tell whether somebody is known."""
    return f"{born}, {card}: {any(one == {'born': born, 'card': card} for one in PEOPLE.values())}"
'''
ANN = {"born": "1977-07-13", "card": "4012-8888-8888-1881"}


def ask(number: int, tool: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return [{"id": f"call_{number}", "type": "function", "function": function}]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tools, in the working directory."""
    (tmp_path / "marked_desk.py").write_text(TOOLS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("marked_desk", None)
    return load_toolbox("marked_desk:toolbox")


@pytest.mark.parametrize("mask", ["secrets", "personal", "afterwards"])
def test_a_tool_that_tells_what_is_marked_elsewhere_replays_the_same(
    desk: Any, tmp_path: Path, mask: str
) -> None:
    database = tmp_path / "traces.db"
    with Recorder(database, mask=False if mask == "afterwards" else mask) as recorder:
        for _ in range(2):
            with recorder.trace(), desk.session():
                desk.dispatch_sync(ask(1, "find", {"id": "ann"}))
                desk.dispatch_sync(ask(2, "verify", ANN))
                desk.dispatch_sync(ask(3, "find", {"id": "ann"}))
                desk.dispatch_sync(ask(4, "find", {"id": "bob"}))
    if mask == "afterwards":
        assert exit_code_of(["mask", "--apply", str(database)]) == 0

    with Store.open(database, "w") as store:
        run = Replayer(store, toolbox="marked_desk:toolbox", folder=tmp_path, jobs=1).run()
        last = [store.transcript(one).steps[2].response for one in store.trace_ids()]

    assert run.verdict_counts == {"same": 8}
    assert [one for one in ANN.values() if one in json.dumps(last)] == []
