"""What tools print in a replay of a masked trace is kept and shown without what is masked in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay import Recorder
from replay.replayer import Replayer
from replay.store import Store
from replay.tools.loading import load_toolbox
from tests.redaction.test_known_start import ask
from tests.redaction.test_planted_secrets import files_of

TOOLS = """
import os
from typing import Annotated
from replay import Sensitive, Toolbox

toolbox = Toolbox("printing")

@toolbox.world
def world():
    return {"Ann Lee-Baker": "a customer"}

@toolbox.tool
def greet(name: Annotated[str, Sensitive], world: dict) -> str:
    "Greet somebody."
    print(f"{name!r} is {world[name]}; {name.upper()}", flush=True)
    if "DIES" in os.environ:
        os._exit(7)
    return f"Welcome, {name.upper()}"

@toolbox.tool
def log_in() -> dict:
    "Give a token out."
    print("made q1w2e3r4t5y6")
    return {"token": "q1w2e3r4t5y6"}
"""


def test_of_marked_and_learned_values_nothing_is_left_in_what_was_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "printing_tools.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(str(tmp_path))
    toolbox = load_toolbox("printing_tools:toolbox")
    database = tmp_path / "db" / "traces.db"
    database.parent.mkdir()
    with Recorder(database) as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync(ask("greet", {"name": "Ann Lee-Baker"}))
        toolbox.dispatch_sync(ask("log_in", {}))
    printed: list[str] = []

    with Store.open(database, "w") as store:
        for environment in ({}, {"DIES": "1"}):
            run = Replayer(
                store,
                toolbox="printing_tools:toolbox",
                folder=tmp_path,
                jobs=1,
                environment=environment,
                on_output=lambda tool, text, printed=printed: printed.append(f"{tool} {text}"),
            ).run()
            printed += [one.output for one in store.verdicts(run.id)]
            assert run.verdict_counts["same"] == 2 - len(environment)

    assert sum("is a customer" in one for one in printed) >= 4
    for told in ("\n".join(printed).encode(), *files_of(database).values()):
        assert [one for one in (b"Lee-", b"LEE-", b"q1w2e3") if one in told] == []
