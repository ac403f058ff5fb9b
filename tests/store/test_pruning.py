"""Pruning: what goes, what stays, and that everything fits afterwards."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from replay.records import Selection, Trace, Transcript
from replay.store import Store, database
from replay.store.holds import put_hold
from replay.store.keep_rules import KeepRules
from replay.store.pruning import Pruned, prune
from replay.store.shrinking import shrink

TRACES = 24
SHARED = "You look after a shop, and you are polite to everybody who asks. " * 12
DEFINITION = {
    "type": "function",
    "function": {
        "name": "find",
        "description": "Finds an order by its number, whoever asks.",
        "parameters": {"type": "object", "properties": {"number": {"type": "integer"}}},
    },
}


def days_ago(days: float) -> str:
    moment = datetime.now(UTC) - timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def records(number: int, age_days: float, **of_trace: Any) -> Iterator[dict[str, Any]]:
    """A trace that is like others in its system prompt and tools, and has words of its own."""
    trace = f"t{number:03}"
    started = days_ago(age_days)
    own = f"words that only trace {number} has " * 30
    answer = {
        "role": "assistant",
        "tool_calls": [
            {
                "id": f"call-{number}",
                "type": "function",
                "function": {"name": "find", "arguments": json.dumps({"number": number})},
            }
        ],
    }
    yield {"kind": "trace", "id": trace, "started_at": started, "app": "shop", **of_trace}
    yield {
        "kind": "model_call",
        "id": f"{trace}-m1",
        "trace_id": trace,
        "step_number": 1,
        "api": "chat.completions",
        "model": f"gpt-{number % 3}",
        "messages": [
            {"role": "system", "content": SHARED},
            {"role": "user", "content": own},
        ],
        "tools": [DEFINITION],
        "output": answer,
        "started_at": started,
    }
    yield {
        "kind": "tool_call",
        "id": f"{trace}-c2",
        "trace_id": trace,
        "step_number": 2,
        "model_call_id": f"{trace}-m1",
        "tool": "find" if number % 4 else "refund",
        "arguments": json.dumps({"number": number}),
        "response": f"{own} was found " * 3,
        "outcome": "ok" if number % 5 else "failed",
        "started_at": started,
    }
    yield {
        "kind": "interaction",
        "id": f"{trace}-c2.0",
        "tool_call_id": f"{trace}-c2",
        "interaction_index": 0,
        "exchange": {"protocol": "http", "answer": own},
    }
    yield {
        "kind": "attempt",
        "id": f"{trace}-a1",
        "call_id": f"{trace}-c2",
        "attempt_number": 1,
        "started_at": started,
    }
    yield {
        "kind": "feedback",
        "id": f"{trace}-f1",
        "trace_id": trace,
        "label": "good",
        "text": own,
        "created_at": started,
    }


def verdict_records(numbers: range) -> Iterator[dict[str, Any]]:
    counts = {"same": 0, "response_changed": 0}
    for number in numbers:
        counts["same" if number % 2 else "response_changed"] += 1
    yield {
        "kind": "replay_run",
        "id": "run-1",
        "started_at": days_ago(1),
        "toolbox": "shop:toolbox",
        "status": "finished",
        "trace_count": len(numbers),
        "call_count": len(numbers),
        "verdict_counts": counts,
    }
    for number in numbers:
        changed = {"verdict": "response_changed", "cause": "code", "signature": "s1"}
        yield {
            "kind": "call_verdict",
            "run_id": "run-1",
            "trace_id": f"t{number:03}",
            "tool_call_id": f"t{number:03}-c2",
            "step_number": 2,
            "tool": "find",
            "model": "gpt-1",
            **({"verdict": "same"} if number % 2 else changed),
        }
    yield {
        "kind": "finding",
        "run_id": "run-1",
        "signature": "s1",
        "tool": "find",
        "verdict": "response_changed",
        "cause": "code",
        "title": "`price` is now `cost`",
        "call_count": counts["response_changed"],
        "first_divergence_count": counts["response_changed"],
        "trace_count": counts["response_changed"],
        "tool_call_total": len(numbers),
        "models": {"gpt-1": counts["response_changed"]},
        "example_tool_call_id": "t000-c2",
        "example_trace_id": "t000",
        "example_step_number": 2,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Traces that are as old in days as their number is from the end."""
    found = tmp_path / "traces.db"
    with Store.open(found, "create") as store:
        for number in range(TRACES):
            labels = {"tier": "gold"} if number in (1, 2) else {}
            store.append_all(list(records(number, TRACES - number, labels=labels)))
        store.append_all(list(verdict_records(range(TRACES))))
    return found


def transcripts(path: Path) -> dict[str, Transcript]:
    with Store.open(path) as store:
        return {one: store.transcript(one) for one in store.trace_ids()}


