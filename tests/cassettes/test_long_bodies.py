"""Uploads are copied while they are sent, and what is too long to keep is never played in part."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
import requests
import urllib3

from cassettes import Cassette, CassetteMiss, Interaction, external, freeze
from cassettes.copies import HEAD_BYTES, BodyCopy, Dechunker, body_hash
from cassettes.vcr_files import from_vcr_yaml, to_vcr_yaml

_LONG = b"0123456789abcdef" * 40_000
_OTHER = _LONG[:-1] + b"!"


class _Watched(io.BytesIO):
    """A file on disk, as far as a client can tell, that remembers how it was read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.largest = max(self.largest, len(found))
        return found


def _requests(url: str, file: Any) -> bytes:
    return requests.post(url, data=file, timeout=10).content


def _urllib3(url: str, file: Any) -> bytes:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, body=file).data


def _http_client(url: str, file: Any) -> bytes:
    parts = urlsplit(url)
    conn = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    conn.request("POST", parts.path, body=file, headers={"Content-Length": str(len(_LONG))})
    answer = conn.getresponse().read()
    conn.close()
    return answer


def _httpx(url: str, file: Any) -> bytes:
    return httpx.post(url, content=file, timeout=10, verify=False).content


def _httpx_multipart(url: str, file: Any) -> bytes:
    return httpx.post(url, files={"f": ("a.txt", file)}, timeout=10, verify=False).content


def _aiohttp(url: str, file: Any) -> bytes:
    async def ask() -> bytes:
        async with aiohttp.ClientSession() as session, session.post(url, data=file) as answer:
            return await answer.read()

    return asyncio.run(ask())


_UPLOADERS: dict[str, Callable[[str, Any], bytes]] = {
    "requests": _requests,
    "urllib3": _urllib3,
    "http.client": _http_client,
    "httpx": _httpx,
    "httpx multipart": _httpx_multipart,
    "aiohttp": _aiohttp,
}


def _through_json(recording: Cassette) -> list[Interaction]:
    forms = json.loads(json.dumps([one.to_json() for one in recording.interactions]))
    kept = [Interaction.from_json(form) for form in forms]
    assert [one.to_json() for one in kept] == forms
    return kept


@pytest.mark.parametrize("name", _UPLOADERS)
def test_a_file_is_sent_block_by_block_while_it_is_recorded(name, server):
    upload = _UPLOADERS[name]
    bare, watched = _Watched(_LONG), _Watched(_LONG)
    upload(f"{server.url}/status/200", bare)
    recording = Cassette("t")
    with freeze(recording):
        upload(f"{server.url}/status/200", watched)

    (one,) = recording.interactions
    assert watched.largest <= bare.largest < len(_LONG)
    assert one.request.cut is None
    assert (_LONG in one.request.body) if "multipart" in name else (one.request.body == _LONG)


@pytest.mark.parametrize("name", [name for name in _UPLOADERS if name != "httpx multipart"])
def test_a_request_over_the_limit_is_matched_by_its_hash(name, server):
    upload = _UPLOADERS[name]
    recording = Cassette("t", body_bytes_max=10_000)
    with freeze(recording):
        answer = upload(f"{server.url}/status/200", io.BytesIO(_LONG))
    kept = _through_json(recording)
    server.stop()

    assert len(kept[0].request.body) == HEAD_BYTES
    assert str(kept[0].request.cut) == f"{len(_LONG)} bytes, {body_hash(_LONG)}"
    with freeze(Cassette("t", "replay", kept)):
        assert upload(f"{server.url}/status/200", io.BytesIO(_LONG)) == answer
    replay = Cassette("t", "replay", kept)
    with freeze(replay), pytest.raises((CassetteMiss, aiohttp.ClientError)):
        upload(f"{server.url}/status/200", io.BytesIO(_OTHER))
    assert body_hash(_LONG) in replay.misses[0].why


@pytest.mark.parametrize("path", ["/binary", "/chunked/200", "/packed/gzip"])
@pytest.mark.parametrize("client", ["requests", "httpx", "http.client", "aiohttp"])
def test_an_answer_over_the_limit_reaches_the_application_and_is_a_named_miss(client, path, server):
    fetch: dict[str, Callable[[str], bytes]] = {
        "requests": lambda url: requests.get(url, timeout=10).content,
        "httpx": lambda url: httpx.get(url, verify=False).content,
        "http.client": lambda url: _get(url),
        "aiohttp": lambda url: asyncio.run(_aiohttp_get(url)),
    }
    url = server.url + path
    bare = fetch[client](url)
    recording = Cassette("t", body_bytes_max=20)
    with freeze(recording):
        recorded = fetch[client](url)
    replay = Cassette("t", "replay", _through_json(recording))
    with freeze(replay), pytest.raises(CassetteMiss, match="larger body_bytes_max"):
        fetch[client](url)

    assert recorded == bare
    cut = recording.interactions[0].response.cut
    assert cut is not None
    if path != "/packed/gzip":
        assert (cut.size_bytes, cut.hash) == (len(bare), body_hash(bare))
    assert replay.unused == []


def _get(url: str) -> bytes:
    parts = urlsplit(url)
    conn = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    conn.request("GET", parts.path)
    answer = conn.getresponse().read()
    conn.close()
    return answer


async def _aiohttp_get(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


def test_a_value_of_an_external_over_the_limit_is_a_named_miss():
    @external
    def rows() -> list[int]:
        return list(range(5000))

    recording = Cassette("t", body_bytes_max=1000)
    with freeze(recording):
        assert len(rows()) == 5000

    with (
        freeze(Cassette("t", "replay", _through_json(recording))),
        pytest.raises(CassetteMiss, match="over the cassette's limit"),
    ):
        rows()


def test_bodies_that_were_cut_come_back_from_yaml_and_vcrpy_never_sees_them(server):
    recording = Cassette("t", body_bytes_max=20)
    with freeze(recording):
        requests.get(server.url + "/binary", timeout=10)
    text = to_vcr_yaml(recording.interactions)

    assert text.startswith("interactions: []")
    assert [one.to_json() for one in from_vcr_yaml(text)] == [
        one.to_json() for one in recording.interactions
    ]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_chunked_framing_is_undone_however_it_is_cut_into_pieces(step):
    wire = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n"
    copy = BodyCopy(100)
    framing = Dechunker(copy)
    for at in range(0, len(wire), step):
        framing.append(wire[at : at + step])

    assert copy.take() == (b"hello world", None)
    assert framing.is_complete
