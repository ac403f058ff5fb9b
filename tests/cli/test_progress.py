from __future__ import annotations

import pytest

from replay.cli.progress import Progress, duration, progress_line


def test_the_line_says_how_far_how_fast_and_how_long_still() -> None:
    line = progress_line(50, 200, "traces", elapsed_s=10.0, width=80)

    assert line == "━━━━━───────────────  50 of 200 traces  5.0/s  30 s left"


def test_the_line_fits_a_narrow_terminal() -> None:
    assert len(progress_line(50, 200, "traces", elapsed_s=10.0, width=30)) == 30


def test_nothing_to_do_is_all_done() -> None:
    assert progress_line(0, 0, "traces", elapsed_s=0.0, width=80).startswith("━" * 20)


def test_nobody_watching_means_nothing_written(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("traces") as progress:
        progress.update(1, 2)

    assert capsys.readouterr() == ("", "")


def test_a_finished_progress_line_is_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("traces", shown=True) as progress:
        progress.update(2, 2)

    assert capsys.readouterr().err.endswith("\r\x1b[2K")


@pytest.mark.parametrize(
    ("seconds", "words"), [(4.4, "4 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_are_said_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
