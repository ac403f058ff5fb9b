"""A bug-report bundle: everything that replays some traces elsewhere, masked, in one file.

A ZIP with a README for people, a manifest, and records: traces, what their tools asked of the
outside, the schemas of their tools, and the newest verdicts. What it is masked with stays behind.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from replay.interchange.bundle_readme import readme
from replay.interchange.record_lines import write_records, write_schemas
from replay.records import AnyRecord, CallVerdict, JsonObject, ReplayRun, Transcript
from replay.store import Store
from replay.verdicts import collect

if TYPE_CHECKING:
    from replay.store.redaction import Redaction

FORMAT: Final = "replay-bundle"
VERSION: Final = 1
README, MANIFEST, RECORDS = "README.md", "manifest.json", "records.jsonl"
CASE: Final = "_case"
"""Ends the id of a replay run whose verdicts are a bundle's: the whole run says more."""
MASKED_CALLS: Final = "masked_calls"
"""In the manifest: how many tool calls were asked or told something that is masked."""
RECORDS_BYTES_MAX: Final = 2**30
"""Of the records when unpacked. Who reads a bundle refuses more."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""With one key, a bundle of the same traces is the same file, whenever it is made."""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class BundleReport:
    """What was put into a bundle."""

    trace_count: int
    record_count: int
    verdict_count: int
    is_masked: bool
    call_count: int = 0
    placeholder_count: int = 0
    """Tool calls that were asked or told something that is masked."""


class BundleTooLarge(Exception):
    """The records of the selected traces are more than a bundle may hold."""


def write_bundle(
    store: Store,
    trace_ids: Sequence[str],
    file: IO[bytes],
    redaction: Redaction | None,
    on_progress: OnProgress,
) -> BundleReport:
    """Write the bundle of some traces; ``redaction`` None: as they are stored.

    Raises:
        BundleTooLarge: fewer traces must be chosen.
    """
    with tempfile.TemporaryDirectory(prefix="replay-bundle-") as folder:
        case = Path(folder) / "case.db"
        with Store.open(case, mode="create") as copy:
            _copy(store, copy, trace_ids, on_progress)
            if redaction is not None:
                copy.mask(redaction)
            lines, counts = _lines(copy, Path(folder) / RECORDS, redaction)
            runs = copy.runs()
            manifest = _manifest(copy.trace_ids(), counts, lines, is_masked=redaction is not None)
            text = readme(copy, runs, manifest)
        with zipfile.ZipFile(file, "w") as archive:
            _add(archive, README, text.encode())
            _add(archive, MANIFEST, json.dumps(manifest, indent=2).encode())
            _add(archive, RECORDS, lines)
    masked_count = counts.pop(MASKED_CALLS, 0)
    return BundleReport(
        counts["trace"],
        counts.total(),
        counts["call_verdict"],
        redaction is not None,
        counts["tool_call"],
        masked_count,
    )


def _copy(store: Store, copy: Store, trace_ids: Sequence[str], on_progress: OnProgress) -> None:
    named: set[str] = set()
    started_at: dict[str, str] = {}
    verdicts = _newest_verdicts(store, trace_ids)
    schemas = {schema.id: schema for schema in store.tool_schemas()}
    for done, trace_id in enumerate(trace_ids, start=1):
        transcript = store.transcript(trace_id)
        of_tools = [schemas[one["id"]] for one in write_schemas(transcript, schemas, named)]
        copy.append_all([*of_tools, *_records(transcript)])
        on_progress(done, len(trace_ids))
        started_at[trace_id] = transcript.trace.started_at
    for run, found in verdicts:
        copy.append_all([run, *found, *collect(found, started_at)])
    copy.flush()


def _records(transcript: Transcript) -> Iterator[AnyRecord]:
    yield transcript.trace
    yield from transcript.steps
    for several in (transcript.attempts, transcript.interactions):
        for each in several.values():
            yield from each
    yield from transcript.feedback
    yield from transcript.pins


def _newest_verdicts(
    store: Store, trace_ids: Sequence[str]
) -> list[tuple[ReplayRun, list[CallVerdict]]]:
    """Of each trace the verdicts of the newest replay run that judged it, by run."""
    runs: dict[str, ReplayRun] = {}
    traces: dict[str, list[str]] = {}
    for trace_id in trace_ids:
        run = store.judging_run(trace_id)
        if run is not None:
            runs[run.id] = run
            traces.setdefault(run.id, []).append(trace_id)
    found = []
    for run_id, run in runs.items():
        verdicts = _verdicts(store, run, traces[run_id])
        found.append((_run_of(run, verdicts), verdicts))
    return found


def _verdicts(store: Store, run: ReplayRun, trace_ids: Iterable[str]) -> list[CallVerdict]:
    return [
        verdict.model_copy(update={"run_id": f"{run.id}{CASE}"})
        for trace_id in trace_ids
        for verdict in store.verdicts(run.id, trace_id=trace_id)
    ]


def _run_of(run: ReplayRun, verdicts: Sequence[CallVerdict]) -> ReplayRun:
    """The run, as if it had been of these calls alone."""
    return run.model_copy(
        update={
            "id": f"{run.id}{CASE}",
            "trace_count": len({verdict.trace_id for verdict in verdicts}),
            "call_count": len(verdicts),
            "verdict_counts": dict(Counter(verdict.verdict.value for verdict in verdicts)),
            "conditional_count": sum(verdict.conditional for verdict in verdicts),
            "digest": None,
            "selection": {},
            "sample": {},
            "coverage": {},
            "tool_sources": {},
        }
    )


def _lines(copy: Store, path: Path, redaction: Redaction | None) -> tuple[Path, Counter[str]]:
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for line in _all_lines(copy):
            counts[line["kind"]] += 1
            if redaction is not None and line["kind"] == "tool_call":
                told = f"{line['arguments']} {line['response']}"
                counts[MASKED_CALLS] += redaction.redactor.holds_placeholders(told)
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            if file.tell() > RECORDS_BYTES_MAX:
                raise BundleTooLarge
    return path, counts


def _all_lines(copy: Store) -> Iterator[JsonObject]:
    schemas, written = {schema.id: schema for schema in copy.tool_schemas()}, set[str]()
    for trace_id in copy.trace_ids():
        transcript = copy.transcript(trace_id)
        yield from write_schemas(transcript, schemas, written)
        yield from write_records(transcript)
    for run in reversed(copy.runs()):
        yield run.model_dump(mode="json")
        for record in (*copy.verdicts(run.id), *copy.findings(run.id)):
            yield record.model_dump(mode="json")


def _manifest(
    trace_ids: Sequence[str], counts: Counter[str], lines: Path, *, is_masked: bool
) -> JsonObject:
    from replay import __version__

    counts = counts.copy()
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_by": f"replay {__version__}",
        "masked": is_masked,
        MASKED_CALLS: counts.pop(MASKED_CALLS, 0),
        "traces": list(trace_ids),
        "records": dict(sorted(counts.items())),
        "records_bytes": lines.stat().st_size,
    }


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    if isinstance(content, bytes):
        archive.writestr(entry, content)
        return
    entry.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(entry, "w") as target:
        while chunk := source.read(2**20):
            target.write(chunk)
