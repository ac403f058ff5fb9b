"""One line of the lists of replay runs and of findings, as wide as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.views.parts import Part, cut, fit, printable
from tui.views.signs import SIGN_ORDER, verdict_sign, worst_sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay.records import Finding, ReplayRun

_WIDE: Final = 100
_NARROW: Final = 72
"""Below, there is no room for a column of each sign: only for how many calls differ."""
_ROLES: Final = {
    "×": "bad",
    "∅": "bad",
    "≠": "warn",
    "?": "unsure",
    "≈": "accent",
    "✓": "good",
}
_DIFFERING: Final = ("×", "∅", "≠", "?")
_STATUS: Final = {"interrupted": "stopped"}
"""How a run ended that has no exit code, in at most seven columns."""


def _widths(width: int) -> tuple[int, int]:
    """Return how wide started and tools are."""
    if width >= _WIDE:
        return 18, 30
    return 13, max(8, width - (34 if width < _NARROW else 65))


def run_header(width: int) -> list[Part]:
    """Return the names above the list of replay runs."""
    started, tools = _widths(width)
    text = f"     {'started':<{started}}{'tools':<{tools}} {'calls':>7}"
    if width < _NARROW:
        return [(f"{text}  differ", "dim")]
    text += "".join(f"{sign:>5}" for sign in SIGN_ORDER)
    return [(text + ("  ended   code" if width >= _WIDE else "  ended"), "dim")]


def run_parts(run: ReplayRun, verdicts: Mapping[str, int], width: int) -> list[Part]:
    """Return one replay run: when, which tools, and calls by the sign of their verdict.

    ``verdicts``: its calls by verdict, as they count now.
    """
    wide = width >= _WIDE
    counts: dict[str, int] = {}
    for verdict, count in verdicts.items():
        sign = verdict_sign(verdict)[0]
        counts[sign] = counts.get(sign, 0) + count
    sign, role = worst_sign(verdicts)
    ended = _STATUS.get(run.status, run.status)
    if run.status == "finished":
        ended = "" if run.exit_code is None else f"exit {run.exit_code}"
    _, tools = _widths(width)
    name = f"{'what if ' if run.is_what_if else ''}{printable(run.toolbox)}"
    parts: list[Part] = [
        (f"  {sign}  ", f"{role} strong"),
        (run.started_at[0 if wide else 5 : 16].replace("T", " ") + "  ", "dim"),
        (fit(name, tools) + " ", "strong"),
        (f"{_calls(run.call_count):>7}", ""),
    ]
    if width < _NARROW:
        differing = sum(counts.get(sign, 0) for sign in _DIFFERING)
        return [*parts, (f"{_short(differing):>8}", role if differing else "dim")]
    for sign in SIGN_ORDER:
        number = counts.get(sign, 0)
        parts.append((f"{_short(number):>5}", _ROLES[sign] if number else "dim"))
    parts.append((f"  {ended:<7}", ""))
    if wide:
        parts.append((f" {printable(run.code_version or '')[:24]}", "dim"))
    return parts


def _calls(number: int) -> str:
    """Return a number in at most seven columns."""
    return f"{number:,}" if number < 1_000_000 else _short(number)


def _short(number: int) -> str:
    """Return a number in at most four columns; none: ``-``."""
    if number < 10_000:
        return str(number or "-")
    return f"{number // 1000}k" if number < 1_000_000 else f"{number / 1e6:.1f}M"


def finding_parts(finding: Finding, width: int) -> list[Part]:
    """Return one finding: sign, how many calls, and its title."""
    sign, role = verdict_sign(finding.verdict, approved=finding.approved)
    return [
        (f" {sign} ", f"{role} strong"),
        (f"{finding.call_count:>5,} ", "dim"),
        (cut(printable(finding.title), max(8, width - 9)), "dim" if finding.approved else ""),
    ]
