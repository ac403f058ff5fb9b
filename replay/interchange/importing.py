"""Importing files into a database: checked whole, then written trace by trace.

A file with a line that cannot be read is refused before anything of any file is kept, unless bad
lines are to be left out. Ids come from the content, so importing a file twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import ImportFileError, MissingExtraError
from replay.interchange.building import trace_id_of, transcript_of
from replay.interchange.bundle_reading import OTHERS_KEY, Unpacked, write_case
from replay.interchange.bundle_reading import SOURCE as BUNDLE
from replay.interchange.contexts import Contexts
from replay.interchange.conversation import Conversation
from replay.interchange.formats import CHAT_FORMATS, TRACE_FORMATS, ChatFormat, detect_format
from replay.interchange.import_report import EMPTY, LEFT_OUT, NOT_CARRIED, FileReport, count_written
from replay.interchange.json_values import read_values
from replay.interchange.line_fields import ReadOptions
from replay.interchange.lines import BadLine, Line, Misfit, misfit_line
from replay.interchange.rebuilding import VERBATIM
from replay.interchange.record_file import check_records, write_record_file
from replay.interchange.sameness import is_coarser, is_same
from replay.interchange.sources import files_of
from replay.interchange.trace_files import TraceFiles
from replay.records import Feedback, Selection, Transcript

if TYPE_CHECKING:
    from replay.store import Store
    from replay.store.redaction import Redaction

OnProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all; every byte is read twice."""

FULLER: Final = "traces of which the database has more steps: left as they are there"
_BAD_LINES_SHOWN_MAX: Final = 5


@dataclass(frozen=True)
class ImportOptions:
    """How to read the files."""

    format: str | None = None
    """A name of `FORMATS`; None: by each file's content."""
    skip_bad_lines: bool = False
    """True: leave lines out that cannot be read, and say which."""
    read: ReadOptions = field(default_factory=ReadOptions)


def import_files(
    store: Store,
    paths: Sequence[Path],
    options: ImportOptions | None = None,
    *,
    on_progress: OnProgress | None = None,
) -> list[FileReport]:
    """Import ``paths`` into ``store`` and return what became of each.

    A trace is written whole or not at all; one that is there already, exactly so, is left alone.

    Raises:
        ImportFileError: a file that is no format we know, or with a line that cannot be read;
            nothing was kept of any file.
    """
    return CheckedFiles(paths, options, on_progress=on_progress).write(store)


