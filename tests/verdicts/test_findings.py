from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from replay.records import (
    CallError,
    CallVerdict,
    Cause,
    InteractionChange,
    Outcome,
    Stage,
    Verdict,
)
from replay.verdicts import (
    Findings,
    Situation,
    collect,
)
from replay.verdicts.paths import general_path, is_id_key
from replay.verdicts.signatures import general_text, signature
from tests.verdicts.calls import failure, miss, recorded, replayed, verdict_on


def changed(old: Any, new: Any, *, step: int = 2, **fields: Any) -> CallVerdict:
    conditional = fields.pop("conditional", False)
    call = recorded(json.dumps(old), step_number=step, **{"id": f"c{step}", **fields})
    today = replayed(json.dumps(new), tool=call.tool)
    return verdict_on(call, today, situation=Situation(conditional=conditional))


def now(outcome: Outcome, error: CallError, step: int = 2) -> CallVerdict:
    call = recorded("ok", id=f"c{step}", step_number=step)
    return verdict_on(call, replayed(error.message, outcome, error=error))


def rejected_for(*details: dict[str, Any]) -> CallVerdict:
    error = CallError(
        type="ValidationError", message="no", stage=Stage.VALIDATE, details=list(details)
    )
    return now(Outcome.INVALID_ARGUMENTS, error)


def effect_of(state: str) -> CallVerdict:
    """A call that answers as before, and leaves ``state`` behind."""
    call = recorded("ok", state_hash="b2-16:00")
    return verdict_on(call, replayed("ok", state_hash=state))


def asking(body: dict[str, Any]) -> CallVerdict:
    """A call that answers as before, and asks the outside something else."""
    change = InteractionChange(
        change="unanswered",
        request="POST https://api.example.com/refunds",
        field="body.amount",
        recorded=15.5,
        replayed=body["amount"],
    )
    return verdict_on(recorded("ok"), replayed("ok", outside=[change]))


def titles(*verdicts: CallVerdict) -> list[str]:
    return [finding.title for finding in collect(verdicts)]


def test_a_renamed_field_is_named_with_both_names() -> None:
    verdicts = [
        changed({"address": {"province": s}}, {"address": {"state": s}}) for s in ("TX", "CA")
    ]

    assert titles(*verdicts) == ["book: `address.province` is now `address.state`"]


