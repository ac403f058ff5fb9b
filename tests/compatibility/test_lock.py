from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from replay import Toolbox
from replay.cli.schema_lock import next_version
from replay.compatibility.lock import Lock, LockError, lock_text, read_lock, write_lock
from replay.compatibility.lock_check import Drift, Drifted, drifted
from replay.compatibility.rules import RULES
from tests.compatibility.described import locked


class Person(BaseModel):
    """Somebody who comes."""

    email: str
    name: str | None = None


def one(function: Callable[..., Any], *, version: str | None = "1", **options: Any) -> Lock:
    """Return the lock of a toolbox with this one tool, called ``create_event``."""
    toolbox = Toolbox("calendar", strict=options.pop("strict_mode", True))
    toolbox.add(function, name="create_event", version=version, **options)
    return locked(toolbox)


def create(title: str, start: str, minutes: int = 30) -> dict[str, str]:
    """Put an event into the calendar."""
    return {}


def create_renamed(title: str, starts_at: str, minutes: int = 30) -> dict[str, str]:
    """Put an event into the calendar."""
    return {}


def said(found: list[Drifted]) -> list[str]:
    return [f"{each.path}: {each.said}" for drift in found for each in drift.changes]


def rules(found: list[Drifted]) -> list[str]:
    return [f"{each.path}: {each.rule}" for drift in found for each in drift.changes]


# -- the file -------------------------------------------------------------------------------------


def toolbox_of_all() -> Toolbox:
    toolbox = Toolbox("calendar")
    toolbox.add(create, name="create_event", version="10")
    toolbox.add(create_renamed, name="create_event", version="9")
    toolbox.add(create, name="book", actor="user")

    @toolbox.tool
    def invite(people: list[Person], extra: dict[str, int], unit: Literal["a", "b"] = "a") -> None:
        """Einladen: schickt allen eine E-Mail."""

    return toolbox


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    lock = locked(toolbox_of_all())

    write_lock(tmp_path / "lock.json", lock)

    assert read_lock(tmp_path / "lock.json") == lock
    assert [path.name for path in tmp_path.iterdir()] == ["lock.json"]


def test_the_same_tools_are_the_same_text_in_whatever_order_they_are_registered() -> None:
    forwards, backwards = Toolbox("a"), Toolbox("a")
    forwards.add(create)
    forwards.add(create_renamed)
    backwards.add(create_renamed)
    backwards.add(create)

    assert lock_text(locked(forwards)) == lock_text(locked(backwards))


def test_the_text_is_sorted_names_its_format_and_says_once_what_is_the_same() -> None:
    text = lock_text(locked(toolbox_of_all()))
    whole = json.loads(text)
    invite = whole["tools"][-1]

    assert list(whole) == ["format", "toolbox", "tools"]
    assert [(tool["tool"], tool.get("version")) for tool in whole["tools"]] == [
        ("book", None),
        ("create_event", "9"),
        ("create_event", "10"),
        ("invite", None),
    ]
    assert "schickt allen" in text
    assert invite["shown"]["anthropic"] == "as source"
    assert "a dict" in invite["shown"]["openai-responses-strict"]["not shown"]
    assert invite["shown"]["openai-strict"] == "as openai-responses-strict"
    assert whole["tools"][1]["shown"]["openai-strict"] == "as openai-responses-strict"
    assert str(Path(__file__).parent) not in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "lock.json:1:2 is not JSON: Expecting property name"),
        ('<<<<<<< HEAD\n{"format": 1}', "It holds an unfinished merge. `replay schema lock`"),
        ('{"format": 2, "tools": []}', "has format 2; this version reads up to 1.\nUpgrade with"),
        ("[]", "is no lock of replay: it has no `format` and `tools`."),
        ('{"name": "a-package"}', "is no lock of replay"),
        ('{"format": 1, "tools": [{"tool": "a"}]}', "is damaged: tools[0] has no 'source'."),
        ('{"format": 1, "tools": ["a"]}', "is damaged: tools[0] has no 'tool'."),
    ],
)
def test_a_file_that_is_no_lock_says_why_and_what_to_do(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "lock.json"
    path.write_text(text)

    with pytest.raises(LockError) as refused:
        read_lock(path)

    assert told in str(refused.value)
    assert refused.value.hint


def test_a_lock_that_is_missing_names_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "schemas.lock.json").write_text("{}")

    with pytest.raises(LockError) as missing:
        read_lock(tmp_path / "schema.lock.json")

    assert missing.value.nearest == str(tmp_path / "schemas.lock.json")


# -- the check ------------------------------------------------------------------------------------


def test_tools_as_they_were_locked_have_not_drifted() -> None:
    assert drifted(locked(toolbox_of_all()), locked(toolbox_of_all())) == []


def test_a_schema_that_changed_under_its_version_fails_in_words() -> None:
    (found,) = drifted(one(create), one(create_renamed))

    assert (found.drift, found.fails, found.version) == (Drift.CHANGED, True, "1")
    assert said([found]) == ["start: seems to be called `starts_at` now and is required"]


