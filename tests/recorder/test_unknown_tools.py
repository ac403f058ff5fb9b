"""What tells that an agent had no such tool."""

from __future__ import annotations

import pytest

from replay.records.unknown_tools import says_unknown


@pytest.mark.parametrize(
    "text",
    [
        "error: KeyError: 'cancel_order'",
        'Traceback (most recent call last):\n  ...\nKeyError: "cancel_order"',
        "KeyError('cancel_order')",
        "Error: unknown tool cancel_order",
    ],
)
def test_an_answer_that_says_so(text: str) -> None:
    assert says_unknown(text, None, "cancel_order")


@pytest.mark.parametrize(
    "text",
    ["error: KeyError: 'order_id'", "KeyError: 'cancel_order' is no reason to panic", "", None],
)
def test_an_answer_that_says_something_else(text: str | None) -> None:
    assert not says_unknown(text, None, "cancel_order")
    assert not says_unknown("error: KeyError: 'cancel_order'", False, "cancel_order")
