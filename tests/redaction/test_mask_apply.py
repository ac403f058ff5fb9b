"""`replay mask --apply`: what was stored in the open is masked afterwards, and still replays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from bank import SECRETS

from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction import Redactor, key_beside
from replay import Recorder
from replay.cli.main import exit_code_of
from replay.records import ReplayRun
from replay.store import Store
from replay.store.redaction import Redaction
from tests.redaction.conftest import everything
from tests.redaction.test_planted_secrets import files_of, found_in

Converse = Callable[[Recorder], list[Any]]
ReplayBank = Callable[..., ReplayRun]


@pytest.mark.slow
def test_a_database_in_the_open_holds_no_secret_afterwards_and_replays_the_same(
    tmp_path: Path,
    converse: Converse,
    replay_bank: ReplayBank,
    capsys: pytest.CaptureFixture[str],
) -> None:
    database = tmp_path / "traces.db"
    with Recorder(database, mask=False) as recorder:
        converse(recorder)
    with Store.open(database, "w") as store:
        before = replay_bank(store)
        assert set(found_in(everything(store).encode())) == set(SECRETS)

    assert exit_code_of(["mask", "--apply", str(database)]) == 0

    assert "records of 1 trace were masked; nothing of what stood there is left" in (
        capsys.readouterr().out
    )
    with Store.open(database, "w") as store:
        assert found_in(everything(store).encode()) == []
        assert store.check() == []
        after = replay_bank(store)
        assert (before.verdict_counts, after.verdict_counts) == ({"same": 8}, {"same": 8})
    assert found_in(b"".join(files_of(database).values())) == []


def test_a_secret_in_a_tools_definition_goes_from_the_registry_of_schemas(tmp_path: Path) -> None:
    database = tmp_path / "traces.db"
    redaction = Redaction(Redactor(b"k" * 32, environment=False))
    tool = {"name": "login", "description": "As blue-elephant-42.", "input_schema": {}}
    with Store.open(database, "create", masker=redaction) as store:
        at = "2026-11-20T10:00:00.000000Z"
        store.append({"kind": "trace", "id": "t", "started_at": at})
        common = {"trace_id": "t", "started_at": at}
        asked = {**common, "api": "messages", "tools": [tool]}
        store.append_fields("model_call", {"id": "m1", "step_number": 1, **asked})
        call = {"id": "c1", "step_number": 2, "tool": "login", "model_call_id": "m1", **common}
        arguments = json.dumps({"password": "blue-elephant-42"})
        store.append_fields("tool_call", {**call, "arguments": arguments})
        [before] = store.tool_schemas()
        assert "blue-elephant-42" in str(before.definition)

        store.mask(redaction)

        [after] = store.tool_schemas()
        [known] = store.schema_registry().schemas
        assert PLACEHOLDER.sub("<>", str(after.definition["description"])) == "As <>."
        assert (known.id, known.trace_count, known.call_count) == (after.id, 1, 1)
        assert store.check() == []
    assert b"blue-elephant-42" not in b"".join(files_of(database).values())


def test_a_value_that_was_learned_late_goes_from_earlier_prompts(tmp_path: Path) -> None:
    database = tmp_path / "traces.db"
    redaction = Redaction(Redactor(b"k" * 32, environment=False))
    said = [{"role": "user", "content": "log me in, it is blue-elephant-42"}]
    with Store.open(database, "create", masker=redaction) as store:
        at = "2026-11-20T10:00:00.000000Z"
        store.append({"kind": "trace", "id": "t", "started_at": at})
        common = {"trace_id": "t", "started_at": at}
        prompt = {**common, "api": "chat.completions", "messages": orjson.dumps(said)}
        store.append_fields("model_call", {"id": "m1", "step_number": 1, **prompt})
        call = {"id": "c1", "step_number": 2, "tool": "login", **common}
        arguments = json.dumps({"password": "blue-elephant-42"})
        store.append_fields("tool_call", {**call, "arguments": arguments})
        assert "blue-elephant-42" in everything(store)

        done = store.mask(redaction)

        assert "blue-elephant-42" not in everything(store)
        assert (done.trace_count, done.record_count) == (1, 1)
        assert store.check() == []
        assert store.mask(redaction).record_count == 0
        [step, _] = store.transcript("t").steps
        assert PLACEHOLDER.sub("<>", step.messages[0]["content"]) == "log me in, it is <>"
    assert b"blue-elephant-42" not in b"".join(files_of(database).values())


def test_it_uses_the_key_that_recordings_use(tmp_path: Path) -> None:
    database = tmp_path / "traces.db"
    with Recorder(database, mask=False) as recorder:
        tool = recorder.tool(lambda token: None, name="tool")
        with recorder.trace():
            tool("q1w2e3r4")

    assert exit_code_of(["mask", "--apply", str(database), "--json"]) == 0

    with Store.open(database) as store:
        _, [(payload,)] = store.query("SELECT payload FROM tool_calls")
    expected = Redactor(key_beside(database), environment=False).json({"token": "q1w2e3r4"})
    assert json.loads(payload) == expected
