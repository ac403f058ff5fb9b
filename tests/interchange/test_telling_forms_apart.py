"""Which format a file is, and files in which something is not what it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.interchange import ImportOptions, continue_dev, gateway, goose, import_files, qwen_code
from replay.interchange.formats import TRACE_FORMATS, detect_format
from replay.interchange.trace_format import TraceFormat
from replay.records import Outcome
from replay.store import Store
from tests.interchange.chats import imported, model_calls, only_transcript, tool_calls
from tests.interchange.conftest import WriteLines
from tests.interchange.session_forms import (
    GOOSE,
    continue_session,
    goose_database,
    goose_messages,
    listed,
    of_a_gateway,
    of_a_proxy,
    of_vertex,
    qwen_session,
)


@pytest.mark.parametrize("log", [of_a_proxy, of_a_gateway, of_vertex])
def test_exchanges_with_generate_content_are_one_conversation(
    store: Store, write_lines: WriteLines, log: Callable[[], list[Any]]
) -> None:
    report = imported(store, write_lines(*log()))

    transcript = only_transcript(store)
    (call,) = tool_calls(transcript)
    first, second = model_calls(transcript)
    assert report.format == "gateway"
    assert (call.tool, call.arguments, call.outcome) == (
        "get_weather",
        '{"city":"Paris"}',
        Outcome.OK,
    )
    assert (first.api, first.model, first.response_model) == (
        "generate_content",
        "gemini-2.5-flash",
        "gemini-2.5-flash-001",
    )
    assert [tool["name"] for tool in first.tools] == ["get_weather"]
    assert second.output["parts"][0]["text"] in ("Ok", "Warm.")


def _own_files(tmp_path: Path) -> dict[str, Path]:
    def write(name: str, values: list[Any]) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(map(json.dumps, values)))
        return path

    goose_database(tmp_path / "sessions.db")
    return {
        "qwen-code": write("qwen.jsonl", qwen_session()),
        "goose": tmp_path / "sessions.db",
        "continue": write("continue.json", [continue_session()]),
        "gateway": write("google.jsonl", of_vertex()),
    }


def test_the_forms_are_told_apart_by_each_of_their_values(tmp_path: Path) -> None:
    for name, path in _own_files(tmp_path).items():
        assert detect_format(path) == name
    values = {
        "qwen-code": qwen_session(),
        "goose": [GOOSE | {"conversation": []}, *goose_messages()],
        "continue": [continue_session(), listed()],
        "gateway": [*of_a_proxy(), *of_a_gateway(), *of_vertex()],
    }

    for own, found in values.items():
        for value in found:
            named = {name for name, one in TRACE_FORMATS.items() if one.looks_like(value)}
            allowed = {own, "claude-code"} if own == "qwen-code" else {own}
            assert own in named
            assert named <= allowed


def test_files_of_the_other_formats_are_still_theirs() -> None:
    ours = (qwen_code.SOURCE, goose.SOURCE, continue_dev.SOURCE)
    fixtures = Path(__file__).parent / "fixtures"
    files = [path for path in fixtures.glob("*/*") if path.name != "native.jsonl"]

    found = {str(path.relative_to(fixtures)): detect_format(path) for path in files}

    assert len(found) > 25
    assert not [name for name, form in found.items() if form in ours]
    assert found["claude-code/session.jsonl"] == "claude-code"


HOSTILE = [None, 7, "x", [], {}, [None], [[]], {"parts": 3}, {"a": {"b": [None]}}, -1, True]


@pytest.mark.parametrize(
    ("make", "form"),
    [
        (qwen_session, qwen_code.FORMAT),
        (lambda: [GOOSE | {"conversation": goose_messages()}], goose.FORMAT),
        (lambda: [continue_session()], continue_dev.FORMAT),
        (lambda: [*of_a_gateway(), *of_vertex()], gateway.FORMAT),
    ],
)
def test_a_value_of_another_kind_at_any_place_is_refused_or_read_around(
    store: Store, tmp_path: Path, make: Callable[[], list[Any]], form: TraceFormat
) -> None:
    path = tmp_path / "hostile.jsonl"
    options = ImportOptions(format=form.name, skip_bad_lines=True)
    for values in damaged(make()):
        path.write_text("\n".join(map(json.dumps, values)))
        import_files(store, [path], options)


def damaged(values: list[Any]) -> Iterator[list[Any]]:
    """Yield copies of ``values``, each with one thing in it replaced by something else."""
    text = json.dumps(values)
    inside = [place for place in places(json.loads(text)) if len(place) > 1]
    for number, place in enumerate(inside[::2]):
        copy = json.loads(text)
        holder: Any = copy
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = HOSTILE[number % len(HOSTILE)]
        yield copy


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield where in ``value`` something stands, at any depth."""
    if not isinstance(value, (dict, list)):
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield (key,)
        yield from ((key, *rest) for rest in places(one))
