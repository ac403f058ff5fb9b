"""Pages of traces and replay runs: whole, alone, and deaf to what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.records import ModelCall, ToolCall, Trace, Transcript
from replay.report.html import trace_page
from replay.report.html.page import text
from replay.store import Store
from tests.cli.conftest import folder  # noqa: F401 -- a fixture
from tests.interchange.rich_trace import chat_trace

HOSTILE = "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\x1b[2J"


class Reader(HTMLParser):
    """Every element with its attributes, and whether all are closed."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def page_of(place: Path, hostile: str | None = None) -> str:
    with Store.open(place / "rich.db", "create") as store:
        for record in chat_trace():
            if hostile is not None and isinstance(record, ToolCall):
                record = record.model_copy(
                    update={"response": hostile, "result": {hostile: hostile}, "tool": hostile}
                )
            store.append(record)
        store.flush()
        transcripts = [store.transcript(name) for name in store.trace_ids()]
    return "".join(trace_page(transcripts))


def test_a_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = page_of(tmp_path)

    elements = read(page).found
    assert {tag for tag, _ in elements}.isdisjoint(
        {"script", "img", "iframe", "object", "form", "base", "a", "svg", "input"}
    )
    links = [attributes["href"] for tag, attributes in elements if tag == "link"]
    assert links == ["data:,"]
    assert "url(" not in page
    assert "@import" not in page
    policy = next(a["content"] for tag, a in elements if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "prefers-color-scheme:dark" in page
    assert 'name="viewport"' in page


def test_what_a_tool_answers_does_nothing(tmp_path: Path) -> None:
    """Also not as a key, as the name of a tool, or inside a text of its own."""
    page = page_of(tmp_path, HOSTILE)

    elements = read(page).found
    assert {"script", "img"}.isdisjoint({tag for tag, _ in elements})
    assert not [a for _, attributes in elements for a in attributes if a.startswith("on")]
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_text_says_what_it_does_not_show() -> None:
    assert text("a\x00b\u202ec & <d> \"e\" 'f'\n") == (
        "a\\u0000b\\u202ec &amp; &lt;d&gt; &quot;e&quot; &#x27;f&#x27;\n"
    )


def test_calls_of_one_answer_stand_together_and_say_when_they_ran(tmp_path: Path) -> None:
    page = page_of(tmp_path)

    assert "2 calls of one answer, 2 at the same time" in page
    assert len(re.findall('<span class="lane">', page)) == 2
    assert "the tool got" not in page.split('class="preview"')[0]
    assert "GET http://weather/paris" in page
    assert "wrong_city" in page


def test_large_values_are_folded_and_huge_ones_cut(tmp_path: Path) -> None:
    page = page_of(tmp_path, "long " * 100_000)

    assert "500,000 characters" in page
    assert "300,000 more characters are not in this page" in page


def test_a_trace_whose_values_are_odd_is_shown(tmp_path: Path) -> None:
    with Store.open(tmp_path / "rich.db", "create") as store:
        store.append_all(chat_trace())
        told = store.transcript("chat")
    odd = [None, "text", 7, [1, "a", None], {"role": None}, {"role": "user", "content": [None, 7]}]
    steps = [
        step.model_copy(update={"messages": odd, "output": odd, "tools": odd})
        if step.kind == "model_call"
        else step
        for step in told.steps
    ]

    page = "".join(trace_page([Transcript(trace=told.trace, steps=steps)]))

    read(page)


def test_traces_and_runs_are_written_by_the_commands(
    folder: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("shop.py").write_text(Path("shop.py").read_text().replace("len(item)", "len(item) + 1"))
    assert exit_code_of(["run", "traces.db", "--tools", "shop:toolbox", "--html", "run.html"]) == 2

    assert exit_code_of(["diff", "traces.db", "--html", "again.html"]) == 0
    assert exit_code_of(["export", "traces.db", "--to", "html", "-o", "all.html"]) == 0
    assert (
        exit_code_of(["export", "traces.db", "--to", "html", "--trace", "t1", "-o", "1.html"]) == 0
    )

    run, every, one = (Path(name).read_text("utf-8") for name in ("run.html", "all.html", "1.html"))
    assert run == Path("again.html").read_text("utf-8")
    for page in (run, every, one):
        read(page)
    assert "price: " in run
    assert "<del" in run
    assert "~ today: changed" in one
    assert every.count("~ today: changed") == 3
    assert Path("1.html").stat().st_mode & 0o777 == 0o600


def test_pages_are_files_of_some_traces(
    folder: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code_of(["export", "traces.db", "--to", "html"]) == 3
    assert exit_code_of(["export", "traces.db", "--to", "html", "--app", "no", "-o", "x.html"]) == 3

    said = capsys.readouterr().err
    assert "say -o trace.html" in said
    assert "there is nothing to show" in said
    assert not Path("x.html").exists()


class Walked(list[Any]):
    """A list that counts how often somebody goes through it."""

    count = 0

    def __iter__(self) -> Iterator[Any]:
        self.count += 1
        return super().__iter__()


def test_a_long_trace_is_not_walked_through_for_each_of_its_steps() -> None:
    """A page of 10,000 steps took a minute."""
    steps = [step for step in chat_trace() if isinstance(step, ModelCall | ToolCall)]
    walked = Walked(steps * 30)
    trace = next(one for one in chat_trace() if isinstance(one, Trace))

    transcript = Transcript.model_construct(trace=trace, steps=walked)  # the list itself, no copy

    whole = "".join(trace_page([transcript]))

    assert whole.count('class="step ') == len(walked)
    assert walked.count < 10
