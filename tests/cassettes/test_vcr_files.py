"""vcrpy plays what we write; we play what vcrpy recorded; nothing is lost on the way."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import httpx
import pytest
import requests
import vcr  # noqa: TID251 - the tool whose files these are

from cassettes import Cassette, Interaction, InteractionFormatError, freeze
from cassettes.vcr_files import from_vcr_yaml, to_vcr_yaml

_MATCH = ["method", "uri", "body"]


def _tool(url):
    seen = [
        requests.get(f"{url}/echo/a", timeout=30).json(),
        requests.post(f"{url}/echo/b", json={"word": "grüß"}, timeout=30).json(),
        requests.get(f"{url}/packed/gzip", timeout=30).json(),
        requests.get(f"{url}/chunked/2", timeout=30).text,
        requests.get(f"{url}/binary", timeout=30).content,
        requests.head(f"{url}/echo/head", timeout=30).status_code,
        httpx.get(f"{url}/status/204").status_code,
        httpx.get(f"{url}/packed/zstd", headers={"Accept-Encoding": "gzip"}).content,
    ]

    async def ask():
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/packed/deflate") as answer:
                seen.append(await answer.json())
            async with session.post(f"{url}/echo/c", json={"a": 1}) as answer:
                seen.append(await answer.json())

    asyncio.run(ask())
    return seen


def _recorded(server, refused_url):
    recording = Cassette("t")
    with freeze(recording):
        seen = _tool(server.url)
        with pytest.raises(httpx.ConnectError):
            httpx.get(refused_url)
    server.stop()
    forms = [one.to_json() for one in recording.interactions]
    return seen, forms


def test_a_file_written_and_read_is_the_same_file_and_the_same_interactions(server, refused_url):
    _, forms = _recorded(server, refused_url)
    text = to_vcr_yaml(map(Interaction.from_json, forms))
    back = from_vcr_yaml(text)

    assert [one.to_json() for one in back] == forms
    assert to_vcr_yaml(back) == text
    assert to_vcr_yaml(reversed(back)) == text


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_plain_vcrpy_plays_our_file(server, refused_url, tmp_path):
    seen, forms = _recorded(server, refused_url)
    path = tmp_path / "ours.yaml"
    path.write_text(to_vcr_yaml(map(Interaction.from_json, forms)), encoding="utf-8")

    with vcr.use_cassette(str(path), record_mode="none", match_on=_MATCH) as cassette:
        replayed = _tool(server.url)

    assert replayed == seen
    assert cassette.all_played


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_we_play_what_vcrpy_recorded(server, tmp_path):
    path = tmp_path / "theirs.yaml"
    with vcr.use_cassette(str(path), match_on=_MATCH):
        seen = _tool(server.url)
    server.stop()
    replay = Cassette("t", "replay", from_vcr_yaml(path.read_text(encoding="utf-8")))
    with freeze(replay):
        replayed = _tool(server.url)

    assert json.dumps(replayed, default=repr) == json.dumps(seen, default=repr)
    assert (replay.misses, replay.unused) == ([], [])


@pytest.mark.parametrize("text", ["a: [", "just text", "interactions: [{request: 1}]"])
def test_what_is_no_cassette_is_refused(text):
    with pytest.raises(InteractionFormatError):
        from_vcr_yaml(text)
