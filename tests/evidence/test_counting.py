from __future__ import annotations

from collections.abc import Sequence

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.evidence import Effect, ToolEvidence, evidence_for
from replay.records import Outcome, Selection, Stage
from replay.replayer.questions.asking import Asking
from tests.evidence.conftest import Recorded, change

PATIENT = {"name": "Ada", "born": "1990-01-01"}
BOOKED = {"patient": PATIENT, "day": "2026-11-30", "currency": "EUR"}
READ = {**PATIENT, "title": "none"}

Effects = dict[str, int]


def counted(
    recorded: Recorded,
    today: Asking,
    changes: Sequence[SchemaChange] | None = None,
    old: Asking | None = None,
) -> ToolEvidence:
    (found,) = evidence_for(recorded.store, Selection(), changes, today, old=old)
    return found


def effects(found: ToolEvidence) -> Effects:
    return {str(effect): number for effect, number in found.effects.items() if number}


def test_a_change_says_how_many_calls_it_breaks_by_model_and_which_was_first(
    recorded: Recorded, today: Asking
) -> None:
    old = {key: value for key, value in BOOKED.items() if key != "currency"}
    recorded.call(
        "book", {**BOOKED, "minutes": 10}, payload={**BOOKED, "patient": READ, "minutes": 10}
    )
    for day, model in (("1", "m1"), ("2", "m1"), ("3", "m2")):
        recorded.call("book", {**old, "day": day}, model=model)
    added = change("REQUIRED_PROPERTY_ADDED", "currency", on=OnPayloads.BREAKS)

    found = counted(recorded, today, [added])

    (told,) = found.evidence
    assert told.change is added
    assert (told.call_count, told.breaks, told.silent, told.same) == (4, 3, 0, 1)
    assert told.by_model == {"m1": (2, 3), "m2": (1, 1)}
    assert told.first == ("t2", 2)
    assert effects(found) == {"same": 1, "breaks": 3}


