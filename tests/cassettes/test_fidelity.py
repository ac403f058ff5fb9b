"""Nine clients, nineteen cases: recording changes nothing, playback is what was recorded."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cassettes import Cassette, Interaction, freeze, side_effects


def _clients() -> ModuleType:
    path = Path(__file__).with_name("clients.py")
    spec = importlib.util.spec_from_file_location("cassettes_test_clients", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


clients = _clients()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("client", clients.CLIENTS)
def test_recording_equals_bare_and_playback_equals_recording(client, server, refused_url):
    ask = clients.CLIENTS[client]

    def seen(case):
        url = refused_url if case.path == "refused" else server.url + case.path
        return clients.observed(lambda: ask(url, case))

    bare, recorded, kept = {}, {}, {}
    for name, case in clients.CASES.items():
        bare[name] = seen(case)
        recording = Cassette(name)
        with freeze(recording):
            recorded[name] = seen(case)
        kept[name] = json.loads(json.dumps([one.to_json() for one in recording.interactions]))
    server.stop()
    replayed, unsettled = {}, {}
    for name, case in clients.CASES.items():
        replay = Cassette(name, "replay", map(Interaction.from_json, kept[name]))
        with freeze(replay):
            replayed[name] = seen(case)
        report = side_effects(replay)
        if report.changes or not report.asked:
            unsettled[name] = report

    for name in clients.CASES:
        assert recorded[name] == bare[name], name
    for name in clients.CASES:
        assert replayed[name] == recorded[name], name
    assert unsettled == {}