def test_two_fields_whose_values_agree_by_chance_are_no_rename() -> None:
    verdicts = [
        changed({"paid": True}, {"sent": True}),
        changed({"paid": True}, {"sent": False}),
    ]

    assert titles(*verdicts) == ["book: no `paid` any more, new `sent`"]


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [
        ({"v": "open"}, {"v": "closed"}, 'book: `v` differs ("open" → "closed")'),
        ({"v": "x" * 50}, {"v": "y" * 50}, "book: `v` differs"),
        ([{"id": 1}], [{"id": 1, "date": "x"}], "book: new `[*].date`"),
        ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 1}], "book: results reordered"),
        ({"rows": [1, 2]}, {"rows": [2, 1]}, "book: `rows` reordered"),
        ({"rows": [1]}, {"rows": [1, 2]}, "book: more in `rows`"),
        ([1, 2], [1], "book: fewer in the list"),
        ("a", {"b": 1}, "book: another answer"),
        (
            dict.fromkeys("abcdefg", 1),
            dict.fromkeys("abcdefg", 2),
            "book: `a` differs (1 → 2), `b` differs (1 → 2), `c` differs (1 → 2) and 4 more",
        ),
    ],
)
def test_a_title_says_what_differs(old: Any, new: Any, title: str) -> None:
    assert titles(changed(old, new)) == [title]


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        (
            rejected_for(
                {"type": "missing", "loc": ("amount_cents",), "msg": "Field required"},
                {"type": "extra_forbidden", "loc": ("amount",), "msg": "Extra inputs ..."},
            ),
            "book: now rejected: missing `amount_cents`, unexpected `amount`",
        ),
        (
            rejected_for({"type": "int_parsing", "loc": ("rooms", 0), "msg": "Input should be x"}),
            "book: now rejected: `rooms[0]`: input should be x",
        ),
        (
            now(Outcome.UNKNOWN_TOOL, failure("Unknown tool", "", Stage.RESOLVE)),
            "book: no such tool any more",
        ),
        (
            now(Outcome.DENIED, failure("you may not", "", Stage.AUTHORIZE)),
            "book: now denied: you may not",
        ),
        (
            now(Outcome.FAILED, failure("no room left")),
            "book: now fails: ValueError: no room left",
        ),
        (
            now(
                Outcome.FAILED,
                failure("Hotel.book() got an unexpected keyword argument 'rooms'", "TypeError"),
            ),
            "book: now fails: takes no `rooms` any more",
        ),
        (
            now(
                Outcome.FAILED,
                failure("book() missing 2 required positional arguments: 'a' and 'b'", "TypeError"),
            ),
            "book: now fails: misses `a` and `b`",
        ),
        (now(Outcome.CRASHED, failure("signal 11", "")), "book: now crashes: signal 11"),
        (now(Outcome.TIMEOUT, failure("10 s", "")), "book: now times out: 10 s"),
        (
            verdict_on(recorded("no", outcome=Outcome.INVALID_ARGUMENTS), replayed("ok")),
            "book: now runs; was rejected for its arguments when recorded",
        ),
        (
            verdict_on(recorded("no", outcome=Outcome.FAILED), replayed("ok")),
            "book: now succeeds; failed when recorded",
        ),
        (
            verdict_on(recorded("ok", state_hash="a"), replayed("ok", state_hash="b")),
            "book: the same response, but another state of the world afterwards",
        ),
        (
            verdict_on(recorded("ok"), replayed("ok", outside=[miss("GET https://a.example/1")])),
            "book: asks GET /*, which no cassette answers",
        ),
        (
            verdict_on(
                recorded("ok"),
                replayed(
                    "ok",
                    outside=[
                        InteractionChange(change="removed", request="POST /refunds"),
                        InteractionChange(change="changed", request="GET /x", field="query.limit"),
                    ],
                ),
            ),
            "book: GET /x now sends another query.limit, no longer sends POST /refunds",
        ),
    ],
)
def test_a_title_says_what_became_of_the_calls(verdict: CallVerdict, title: str) -> None:
    assert titles(verdict) == [title]


def test_verdicts_with_one_cause_are_one_finding_with_its_counts() -> None:
    verdicts = [
        changed({"rows": [1, 2, 3]}, {"rows": [1, 2, 4]}, step=4, conditional=True),
        changed({"rows": [1, 2, 3]}, {"rows": [0, 2, 3]}, step=2, trace_id="t2"),
        changed({"a": 1}, {"a": 1}, step=6),
    ]

    (finding,) = collect(verdicts)

    assert (finding.call_count, finding.first_divergence_count) == (2, 1)
    assert (finding.trace_count, finding.tool_call_total) == (2, 3)
    assert finding.paths == ["~rows[*]"]
    assert (finding.example_trace_id, finding.example_step_number) == ("t2", 2)


def test_ids_among_the_keys_do_not_split_a_finding() -> None:
    verdicts = [
        changed({"cards": {key: {"sum": 1}}}, {"cards": {key: {"sum": 2}}})
        for key in ("credit_card_4421486", "gift_card_3481935")
    ]

    assert [finding.paths for finding in collect(verdicts)] == [["~cards.*.sum"]]


def test_values_in_an_error_text_do_not_split_a_finding() -> None:
    verdicts = [
        now(Outcome.FAILED, failure(f"required ${n}00.00 but only ${n}.50 for 'user {n}'"))
        for n in (7, 12)
    ]

    assert len(collect(verdicts)) == 1


