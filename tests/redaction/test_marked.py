"""Fields that tools mark, rules by path, and tools of which only the shape is stored."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from replay import Recorder, Sensitive, Toolbox
from replay.cli.main import exit_code_of
from replay.config import MaskConfig
from replay.errors import ToolboxError
from replay.records import ToolCall
from replay.records.sensitive import FieldRule, Fit
from replay.store import Store
from replay.tools import Refused
from replay.tools.marks import marks_of, recorded_marks

AT = "2026-11-20T10:00:00.000000Z"


class Customer(BaseModel):
    name: Annotated[str, Sensitive]
    email: Annotated[str, Sensitive("email"), Field(max_length=22)]
    passport: Annotated[str, Sensitive, Field(pattern=r"^[A-Z]{2}\d{7}$")]
    born: Annotated[str, Sensitive] = ""
    friends: list[Customer] = []


@dataclasses.dataclass
class Address:
    street: Annotated[str, Sensitive]
    country: str


class Seat(TypedDict):
    row: int
    holder: Annotated[str, Sensitive]


def asked(tool: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "tool_calls": [{"id": f"call_{tool}", "type": "function", "function": function}],
    }


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def call_of(store: Store, tool: str) -> ToolCall:
    [step] = [
        step
        for trace_id in store.trace_ids()
        for step in store.transcript(trace_id).steps
        if isinstance(step, ToolCall) and step.tool == tool
    ]
    return step


def test_marks_are_found_in_models_dataclasses_typed_dicts_and_lists() -> None:
    toolbox = Toolbox("t")

    @toolbox.tool
    def book(
        customer: Customer,
        seats: list[Seat],
        address: Address | None = None,
        note: Annotated[str | None, Sensitive] = None,
    ) -> str:
        return ""

    [tool] = toolbox.tools()
    found = {".".join(rule.path) for rule in marks_of(tool).rules}

    assert found == {
        "arguments.customer.name",
        "arguments.customer.email",
        "arguments.customer.passport",
        "arguments.customer.born",
        "arguments.customer.**.name",
        "arguments.customer.**.email",
        "arguments.customer.**.passport",
        "arguments.customer.**.born",
        "arguments.seats.*.holder",
        "arguments.address.street",
        "arguments.note",
    }


def test_the_schema_that_a_model_is_shown_is_the_same_with_a_mark_and_without() -> None:
    def marked(name: Annotated[str, Sensitive("email")]) -> None: ...
    def unmarked(name: str) -> None: ...

    with_it, without = Toolbox(), Toolbox()
    one, other = with_it.add(marked, name="tool"), without.add(unmarked, name="tool")

    assert one.definition("openai") == other.definition("openai")
    assert one.schema_hash == other.schema_hash
    assert one.tool_schema.sensitive == ["arguments.name=email"]
    assert recorded_marks([one.tool_schema]).rules == (
        FieldRule("tool", ("arguments", "name"), "email"),
    )


def test_marked_values_are_masked_wherever_they_stand_and_still_fit_the_schema(
    tmp_path: Path,
) -> None:
    toolbox = Toolbox("t")

    @toolbox.tool
    def book_for(customer: Customer, note: str) -> dict[str, str]:
        return {"booked": f"for {customer.name}, {customer.passport}, born {customer.born}"}

    friend = {"name": "Boris Karlsson", "email": "boris@web.de", "passport": "XY7654321"}
    ann = {
        "name": "Annabel Leeward",
        "email": "annabel@web.de",
        "passport": "AB1234567",
        "born": "1980-05-04",
        "friends": [friend],
    }
    with Recorder(tmp_path / "traces.db") as recorder, recorder.trace():
        [told] = toolbox.dispatch_sync(asked("book_for", customer=ann, note="Annabel Leeward pays"))
        assert (recorder.failures, json.loads(told["content"])) == (
            0,
            {"booked": "for Annabel Leeward, AB1234567, born 1980-05-04"},
        )

    written = everything(tmp_path)
    with Store.open(tmp_path / "traces.db") as store:
        call = call_of(store, "book_for")
    kept = json.loads(call.arguments)
    assert [one for one in (*ann.values(), *friend.values()) if str(one).encode() in written] == []
    assert re.fullmatch(r"[A-Z]{2}\d{7}", kept["customer"]["passport"])
    assert re.fullmatch(r"r[0-9a-f]{8}r@example\.com", kept["customer"]["email"])
    assert kept["customer"]["born"] == "1980-01-01"
    assert call.result == {
        "booked": f"for {kept['customer']['name']}, {kept['customer']['passport']}, born 1980-01-01"
    }
    assert kept["note"] == f"{kept['customer']['name']} pays"
    Customer.model_validate(kept["customer"])


@pytest.mark.parametrize("number", ["1977-07-13", "4012-8888-8888-1881", "030 / 123 45 67"])
def test_a_marked_date_or_number_is_nowhere_else_in_its_trace(tmp_path: Path, number: str) -> None:
    toolbox = Toolbox("t")

    @toolbox.tool
    def keep(number: Annotated[str, Sensitive], note: str) -> str:
        if note == "fail":
            raise ValueError(f"{number} is turned away")
        return f"{number} is kept, as {note}"

    with Recorder(tmp_path / "traces.db", mask="secrets") as recorder, recorder.trace():
        toolbox.dispatch_sync(asked("keep", number=number, note=f"who has {number}"))
        toolbox.dispatch_sync(asked("keep", number=number, note="fail"))

    assert number.encode() not in everything(tmp_path)
    with Store.open(tmp_path / "traces.db") as store:
        [trace_id] = store.trace_ids()
        kept, failed = (one for one in store.transcript(trace_id).steps if type(one) is ToolCall)
    made = json.loads(kept.arguments)["number"]
    assert kept.result == f"{made} is kept, as who has {made}"
    assert failed.error is not None
    assert failed.error.message == f"{made} is turned away"


def test_marks_of_decorated_functions_count(tmp_path: Path) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:

        @recorder.tool
        def visit(patient: Annotated[str, Sensitive]) -> str:
            return f"{patient} was seen"

        with recorder.trace():
            assert visit("Annabel Leeward") == "Annabel Leeward was seen"

    assert b"Annabel" not in everything(tmp_path)


def test_paths_mask_whatever_stands_there(tmp_path: Path) -> None:
    config = MaskConfig(
        paths=[
            "tool_calls.find_*.arguments.customer.name",
            "traces.labels.user",
            "tool_calls.*.result.rows[*].who",
        ]
    )
    with Recorder(tmp_path / "traces.db", mask=config) as recorder:
        tool = recorder.tool(
            lambda customer: {"rows": [{"who": "Xaver Yllmann", "n": 1}]}, name="find_order"
        )
        with recorder.trace(labels={"user": "Zacharias Q", "plan": "free"}):
            tool({"name": "Annabel Leeward", "plan": "free"})
        [trace_id] = recorder.store.trace_ids()
        transcript = recorder.store.transcript(trace_id)

    written = everything(tmp_path)
    assert [one for one in (b"Annabel", b"Zacharias", b"Xaver") if one in written] == []
    assert transcript.trace.labels["plan"] == "free"
    [call] = transcript.steps
    assert isinstance(call, ToolCall)
    assert call.payload["customer"]["plan"] == "free"
    assert call.result["rows"][0]["n"] == 1


def test_a_models_words_hold_no_arguments_that_are_marked(tmp_path: Path) -> None:
    config = MaskConfig(paths=["tool_calls.book_it.arguments.who"])
    output = asked("book_it", who="Annabel Leeward")
    with Recorder(tmp_path / "traces.db", mask=config) as recorder:
        store = recorder.store
        store.append({"kind": "trace", "id": "t", "started_at": AT})
        common = {
            "kind": "model_call",
            "trace_id": "t",
            "started_at": AT,
            "api": "chat.completions",
        }
        store.append(
            {
                **common,
                "id": "m1",
                "step_number": 1,
                "messages": [],
                "output": {"choices": [{"message": output}]},
            }
        )
        store.append({**common, "id": "m2", "step_number": 2, "messages": [output]})

    assert b"Annabel" not in everything(tmp_path)


@pytest.mark.parametrize("mask", [True, False])
def test_of_a_tool_only_the_shape_is_stored(tmp_path: Path, mask: bool) -> None:
    toolbox = Toolbox("t")

    @toolbox.tool(store="shape")
    def diagnose(patient: str, days: list[int]) -> dict[str, str]:
        if patient == "nobody":
            raise LookupError(f"no file of {patient}")
        return {"finding": "a bad cold"}

    with Recorder(tmp_path / "traces.db", mask=mask) as recorder, recorder.trace():
        output = asked("diagnose", patient="Annabel Leeward", days=[3, 4])
        answers = toolbox.dispatch_sync(output)
        store = recorder.store
        call = {"trace_id": store.trace_ids()[0], "started_at": AT, "api": "chat.completions"}
        store.append(
            {
                "kind": "model_call",
                "id": "m9",
                "step_number": 9,
                "messages": [output, *answers],
                **call,
            }
        )
        again = toolbox.dispatch_sync(asked("diagnose", patient="Annabel Leeward", days=[3, 4]))
        assert (answers, recorder.failures) == (again, 0)

    written = everything(tmp_path)
    with Store.open(tmp_path / "traces.db") as store:
        assert store.check() == []
        calls = [
            step
            for step in store.transcript(store.trace_ids()[0]).steps
            if isinstance(step, ToolCall)
        ]
        [prompt] = [row for (row,) in store.query("SELECT messages FROM model_calls")[1]]
    assert [one for one in (b"Annabel", b"a bad cold") if one in written] == []
    assert "Annabel" not in prompt
    assert "a bad cold" not in prompt
    kept = json.loads(calls[0].arguments)
    assert kept["shape"] == {"patient": "string", "days": {"list": ["integer"], "length": 2}}
    assert calls[0].arguments == calls[1].arguments
    assert calls[0].outcome == "ok"
    assert call_of_shape(calls[0].result) == {"finding": "string"}


def call_of_shape(kept: Any) -> Any:
    return kept["shape"]


def test_errors_of_a_tool_of_which_only_the_shape_is_stored_hold_no_values(tmp_path: Path) -> None:
    toolbox = Toolbox("ward")

    @toolbox.tool(store="shape")
    def diagnosis(patient: str) -> str:
        raise Refused("nobody", details={"patient": patient})

    def asked(at: int, patient: Any) -> dict[str, Any]:
        function = {"name": "diagnosis", "arguments": json.dumps({"patient": patient})}
        return {"id": f"c{at}", "type": "function", "function": function}

    said = [asked(at, one) for at, one in enumerate(("Annabel", ["Annabel"], {"n": "Annabel"}))]
    with Recorder(tmp_path / "traces.db") as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync(said)

    assert b"Annabel" not in everything(tmp_path)
    with Store.open(tmp_path / "traces.db") as store:
        errors = [
            step.error
            for step in store.transcript(store.trace_ids()[0]).steps
            if isinstance(step, ToolCall)
        ]
    told = [one.details for one in errors if one is not None]
    assert told == [None, *[[{"type": "string_type", "loc": ["patient"]}]] * 2]


def test_a_tool_says_what_of_it_is_stored_in_one_of_two_words() -> None:
    with pytest.raises(ToolboxError, match=r"Tool 'f' says store='shapes'.\nNearest: shape\n"):
        Toolbox().add(f, store="shapes")  # type: ignore[arg-type]


def f() -> None: ...


def test_what_a_function_of_ones_own_breaks_on_is_left_out_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from cassettes.redaction import Redactor

    def broken(text: str) -> list[tuple[int, int, str]]:
        if "Annabel" in text:
            raise ValueError(f"no idea what {text} is")
        return []

    masker = Redactor(b"k" * 32, environment=False, finders=[broken])
    with Recorder(tmp_path / "traces.db", mask=masker) as recorder:
        tool = recorder.tool(lambda who: "seen", name="see")
        with recorder.trace():
            tool("Annabel Leeward")
        failures, last = recorder.failures, recorder.last_failure

    assert b"Annabel" not in everything(tmp_path)
    assert failures > 0
    why = f"it could not be masked: {broken.__qualname__} raised ValueError"
    assert [one.getMessage() for one in caplog.records if "is left out" in one.getMessage()] == [
        f"A value is left out, {why}; others may be, for the same reason"
    ]
    assert last == f"store a value: RecordError: It was left out: {why}."
    with Store.open(tmp_path / "traces.db") as store:
        call = call_of(store, "see")
    assert call.attributes["left_out"]["payload"] == why
    assert call.result == "seen"


@pytest.mark.parametrize(
    "arguments",
    [
        '{"name": "Annabel Leeward", "days": 1,}',
        '{"days": 1, "name": "Annabel Leew',
        '{"name": ["Annabel Leeward", "Ann',
        '{"days": 1, "name": "Annabel Leeward"',
    ],
)
def test_a_marked_field_is_masked_in_what_is_no_json(tmp_path: Path, arguments: str) -> None:
    toolbox = Toolbox("torn")

    @toolbox.tool
    def rename(name: Annotated[str, Sensitive], days: int) -> str:
        return "done"

    function = {"name": "rename", "arguments": arguments}
    with Recorder(tmp_path / "traces.db") as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync([{"id": "c", "type": "function", "function": function}])

    with Store.open(tmp_path / "traces.db") as store:
        call = call_of(store, "rename")
    assert call.outcome == "bad_json"
    assert [one for one in ("Annabel", "Leew", "eward") if one in call.model_dump_json()] == []
    assert call.arguments.startswith(arguments[:8])


def test_a_function_that_breaks_on_every_text_leaves_how_it_ended_and_show_tells_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cassettes.redaction import Redactor

    def broken(text: str) -> list[tuple[int, int, str]]:
        raise ValueError

    with Recorder(
        tmp_path / "traces.db", mask=Redactor(b"k" * 32, environment=False, finders=[broken])
    ) as recorder:
        tool = recorder.tool(lambda who: who / 0, name="see")
        with recorder.trace(), pytest.raises(TypeError):
            tool("Annabel Leeward")
    with Store.open(tmp_path / "traces.db") as store:
        call = call_of(store, "see")

    assert (call.outcome, call.arguments) == ("failed", "")
    capsys.readouterr()
    path = str(tmp_path / "traces.db")
    for words in ([], ["--step", str(call.step_number)]):
        assert exit_code_of(["show", path, call.trace_id, *words]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "raised ValueError" in told
        assert "missing arguments, payload" in told


def test_what_a_function_finds_within_a_marked_value_goes_with_all_of_it() -> None:
    from cassettes.redaction import Redactor

    def surnames(text: str) -> list[tuple[int, int, str]]:
        return [(one.start(), one.end(), "name") for one in re.finditer("Leeward", text)]

    redactor = Redactor(b"k" * 32, environment=False, finders=[surnames])
    street = redactor.sensitive("Leeward Lane 77", None, Fit())

    assert redactor.text("to Leeward Lane 77, Ulm") == f"to {street}, Ulm"
    assert "Lane 7" in redactor.text("to Leeward Lane 7, Ulm")
