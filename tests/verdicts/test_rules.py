from __future__ import annotations

from typing import Any

import pytest

from replay.config import ConfigError, IgnoreRule
from replay.verdicts import Rules, diff_values, paths


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("address.state", "address.state", True),
        ("address", "address.state", False),
        ("flights[*].price", "flights[12].price", True),
        ("flights[1].price", "flights[12].price", False),
        ("flights.*.price", "flights[1].price", False),
        ("payment.*.amount", "payment['card 1'].amount", True),
        ("*_at", "created_at", True),
        ("*_at", "order.created_at", False),
        ("**.etag", "etag", True),
        ("**.etag", "a[0].b.etag", True),
        ("**.etag", "a.etag.b", False),
        ("a.**", "a", True),
        ("a.**", "a.b[0]", True),
        ("a.**.z", "a.b.c.z", True),
        ("prices['2024-05-20']", "prices['2024-05-20']", True),
        ("x-id", "['x-id']", True),
        ("['*']", "anything", False),
        ("['*']", "['*']", True),
        ("**", "", True),
        ("", "", True),
        ("[*].date", "[3].date", True),
    ],
)
def test_a_pattern_fits_a_path(pattern: str, path: str, fits: bool) -> None:
    assert paths.matches(pattern, path) is fits


@pytest.mark.parametrize("pattern", ["a..b", "a[", "a[x]", "a b", ".a", "a.**b", "['a]"])
def test_a_pattern_that_is_not_written_as_paths_are_is_told(pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Rules([IgnoreRule(path="fine"), IgnoreRule(path=pattern)])

    assert f"tool.replay.ignore[1].path = {pattern!r}: not a path from" in str(caught.value)
    assert "docs/config.md" in str(caught.value)


def counting(rule: IgnoreRule, recorded: Any, replayed: Any, tool: str = "search_flights") -> Any:
    counting, allowed = Rules([rule]).sift(tool, diff_values(recorded, replayed))
    assert len(counting) + len(allowed) == len(diff_values(recorded, replayed))
    return [change.path for change in counting]


def test_any_difference_at_a_path_and_beneath_it_may_be_ignored() -> None:
    rule = IgnoreRule(path="**.meta")
    recorded = {"meta": {"a": 1, "b": 2}, "rows": [{"id": 1, "meta": 3}], "total": 1}
    replayed = {"meta": {"a": 2}, "rows": [{"id": 1}], "total": 2}

    assert counting(rule, recorded, replayed) == ["total"]


def test_a_rule_holds_for_its_tools_alone() -> None:
    rule = IgnoreRule(path="**", tools=["search_*", "find"])

    assert counting(rule, 1, 2, tool="search_flights") == []
    assert counting(rule, 1, 2, tool="book") == [""]


@pytest.mark.parametrize(
    ("kind", "recorded", "replayed", "allowed"),
    [
        ("timestamp", "2024-05-20T10:00:00Z", "2026-01-01T00:00:00.123+02:00", True),
        ("timestamp", "2024-05-20", "2024-05-21", True),
        ("timestamp", "10:00:00", "23:59", True),
        ("timestamp", "Mon, 20 May 2024 10:00:00 GMT", "Tue, 21 May 2024 10:00:00 GMT", True),
        ("timestamp", 1716200000, 1716200001.5, True),
        ("timestamp", 1716200000000, 1716200001000, True),
        ("timestamp", "2024-05-20", None, False),
        ("timestamp", "2024-05-20", "soon", False),
        ("timestamp", "2024-13-45", "2024-05-20", False),
        ("timestamp", 3, 4, False),
        ("timestamp", 10**400, 1716200000, False),
        ("id", "ord_8f2", "ord_c31", True),
        ("id", 17, 12345, True),
        (
            "id",
            "6f1c2e0a-9a0b-4c8e-8f5e-3d2c1b0a9f8e",
            "deadbeef-dead-beef-dead-beefdeadbeef",
            True,
        ),
        ("id", "ord_8f2", "usr_8f2", False),
        ("id", "ord_8f2", "", False),
        ("id", "ord_8f2", None, False),
        ("id", True, 1, False),
        ("unordered", [1, 2], [2, 1], True),
        ("unordered", [1, 2], [1, 3], False),
        ("unordered", "one", "two", False),
        ("unordered", [1, 2], None, False),
    ],
)
def test_a_kind_allows_only_its_own_difference(
    kind: Any, recorded: Any, replayed: Any, allowed: bool
) -> None:
    left = counting(IgnoreRule(path="x", kind=kind), {"x": recorded}, {"x": replayed})

    assert (left == []) is allowed


@pytest.mark.parametrize(
    ("limits", "recorded", "replayed", "allowed"),
    [
        ({"tolerance": 0.01}, 1.0, 1.009, True),
        ({"tolerance": 0.01}, 1.0, 1.02, False),
        ({"relative": 0.01}, 200, 201.5, True),
        ({"relative": 0.01}, 200, 203, False),
        ({"tolerance": 0, "relative": 0.5}, 2, 3, True),
        ({"tolerance": 1}, 1, True, False),
        ({"tolerance": 1}, float("nan"), float("nan"), True),
        ({"tolerance": 1}, float("nan"), 1.0, False),
        ({"tolerance": 1}, 10**400, 1.5, False),
        ({"tolerance": 1}, "1", "2", False),
    ],
)
def test_numbers_may_differ_within_a_tolerance(
    limits: dict[str, float], recorded: Any, replayed: Any, allowed: bool
) -> None:
    rule = IgnoreRule.model_validate({"path": "x", "kind": "float", **limits})

    assert (counting(rule, {"x": recorded}, {"x": replayed}) == []) is allowed


def test_a_list_may_be_reordered_and_its_elements_still_count() -> None:
    rule = IgnoreRule(path="rows", kind="unordered")
    recorded = {"rows": [{"id": 1, "v": 1}, {"id": 2, "v": 2}]}
    replayed = {"rows": [{"id": 2, "v": 3}, {"id": 1, "v": 1}]}

    assert counting(rule, recorded, replayed) == ["rows[1].v"]
