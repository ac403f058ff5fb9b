"""What `replay import` says at its end: of each file, and where something stayed outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Final

from replay.errors import ImportFileError
from replay.interchange import READ_FORMATS, FileReport
from replay.interchange.import_report import EMPTY, KINDS, LEFT_OUT, counted

_NO_FORMAT: Final = (EMPTY, LEFT_OUT)


def report_lines(report: FileReport) -> Iterator[str]:
    """Yield the lines that tell what became of one file."""
    if report.format == LEFT_OUT:
        yield f"{report.path}: left out: {'; '.join(report.notes)}"
        return
    yield f"{report.path}: {report.format}"
    for kind in dict.fromkeys(kind for kind in (*KINDS, *report.read) if report.read[kind]):
        read, written = report.read[kind], report.written[kind]
        name, becomes = counted(kind, read, written=False), counted(kind, written, written=True)
        lost = "" if read == written else f"   {read - written:,} lost"
        yield f"  {read:>9,} {name:<18} -> {written:>9,} {becomes}{lost}"
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (report.new_count, "new"),
            (report.known_count, "in the database already"),
            (report.renewed_count, "written anew"),
        )
        if count
    ]
    yield f"  traces: {', '.join(parts) or 'none'}"
    if report.always_missing is not None:
        yield f"  {report.always_missing}"
    for words, count in sorted(report.notes.items()):
        yield f"  {count:>9,} {words}"
    if report.bad_lines:
        lines = "bad line" if len(report.bad_lines) == 1 else "bad lines"
        yield f"  {len(report.bad_lines):>9,} {lines} left out:"
        for error in report.bad_lines[:20]:
            yield f"            {error.wanted}"
        if len(report.bad_lines) > 20:
            yield f"            and {len(report.bad_lines) - 20:,} more"


def what_is_missing(reports: Sequence[FileReport]) -> str | None:
    """Return which packages would read what was left out; None: none would."""
    left_out = [one for one in reports if one.missing_extra is not None]
    if not left_out:
        return None
    extras = ",".join(sorted({one.missing_extra or "" for one in left_out}))
    what = "1 file was" if len(left_out) == 1 else f"{len(left_out):,} files were"
    return (
        f"{what} left out that another package reads. Install it, and import again (what is there "
        f"stays):\n  pip install 'replay-sandbox[{extras}]'"
    )


def nothing_imported(reports: Sequence[FileReport]) -> ImportFileError:
    """Return what is told where no file had anything for the database."""
    missing = what_is_missing(reports)
    if missing is not None:
        return ImportFileError("Nothing was imported.", hint=missing)
    if any(one.format not in _NO_FORMAT for one in reports):
        return ImportFileError(
            "Nothing was imported: nothing in there tells of a model call or of a tool call.",
            hint="What was left out, and why, stands above.",
        )
    if all(one.format == EMPTY for one in reports):
        return ImportFileError("Nothing was imported: there is nothing in it.")
    return ImportFileError(
        "Nothing was imported: nothing in there is of a format that is read.",
        hint=fill(f"Formats: {', '.join(READ_FORMATS)}.", 80, break_on_hyphens=False)
        + "\nWhat tells each, and what it carries: docs/import.md.",
    )
