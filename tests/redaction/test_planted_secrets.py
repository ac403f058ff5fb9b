"""A conversation through a bank that plants secrets everywhere: none of them reaches the disk."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from bank import PIN, SECRETS, Bank

from cassettes import Interaction
from cassettes.redaction import key_beside
from cassettes.vcr_files import from_vcr_yaml, to_vcr_yaml
from replay import Recorder
from replay.records import ReplayRun, ToolCall
from replay.store import Store
from tests.redaction.conftest import MODEL_KEY, everything


def spellings(value: str) -> Iterator[bytes]:
    """How a secret may stand in a file: as it is, in a URL, in JSON, in base64."""
    yield value.encode()
    yield quote(value, safe="").encode()
    yield quote_plus(value).encode()
    yield json.dumps(value)[1:-1].encode()
    for before in ("", "x", "xx"):  # base64 of three alignments
        whole = base64.b64encode(f"{before}{value}".encode())
        yield whole[4:-4]


def found_in(content: bytes) -> list[str]:
    """The names of the secrets that stand in ``content``."""
    planted = {**SECRETS, "the model provider's key": MODEL_KEY}
    return [name for name, value in planted.items() if any(s in content for s in spellings(value))]


def files_of(database: Path) -> dict[str, bytes]:
    """Everything on the disk that belongs to a database, but its key."""
    return {
        str(path.relative_to(database.parent)): path.read_bytes()
        for path in database.parent.rglob("*")
        if path.is_file() and not path.name.endswith(".masking-key")
    }


def yaml_of(store: Store) -> str:
    exchanges = [
        Interaction.from_json(one.exchange)
        for trace_id in store.trace_ids()
        for interactions in store.transcript(trace_id).interactions.values()
        for one in interactions
    ]
    return to_vcr_yaml(exchanges)


Converse = Callable[[Recorder], list[Any]]
ReplayBank = Callable[..., ReplayRun]


def test_of_all_planted_secrets_none_reaches_the_disk(tmp_path: Path, converse: Converse) -> None:
    database = tmp_path / "traces.db"
    recorder = Recorder(database)

    messages = converse(recorder)

    before_closing = files_of(database)
    recorder.store.flush()
    drained = files_of(database)
    recorder.close()
    with Store.open(database) as store:
        readable, yaml = everything(store), yaml_of(store)
    assert len(SECRETS) >= 23
    assert {name for name in SECRETS if SECRETS[name] in json.dumps(messages)} >= {
        "a token in a gzip answer",
        "a token in words of the user",
        "what a tool answers",
    }  # the application saw them
    assert (recorder.failures, recorder.last_failure) == (0, None)
    assert any(name.endswith(".spool") for name in before_closing)
    assert any(name.endswith("-wal") for name in drained)
    for files in (before_closing, drained, files_of(database)):
        assert {
            name: found_in(content) for name, content in files.items() if found_in(content)
        } == {}
    assert found_in(readable.encode()) == []
    assert found_in(yaml.encode()) == []
    assert f'"pin": {PIN}' not in readable
    assert len(from_vcr_yaml(yaml)) == 18


def test_without_redaction_they_are_all_there(tmp_path: Path, converse: Converse) -> None:
    """The proof that the other test would see them."""
    with Recorder(tmp_path / "traces.db", mask=False) as recorder:
        converse(recorder)
        readable = everything(recorder.store) + yaml_of(recorder.store)

    assert set(found_in(readable.encode())) == set(SECRETS)


def test_a_login_and_what_follows_replay_the_same(
    tmp_path: Path, converse: Converse, replay_bank: ReplayBank, bank: Bank
) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        converse(recorder)
    asked_count = len(bank.asked)

    with Store.open(tmp_path / "traces.db", "w") as store:
        run = replay_bank(store)
        changed = [
            (one.tool, one.verdict, one.changes, one.interaction_changes, one.effect_changed)
            for one in store.verdicts(run.id)
            if one.verdict != "same"
        ]
        readable = everything(store)

    assert changed == []
    assert run.verdict_counts == {"same": 8}
    assert len(bank.asked) == asked_count
    assert found_in(readable.encode()) == []


@pytest.mark.slow
def test_with_another_key_every_request_is_still_answered(
    tmp_path: Path,
    converse: Converse,
    replay_bank: ReplayBank,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        converse(recorder)
    monkeypatch.setenv("REPLAY_MASKING_KEY", "another key than it was recorded with")

    with Store.open(tmp_path / "traces.db", "w") as store:
        run = replay_bank(store)
        asked_otherwise = [
            (one.tool, change.request, change.change, change.field)
            for one in store.verdicts(run.id)
            for change in one.interaction_changes
        ]

    assert asked_otherwise == []


def test_the_key_is_the_owners_alone_and_not_in_the_database(
    tmp_path: Path, converse: Converse
) -> None:
    database = tmp_path / "traces.db"
    with Recorder(database) as recorder:
        converse(recorder)

    key_file = tmp_path / "traces.db.masking-key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    written = key_file.read_bytes().strip()
    assert all(written not in content for content in files_of(database).values())
    assert key_beside(database) == key_beside(database)


def test_the_tools_arguments_and_answers_are_redacted_and_keep_their_types(
    tmp_path: Path, converse: Converse
) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        converse(recorder)
        steps = recorder.store.transcript("the trace").steps
    calls = {call.tool: call for call in steps if isinstance(call, ToolCall)}

    arguments = json.loads(calls["login"].arguments)
    confirmed = json.loads(calls["confirm"].arguments)
    assert arguments["user"] == "ann"
    assert arguments["password"].startswith("R")
    assert type(confirmed["pin"]) is int
    assert len(str(confirmed["pin"])) == 4
    assert json.loads(calls["login"].response or "")["pin"] == confirmed["pin"]
    assert calls["answer"].result["secret"].startswith("R")