def test_another_error_or_verdict_or_path_is_another_finding() -> None:
    verdicts = [
        now(Outcome.FAILED, failure("no room left")),
        now(Outcome.FAILED, failure("no such hotel")),
        now(Outcome.TIMEOUT, failure("no room left", "")),
        changed({"a": 1}, {"a": 2}),
        changed({"b": 1}, {"b": 2}),
        changed({"b": 1}, {"b": 2}, tool="cancel"),
    ]

    assert len(collect(verdicts)) == 6


def test_a_new_order_beside_another_difference_does_not_split_a_finding() -> None:
    one = changed([{"id": 1}], [{"id": 1, "date": "x"}])
    two = changed([{"id": 1}, {"id": 2}], [{"id": 2, "date": "x"}, {"id": 1, "date": "x"}])

    (finding,) = collect([one, two])

    assert finding.title == "book: new `[*].date`, results reordered"
    assert finding.paths == ["+[*].date", "~ (reordered)"]


def test_a_known_cause_names_a_finding_whose_other_calls_have_none() -> None:
    first = verdict_on(recorded("a"), replayed("b"), situation=Situation(same_world_before=True))
    later = verdict_on(recorded("a"), replayed("b"), situation=Situation(conditional=True))

    (finding,) = collect([first, later])

    assert (later.cause, finding.cause) == (Cause.UNKNOWN, Cause.CODE)


def test_a_baseline_does_not_change_what_an_approval_names() -> None:
    alone = verdict_on(recorded("a"), replayed("b"))
    with_baseline = verdict_on(
        recorded("a"),
        replayed("b"),
        baseline=replayed("a"),
        on_old_state=replayed("a"),
        on_old_start=replayed("a"),
    )

    assert (alone.cause, with_baseline.cause) == (Cause.UNKNOWN, Cause.OUTSIDE)
    assert alone.signature == with_baseline.signature


def test_first_divergences_come_first_then_what_breaks_then_what_is_frequent() -> None:
    findings = collect(
        [
            changed({"late": 1}, {"late": 2}, conditional=True),
            changed({"late": 1}, {"late": 2}, conditional=True),
            changed({"few": 1}, {"few": 2}),
            changed({"many": 1}, {"many": 2}),
            changed({"many": 1}, {"many": 2}),
            now(Outcome.FAILED, failure("x")),
        ]
    )

    assert [finding.paths or finding.verdict for finding in findings] == [
        Verdict.NOW_FAILING,
        ["~many"],
        ["~few"],
        ["~late"],
    ]


def test_a_signature_is_the_same_on_every_machine() -> None:
    assert changed({"province": "TX"}, {"state": "TX"}).signature == "74cc03ce16aa"


@pytest.mark.parametrize(
    ("key", "is_id"),
    [
        ("credit_card_4421486", True),
        ("2024-05-20", True),
        ("HAT069", True),
        ("17", True),
        ("mia.li@example.com", True),
        ("6f1c2e0a-9a0b-4c8e-8f5e-3d2c1b0a9f8e", True),
        ("address1", False),
        ("sha256", False),
        ("total", False),
        ("USD", False),
    ],
)
def test_keys_that_name_one_thing_of_many_are_told_from_fields(key: str, is_id: bool) -> None:
    assert is_id_key(key) is is_id


def test_a_path_is_generalised() -> None:
    assert general_path("a[3].cards['card_12345'].it[0]") == "a[*].cards.*.it[*]"


@pytest.mark.parametrize(
    ("text", "kind", "general"),
    [
        ("Order with ID 12446 not found.", "", "Order with ID <n> not found."),
        ("No file 'a b.txt' in '/tmp'", "OSError", "No file '*' in '*'"),
        ("f() got an unexpected keyword argument 'cost'", "TypeError", None),
        ("GET https://a.example/x?y=1 said 404", "", "GET <url> said <n>"),
        ("first line\nsecond", "", "first line"),
    ],
)
def test_an_error_text_is_generalised(text: str, kind: str, general: str | None) -> None:
    assert general_text(text, error_type=kind) == (text if general is None else general)