def problems(path: Path) -> list[str]:
    with Store.open(path) as store:
        return [str(one) for one in store.check()]


def older_than(days: int, path: Path, **more: Any) -> Pruned:
    return prune(path, KeepRules(f"{days}d"), **more)


def unneeded_contents(path: Path) -> int:
    """Contents that compacting would remove, but for the one that holds the last number."""
    with Store.open(path, "w") as store:
        removed = store.compact().removed_content_count
    return max(0, removed - 1)


def test_what_is_old_goes_and_the_rest_is_as_it_was(path: Path) -> None:
    before = transcripts(path)

    done = older_than(12, path)

    assert done.removed.trace_count == 13
    assert done.by_rule == {"default 12d": 13}
    after = transcripts(path)
    assert after == {name: before[name] for name in before if name >= "t013"}
    assert problems(path) == []
    assert unneeded_contents(path) == 0


def test_nothing_of_what_went_is_in_the_file(path: Path) -> None:
    older_than(12, path)
    with Store.open(path) as store:
        texts = [
            store.query(f"SELECT content_text({key})")[1][0][0]
            for (key,) in store.query("SELECT key FROM contents")[1]
        ]

    assert not any("only trace 3 has" in text for text in texts)
    assert any("only trace 20 has" in text for text in texts)
    assert sqlite3.connect(path).execute("PRAGMA freelist_count").fetchone() == (0,)


def test_a_run_and_its_findings_tell_of_the_traces_that_are_left(path: Path) -> None:
    older_than(12, path)

    with Store.open(path) as store:
        [run], [finding] = store.runs(), store.findings("run-1")
    assert (run.trace_count, run.call_count) == (11, 11)
    assert run.verdict_counts == {"same": 6, "response_changed": 5}
    assert (finding.call_count, finding.trace_count, finding.models) == (5, 5, {"gpt-1": 5})
    assert finding.example_trace_id == "t014"
    assert finding.example_tool_call_id == "t014-c2"


def test_a_run_of_which_nothing_is_left_goes(path: Path) -> None:
    done = prune(path, selection=Selection(until=days_ago(0)))

    assert done.removed.run_count == 1
    with Store.open(path) as store:
        assert store.runs() == []
        assert {kind for kind, count in store.counts().items() if count} <= {"tool_schema"}
    assert problems(path) == []


def test_the_shortest_rule_that_fits_says_how_long(path: Path) -> None:
    rules = KeepRules(
        default="20d", labels={"tier=gold": "forever"}, tools={"ref*": "5d"}, apps={"nobody": "1d"}
    )

    done = prune(path, rules, dry_run=True)

    refunds = {number for number in range(0, TRACES, 4) if TRACES - number > 5}
    by_default = {0, 3} - refunds
    assert done.by_rule == {"tool refund 5d": len(refunds), "default 20d": len(by_default)}
    assert len(transcripts(path)) == TRACES


def test_a_trace_may_have_a_time_of_its_own(path: Path) -> None:
    with Store.open(path, "w") as store:
        store.append(Trace(id="brief", started_at=days_ago(2), attributes={"keep": "1d"}))
        store.append(Trace(id="kept", started_at=days_ago(99), attributes={"keep": "forever"}))

    done = older_than(90, path)

    assert done.by_rule == {"its own 1d": 1}
    assert "kept" in transcripts(path)


def test_age_counts_from_the_last_step(path: Path) -> None:
    with Store.open(path, "w") as store:
        for fields in records(900, 100):
            at = days_ago(1) if fields["kind"] == "tool_call" else None
            store.append({**fields, **({"started_at": at} if at else {})})

    assert older_than(60, path).removed.trace_count == 0


def test_held_and_pinned_traces_stay_and_are_named(path: Path) -> None:
    put_hold(path, "t001", "a case", None)
    with Store.open(path, "w") as store:
        store.append({"kind": "pin", "id": "t002", "trace_id": "t002", "pinned_at": days_ago(1)})

    done = older_than(20, path)

    assert (done.held, done.pinned) == (["t001"], ["t002"])
    assert {"t001", "t002"} < transcripts(path).keys()
    assert older_than(20, path, with_pinned=True).removed.pin_count == 1
    assert problems(path) == []


def test_beyond_its_size_a_file_loses_its_oldest_traces(path: Path) -> None:
    chance = random.Random(1)
    with Store.open(path, "w") as store:
        for number in range(TRACES):
            store.append(
                {
                    "kind": "tool_call",
                    "id": f"big-{number}",
                    "trace_id": f"t{number:03}",
                    "step_number": 3,
                    "tool": "read",
                    "arguments": "{}",
                    "response": chance.randbytes(20_000).hex(),
                    "started_at": days_ago(TRACES - number),
                }
            )
    wanted = path.stat().st_size - 150_000

    done = prune(path, size_max=wanted)

    assert done.size_bytes_after <= wanted
    left = sorted(transcripts(path))
    assert left == [f"t{number:03}" for number in range(TRACES - len(left), TRACES)]
    assert TRACES > len(left) > TRACES / 2
    assert problems(path) == []


