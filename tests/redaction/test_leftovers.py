"""What stands openly beside its own placeholder is found with the key, and masked."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from cassettes.redaction import Redactor
from replay.cli.main import exit_code_of
from replay.records.sensitive import FieldRule, Fit, ToolMarks
from replay.store import Store
from replay.store.leftovers import learn_leftovers
from replay.store.mask_looking import look
from replay.store.redaction import Redaction
from tests.redaction.conftest import everything
from tests.redaction.test_planted_secrets import files_of

KEY = b"k" * 32
_UNMARKED = ("born", "plate", "pin")
"""What stands for these only the key tells from others: another key masks it again."""
AT = "2026-11-20T10:00:00.000000Z"
MARKS = ToolMarks(
    (
        FieldRule("save", ("arguments", "name")),
        FieldRule("save", ("arguments", "born")),
        FieldRule("save", ("arguments", "account")),
        FieldRule("save", ("arguments", "plate"), fit=Fit(pattern="^[A-Z]{2}-[0-9]{4}$")),
        FieldRule("save", ("arguments", "mail"), kind="email"),
    )
)
REAL = {
    "name": "Zacharias Wombatius",
    "born": "1977-07-13",
    "account": "12-3456-789-0",
    "plate": "QX-7731",
    "mail": "zach.w@womb-mail.org",
    "password": "blue-elephant-42",
    "pin": "4718295033",
}


def redaction() -> Redaction:
    """One that has learned nothing, as each command's has."""
    return Redaction(Redactor(KEY, environment=False), marks=MARKS)


def masked(**values: str) -> str:
    """The JSON of a call's arguments, masked, as an older version stored it."""
    call = {"kind": "tool_call", "tool": "save", "arguments": json.dumps(values)}
    [found] = redaction().masked([call])
    return str(found["arguments"])


def store_of(path: Path, said: str, response: str, arguments: str) -> Store:
    """A database in which only the arguments of a call are masked."""
    store = Store.open(path, "create")
    store.append({"kind": "trace", "id": "t", "started_at": AT, "attributes": {"redacted": True}})
    common = {"trace_id": "t", "started_at": AT}
    messages = orjson.dumps([{"role": "user", "content": said}])
    asked = {"id": "m", "step_number": 1, "api": "chat.completions", "messages": messages}
    store.append_fields("model_call", {**common, **asked})
    call = {"id": "c", "step_number": 2, "tool": "save", "arguments": arguments}
    store.append_fields("tool_call", {**common, **call, "response": response, "result": response})
    return store


@pytest.mark.parametrize("name", [one for one in REAL if one != "born"])
def test_a_value_that_stands_beside_its_placeholder_is_found_and_masked(
    name: str, tmp_path: Path
) -> None:
    value = REAL[name]
    said = f"Hello, it is {value}. What else?"
    database = tmp_path / "traces.db"
    with store_of(database, said, f"saved ({value})", masked(**{name: value})) as store:
        found = [one.place for one in look(store, redaction()).found]
        assert [one for one in found if one.startswith("trace")] == [
            "trace t step 1 model call messages[0].content",
            "trace t step 2 tool call save result",
            "trace t step 2 tool call save response",
        ]

        store.mask(redaction())

        assert value not in everything(store)
    assert value.encode() not in b"".join(files_of(database).values())


def test_nothing_is_found_without_the_key_nor_of_another_trace(tmp_path: Path) -> None:
    values = {name: value for name, value in REAL.items() if name not in _UNMARKED}
    said = ", ".join(values.values())
    with store_of(tmp_path / "traces.db", said, "saved", masked(name="Somebody Else")) as store:
        assert look(store, redaction()).found == []
    other = Redaction(Redactor(b"o" * 32, environment=False), marks=MARKS)
    with store_of(tmp_path / "other.db", said, "saved", masked(**values)) as store:
        assert look(store, other).found == []


def test_texts_of_any_kind_are_none_of_a_placeholders_values() -> None:
    chance = random.Random(3)
    letters = "abcdefghij ABC0123456789-.@\n\\\"'"
    texts = ["".join(chance.choices(letters, k=200)) for _ in range(50)]
    records: list[Any] = [
        {"kind": "tool_call", "tool": "save", "arguments": masked(**REAL), "response": one}
        for one in texts
    ]
    made = redaction()

    learn_leftovers(made, records)

    assert made.redactor.vault.learned() == {}


def test_a_date_of_the_year_of_a_marked_one_is_told_and_masked_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_MASKING_KEY", KEY.decode())
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(
        '[tool.replay.mask]\npaths = ["tool_calls.save.arguments.born"]\n'
    )
    response = "born 1977-07-13, seen 1991-02-03"
    store_of(Path("t.db"), "I was born on 1977-07-13.", response, masked(born="1977-07-13")).close()

    assert exit_code_of(["mask", "--check", "t.db"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Dates at 3 places are of the year of a marked one" in said
    assert exit_code_of(["mask", "--apply", "t.db"]) == 0
    with Store.open(Path("t.db")) as store:
        assert "born 1977-07-13" in everything(store)

    assert exit_code_of(["mask", "--apply", "--dates", "t.db"]) == 0

    with Store.open(Path("t.db")) as store:
        told = everything(store)
    assert "1977-07-13" not in told
    assert "born 1977-01-01, seen 1991-02-03" in told
    capsys.readouterr()
    assert exit_code_of(["mask", "--check", "t.db"]) == 0
    assert "may be" not in capsys.readouterr().out


def test_a_date_that_was_answered_before_a_call_marked_it_is_told_and_masked_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_MASKING_KEY", KEY.decode())
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(
        '[tool.replay.mask]\npaths = ["tool_calls.save.arguments.born"]\n'
    )
    asked = masked(born="1977-07-13")
    call = {"trace_id": "t", "started_at": AT, "id": "d", "step_number": 1, "tool": "find"}
    told_before = {"arguments": "{}", "response": "born 1977-07-13, seen 1991-02-03"}
    with store_of(Path("t.db"), "Go on.", "saved", asked) as store:
        store.append_fields("tool_call", {**call, **told_before})

    assert exit_code_of(["mask", "--check", "t.db"]) == 0
    assert "Dates at 1 place are of the year of a marked one" in " ".join(
        capsys.readouterr().out.split()
    )
    assert exit_code_of(["mask", "--apply", "--dates", "t.db"]) == 0

    with Store.open(Path("t.db")) as store:
        assert "born 1977-01-01, seen 1991-02-03" in everything(store)