def test_the_example_is_the_earliest_call_whoever_finished_first() -> None:
    calls = [
        (changed({"v": 1}, {"v": n}, step=step, trace_id=trace), at)
        for n, (at, trace, step) in enumerate(
            [("10:00", "b", 2), ("09:00", "z", 4), ("09:00", "z", 2), ("09:30", "a", 2)]
        )
    ]

    for order in permutations(calls):
        findings = Findings()
        for verdict, at in order:
            findings.add(verdict, at)
        (finding,) = findings.collected()
        assert (finding.example_trace_id, finding.example_step_number) == ("z", 2)


def test_the_title_does_not_depend_on_the_order_of_many_calls() -> None:
    texts = [f"amount {n} too small" for n in range(50)]
    verdicts = [now(Outcome.FAILED, failure(text), step=n) for n, text in enumerate(texts, start=2)]

    assert titles(*verdicts) == titles(*reversed(verdicts))
    assert titles(*verdicts) == ["book: now fails: ValueError: amount 0 too small"]


def too_small(amount: float, step: int) -> CallVerdict:
    return now(Outcome.FAILED, failure(f"amount {amount} too small"), step=step)


def test_a_request_that_differs_is_one_finding_whether_its_calls_fail_or_not() -> None:
    change = InteractionChange(change="changed", request="GET /products", field="headers.x-tenant")
    error = failure("503")
    works = verdict_on(recorded("ok"), replayed("ok", outside=[change]))
    fails = verdict_on(
        recorded("no", outcome=Outcome.FAILED, error=error),
        replayed("no", Outcome.FAILED, error=error, outside=[change]),
    )

    assert [one.call_count for one in collect([works, fails])] == [2]


def test_findings_of_one_title_say_how_their_calls_end() -> None:
    works = verdict_on(recorded("4"), replayed("5"))
    carried = works.model_copy(update={"cause": Cause.CARRIED})
    carried = carried.model_copy(update={"signature": signature(carried)})

    found = [one.title.partition(" (4 → 5) ")[2] for one in collect([works, carried])]

    assert sorted(found) == ["(of calls that end ok)", "(of calls that end ok, carried over)"]


def test_what_no_cassette_answers_is_one_finding_whatever_the_tool_makes_of_it() -> None:
    asked = [miss("GET /products")]
    error = failure("no answer")
    calls = [
        verdict_on(recorded('{"n": 1}', id="c1"), replayed('{"n": 0}', outside=asked)),
        verdict_on(recorded("503", id="c2", outcome=Outcome.FAILED), replayed("[]", outside=asked)),
        verdict_on(
            recorded('{"n": 1}', id="c3"),
            replayed("no", Outcome.FAILED, error=error, outside=asked),
        ),
    ]

    assert [one.call_count for one in collect(calls)] == [3]


MISSING_REASON = {"type": "missing", "loc": ["reason"]}
NO_NUMBER = {"type": "float_type", "loc": ["amount"], "msg": "Input should be a valid number"}


def turned_away(step: int, then: CallError | None, *details: dict[str, Any]) -> CallVerdict:
    """A call that today's schema turns away; ``then``: its recorded error, None: it worked."""
    outcome = Outcome.OK if then is None else Outcome.INVALID_ARGUMENTS
    call = recorded("then", id=f"c{step}", step_number=step, outcome=outcome, error=then)
    error = CallError(
        type="ValidationError", message="now", stage=Stage.VALIDATE, details=list(details)
    )
    today = replayed("now", Outcome.INVALID_ARGUMENTS, call_id=f"c{step}", error=error)
    return verdict_on(call, today)


