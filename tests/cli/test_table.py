from __future__ import annotations

from rich.cells import cell_len

from replay.cli.table import Column, cut, one_line, table_lines

COLUMNS = [Column("TRACE"), Column("CALLS", right=True), Column("QUESTION", flexible=True)]


def test_ids_and_numbers_stay_whole_and_running_text_is_cut() -> None:
    lines = table_lines(
        COLUMNS, [["t-0123456789", "12", "How is Paris on Tuesday, and in May?"]], width=40
    )

    assert lines == [
        "TRACE         CALLS  QUESTION",
        "t-0123456789     12  How is Paris on Tu…",
    ]


def test_no_line_is_wider_than_the_terminal_also_with_wide_characters() -> None:
    lines = table_lines(COLUMNS, [["t-1", "1", "東京の天気はどうですか" * 4]], width=40)

    assert max(cell_len(line) for line in lines) <= 40


def test_a_recorded_line_end_or_escape_code_cannot_spoil_the_table() -> None:
    assert one_line("a\nb\t\x1b[31mred") == "a b \\x1b[31mred"


def test_text_that_fits_is_not_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
