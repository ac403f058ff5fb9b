"""Draws made while recording come back at the sites that made them, whatever else draws now."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import uuid
from typing import Any

import pytest

from cassettes import Cassette, freeze, install
from cassettes.draws import Draws, Tape


@pytest.fixture(autouse=True)
def _hooks() -> None:
    install()


def new_order_id() -> str:
    return uuid.uuid4().hex


def new_key() -> str:
    return uuid.uuid4().hex


def _recorded(keep: Any = "uuid") -> tuple[dict[str, str], Any]:
    recording = Cassette("t", keep_draws=keep)
    with freeze(recording):
        made = {
            "order": new_order_id(),
            "key": new_key(),
            "uuid1": str(uuid.uuid1()),
            "token": secrets.token_hex(8),
        }
    return made, recording.draws.to_json()


_REPLAY = """
import cassettes, json, sys
cassettes.install(world=True)
cassettes.outside("block")
import secrets, uuid
def trace_id(): return uuid.uuid4().hex
def new_key(): return uuid.uuid4().hex
def new_order_id(): return uuid.uuid4().hex
def _recorded():
    return {"trace": trace_id(), "uuid1": str(uuid.uuid1()), "token": secrets.token_hex(8)}
shown = []
for seed in ("s", "s", "other"):
    cassette = cassettes.Cassette("t", "replay", draws=json.loads(sys.argv[1]))
    with cassettes.freeze(cassette, at=0.0, seed=seed):
        made = {"key": new_key(), "order": new_order_id(), **_recorded()}
    shown.append([made, cassette.new_draw_count, list(cassette.touched)])
print(json.dumps(shown))
"""


def _replayed(draws: Any) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", _REPLAY, json.dumps(draws)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_reordered_and_new_draws_leave_the_old_ones_their_values():
    made, draws = _recorded()

    (first, new_count, labels), again, other = _replayed(draws)

    assert {name: first[name] for name in ("order", "key", "uuid1")} == {
        name: made[name] for name in ("order", "key", "uuid1")
    }
    assert first["trace"] not in made.values()
    assert new_count == 1
    assert labels == [
        "draws a new value (<string>:6)",
        "draws a value that the recording keeps no copy of (<string>:10)",
    ]
    assert again[0] == first
    assert other[0] | {"trace": "", "token": ""} == first | {"trace": "", "token": ""}
    assert other[0]["trace"] != first["trace"]


def test_what_may_be_a_secret_is_kept_only_where_that_is_asked_for():
    made, draws = _recorded()
    assert made["token"] not in json.dumps(draws)
    assert {"size": 8} in draws[f"{__name__}:_recorded"]

    made, draws = _recorded("all")
    assert _replayed(draws)[0][0]["token"] == made["token"]

    assert _recorded("none")[1] is None


def test_draws_outside_a_recording_and_below_external_calls_are_nobody_s():
    recording = Cassette("t")
    os.urandom(4)
    with freeze(recording):
        pass
    uuid.uuid4()

    assert recording.draws.to_json() == {}


def test_a_masked_value_is_a_value_that_was_not_kept():
    tape = Tape({"m:f": [{"uuid": "[masked]"}, {"uuid": "00" * 16}], "odd": 7, "empty": [{}]})

    assert tape.take(("m:f", "uuid", 16), 0) == (True, None)
    assert tape.take(("m:f", "uuid", 16), 1) == (True, bytes(16))
    assert tape.take(("m:f", "uuid", 16), 2) == (False, None)


def test_a_function_that_moved_to_another_module_keeps_its_draws_unless_two_have_its_name():
    alone = Tape({"old.module:f": [{"uuid": "11" * 16}]})
    twice = Tape({"a:f": [{"uuid": "11" * 16}], "b:f": [{"uuid": "22" * 16}]})

    assert alone.take(("new.module:f", "uuid", 16), 0) == (True, b"\x11" * 16)
    assert twice.take(("new.module:f", "uuid", 16), 0) == (False, None)


def test_no_more_than_a_thousand_draws_of_a_call_are_kept():
    draws = Draws("all")
    frame = sys._getframe()
    for _ in range(1500):
        draws.note(frame, b"1234")

    (made,) = (draws.to_json() or {}).values()
    assert len(made) == 1000


def test_hooked_draws_are_no_methods_of_a_class_that_keeps_them():
    """As functions in C are none: a recorder changes nothing of what an application does."""

    class Keeps:
        entropy = os.urandom

    assert len(Keeps().entropy(4)) == 4
