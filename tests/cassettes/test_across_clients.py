"""Today's tool may use another client than the one that was recorded."""

from __future__ import annotations

import json

import httpx
import pytest
import urllib3

from cassettes import Cassette, Interaction, Request, Response, freeze
from tests.cassettes.clients import CASES, CLIENTS, observed

_CASES = ("get", "json", "gzip", "server-sent events", "head", "server error")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_one_client_recorded_plays_on_every_other(server):
    kept = {}
    for client, ask in CLIENTS.items():
        for name in _CASES:
            case = CASES[name]
            with freeze(Cassette(name)) as recording:
                seen = observed(lambda ask=ask, case=case: ask(server.url + case.path, case))
            forms = json.loads(json.dumps([one.to_json() for one in recording.interactions]))
            kept[client, name] = (seen, forms)
    server.stop()
    different = {}
    for (client, name), (recorded, forms) in kept.items():
        case = CASES[name]
        for other, ask in CLIENTS.items():
            replay = Cassette(name, "replay", map(Interaction.from_json, forms))
            with freeze(replay):
                seen = observed(lambda ask=ask, case=case: ask(server.url + case.path, case))
            if (seen.get("status"), seen.get("body")) != (recorded["status"], recorded["body"]):
                different[client, other, name] = seen

    assert different == {}


def test_the_http_version_is_played_as_recorded():
    kept = [
        Interaction(Request("GET", "http://a.example/"), Response(200, http_version="HTTP/2"))
        for _ in range(2)
    ]

    with freeze(Cassette("t", "replay", kept)):
        versions = (
            httpx.get("http://a.example/").http_version,
            urllib3.request("GET", "http://a.example/").version,
        )

    assert versions == ("HTTP/2", 20)