def test_a_field_that_became_required_is_one_finding_of_calls_that_worked_and_of_others() -> None:
    refused = CallError(type="Refused", message="too much")
    unfit = CallError(
        type="ValidationError", message="no", stage=Stage.VALIDATE, details=[NO_NUMBER]
    )

    (finding,) = collect(
        [
            turned_away(2, unfit, NO_NUMBER, MISSING_REASON),
            turned_away(3, refused, MISSING_REASON),
            turned_away(4, None, MISSING_REASON),
        ]
    )

    assert finding.title == "book: now rejected: missing `reason`"
    assert (finding.verdict, finding.call_count) == (Verdict.NOW_REJECTED, 3)
    assert (finding.example_step_number, finding.first_divergence_count) == (4, 3)


def test_what_a_schema_said_then_and_says_otherwise_today_is_a_finding_of_its_own() -> None:
    unfit = CallError(
        type="ValidationError", message="no", stage=Stage.VALIDATE, details=[NO_NUMBER]
    )
    other = {**NO_NUMBER, "type": "float_parsing"}

    found = collect([turned_away(2, unfit, other), turned_away(3, None, MISSING_REASON)])

    assert [one.verdict for one in found] == [Verdict.NOW_REJECTED, Verdict.ERROR_CHANGED]


def test_an_effect_is_one_finding_however_its_calls_end() -> None:
    error = failure("no")
    calls = [effect_of("b2-16:01")]
    calls.append(
        verdict_on(
            recorded("no", id="c2", outcome=Outcome.FAILED, error=error, state_hash="b2-16:00"),
            replayed("no", Outcome.FAILED, error=error, state_hash="b2-16:01"),
        )
    )

    assert [(one.verdict, one.call_count) for one in collect(calls)] == [
        (Verdict.EFFECT_CHANGED, 2)
    ]


def test_a_call_that_is_let_in_and_asks_what_nobody_recorded_says_both() -> None:
    unfit = CallError(type="ValidationError", message="no", stage=Stage.VALIDATE)
    call = recorded("no", outcome=Outcome.INVALID_ARGUMENTS, error=unfit)
    lets_in = verdict_on(call, replayed("{}", outside=[miss("GET /products")]))

    (finding,) = collect([lets_in])

    assert finding.title == (
        "book: now runs (was rejected for its arguments when recorded), and asks "
        "GET /products, which no cassette answers"
    )
    assert (finding.verdict, finding.cause) == (Verdict.UNANSWERED, Cause.SCHEMA)


def test_another_code_of_an_error_is_named_beside_its_words() -> None:
    def failing(code: str) -> dict[str, Any]:
        error = CallError(type="Refused", message="only 50.00", details={"code": code})
        return {"outcome": Outcome.REFUSED, "error": error}

    then = failing("no_funds")
    call = recorded("refused [no_funds]: only 50.00", schema_hash="b2-16:aa", **then)
    today = replayed("refused [poor]: only 50.00", **failing("poor"))

    assert titles(verdict_on(call, today)) == ["book: fails with other words: [poor] only 50.00"]


def test_a_state_that_raises_is_one_finding_whatever_tools_were_called() -> None:
    note = "The state cannot be shown: KeyError: 'orders'"
    calls = [
        verdict_on(
            recorded(id=f"c{number}", tool=tool, state_hash="s"),
            replayed(tool=tool, call_id=f"c{number}", notes=[note]),
        )
        for number, tool in enumerate(["book", "cancel", "book"])
    ]

    (finding,) = collect(calls)

    assert (finding.verdict, finding.call_count, finding.tool_call_total) == (Verdict.NOT_RUN, 3, 3)
    assert finding.title == "The state cannot be shown: KeyError: 'orders'"


def test_the_example_is_of_the_trace_that_started_first_in_whatever_order_they_come() -> None:
    late = changed({"a": 1}, {"b": 1}, id="c-late", trace_id="a-late")
    early = changed({"a": 1}, {"b": 1}, id="c-early", trace_id="z-early")

    (finding,) = collect([late, early], {"a-late": "2026-11-22", "z-early": "2026-11-21"})

    assert finding.example_trace_id == "z-early"
