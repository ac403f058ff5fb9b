"""Agents that ran under vcrpy or pytest-recording: cassettes with questions to a model in them.

Each question with its answer is a model call, and what was asked between a model's answer and its
next prompt was asked by the tools of that answer, nobody knows by which: as in a recording of tools
that ran unseen, a replay answers them with it. (`replay cassettes import` takes cassettes of a
tool call: files of vcrpy without a model in them.)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from replay.errors import ImportFileError
from replay.interchange.lines import BadLine, Line, Misfit
from replay.interchange.prompts import Prompts
from replay.interchange.sources import head_of, open_source
from replay.interchange.told import ToldModelCall, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import JsonObject, JsonValue

if TYPE_CHECKING:
    from cassettes import Interaction

SOURCE: Final = "vcrpy"

NO_MODEL: Final = (
    "cassettes without a question to a model: left out; `replay cassettes import` takes those of "
    "tool calls"
)
TRIED: Final = "questions to a model that failed and were asked again: left out"
NOBODYS: Final = "questions to others that no tool call came before: left out"
_BEGINS: Final = re.compile(rb"\s*(---\s*)?(interactions:|version: \d+\s+interactions:)")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a cassette that vcrpy wrote as JSON."""
    if not isinstance(value, dict) or not isinstance(value.get("interactions"), list):
        return False
    return "version" in value and all(
        isinstance(one, dict) and "request" in one for one in value["interactions"]
    )


def is_yaml(path: Path) -> bool:
    """Return whether ``path`` begins as vcrpy's YAML does."""
    return _BEGINS.match(head_of(path)) is not None


def read(path: Path) -> Iterator[Line | BadLine]:
    """Yield the cassette in ``path``, its interactions in our own form.

    Raises:
        ImportFileError: it is none.
    """
    from cassettes import InteractionFormatError
    from cassettes.vcr_files import read_vcr_file

    with open_source(path) as source:
        content = source.bytes.read()
        size_bytes = source.passed()
    try:
        interactions = read_vcr_file(content.decode("utf-8")).cassettes.values()
    except (InteractionFormatError, UnicodeDecodeError) as error:
        raise ImportFileError(
            f"{str(path)!r} is no cassette of vcrpy: {error}", hint="Nothing was imported."
        ) from error
    forms = [one.to_json() for cassette in interactions for one in cassette]
    yield Line(1, "", {"interactions": forms}, size_bytes)


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the cassette, where a model was asked in it.

    Raises:
        Misfit: it is none.
    """
    if not isinstance(value, dict) or not isinstance(value.get("interactions"), list):
        raise Misfit([], "a cassette of vcrpy, with `interactions`", value)
    if not any(_api_in(form) for form in value["interactions"]):
        place.notes[NO_MODEL] += 1
        return
    text = json.dumps(value, sort_keys=True).encode()
    digest = hashlib.blake2b(text, digest_size=5).hexdigest()
    yield Piece(f"{place.path.name.split('.', 1)[0]}~{digest}", value, "whole")


def _api_in(form: JsonObject) -> str | None:
    from replay.recorder.wire import api_of

    request = form.get("request") or {}
    return api_of(urlsplit(str(request.get("uri"))).path)


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the conversations of a cassette: prompts that go on from one another."""
    from cassettes import Interaction

    prompts, conversations = Prompts(), dict[int, ToldTrace]()
    of_turn: dict[int, ToldTrace] = {}
    now: tuple[ToldTrace, ToldModelCall] | None = None
    lost = 0
    forms = [form for part in found for form in part["interactions"]]
    for number, form in enumerate(forms):
        if _api_in(form) is None:
            if now is None or not _asks(now[1]):
                lost += 1
            else:
                now[0].outside.setdefault(now[1].id, []).append(form)
            continue
        call = _model_call(number, Interaction.from_json(form))
        if call is None:
            lost += 1
            continue
        if call.error is not None and _is_asked_again(form, forms[number + 1 :]):
            first = next(iter(conversations.values()), None) or ToldTrace(SOURCE, key)
            conversations.setdefault(0, first).notes[TRIED] += 1
            continue
        parent, _ = prompts.parent_of(call)
        turn = prompts.add(call, parent)
        told = of_turn[parent.number] if parent is not None else _new(key, conversations)
        of_turn[turn.number] = told
        told.model_calls.append(call)
        now = (told, call)
    for told in conversations.values():
        told.notes[NOBODYS] += lost
        lost = 0
        times = [call.started_ns for call in told.model_calls if call.started_ns is not None]
        told.started_ns, told.ended_ns = min(times, default=None), max(times, default=None)
        yield told


def _new(key: str, conversations: dict[int, ToldTrace]) -> ToldTrace:
    """The first conversation may be there already, for what was tried before it."""
    if 0 in conversations and not conversations[0].model_calls:
        return conversations[0]
    told = conversations[len(conversations)] = ToldTrace(SOURCE, key)
    return told


def _asks(call: ToldModelCall) -> bool:
    from replay.interchange.turns import asked_by

    return bool(asked_by(call.api, call.output))


def _is_asked_again(form: JsonObject, later: list[JsonObject]) -> bool:
    asked = form["request"]
    return any(
        (one["request"]["uri"], one["request"]["body"]) == (asked["uri"], asked["body"])
        for one in later
    )


def _model_call(number: int, one: Interaction) -> ToldModelCall | None:
    """The question and its answer; None where the question is not one of its API."""
    from replay.interchange.exchanges import told_call
    from replay.recorder.streams import reassemble
    from replay.recorder.wire import Reply, parse_json, provider_of, read_question, read_reply
    from replay.recorder.wire import api_of as api_of_path
    from replay.recorder.wire_values import read_failure

    path = urlsplit(one.request.uri).path
    api = api_of_path(path) or ""
    question = read_question(api, one.request.body, path=path)
    if question is None:
        return None
    response, reply, error = one.response, Reply(), None
    if response is not None and response.status >= 400:
        error = read_failure(response.status, response.plain_body())
    elif response is not None:
        kind, content = response.header("content-type"), response.plain_body()
        is_stream = question.streamed and "json" not in kind
        try:
            body = reassemble(api, content, kind) if is_stream else parse_json(content)
        except ValueError:
            body = None
        reply = read_reply(api, body)
    call = told_call(api, question, reply)
    call.id, call.plane = str(number), SOURCE
    call.provider = provider_of(one.request.uri)
    call.error = error or reply.error
    if response is not None:
        call.status_code = response.status
        call.started_ns = _date(response.header("date"))
    return call


def _date(text: str) -> int | None:
    """When it was answered: the only time that vcrpy keeps."""
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 10**9
    except ValueError:
        return None


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell, values=read, is_binary=is_yaml)
