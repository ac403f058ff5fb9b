"""What is recorded of httpx, httpx2, requests and urllib3 plays back with the server down."""

from __future__ import annotations

import json

import httpx
import pytest
import requests

from cassettes import Cassette, CassetteMiss, Interaction, freeze, side_effects


def test_a_recording_replays_with_the_server_down(server):
    def tool():
        first = httpx.get(f"{server.url}/echo/a?x=1").json()
        second = requests.post(f"{server.url}/echo/b", json={"amount": 10}, timeout=30).json()
        return first, second

    recording = Cassette("t1#1")
    with freeze(recording):
        recorded = tool()
    server.stop()
    forms = json.loads(json.dumps([one.to_json() for one in recording.interactions]))
    replay = Cassette("t1#1", "replay", map(Interaction.from_json, forms))
    with freeze(replay):
        replayed = tool()

    assert replayed == recorded
    assert replay.asked == [f"GET {server.url}/echo/a?x=1", f"POST {server.url}/echo/b"]
    assert (replay.unused, replay.misses, side_effects(replay).changes) == ([], [], [])


def test_a_miss_shows_the_nearest_recorded_request(server):
    recording = Cassette("t1#3")
    with freeze(recording):
        httpx.get(f"{server.url}/echo/orders?limit=20")
    replay = Cassette("t1#3", "replay", recording.interactions)

    with freeze(replay), pytest.raises(CassetteMiss) as caught:
        httpx.get(f"{server.url}/echo/orders?limit=50")

    assert str(caught.value) == (
        "No recorded answer for\n"
        f"  GET {server.url}/echo/orders?limit=50\n"
        "in cassette 't1#3'. The nearest recorded one is\n"
        f"  GET {server.url}/echo/orders?limit=20\n"
        "It differs in query.limit: recorded '20', asked '50'.\n"
        "No replay can know the answer: if the tool is meant to ask this now, record the call "
        "again; if not, mend the tool."
    )