def unequal(path: Path) -> None:
    """The newest traces are large: calls do not have as many bytes each."""
    chance = random.Random(5)
    with Store.open(path, "w") as store:
        for number in range(TRACES // 2, TRACES):
            store.append(
                {
                    "kind": "tool_call",
                    "id": f"big-{number}",
                    "trace_id": f"t{number:03}",
                    "step_number": 3,
                    "tool": "read",
                    "arguments": "{}",
                    "response": chance.randbytes(20_000).hex(),
                    "started_at": days_ago(TRACES - number),
                }
            )


def test_a_dry_run_says_what_really_goes(path: Path) -> None:
    unequal(path)
    before = transcripts(path)
    wanted = path.stat().st_size - 60_000

    said = prune(path, KeepRules("21d"), size_max=wanted, dry_run=True)

    assert transcripts(path) == before
    done = prune(path, KeepRules("21d"), size_max=wanted)
    assert said.by_rule == done.by_rule
    assert done.by_rule["size"] > 2
    assert said.removed == done.removed
    assert (said.content_count, said.oldest, said.newest) == (
        done.content_count,
        done.oldest,
        done.newest,
    )
    assert said.size_bytes_after == done.size_bytes_after < said.size_bytes_before
    assert not said.is_estimate


def test_a_dry_run_that_is_not_tried_says_that_it_estimates(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.store.rehearsing._SIZE_MAX", 0)

    said = prune(path, KeepRules("20d"), dry_run=True)

    assert said.is_estimate
    assert sum(said.by_rule.values()) == 5
    assert 0 < said.size_bytes_after < said.size_bytes_before
    assert len(transcripts(path)) == TRACES


def test_what_is_recorded_while_contents_are_freed_is_not_taken_from(path: Path) -> None:
    """The drain finds a content of a removed trace by its hash, and refers to it again."""
    import threading

    from replay.store import freeing

    real = freeing._unreferenced
    with Store.open(path, "w") as recorder:

        def while_looking(connection: sqlite3.Connection) -> Any:
            found = real(connection)
            again = records(2, 0.001, id="again")
            renamed = [
                {
                    name: value.replace("t002", "again") if isinstance(value, str) else value
                    for name, value in fields.items()
                }
                for fields in again
            ]
            thread = threading.Thread(
                target=lambda: (recorder.append_all(renamed), recorder.flush())
            )
            thread.start()
            thread.join()
            return found

        freeing._unreferenced = while_looking
        try:
            older_than(12, path)
        finally:
            freeing._unreferenced = real

    assert problems(path) == []
    assert "only trace 2 has" in transcripts(path)["again"].model_dump_json()


def test_random_traces_may_go_in_any_order(path: Path) -> None:
    chance = random.Random(3)
    before = transcripts(path)
    left = sorted(before)
    while left:
        going = chance.sample(left, min(len(left), chance.randint(1, 7)))
        prune(path, selection=Selection(trace_ids=going))
        left = [one for one in left if one not in going]

        assert transcripts(path) == {one: before[one] for one in left}
        assert problems(path) == []


def test_rows_that_go_are_found_by_indexes(path: Path) -> None:
    """A column of another type than what it is compared with would have SQLite read every row."""
    from replay.store.layout import LAYOUTS
    from replay.store.removing import _WHERE

    connection = sqlite3.connect(path)
    connection.execute("CREATE TEMP TABLE going (key NOT NULL PRIMARY KEY)")
    for kind, where in _WHERE.items():
        table = LAYOUTS[kind].table
        plan = connection.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE {where}")
        steps = [row[3] for row in plan]

        assert any(step.startswith(f"SEARCH {table} USING INDEX") for step in steps), steps
        assert not any(step.startswith(("SCAN c", "SCAN m", f"SCAN {table}")) for step in steps)


def test_room_is_given_back_in_few_transactions(path: Path) -> None:
    """Each costs the disk a commit, and whoever waits for the lock a turn."""
    connection = database.connect(path)
    connection.execute(
        "CREATE TABLE scratch AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "LIMIT 300) SELECT randomblob(3000) FROM n"
    )
    connection.execute("DROP TABLE scratch")
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    said: list[str] = []
    connection.set_trace_callback(said.append)

    shrink(connection)

    assert free > 100
    assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert said.count("COMMIT") == 1
    connection.close()
