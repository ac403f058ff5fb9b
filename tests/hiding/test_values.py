"""Hidden values are known again wherever else they stand; what is short is not."""

from __future__ import annotations

import pytest

from replay.hiding.values import SIGN, HiddenValues


@pytest.mark.parametrize("value", ["4012-8888-8888-1881", "1977-07-13", "+49 170 5558213"])
def test_a_hidden_date_or_number_with_separators_is_hidden_in_other_texts(value: str) -> None:
    values = HiddenValues()
    values.learn(value, SIGN)

    assert values.text(f"ValueError: card {value} declined") == f"ValueError: card {SIGN} declined"


@pytest.mark.parametrize("value", ["12-34", "10:30", "2026-11", "42"])
def test_a_short_number_is_hidden_only_in_what_is_said_of_its_place(value: str) -> None:
    values = HiddenValues()
    values.learn(value, SIGN)

    assert values.text(f"at {value}!") == f"at {value}!"
    assert values.said(f"at {value}!") == f"at {SIGN}!"
