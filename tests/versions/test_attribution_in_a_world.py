"""The table of causes where tools share a world, whose state is recorded."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from replay.cli.main import exit_code_of
from replay.records import CallVerdict, Cause, Verdict
from tests.versions.conftest import Asked, Change, changed

TOOLS = """
PRICES = {"tea": 3, "cup": 5}

@toolbox.world
def shop() -> dict:
    return {"stock": {"tea": 10, "cup": 5, "pot": 1}, "orders": []}

@toolbox.state
def state(world: dict) -> dict:
    return world

@toolbox.tool
def order(item: str, world: dict, count: int = 1) -> str:
    world["stock"][item] -= count
    world["orders"].append(item)
    return "ordered"

@toolbox.tool
def left(item: str, world: dict) -> int:
    return world["stock"][item]

@toolbox.tool
def price(item: str, world: dict) -> str:
    return f"{PRICES[item]}"

@toolbox.tool(name="cancel", version="1")
def cancel(order: int, why: str, world: dict) -> str:
    world["orders"][order - 1] = why
    return "cancelled"
"""
NEW_CANCEL = """
@toolbox.tool(name="cancel", version="2")
def cancel(number: int, world: dict, reason: str = "none") -> str:
    world["orders"][number - 1] = reason
    return "cancelled"

