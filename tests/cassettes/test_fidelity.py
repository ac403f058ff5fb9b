"""Eleven clients, thirty cases: recording changes nothing, playback is what was recorded."""

from __future__ import annotations

import json

import pytest

from cassettes import Cassette, Interaction, freeze, side_effects
from tests.cassettes.clients import CASES, CLIENTS, RARE, observed


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("client", dict.fromkeys([*CLIENTS, *RARE]))
def test_recording_equals_bare_and_playback_equals_recording(client, server, refused_url):
    if client not in CLIENTS:
        pytest.skip(f"{client} is not installed")
    ask = CLIENTS[client]

    def seen(case):
        url = refused_url if case.path == "refused" else server.url + case.path
        return observed(lambda: ask(url, case))

    bare, recorded, kept = {}, {}, {}
    for name, case in CASES.items():
        bare[name] = seen(case)
        recording = Cassette(name)
        with freeze(recording):
            recorded[name] = seen(case)
        kept[name] = json.loads(json.dumps([one.to_json() for one in recording.interactions]))
    server.stop()
    replayed, unsettled = {}, {}
    for name, case in CASES.items():
        replay = Cassette(name, "replay", map(Interaction.from_json, kept[name]))
        with freeze(replay):
            replayed[name] = seen(case)
        report = side_effects(replay)
        if report.changes or not report.asked:
            unsettled[name] = report

    for name in CASES:
        assert recorded[name] == bare[name], name
    for name in CASES:
        assert replayed[name] == recorded[name], name
    assert unsettled == {}
