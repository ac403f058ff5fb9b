from __future__ import annotations

from rich.cells import cell_len

from replay.cli.table import Column, table_lines

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
    lines = table_lines([Column("TEXT", flexible=True)], [["a\nb\t\x1b[31mred"]], width=40)

    assert lines == ["TEXT", "a b \\x1b[31mred"]


def test_a_line_that_is_too_wide_still_goes_without_its_lesser_columns() -> None:
    columns = [Column("TRACE"), Column("APP", left_out=2), Column("CALLS", left_out=1)]

    assert table_lines(columns, [["t" * 30, "shop", "12"]], width=40) == [
        f"{'TRACE':30}  CALLS",
        f"{'t' * 30}  12",
    ]
    assert table_lines(columns, [["t" * 50, "shop", "12"]], width=40) == ["TRACE", "t" * 50]
