"""Hashes of states outlive masking: a replay still sees that a call leaves another world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.records.traces import START_STATE
from replay.replayer import Replayer
from replay.store import Store
from replay.tools.loading import load_toolbox
from tests.redaction.test_known_start import ask

TOOLS = """
import os
from replay import Toolbox

toolbox = Toolbox("ledger")

@toolbox.world
def world():
    return {"ann.lee@mail.org": 0, "bob.ray@mail.org": 0}

@toolbox.state
def state(world):
    return world

@toolbox.tool
def pay(email: str, amount: int, world: dict) -> str:
    "Pay somebody."
    world[email] += amount * int(os.environ.get("TIMES", "1"))
    return "paid"

@toolbox.tool
def balance(email: str, world: dict) -> int:
    "Say what somebody has."
    return world[email]

@toolbox.tool
def ping() -> str:
    "Answer."
    return "pong"
"""


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A toolbox that shows its state, which holds people."""
    name = f"ledger_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name, load_toolbox(f"{name}:toolbox")


def recorded(ledger: Any, database: Path) -> None:
    """Record two conversations in the open; only one of them names anybody."""
    _, toolbox = ledger
    with Recorder(database, mask=False) as recorder:
        for trace, call in (
            ("named", ("pay", {"email": "ann.lee@mail.org", "amount": 5})),
            ("not named", ("ping", {})),
        ):
            with recorder.trace(id=trace), toolbox.session():
                toolbox.dispatch_sync(ask(*call))


def verdicts(ledger: Any, database: Path, times: str) -> dict[str, tuple[str, str, bool]]:
    """Replay with today's tools, which pay so many times."""
    with Store.open(database, "w") as store:
        run = Replayer(
            store,
            toolbox=f"{ledger[0]}:toolbox",
            folder=database.parent,
            jobs=1,
            environment={"TIMES": times},
        ).run()
        return {
            one.trace_id: (str(one.verdict), str(one.cause), bool(one.effect_changed))
            for one in store.verdicts(run.id)
        }


def hashes(database: Path) -> list[str]:
    with Store.open(database) as store:
        traces = [store.transcript(one) for one in store.trace_ids()]
    starts = [one.trace.attributes[START_STATE] for one in traces]
    return starts + [one.steps[0].state_hash for one in traces]


SAME = ("same", "None", False)


def test_after_mask_apply_another_effect_is_still_seen_and_the_hashes_are_keyed(
    tmp_path: Path, ledger: Any
) -> None:
    database = tmp_path / "traces.db"
    recorded(ledger, database)
    before = [verdicts(ledger, database, times) for times in ("1", "2")]
    plain = hashes(database)

    assert exit_code_of(["mask", "--apply", "--personal", str(database)]) == 0

    after = [verdicts(ledger, database, times) for times in ("1", "2")]
    assert before == after
    assert before[0] == {"named": SAME, "not named": SAME}
    assert before[1] == {"named": ("effect_changed", "code", True), "not named": SAME}
    assert {one[:5] for one in plain} == {"b2-16"}
    assert {one[:5] for one in hashes(database)} == {"k-16:"}


def test_with_another_key_nothing_is_said_of_effects(
    tmp_path: Path, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "traces.db"
    recorded(ledger, database)
    assert exit_code_of(["mask", "--apply", "--personal", str(database)]) == 0

    monkeypatch.setenv("REPLAY_MASKING_KEY", "another-key-of-somebody")

    found = verdicts(ledger, database, "1")
    assert found["not named"] == SAME
    assert found["named"][2] is False


def test_what_is_masked_on_its_way_in_or_out_keeps_them_too(tmp_path: Path, ledger: Any) -> None:
    recorded(ledger, tmp_path / "traces.db")
    masked_out, plain_out = str(tmp_path / "out.jsonl"), str(tmp_path / "plain.jsonl")
    export = ["export", str(tmp_path / "traces.db"), "--to", "records", "-o"]
    assert exit_code_of([*export, masked_out, "--mask-personal"]) == 0
    assert exit_code_of([*export, plain_out]) == 0
    key = (tmp_path / "traces.db.masking-key").read_text()

    for name, source in (("a", [masked_out]), ("b", [plain_out, "--mask-personal"])):
        database = tmp_path / name / "traces.db"
        database.parent.mkdir()
        Path(f"{database}.masking-key").write_text(key)
        assert exit_code_of(["import", str(database), *source]) == 0
        assert {one[:5] for one in hashes(database)} == {"k-16:"}
        (tmp_path / name / f"{ledger[0]}.py").write_text(TOOLS)
        found = [verdicts(ledger, database, times)["named"] for times in ("1", "2")]
        assert found == [SAME, ("effect_changed", "code", True)]
        before = hashes(database)
        assert exit_code_of(["import", str(database), *source]) == 0
        assert hashes(database) == before


@pytest.mark.parametrize("is_masked", [False, True])
def test_on_the_state_that_the_old_code_left_a_masked_call_finds_whom_it_asks_for(
    tmp_path: Path, ledger: Any, is_masked: bool
) -> None:
    name, toolbox = ledger
    database = tmp_path / "traces.db"
    calls = [("pay", {"email": "ann.lee@mail.org", "amount": 5})]
    calls.append(("balance", {"email": "ann.lee@mail.org"}))
    mask = "personal" if is_masked else False
    with Recorder(database, mask=mask) as recorder, recorder.trace(), toolbox.session():
        for call in calls:
            toolbox.dispatch_sync(ask(*call))

    with Store.open(database, "w") as store:
        run = Replayer(
            store,
            toolbox=f"{name}:toolbox",
            folder=tmp_path,
            jobs=1,
            environment={"TIMES": "2"},
            baseline=f"{name}:toolbox",
            baseline_environment={"TIMES": "1"},
        ).run()
        found = [(str(one.verdict), str(one.cause)) for one in store.verdicts(run.id)]

    assert found == [("effect_changed", "code"), ("response_changed", "carried")]