def test_a_changed_default_is_silent_for_calls_that_leave_the_argument_out(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("find", {"name": "Ada"})
    recorded.call("find", {"name": "Ada", "limit": 5})
    default = change("DEFAULT_CHANGED", "limit", tool="find", on=OnPayloads.SILENT, old=10, new=20)

    found = counted(recorded, today, [default])

    assert effects(found) == {"silent": 1, "same": 1}
    assert [(one.silent, one.first) for one in found.evidence] == [(1, ("t1", 2))]
    (affected,) = found.affected
    assert (affected.type, affected.path, affected.rule) == ("left_out", "limit", "DEFAULT_CHANGED")


def test_what_no_difference_of_the_schemas_says_is_evidence_of_its_own(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("find", {"name": "Zoë"})
    recorded.call("find", {"name": " Ada "})

    found = counted(recorded, today, [])

    told = {one.change.rule: one for one in found.evidence}
    assert told.keys() == {"VALIDATOR_CHANGED", "COERCION_CHANGED"}
    assert told["VALIDATOR_CHANGED"].breaks == 1
    assert "only latin letters" in told["VALIDATOR_CHANGED"].change.said
    assert told["COERCION_CHANGED"].silent == 1
    assert (told["COERCION_CHANGED"].change.old, told["COERCION_CHANGED"].change.new) == (
        " Ada ",
        "Ada",
    )


def test_a_whole_number_that_a_model_wrote_for_a_float_is_read_as_it_was(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("weigh", {"kilograms": [70, 71.5]}, payload=None)

    found = counted(recorded, today, [])

    assert (effects(found), found.evidence) == ({"same": 1}, [])


def test_a_whole_number_that_was_read_as_one_and_is_a_float_today_is_silent(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("weigh", {"kilograms": [70]}, payload={"kilograms": [70]})

    assert effects(counted(recorded, today, [])) == {"silent": 1}


def test_a_dropped_field_and_one_that_is_new_are_read_off_the_payloads(
    recorded: Recorded, today: Asking
) -> None:
    was = {**PATIENT, "nickname": "A"}
    recorded.call("book", {**BOOKED, "patient": was}, payload={**BOOKED, "patient": was})
    changes = [
        change("PROPERTY_REMOVED_FROM_OPEN", "patient.nickname", on=OnPayloads.SILENT),
        change("OPTIONAL_PROPERTY_ADDED", "patient.title", on=OnPayloads.SAFE),
    ]

    found = counted(recorded, today, changes)

    assert [(one.change.rule, one.silent) for one in found.evidence] == [
        ("PROPERTY_REMOVED_FROM_OPEN", 1),
        ("OPTIONAL_PROPERTY_ADDED", 0),
    ]


def test_an_argument_that_is_new_and_optional_leaves_a_call_alone(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("book", BOOKED)
    safe = change("OPTIONAL_PROPERTY_ADDED", "patient.title", on=OnPayloads.SAFE)

    assert effects(counted(recorded, today, [safe])) == {"same": 1}


def test_a_change_that_no_captured_call_shows_says_so(recorded: Recorded, today: Asking) -> None:
    recorded.call("book", {**BOOKED, "room": "b"}, payload={**BOOKED, "patient": READ, "room": "b"})
    gone = change("ENUM_VALUE_REMOVED", "room", old="c")

    (told,) = counted(recorded, today, [gone]).evidence

    assert (told.breaks, told.silent, told.same, told.first) == (0, 0, 1, None)


def test_two_mistakes_in_one_call_are_put_to_both_changes(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("book", {"patient": PATIENT, "day": "x", "room": "c"})
    changes = [
        change("REQUIRED_PROPERTY_ADDED", "currency", on=OnPayloads.BREAKS),
        change("ENUM_VALUE_REMOVED", "room", old="c"),
    ]

    found = counted(recorded, today, changes)

    assert [one.breaks for one in found.evidence] == [1, 1]
    assert effects(found) == {"breaks": 1}


def test_what_was_rejected_may_be_mended_or_still_be_rejected(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("book", BOOKED, outcome=Outcome.INVALID_ARGUMENTS)
    recorded.call("book", {"day": "x"}, outcome=Outcome.INVALID_ARGUMENTS)
    recorded.call("book", '{"day":', outcome=Outcome.BAD_JSON)

    found = counted(recorded, today, [])

    assert effects(found) == {"mended": 1, "still_rejected": 2}
    assert [one.effect for one in found.affected] == [Effect.MENDED]


def test_calls_that_gave_the_same_are_judged_once_and_counted(
    recorded: Recorded, today: Asking
) -> None:
    for model in ("m1", "m2", "m2"):
        recorded.call("find", {"name": "Zoë"}, model=model)

    found = counted(recorded, today, [])

    assert (found.distinct, found.call_count, found.breaks) == (1, 3, 3)
    (told,) = found.evidence
    assert told.by_model == {"m2": (2, 2), "m1": (1, 1)}


def test_arguments_of_an_older_version_are_translated_first(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("remind", {"patient_id": "p1", "text": "come"})
    recorded.call("remind", {"patient": "p1", "text": "come"})

    found = counted(recorded, today)

    assert (found.translated, found.effects[Effect.SAME], found.breaks) == (1, 1, 1)
    (affected,) = found.affected
    assert (affected.type, affected.said.startswith("The translation")) == ("failed", True)


def test_what_does_not_fit_after_translation_is_told_in_the_new_words(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("remind", {"patient_id": 7, "text": "come"})

    (affected,) = counted(recorded, today).affected

    assert (affected.type, affected.path, affected.old) == ("string_type", "patient", 7)


def test_a_tool_that_is_gone_breaks_every_call(recorded: Recorded, today: Asking) -> None:
    recorded.call("cancel", {"id": "a1"})
    removed = change("TOOL_REMOVED", tool="cancel", on=OnPayloads.BREAKS)

    found = counted(recorded, today, [removed])

    assert not found.exists
    assert [(one.change.rule, one.breaks) for one in found.evidence] == [("TOOL_REMOVED", 1)]


def test_a_tool_that_only_looks_at_its_schema_runs_what_does_not_fit(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("note", {"text": "x", "author": "me"}, version=None)
    recorded.call("note", {"text": "x", "author": "me", "level": 4}, version=None)
    lower = change("NUMBER_LIMIT_TIGHTENED", "level", tool="note")

    found = counted(recorded, today, [lower])

    assert effects(found) == {"same": 1, "reported": 1}
    assert [(one.breaks, one.reported, one.same) for one in found.evidence] == [(0, 1, 1)]


def test_where_the_recording_does_not_say_the_old_tools_are_asked(
    recorded: Recorded, today: Asking, then: Asking
) -> None:
    spaced = {"name": " Ada "}
    recorded.call("find", spaced, payload=None)
    recorded.call("find", {"name": "Zoë"}, payload=None, outcome=Outcome.FAILED)
    recorded.call("find", {"nam": "Zoë"}, payload=None, outcome=Outcome.FAILED)

    alone = counted(recorded, today, [])
    asked = counted(recorded, today, [], old=then)

    assert effects(alone) == {"silent": 1, "unsaid": 2}
    assert effects(asked) == {"silent": 1, "breaks": 1, "still_rejected": 1}


def test_a_call_that_failed_after_validation_was_accepted(
    recorded: Recorded, today: Asking
) -> None:
    bad = {"name": "Zoë"}
    recorded.call("find", bad, outcome=Outcome.FAILED, stage=Stage.INVOKE)
    recorded.call("find", bad, outcome=Outcome.FAILED, stage=Stage.VALIDATE)

    assert effects(counted(recorded, today)) == {"breaks": 1, "still_rejected": 1}


def test_what_did_not_fit_the_old_schema_either_is_nothing_new(
    recorded: Recorded, today: Asking, then: Asking
) -> None:
    recorded.call("note", {"text": 1, "author": "me"}, payload=None, version=None)

    assert effects(counted(recorded, today)) == {"reported": 1}
    assert effects(counted(recorded, today, old=then)) == {"same": 1}


def test_calls_are_counted_by_the_dialect_that_the_model_was_shown(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("find", {"name": "Zoë", "limit": None}, payload={"name": "Zoë"}, strict=True)
    recorded.call("find", {"name": "Ada"})

    found = counted(recorded, today)

    assert found.dialects == {"openai-strict": 1, "openai": 1}
    assert found.affected_dialects == {"openai-strict": 1}


def test_it_can_be_stopped_and_says_how_far_it_came(recorded: Recorded, today: Asking) -> None:
    for number in range(5):
        recorded.call("find", {"name": f"n{number}"})
    seen: list[tuple[int, int]] = []

    (found,) = evidence_for(
        recorded.store,
        Selection(),
        None,
        today,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    asked = iter([False, False, True])
    (stopped,) = evidence_for(
        recorded.store, Selection(), None, today, is_stopped=lambda: next(asked, True)
    )

    assert (found.call_count, seen[-1]) == (5, (5, 5))
    assert stopped.call_count == 2


def test_a_tool_that_was_never_called_has_its_changes_all_the_same(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("find", {"name": "Ada"})
    added = change("REQUIRED_PROPERTY_ADDED", "currency", on=OnPayloads.BREAKS)

    found = evidence_for(recorded.store, Selection(), [added], today)

    assert [(one.tool, one.call_count, len(one.evidence)) for one in found] == [
        ("find", 1, 0),
        ("book", 0, 1),
    ]


def test_arguments_by_position_are_not_taken_for_arguments_that_are_new(
    recorded: Recorded, today: Asking
) -> None:
    recorded.call("find", {}, payload=None, positional=["Ada", 5])

    assert effects(counted(recorded, today, [])) == {"same": 1}


def test_a_tool_that_nobody_says_is_gone_has_no_evidence(recorded: Recorded, today: Asking) -> None:
    recorded.call("sweep", {"floor": 1})

    found = counted(recorded, today, [])

    assert (found.exists, found.is_compared, found.evidence) == (False, False, [])
    assert effects(found) == {"breaks": 1}
