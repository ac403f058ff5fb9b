from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.errors import RecordError, SelectionError
from replay.records import JsonValue, ModelCall, ToolCall, Trace
from replay.store import Store

pytestmark = pytest.mark.slow  # many processes, turns or examples

NOON = "2026-11-21T12:00:00.000000Z"

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=())), inner, max_size=4)
        | st.just({"$content": 5})
        | inner.map(lambda value: {"role": "user", "long": "x" * 700, "deep": value})
    ),
    max_leaves=8,
)


def tool_call(**fields: JsonValue) -> ToolCall:
    given_fields = {"id": "c", "trace_id": "t", "step_number": 1, "tool": "f", "arguments": "{}"}
    return ToolCall.model_validate({**given_fields, "started_at": NOON, **fields})


def model_call(messages: list[JsonValue], number: int) -> ModelCall:
    return ModelCall(
        id=f"m{number}",
        trace_id="t",
        step_number=number,
        api="messages",
        messages=messages,
        started_at=NOON,
    )


def spelled(value: JsonValue) -> str:
    """Tell 1, 1.0 and True apart, which compare equal."""
    return repr(value)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(payload=JSON, result=JSON, text=st.text(st.characters(exclude_categories=())))
def test_any_json_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, payload: JsonValue, result: JsonValue, text: str
) -> None:
    path = tmp_path_factory.mktemp("odd") / "traces.db"
    call = tool_call(payload=payload, result=result, response=text, arguments=text, tool=text)
    with Store.open(path, "create") as store:
        store.append(call)
        found = store.tool_call("c")

        assert spelled(found) == spelled(call)
        assert store.check() == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(prompts=st.lists(st.lists(JSON, max_size=4), max_size=5))
def test_any_prompts_come_back(
    tmp_path_factory: pytest.TempPathFactory, prompts: list[list[JsonValue]]
) -> None:
    path = tmp_path_factory.mktemp("odd") / "traces.db"
    growing: list[JsonValue] = []
    calls = []
    for number, prompt in enumerate(prompts, start=1):
        growing = [*growing, *prompt]
        calls.append(model_call(growing if number % 3 else prompt, number))
    with Store.open(path, "create") as store:
        for call in calls:
            store.append(call)
        store.append(Trace(id="t", started_at=NOON))

        assert spelled(store.transcript("t").steps) == spelled(calls)
        assert store.check() == []


def test_numbers_that_are_equal_and_not_the_same_stay_apart(tmp_path: Path) -> None:
    call = tool_call(arguments='{"a": 1}', payload={"a": 1.0}, response="[true]", result=[1])
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(call)

        assert spelled(store.tool_call("c")) == spelled(call)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_lacks_is_refused_with_its_place(tmp_path: Path, number: float) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        with pytest.raises(RecordError) as caught:
            store.append(tool_call(result={"rows": [{"price": 1.0}, {"price": number}]}))

        assert str(caught.value) == (
            f"{number!r} at result.rows[1].price is no JSON value.\n"
            "Return None, or the number as text."
        )
        with pytest.raises(RecordError, match=r"messages\[0\]\.content"):
            store.append(model_call([{"content": number}], 1))
        assert store.counts() == {}


def test_what_json_has_no_form_for_is_refused_with_its_place(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        with pytest.raises(RecordError, match=r"A set at .*result\.names has no form in JSON"):
            store.append(tool_call(result={"names": {1, 2}}))
        with pytest.raises(RecordError, match=r"The key 1 at .*result is no text"):
            store.append(tool_call(result={1: 2}))
        assert store.counts() == {}


def test_fifty_megabytes_of_text_come_back(tmp_path: Path) -> None:
    text = "\x00 \ud800 é" + "ten bytes " * 5_000_000
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(tool_call(response=text))

        assert store.tool_call("c").response == text


def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "traces.db", "create") as store,
        pytest.raises(RecordError, match=r"no record of kind 'tool'\.\nNearest: trace, model_call"),
    ):
        store.append({"kind": "tool", "id": "x"})


def test_an_unknown_trace_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(Trace(id="checkout-17", started_at=NOON))
        with pytest.raises(SelectionError) as caught:
            store.transcript("chekout-17")

    assert str(caught.value).splitlines()[:2] == [
        "There is no trace 'chekout-17'.",
        "Nearest: checkout-17",
    ]


def test_a_masker_sees_everything_before_the_disk(tmp_path: Path) -> None:
    def masked(value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return value.replace("mia@example.com", "m***@example.com")
        if isinstance(value, dict):
            return {name: masked(item) for name, item in value.items()}
        if isinstance(value, list):
            return [masked(item) for item in value]
        return value

    store = Store.open(tmp_path / "traces.db", "create", masker=masked)
    store.append(
        tool_call(arguments='{"to": "mia@example.com"}', response="sent to mia@example.com")
    )
    store.append(model_call([{"role": "user", "content": "I am mia@example.com"}], 1))
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"mia@example.com" not in on_disk
    assert store.tool_call("c").arguments == '{"to": "m***@example.com"}'
    store.close()


def test_a_masker_that_fails_lets_nothing_through(tmp_path: Path) -> None:
    def broken(_value: JsonValue) -> JsonValue:
        raise KeyError("rule")

    with Store.open(tmp_path / "traces.db", "create", masker=broken) as store:
        with pytest.raises(RecordError, match="The masker failed on a tool_call record"):
            store.append(tool_call())
        assert store.counts() == {}
