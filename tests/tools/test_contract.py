"""What a tool declares of itself: the exceptions it may end in, and what it promises."""

from __future__ import annotations

from typing import Any

import pytest

from replay.errors import ToolboxError
from replay.tools import READ, Contract, Toolbox


def tool(**options: Any) -> Any:
    return Toolbox().add(lambda: None, name="get", **options)


def test_declarations_are_kept_with_the_tool_and_change_no_schema() -> None:
    contract = Contract(idempotent=True, budget_ms=5, keeps=READ)

    declared = tool(raises=[LookupError], contract=contract)

    assert declared.options.raises == (LookupError,)
    assert declared.options.contract.plain() == {
        "idempotent": True,
        "deterministic": False,
        "budget_ms": 5,
        "keeps": ["read"],
        "fits_result": True,
    }
    assert declared.schema_hash == tool().schema_hash


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"raises": ["KeyError"]}, "says that it raises 'KeyError', which is no exception class"),
        ({"contract": {"idempotent": True}}, "which is no Contract"),
    ],
)
def test_a_declaration_of_the_wrong_kind_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolboxError, match=said):
        tool(**options)


def test_a_contract_that_nobody_can_keep_is_refused() -> None:
    with pytest.raises(ToolboxError, match="budget_ms=0 leaves no time"):
        Contract(budget_ms=0)
    with pytest.raises(ToolboxError, match="keeps='status' is one text"):
        Contract(keeps="status")
