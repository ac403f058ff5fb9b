"""A model call and the tool calls around it, stored with one write: the same as one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from replay.config import MaskConfig
from replay.store import Store
from replay.store.redaction import redaction_of

KEY = "sk-proj-4f9Qm2Lx7Vb1Tz8Rc3Ny"
AT = "2026-01-01T00:00:00.000000Z"


def tool_call(number: int, arguments: str = "{}", **fields: Any) -> dict[str, Any]:
    return {
        "kind": "tool_call",
        "id": f"c{number}",
        "trace_id": "t",
        "step_number": number,
        "tool": "get_weather",
        "arguments": arguments,
        "outcome": "unfinished",
        "started_at": AT,
        "result": None,
        **fields,
    }


def model_call(number: int, messages: Any, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "model_call",
        "id": f"m{number}",
        "trace_id": "t",
        "step_number": number,
        "api": "chat.completions",
        "model": "gpt-5",
        "messages": messages,
        "tools": b'[{"name":"get_weather"}]',
        "started_at": AT,
        "error": None,
        **fields,
    }


def turns(secret: str) -> list[tuple[Any, list[Any], list[Any]]]:
    said = [{"role": "user", "content": "Paris?"}, {"role": "tool", "content": secret}]
    first, second = orjson.dumps(said[:1]), orjson.dumps(said)
    return [
        (model_call(1, first), [], []),
        (model_call(1, first, output={"content": "wait"}), [], [tool_call(2), tool_call(3)]),
        (model_call(4, second), [tool_call(2, response=secret), tool_call(3)], []),
        (
            model_call(4, second, output={"content": "18"}),
            [],
            [tool_call(5, f'{{"k":"{secret}"}}')],
        ),
        (model_call(6, [*said, {"n": 2**70}]), [tool_call(5, response="18")], []),
    ]


def stored(place: Path, secret: str, *, is_together: bool) -> Any:
    with Store.open(place, "create") as store:
        store.masker = redaction_of(MaskConfig(), b"k" * 32)
        store.append({"kind": "trace", "id": "t", "started_at": AT})
        for call, before, after in turns(secret):
            if is_together:
                store.append_turn(call, before, after)
            else:
                for one in before:
                    store.append(one)
                store.append_fields("model_call", call)
                if after:
                    store.append_all(after)
        store.flush()
        return store.transcript("t").model_dump(mode="json")


@pytest.mark.parametrize("secret", ["18 degrees", KEY])
def test_a_turn_is_stored_as_its_records_one_by_one(tmp_path: Path, secret: str) -> None:
    together = stored(tmp_path / "together.db", secret, is_together=True)

    assert together == stored(tmp_path / "apart.db", secret, is_together=False)
    assert [step["kind"] for step in together["steps"]] == [
        *("model_call", "tool_call", "tool_call", "model_call", "tool_call", "model_call")
    ]
    assert together["steps"][1]["response"] is not None
    assert KEY not in str(together)


def test_a_turn_without_secrets_is_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from replay.store import spool

    writes: list[int] = []
    writev = spool._writev

    def counted(file: int, parts: Any) -> int:
        writes.append(len(parts))
        return writev(file, parts)

    monkeypatch.setattr(spool, "_writev", counted)
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.masker = redaction_of(MaskConfig(), b"k" * 32)
        for call, before, after in turns("18 degrees")[:4]:
            store.append_turn(call, before, after)

    assert len(writes) == 4


def test_a_secret_learned_meanwhile_is_not_in_a_prompt_that_was_clean(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        redaction = redaction_of(MaskConfig(), b"k" * 32)
        store.masker = redaction
        store.append({"kind": "trace", "id": "t", "started_at": AT})
        said = orjson.dumps([{"role": "user", "content": "my horse is called Zephyr-9912-x"}])
        store.append_turn(model_call(1, said), [], [])
        redaction.redactor.learn("Zephyr-9912-x")
        store.append_turn(model_call(1, said, output={"content": "ok"}), [], [])
        store.flush()

        assert "Zephyr-9912-x" not in str(store.transcript("t").model_dump())