toolbox.translate("cancel", "1", "2")(lambda old: {"number": old["order"], "reason": old["why"]})
"""
CALLS: list[Asked] = [
    ("order", {"item": "tea"}),
    ("left", {"item": "tea"}),
    ("price", {"item": "cup"}),
    ("cancel", {"order": 1, "why": "late"}),
    ("left", {"item": "pot"}),
]


def new_tools(*edits: tuple[str, str]) -> str:
    source = TOOLS[: TOOLS.index('@toolbox.tool(name="cancel"')] + NEW_CANCEL
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Change:
    return changed(tmp_path_factory.mktemp("world"), TOOLS, new_tools(), CALLS)


@pytest.fixture
def told(world: Change) -> Callable[..., list[tuple[int, Verdict, Cause | None]]]:
    """Replay through tools that were edited; return step, verdict, cause of what differs."""

    def replayed(
        *edits: tuple[str, str], baseline: str | None
    ) -> list[tuple[int, Verdict, Cause | None]]:
        world.write("new", new_tools(*edits))
        verdicts = world.verdicts(world.replay(baseline=baseline))
        return [
            (one.step_number, one.verdict, one.cause)
            for one in verdicts
            if one.verdict is not Verdict.SAME
        ]

    return replayed


ALONE, BESIDE = None, "old:toolbox"


@pytest.mark.parametrize("baseline", [pytest.param(ALONE, marks=pytest.mark.slow), BESIDE])
def test_a_translation_that_carries_everything_over_is_green(
    told: Callable[..., list[CallVerdict]], baseline: str | None
) -> None:
    assert told(baseline=baseline) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "baseline", "expected"),
    [
        # Another default: this call leaves another state, the next one reads it.
        (
            [("count: int = 1", "count: int = 2")],
            BESIDE,
            [
                (1, Verdict.EFFECT_CHANGED, Cause.SCHEMA),
                (2, Verdict.RESPONSE_CHANGED, Cause.CARRIED),
            ],
        ),
        (
            [("count: int = 1", "count: int = 2")],
            ALONE,
            [
                (1, Verdict.EFFECT_CHANGED, Cause.SCHEMA),
                (2, Verdict.RESPONSE_CHANGED, Cause.UNKNOWN),
            ],
        ),
        # The code.
        (
            [("-= count", "-= count + 1")],
            BESIDE,
            [
                (1, Verdict.EFFECT_CHANGED, Cause.CODE),
                (2, Verdict.RESPONSE_CHANGED, Cause.CARRIED),
            ],
        ),
        # The data that the tools ship: in the world, or in the module.
        ([('"pot": 1', '"pot": 2')], BESIDE, [(5, Verdict.RESPONSE_CHANGED, Cause.OUTSIDE)]),
        (
            [('"cup": 5}\n\n@', '"cup": 6}\n\n@')],
            BESIDE,
            [(3, Verdict.RESPONSE_CHANGED, Cause.CODE)],
        ),
        # A translation that loses something shows in what the call leaves behind.
        (
            [(', "reason": old["why"]', "")],
            BESIDE,
            [(4, Verdict.EFFECT_CHANGED, Cause.TRANSLATION)],
        ),
        (
            [(', "reason": old["why"]', "")],
            ALONE,
            [(4, Verdict.EFFECT_CHANGED, Cause.TRANSLATION)],
        ),
        # All at once, each told by what makes it.
        (
            [
                ('return f"{PRICES[item]}"', 'return f"{PRICES[item]} euros"'),
                ('"pot": 1', '"pot": 2'),
                ('old["order"], "reason": old["why"]', '"1"'),
            ],
            BESIDE,
            [
                (3, Verdict.RESPONSE_CHANGED, Cause.CODE),
                (4, Verdict.NOW_REJECTED, Cause.TRANSLATION),
                (5, Verdict.RESPONSE_CHANGED, Cause.OUTSIDE),
            ],
        ),
    ],
)
def test_in_a_world_every_difference_is_told_by_what_makes_it(
    told: Callable[..., object],
    edits: list[tuple[str, str]],
    baseline: str | None,
    expected: list[tuple[int, Verdict, Cause]],
) -> None:
    assert told(*edits, baseline=baseline) == expected


@pytest.mark.slow
def test_what_the_old_code_shows_too_is_subtracted(
    world: Change, told: Callable[..., object]
) -> None:
    world.write("noisy", TOOLS.replace('return "ordered"', 'return "ordered, thanks"'))

    said = told(('return "ordered"', 'return "ordered, thanks"'), baseline="noisy:toolbox")

    assert said == [(1, Verdict.EQUIVALENT, Cause.NOT_REPRODUCIBLE)]


@pytest.mark.slow
def test_the_old_code_may_be_a_commit(change: Callable[..., Change]) -> None:
    made = change(TOOLS, TOOLS, CALLS)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(made.folder)]
    for words in (["init", "-q"], ["add", "new.py"], ["commit", "-q", "-m", "old"]):
        subprocess.run([*git, *words], check=True)
    made.write("new", new_tools((', "reason": old["why"]', ""), ('"pot": 1', '"pot": 2')))

    run = made.replay(baseline="git:HEAD")

    differing = [one for one in made.verdicts(run) if one.verdict is not Verdict.SAME]
    assert [(one.step_number, one.cause) for one in differing] == [
        (4, Cause.TRANSLATION),
        (5, Cause.OUTSIDE),
    ]


# The recording has the state before a trace's first call: its start is known to be the same.


def test_the_first_difference_of_a_trace_is_the_codes_where_its_world_began_as_it_was(
    told: Callable[..., object],
) -> None:
    assert told(("-= count", "-= count + 1"), baseline=ALONE) == [
        (1, Verdict.EFFECT_CHANGED, Cause.CODE),
        (2, Verdict.RESPONSE_CHANGED, Cause.UNKNOWN),
    ]


def test_a_world_that_was_another_one_from_the_start_is_nobodys_effect(
    world: Change, told: Callable[..., object]
) -> None:
    said = told(('"cup": 5, "pot"', '"cup": 6, "pot"'), baseline=ALONE)

    assert said == [(1, Verdict.EFFECT_CHANGED, Cause.OUTSIDE)]
    with world.store() as store:
        (finding,) = store.findings("latest")
    assert finding.title == (
        "The world is another one before the first call already, and the responses the same"
    )


@pytest.mark.slow
def test_a_first_call_that_answers_otherwise_on_another_world_is_not_judged_by_guess(
    told: Callable[..., object],
) -> None:
    edits = [('"cup": 5, "pot"', '"cup": 6, "pot"'), ('return "ordered"', 'return "thanks"')]

    assert told(*edits, baseline=ALONE) == [(1, Verdict.RESPONSE_CHANGED, Cause.UNKNOWN)]


def test_the_state_before_the_first_call_is_recorded_once(world: Change) -> None:
    with world.store() as store:
        trace = store.transcript("t1").trace
        states = [call.state_hash for call in world.calls()]

    assert trace.attributes["start_state"].startswith("b2-16:")
    assert trace.attributes["start_state"] not in states[:1]


def test_with_a_baseline_it_is_said_where_the_states_differ(world: Change) -> None:
    world.write("new", new_tools(("-= count", "-= count + 1")))

    run = world.replay(baseline=BESIDE)

    first, second, *_ = world.verdicts(run)
    assert [(one.path, one.recorded, one.replayed) for one in first.state_changes] == [
        ("stock.tea", 9, 8)
    ]
    assert second.state_changes == []


@pytest.mark.slow
def test_the_report_shows_where_the_states_differ(
    world: Change, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("new", new_tools(("-= count", "-= count + 1")))
    monkeypatch.chdir(world.folder)
    run = world.replay(baseline=BESIDE)

    exit_code_of(["diff", "traces.db", run.id])
    exit_code_of(["diff", "traces.db", "t1", "--step", "1"])

    report, _, call = capsys.readouterr().out.partition("Next")
    assert "    - stock.tea: 9\n    + stock.tea: 8\n" in report
    assert "the state afterwards, of the baseline and of today's:\n    - stock.tea: 9" in call