class CheckedFiles:
    """Files that were read to their last line and can be imported."""

    def __init__(
        self,
        paths: Sequence[Path],
        options: ImportOptions | None = None,
        *,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Read every line of ``paths``; of a folder, of every file in it that is of a format.

        What a folder has besides is left out: files of no format, and those that a package reads
        which is not installed.

        Raises:
            ImportFileError: a file that is no format we know, or with a line that cannot be read.
        """
        options = options or ImportOptions()
        files = files_of(paths)
        progress = _Progress([path for path, _ in files], on_progress)
        self._files: list[_File | TraceFiles] = []
        self._reports: list[FileReport] = []
        self._progress = progress
        try:
            for path, is_found in files:
                self._check(path, options, is_found=is_found)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        for file in self._files:
            if isinstance(file, TraceFiles):
                file.close()

    def _check(self, path: Path, options: ImportOptions, *, is_found: bool) -> None:
        try:
            name = options.format or detect_format(path)
        except ImportFileError as error:
            if not is_found:
                raise
            self._reports.append(_left_out(path, error))
            return
        if name not in TRACE_FORMATS:
            file = _File(path, name, options, self._progress)
            self._files.append(file)
            file.check()
            return
        group = next((f for f in self._files if _is_of(f, name)), None)
        if group is None:
            group = TraceFiles(TRACE_FORMATS[name], options.read)
            self._files.append(group)
        assert isinstance(group, TraceFiles)
        try:
            bad = group.check(path, self._progress.add)
        except MissingExtraError as error:
            if not is_found:
                raise
            self._reports.append(_left_out(path, error))
            return
        if bad and not options.skip_bad_lines:
            raise _refusal(path, bad)

    def unread(self) -> list[FileReport]:
        """Return what is told of the files, where none of them is to be written; else nothing."""
        empty = [one for one in self._files if isinstance(one, _File) and one.format is None]
        groups = [one for one in self._files if isinstance(one, TraceFiles) and not one.paths]
        if len(empty) + len(groups) < len(self._files):
            return []
        self._close()
        return [*(one.report for one in empty), *self._reports]

    def write(self, store: Store, redaction: Redaction | None = None) -> list[FileReport]:
        """Write every trace that ``store`` does not have, and return what became of each file.

        ``redaction`` masks all that is written; None: it is kept as it stands in the files.
        """
        writing = Writing(store, redaction)
        reports = []
        try:
            for file in self._files:
                if isinstance(file, TraceFiles):
                    if file.paths:
                        reports.append(file.write(writing, self._progress.add))
                else:
                    file.write(writing)
                    reports.append(file.report)
        finally:
            self._close()
        store.flush()
        return [*reports, *self._reports]


def _is_of(file: _File | TraceFiles, name: str | None) -> bool:
    return isinstance(file, TraceFiles) and file.format.name == name


def _left_out(path: Path, error: ImportFileError) -> FileReport:
    report = FileReport(str(path), LEFT_OUT)
    if isinstance(error, MissingExtraError):
        report.missing_extra = error.extra
        report.notes[error.wanted.removeprefix(f"{str(path)!r} is ")] = 1
    else:
        report.notes[error.wanted.removeprefix(f"{path}:1:1: ")] = 1
    return report


class Writing:
    """One import's way into a database: each trace once, whole, and only where it is news."""

    def __init__(self, store: Store, redaction: Redaction | None = None) -> None:
        self.store = store
        self.redaction = redaction
        if redaction is not None:
            store.masker = redaction  # also of what comes in as records
        self._known = set(store.trace_ids(Selection()))
        self._written = set[str]()

    def write(self, report: FileReport, transcript: Transcript) -> None:
        """Write ``transcript`` unless the database has it, and count what was done."""
        if self.redaction is not None:
            from replay.store.masked_reading import masked_transcript

            transcript = masked_transcript(transcript, self.redaction)
        trace = transcript.trace
        if trace.id in self._written:
            report.known_count += 1
            return
        if trace.id not in self._known:
            report.new_count += 1
        else:
            stored = self.store.transcript(trace.id)
            if is_same(stored, transcript) or is_coarser(stored, transcript):
                report.known_count += 1
                return
            if len(stored.steps) > len(transcript.steps):
                report.known_count += 1
                report.notes[FULLER] += 1
                return
            report.renewed_count += 1
        self._written.add(trace.id)
        outside = [one for each in transcript.interactions.values() for one in each]
        self.store.append_all([trace, *transcript.steps, *outside, *transcript.feedback])

    def add_feedback(self, said: Feedback) -> bool:
        """Write what is said of a trace that is there; False: it is there too, exactly so."""
        if self.redaction is not None:
            from replay.store.masking import masked_records

            [fields] = masked_records(self.redaction, [said.model_dump(mode="json")])
            said = Feedback.model_validate(fields)
        if said in self.store.transcript(said.trace_id, prompts=False).feedback:
            return False
        self.store.append(said)
        return True


class _Progress:
    def __init__(self, paths: Sequence[Path], on_progress: OnProgress | None) -> None:
        self.total = 2 * sum(path.stat().st_size for path in paths if path.is_file())
        self.done = 0
        self.on_progress = on_progress

    def add(self, size_bytes: int) -> None:
        self.done = min(self.done + size_bytes, self.total)
        if self.on_progress is not None:
            self.on_progress(self.done, self.total)


class _File:
    """One file on its way in: first checked, then written."""

    def __init__(
        self, path: Path, name: str | None, options: ImportOptions, progress: _Progress
    ) -> None:
        """``name``: of its format; None for an empty file."""
        self.path = path
        self.options = options
        self.progress = progress
        self.format = name
        self.contexts = Contexts.beside(path)
        self.report = FileReport(str(path), self.format or EMPTY)
        self.bundle = Unpacked(path) if self.format == BUNDLE else None

    @property
    def chat_format(self) -> ChatFormat | None:
        """None for replay's own records, and for an empty file."""
        return CHAT_FORMATS.get(self.format or "")

    def check(self) -> None:
        """Read every line; keep the bad ones.

        Raises:
            ImportFileError: there are bad lines, and they are not to be skipped.
        """
        if self.format is None:
            return
        bad = self._bad_lines()
        if bad and not self.options.skip_bad_lines:
            raise _refusal(self.path, bad)
        self.report.bad_lines = [line.error for line in bad]

    def write(self, writing: Writing) -> None:
        """Write every trace that the database does not have."""
        if self.format is None:
            return
        if self.bundle is not None:
            write_case(writing.store, self.bundle.records, self.report, self.progress.add)
            self.report.notes[OTHERS_KEY] += self.bundle.masked_calls
            self.report.notes = +self.report.notes
            self.bundle.close()
            return
        if self.chat_format is None:
            write_record_file(writing.store, self.path, self.report, self.progress.add)
            return
        for conversation, transcript in self._transcripts(self.chat_format):
            writing.write(self.report, transcript)
            self.report.read += self.chat_format.count_line(conversation.whole)
            self.report.written += count_written(conversation, transcript)
            self.report.notes += conversation.notes

    def _bad_lines(self) -> list[BadLine]:
        if self.chat_format is None:
            records = self.path if self.bundle is None else self.bundle.records
            return check_records(records, self.progress.add)
        bad = []
        for line in read_values(self.path):
            found = self._conversation(self.chat_format, line)
            if isinstance(found, BadLine):
                bad.append(found)
            self.progress.add(line.size_bytes)
        return bad

    def _conversation(self, chat: ChatFormat, line: Line | BadLine) -> Conversation | BadLine:
        if isinstance(line, BadLine):
            return line
        try:
            if not isinstance(line.value, dict):
                raise Misfit([], "a conversation with `messages`", line.value)
            return chat.read_line(line.value, self.contexts, self.options.read)
        except Misfit as misfit:
            return misfit_line(self.path, line, misfit)

    def _transcripts(self, chat: ChatFormat) -> Iterator[tuple[Conversation, Transcript]]:
        occurrences: Counter[str] = Counter()
        for line in read_values(self.path):
            conversation = self._conversation(chat, line)
            self.progress.add(line.size_bytes)
            if isinstance(conversation, BadLine):
                if not self.options.skip_bad_lines:
                    raise _changed_meanwhile(conversation, self.report)
                continue
            trace_id = trace_id_of(conversation)
            occurrences[trace_id] += 1
            if occurrences[trace_id] > 1:  # equal lines of one file are as many conversations
                trace_id += f".{occurrences[trace_id]}"
            transcript = transcript_of(conversation, trace_id)
            yield (
                conversation,
                _with_notes(made_exact(chat, conversation, transcript), conversation),
            )


def made_exact(chat: ChatFormat, conversation: Conversation, transcript: Transcript) -> Transcript:
    """Return ``transcript``, with the line verbatim where its records cannot give it back."""
    if chat.write_lines(transcript, Counter()) == [conversation.whole]:
        return transcript
    conversation.notes["conversations kept verbatim besides: their form is unusual"] += 1
    trace = transcript.trace
    attributes = {**trace.attributes, VERBATIM: conversation.whole}
    return transcript.model_copy(
        update={"trace": trace.model_copy(update={"attributes": attributes})}
    )


def _with_notes(transcript: Transcript, conversation: Conversation) -> Transcript:
    """The trace says itself what of it could not be carried over."""
    if not conversation.notes:
        return transcript
    told = {NOT_CARRIED: dict(sorted(conversation.notes.items()))}
    attributes = {**transcript.trace.attributes, "imported": told}
    trace = transcript.trace.model_copy(update={"attributes": attributes})
    return transcript.model_copy(update={"trace": trace})


def _refusal(path: Path, bad: Sequence[BadLine]) -> ImportFileError:
    first, others = bad[0], bad[1:]
    text = str(first.error)
    if others:
        numbers = ", ".join(str(line.number) for line in others[:_BAD_LINES_SHOWN_MAX])
        more = ", ..." if len(others) > _BAD_LINES_SHOWN_MAX else ""
        lines = "1 more line" if len(others) == 1 else f"{len(others):,} more lines"
        text += f"\n{lines} of {path.name} cannot be read either: {numbers}{more}."
    return ImportFileError(
        text,
        hint="Nothing was imported. Mend the file, or leave its bad lines out with "
        "--skip-bad-lines.",
    )


def _changed_meanwhile(bad: BadLine, report: FileReport) -> ImportFileError:
    return ImportFileError(
        str(bad.error),
        hint=f"The file changed while it was read. Of its traces were kept: {report.new_count:,}. "
        "Import it again: what is there already stays as it is.",
    )
