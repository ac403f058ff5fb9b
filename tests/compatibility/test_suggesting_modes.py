"""Drafts for a tool that became a mode of another, and the words that names are compared by."""

from __future__ import annotations

import pytest

from replay.compatibility.suggesting import written
from replay.compatibility.suggesting.fields import fields_of
from replay.compatibility.suggesting.modes import choices_of, mode_of
from replay.compatibility.suggesting.names import name_likeness, words_of
from tests.compatibility.drafting import WHOLE, drafted, run, schema

MODE = {"enum": ["get", "get_comments", "get_sub_issues"]}


@pytest.mark.parametrize(
    ("tool", "mode"),
    [
        ("get_issue", "get"),
        ("get_issue_comments", "get_comments"),
        ("list_sub_issues", "get_sub_issues"),
    ],
)
def test_a_tool_that_became_a_mode_of_another_says_which(tool: str, mode: str) -> None:
    suggested = drafted(
        schema("n", n=WHOLE), schema("n method", n=WHOLE, method=MODE), tools=f"{tool} issue_read"
    )

    assert run(suggested, {"n": 1}) == {"n": 1, "method": mode}
    assert f'@toolbox.translate("{tool}", "1", "2", to="issue_read")' in written(suggested)


def test_a_mode_that_two_choices_may_mean_is_asked_for() -> None:
    method = {"enum": ["create", "submit_pending"]}
    suggested = drafted(
        schema(), schema("method", method=method), tools="create_and_submit_review review_write"
    )

    (asked,) = suggested.questions
    assert asked.hint == ['new["method"] = "create"']
    with pytest.raises(ValueError, match="TODO method"):
        run(suggested, {})


@pytest.mark.parametrize(
    ("tool", "choices"), [("list_issue", ["get"]), ("get_issue", ["get_issues"])]
)
def test_another_verb_alone_and_one_for_many_are_asked_for(tool: str, choices: list[str]) -> None:
    suggested = drafted(
        schema(), schema("method", method={"enum": [*choices, "close"]}), tools=f"{tool} issue_read"
    )

    assert [edit.hint for edit in suggested.questions] == [[f'new["method"] = "{choices[0]}"']]


def test_modes_are_read_from_a_description_that_lists_them() -> None:
    said = "What to do.\nOptions:\n - 'add' - add one.\n - 'remove' - by its 'id'.\n"
    field = fields_of(schema(method={"type": "string", "description": said}))["method"]

    assert choices_of(field) == ["add", "remove"]
    mode = mode_of(field, "remove_item", "item_write")
    assert mode is not None
    assert (mode.value, mode.is_sure) == ("remove", True)


def test_names_are_compared_by_their_words() -> None:
    assert words_of("perPage") == words_of("per_page") == words_of("Per-Page") == ("per", "page")
    assert words_of("HTTPServerId2") == ("http", "server", "id", "2")
    assert name_likeness(("repo",), ("repository",)) == 0.95
    assert name_likeness(("city",), ("color",)) < 0.3
