from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay.errors import ExitCode, ImportFileError
from replay.interchange import ImportOptions, ReadOptions, import_files
from replay.records import Selection
from replay.store import Store
from tests.interchange.chats import (
    answers,
    asked_by_user,
    asks,
    call,
    chat,
    exported,
    imported,
    only_transcript,
    says,
    weather_chat,
)
from tests.interchange.conftest import WriteLines


def test_importing_a_file_again_changes_nothing(
    store: Store, write_lines: WriteLines, tmp_path: Path
) -> None:
    path = write_lines(weather_chat(), chat(asked_by_user(), says("Hi")))
    imported(store, path)
    before = exported(store, "records")
    renamed = path.rename(tmp_path / "another name.jsonl")

    report = imported(store, renamed)

    assert (report.new_count, report.known_count, report.renewed_count) == (0, 2, 0)
    assert exported(store, "records") == before


def test_equal_lines_of_one_file_are_as_many_traces(store: Store, write_lines: WriteLines) -> None:
    line = chat(asked_by_user(), says("Hi"))

    report = imported(store, write_lines(line, line, line))

    assert report.new_count == 3
    assert exported(store, "openai-chat") == [line, line, line]


def test_one_id_for_two_conversations_makes_two_traces(
    store: Store, write_lines: WriteLines
) -> None:
    first, second = chat(says("a"), id="0"), chat(says("b"), id="0")

    imported(store, write_lines(first, second))

    assert len(store.trace_ids(Selection())) == 2


def test_what_the_user_says_of_a_file_renews_its_traces(
    store: Store, write_lines: WriteLines
) -> None:
    path = write_lines(chat(asked_by_user(), says("Hi"), seed={"n": 1}))
    imported(store, path)
    said = ReadOptions(
        app="support",
        labels={"team": "a"},
        start_fields=("seed",),
        recorded_at="2026-01-02T00:00:00.000000Z",
    )

    report = imported(store, path, ImportOptions(read=said))

    trace = only_transcript(store).trace
    assert report.renewed_count == 1
    assert (trace.app, trace.labels, trace.start) == ("support", {"team": "a"}, {"seed": {"n": 1}})
    assert trace.started_at == "2026-01-02T00:00:00.000000Z"


def broken_file(write_lines: WriteLines) -> Path:
    lines: list[Any] = [chat(asked_by_user(str(n)), says("Hi")) for n in range(20)]
    lines[12] = '{"messages": [{"role": "user", "content": "cut o'
    lines[15] = chat(asks({"id": "1", "function": {"name": 3, "arguments": "{}"}}))
    return write_lines(*lines)


def test_a_broken_line_stops_the_import_before_anything_is_kept(
    store: Store, write_lines: WriteLines
) -> None:
    whole = write_lines(weather_chat(), name="whole.jsonl")
    broken = broken_file(write_lines)

    with pytest.raises(ImportFileError) as caught:
        import_files(store, [whole, broken])

    assert caught.value.exit_code == ExitCode.COULD_NOT_RUN
    assert str(caught.value) == (
        f"{broken}:13:43: the line is not one whole JSON value: unterminated string "
        "at '\"cut o'.\n"
        "1 more line of chats.jsonl cannot be read either: 16.\n"
        "Nothing was imported. Mend the file, or leave its bad lines out with --skip-bad-lines."
    )
    assert store.trace_ids(Selection()) == []


def test_bad_lines_can_be_left_out_and_are_told(store: Store, write_lines: WriteLines) -> None:
    broken = broken_file(write_lines)

    report = imported(store, broken, ImportOptions(skip_bad_lines=True))

    assert report.new_count == 18
    assert [error.wanted for error in report.bad_lines] == [
        f"{broken}:13:43: the line is not one whole JSON value: unterminated string at '\"cut o'.",
        f"{broken}:16:102: messages[0].tool_calls[0].function.name: expected the tool's name, "
        "found 3.",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"messages": [{"role": "user", "content": NaN}]}', "found NaN, which JSON does not have"),
        ('{"messages": {}}', "found the keys messages"),
        ("[1]", "expected a conversation with `messages`"),
        ('{"traj": []}', "this looks like a tau-bench result"),
        ('{"messages": [{"role": "robot"}]}', "1:24: messages[0].role: expected a role: assistant"),
        ('{"messages": [3]}', "1:15: messages[0]: expected a message object, found 3."),
        ('{"messages": [],\n"tools": [}', "a JSON value begins here"),
        ("conversation,text", "The files to import have one JSON object per line"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_the_place(
    store: Store, write_lines: WriteLines, line: str, message: str
) -> None:
    path = write_lines(line)

    with pytest.raises(ImportFileError) as caught:
        import_files(store, [path])

    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:1:")
    assert store.trace_ids(Selection()) == []


def test_bytes_that_are_no_text_are_named_with_their_column(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"messages": [{"role": "user", "content": "caf\xe9"}]}\n')

    with pytest.raises(ImportFileError, match=r":1:47: expected UTF-8 text, found byte 0xe9"):
        import_files(store, [path])


def test_a_file_that_is_not_there_is_told_in_words(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="No such file"):
        import_files(store, [tmp_path / "gone.jsonl"])


def test_blank_lines_and_a_byte_order_mark_are_no_lines(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b'\xef\xbb\xbf\n{"messages": [{"role": "user", "content": "a"}]}\n\n')

    assert imported(store, path).new_count == 1


def test_an_empty_file_imports_nothing(store: Store, write_lines: WriteLines) -> None:
    report = imported(store, write_lines())

    assert (report.format, report.new_count) == ("empty", 0)


def test_a_file_of_plain_talk_is_told_apart_by_a_later_line(
    store: Store, write_lines: WriteLines
) -> None:
    talk = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    telling = {"system": "s", "messages": []}

    assert imported(store, write_lines(talk, telling)).format == "anthropic-messages"
    assert imported(store, write_lines(talk, name="talk.jsonl")).format == "openai-chat"


def test_progress_reaches_the_size_of_the_files_read_twice(
    store: Store, write_lines: WriteLines
) -> None:
    path = write_lines(weather_chat(), weather_chat())
    seen: list[tuple[int, int]] = []

    import_files(store, [path], on_progress=lambda done, total: seen.append((done, total)))

    size = path.stat().st_size
    assert seen[-1] == (2 * size, 2 * size)
    assert seen == sorted(seen)


def test_a_conversation_without_a_time_says_so(store: Store, write_lines: WriteLines) -> None:
    line = chat(asks(call("1", "f", "{}")), answers("1", "ok"))

    report = imported(store, write_lines(line))

    assert only_transcript(store).trace.started_at == "1970-01-01T00:00:00.000000Z"
    assert report.notes["conversations without a time, dated 1970"] == 1


def test_a_pattern_that_no_shell_spelled_out_names_its_files(
    store: Store, tmp_path: Path, write_lines: WriteLines
) -> None:
    for name in ("a.jsonl", "b.jsonl", "c.txt"):
        write_lines(chat(asked_by_user(name), says("Hi")), name=name)

    reports = import_files(store, [tmp_path / "*.jsonl"])

    assert [Path(one.path).name for one in reports] == ["a.jsonl", "b.jsonl"]
    with pytest.raises(ImportFileError, match=r"No file matches '.*\*.yaml'"):
        import_files(store, [tmp_path / "*.yaml"])