def test_a_changed_schema_under_a_new_version_is_told_and_passes() -> None:
    gone, new = drifted(one(create), one(create_renamed, version="2"))

    assert (gone.drift, gone.version, gone.fails) == (Drift.VERSION_GONE, "1", False)
    assert (new.drift, new.version, new.fails) == (Drift.NEW_VERSION, "2", False)
    assert new.against == "1"
    assert rules([new]) == ["start: RENAME_SUSPECTED"]


def test_a_tool_that_is_gone_fails_and_a_new_one_passes() -> None:
    before, after = Toolbox("a"), Toolbox("a")
    before.add(create)
    after.add(create_renamed)

    gone, new = drifted(locked(before), locked(after))

    assert (gone.tool, gone.drift, gone.fails) == ("create", Drift.REMOVED, True)
    assert (new.tool, new.drift, new.fails) == ("create_renamed", Drift.ADDED, False)


def test_a_tool_of_another_actor_is_another_tool() -> None:
    found = drifted(one(create), one(create, actor="user"))

    assert sorted(each.drift for each in found) == [Drift.ADDED, Drift.REMOVED]


def test_an_older_version_that_changes_beside_the_one_that_runs_fails() -> None:
    def both(older: Callable[..., Any]) -> Lock:
        toolbox = Toolbox("a")
        toolbox.add(older, name="create_event", version="1")
        toolbox.add(create, name="create_event", version="2")
        return locked(toolbox)

    (found,) = drifted(both(create), both(create_renamed))

    assert (found.version, found.fails) == ("1", True)


def test_another_of_the_same_versions_that_runs_now_is_a_change() -> None:
    def of(*versions: str) -> Lock:
        toolbox = Toolbox("a")
        for version in versions:
            toolbox.add(create, name="create_event", version=version)
        return locked(toolbox)

    (found,) = drifted(of("1", "2"), of("2", "1"))

    assert (found.version, said([found])) == ("1", [": now this version runs, another did"])
    assert [each.drift for each in drifted(of("1"), of("1", "2"))] == [Drift.NEW_VERSION]


def other_words(title: str, start: str, minutes: int = 30) -> dict[str, str]:
    """Create an event."""
    return {}


def other_result(title: str, start: str, minutes: int = 30) -> dict[str, int]:
    """Put an event into the calendar."""
    return {}


def other_default(title: str, start: str, minutes: int = 60) -> dict[str, str]:
    """Put an event into the calendar."""
    return {}


def other_order(start: str, title: str, minutes: int = 30) -> dict[str, str]:
    """Put an event into the calendar."""
    return {}


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (one(other_words), [": TOOL_DESCRIPTION_CHANGED"]),
        (one(other_result), ["*: RESULT_TYPE_CHANGED"]),
        (one(other_default), ["minutes: DEFAULT_CHANGED"]),
        (one(other_order), [": PROPERTY_ORDER_CHANGED"]),
        (one(create, strict_mode=False), [": COERCION_ADDED"]),
        (one(create, validation="report"), [": GATE_REMOVED"]),
    ],
)
def test_whatever_a_model_or_a_payload_can_notice_is_a_change(today: Lock, told: list[str]) -> None:
    (found,) = drifted(one(create), today)

    assert found.drift is Drift.CHANGED
    assert rules([found]) == told


def test_what_means_the_same_and_is_written_otherwise_is_a_change_of_the_closed_list() -> None:
    before = one(create)
    (tool,) = before.tools
    title = {"type": "string", "$comment": "a model sees this"}
    source: Any = {**tool.source, "properties": {**tool.source["properties"], "title": title}}
    shown: Any = {**tool.shown, "mcp": {"type": "object"}}
    others = [
        (replace(tool, source=source), "WRITTEN_OTHERWISE"),
        (replace(tool, result={**tool.result, "$comment": "so is this"}), "WRITTEN_OTHERWISE"),
        (replace(tool, shown=shown), "SHOWN_OTHERWISE"),
    ]

    for other, rule in others:
        (found,) = drifted(before, Lock(before.toolbox, [other]))
        assert (found.fails, rules([found])) == (True, [f": {rule}"])
        assert rule in RULES


def test_a_given_schema_in_place_of_the_annotations_is_another_validator() -> None:
    source = one(create).tools[0].source
    description = create.__doc__ or ""
    given = one(create, schema=source, description=description, validation="gate")

    assert said(drifted(one(create), given)) == [
        ": its arguments are judged by a given schema now, and were by annotations"
    ]


@pytest.mark.parametrize(
    ("version", "after"),
    [(None, "2"), ("1", "2"), ("9", "10"), ("1.9", "1.10"), ("v2", "v3"), ("beta", "beta.2")],
)
def test_the_version_that_is_suggested_is_the_next_one(version: str | None, after: str) -> None:
    assert next_version(version) == after
