"""A replay run from a store to its verdicts, with real worker processes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from replay.errors import ExitCode, SelectionError, ToolboxError
from replay.records import Cause, Outcome, Verdict
from replay.replayer import Replayer
from replay.store import Store

HERE = Path(__file__).parent

LOOK_UP = ("look_up", {"item": "tea"}, '{"item":"tea","left":10}')
ORDER = ("order", {"item": "tea", "count": 3}, '{"order":1,"item":"tea"}')
LOOK_AGAIN = ("look_up", {"item": "tea"}, '{"item":"tea","left":7}')


def verdicts(store: Store, run: Any) -> dict[str, Verdict]:
    return {one.tool_call_id: one.verdict for one in store.verdicts(run.id)}


def test_unchanged_tools_are_the_same_throughout(store: Store, record: Any, replay: Any) -> None:
    record("t1", [LOOK_UP], [ORDER], [LOOK_AGAIN])

    run = replay("shop_v1:toolbox")

    assert run.verdict_counts == {"same": 3}
    assert (run.status, run.exit_code, run.trace_count) == ("finished", ExitCode.OK, 1)
    assert store.run(run.id) == run


def test_each_trace_has_a_world_of_its_own(store: Store, record: Any, replay: Any) -> None:
    record("t1", [ORDER], [LOOK_AGAIN])
    record("t2", [ORDER], [LOOK_AGAIN])

    assert replay("shop_v1:toolbox").verdict_counts == {"same": 4}
    assert replay("shop_v1:toolbox", isolation="none").verdict_counts == {"same": 4}
    assert replay("shop_v1:toolbox", isolation="process").verdict_counts == {"same": 4}


def test_calls_of_another_actor_are_replayed_in_their_place(
    store: Store, record: Any, replay: Any
) -> None:
    restock = ("restock", {"item": "tea", "count": 5}, "ok")
    after = ("look_up", {"item": "tea"}, '{"item":"tea","left":15}')
    record("t1", [LOOK_UP], [restock], [after], actors={"restock": "user"})

    assert replay("shop_v1:toolbox").verdict_counts == {"same": 3}


def test_async_calls_of_one_output_run_together_in_virtual_time(
    store: Store, record: Any, replay: Any
) -> None:
    """The slower call was asked for first and ends last, an hour later, at no cost."""
    record(
        "t1",
        [
            ("pack", {"item": "cup", "seconds": 3600}, '{"place":2,"at":"2026-11-20T11:00:00"}'),
            ("pack", {"item": "tea", "seconds": 1}, '{"place":1,"at":"2026-11-20T10:00:01"}'),
        ],
    )

    assert replay("shop_v1:toolbox").verdict_counts == {"same": 2}


def test_a_throttled_call_is_not_run_again(store: Store, record: Any, replay: Any) -> None:
    record("t1", [ORDER], [LOOK_UP], outcomes={"order": Outcome.THROTTLED})

    run = replay("shop_v1:toolbox")

    assert run.verdict_counts == {"not_run": 1, "same": 1}
    (not_run,) = store.verdicts(run.id, verdict="not_run")
    assert not_run.note is not None
    assert "rate limit" in not_run.note


@pytest.mark.slow
def test_with_a_baseline_the_code_is_told_from_what_earlier_calls_left(
    store: Store, record: Any, replay: Any
) -> None:
    record("t1", [LOOK_UP], [ORDER], [LOOK_AGAIN])

    run = replay("shop_v2:toolbox", baseline="shop_v1:toolbox")

    found = {one.tool_call_id: (one.verdict, one.cause) for one in store.verdicts(run.id)}
    assert found == {
        "t1/2": (Verdict.SAME, None),
        "t1/4": (Verdict.EFFECT_CHANGED, Cause.CODE),
        "t1/6": (Verdict.RESPONSE_CHANGED, Cause.CARRIED),
    }


def test_with_a_baseline_the_data_is_told_from_the_code(
    store: Store, record: Any, replay: Any
) -> None:
    record("t1", [LOOK_UP])

    run = replay("shop_v3:toolbox", baseline="shop_v1:toolbox")

    (verdict,) = store.verdicts(run.id)
    assert (verdict.verdict, verdict.cause) == (Verdict.RESPONSE_CHANGED, Cause.OUTSIDE)


def test_an_effect_behind_another_effect_of_the_trace_is_found(
    store: Store, record: Any, replay: Any
) -> None:
    """The state differs after the first one anyhow; whether the second call errs must be asked."""
    calls = [("note", {"text": "x"}), ("find", {}), ("book", {"name": "Zed"}), ("find", {})]
    record("t1", *([(tool, arguments, "ok")] for tool, arguments in calls))

    verdicts = {}
    for loses in ("note", "note book"):
        run = replay(
            "two_effects:toolbox",
            baseline="two_effects:toolbox",
            environment={"LOSES": loses},
            baseline_environment={"LOSES": ""},
        )
        verdicts[loses] = [one.verdict for one in store.verdicts(run.id)]

    changed, same = Verdict.EFFECT_CHANGED, Verdict.SAME
    assert verdicts == {
        "note": [changed, same, same, same],
        "note book": [changed, same, changed, same],
    }


def test_a_run_that_judged_nothing_could_not_run(store: Store, record: Any, replay: Any) -> None:
    record("t1", [("find", {}, "ok")], outcomes={"find": Outcome.UNFINISHED})

    run = replay("two_effects:toolbox")

    assert (run.verdict_counts, run.exit_code) == ({"not_run": 1}, 3)


@pytest.mark.slow
def test_the_state_is_shown_only_where_there_is_one_to_compare_it_with(
    store: Store, record: Any, replay: Any
) -> None:
    record("t1", [LOOK_UP])
    alone = replay("shop_v1:toolbox")
    with_baseline = replay("shop_v1:toolbox", baseline="shop_v1:toolbox")
    recorded = store.tool_call("t1/2").model_copy(update={"state_hash": "b2-16:other"})
    store.append(recorded)
    with_recording = replay("shop_v1:toolbox")

    def shown(run: Any) -> tuple[bool, Verdict]:
        (verdict,) = store.verdicts(run.id)
        assert verdict.replayed is not None
        return verdict.replayed.state_hash is not None, verdict.verdict

    assert shown(alone) == (False, Verdict.SAME)
    assert shown(with_baseline) == (True, Verdict.SAME)
    assert shown(with_recording) == (True, Verdict.EFFECT_CHANGED)


@pytest.mark.slow
def test_the_baseline_can_be_a_git_commit(
    tmp_path: Path, store: Store, record: Any, replay: Any
) -> None:
    repository = tmp_path / "shop"
    (repository / "src").mkdir(parents=True)
    (repository / "src" / "shop.py").write_text((HERE / "shop_v1.py").read_text())
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "old"], check=True)
    (repository / "src" / "shop.py").write_text((HERE / "shop_v2.py").read_text())
    record("t1", [ORDER], [LOOK_AGAIN])

    run = replay("shop:toolbox", folder=repository, paths=["src"], baseline="git:HEAD")

    assert [one.cause for one in store.verdicts(run.id)] == [Cause.CODE, Cause.CARRIED]
    assert run.code_version is not None
    assert run.code_version.endswith("+changes")
    status = subprocess.run([*git, "status", "--porcelain"], check=True, capture_output=True)
    assert status.stdout == b" M src/shop.py\n"


def test_a_commit_that_does_not_exist_is_named(
    tmp_path: Path, store: Store, record: Any, replay: Any
) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "--quiet"], check=True)
    record("t1", [LOOK_UP])

    with pytest.raises(ToolboxError, match=r"'git:nowhere' names 'nowhere', which is no commit"):
        replay("shop_v1:toolbox", folder=tmp_path, baseline="git:nowhere")


@pytest.mark.slow
def test_the_digest_tells_one_different_result(store: Store, record: Any, replay: Any) -> None:
    record("t1", [LOOK_UP])

    assert replay("shop_v1:toolbox").digest != replay("shop_v3:toolbox").digest


def test_nothing_selected_is_said(store: Store, replay: Any) -> None:
    with pytest.raises(SelectionError, match="there is nothing to replay"):
        replay("shop_v1:toolbox")


@pytest.mark.slow
def test_tools_that_do_not_import_are_named(store: Store, record: Any, replay: Any) -> None:
    record("t1", [LOOK_UP])

    with pytest.raises(ToolboxError, match="There is no module 'shop_v4'"):
        replay("shop_v4:toolbox")
    with pytest.raises(ToolboxError, match="ZeroDivisionError"):
        replay("broken_import:toolbox")
    assert store.runs() == []


@pytest.mark.slow
def test_an_interrupted_run_keeps_what_is_done_and_goes_on(
    store: Store, record: Any, replay: Any
) -> None:
    for number in range(30):
        record(f"t{number:02}", [LOOK_UP], [ORDER], [LOOK_AGAIN])
    whole = replay("shop_v1:toolbox")
    replayer = Replayer(store, toolbox="shop_v1:toolbox", folder=HERE, jobs=2)

    broken_off = replayer.run(
        on_progress=lambda progress: replayer.stop() if progress.trace_done_count == 5 else None
    )
    kept = len(store.verdicts(broken_off.id))
    run = replay("shop_v1:toolbox", resume=broken_off.id)

    assert (broken_off.status, broken_off.exit_code) == ("interrupted", ExitCode.INTERRUPTED)
    assert kept == broken_off.call_count == 15
    assert (run.id, run.status, run.digest) == (broken_off.id, "finished", whole.digest)
    assert run.verdict_counts == {"same": 90}
    with pytest.raises(SelectionError, match="is finished: nothing is left to resume"):
        replay("shop_v1:toolbox", resume=run.id)


def test_progress_counts_traces_and_calls(store: Store, record: Any, replay: Any) -> None:
    record("t1", [LOOK_UP], [ORDER])
    record("t2", [LOOK_UP])
    seen: list[tuple[int, int, int]] = []

    replay(
        "shop_v1:toolbox",
        on_progress=lambda p: seen.append((p.trace_count, p.trace_done_count, p.call_count)),
    )

    assert seen == [(2, 1, 2), (2, 2, 3)]
