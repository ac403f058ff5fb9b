"""A bundle on its way in. It came from somebody else, so nothing in it is believed.

Only its manifest and its records are read, by name and into a file of our own: what else is in the
ZIP, and what names it has there, reaches no path of this machine.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from replay.errors import ImportFileError
from replay.interchange.bundle_writing import (
    FORMAT,
    MANIFEST,
    MASKED_CALLS,
    README,
    RECORDS,
    RECORDS_BYTES_MAX,
    VERSION,
)
from replay.interchange.import_report import FileReport
from replay.interchange.lines import BadLine, read_lines
from replay.interchange.record_lines import read_record
from replay.interchange.sources import head_of
from replay.records import AnyRecord, ReplayRun, Selection, ToolSchema, Trace

if TYPE_CHECKING:
    from replay.store import Store

SOURCE: Final = "bundle"
_ZIP: Final = b"PK"
_MEMBERS: Final = frozenset({README, MANIFEST, RECORDS})
_MANIFEST_BYTES_MAX: Final = 2**20
_CHUNK: Final = 2**20
OTHERS_KEY: Final = (
    "tool calls with placeholders: tools that have such data of their own answer them otherwise "
    "here, unless REPLAY_MASKING_KEY is that of whoever wrote the bundle"
)
_BATCH_MAX: Final = 1000


def is_zip(path: Path) -> bool:
    """Return whether ``path`` begins as a ZIP does."""
    return head_of(path, 2) == _ZIP


def manifest_of(path: Path) -> dict[str, Any]:
    """Return the manifest of a bundle, checked.

    Raises:
        ImportFileError: the ZIP is cut or damaged, no bundle, of a newer version, or holds what no
            bundle holds.
    """
    with _opened(path) as archive:
        names = [entry.filename for entry in archive.infolist()]
        if MANIFEST not in names or RECORDS not in names:
            raise _refused(path, "it is a ZIP, but neither a bundle nor a log of Inspect")
        strange = sorted(set(names) - _MEMBERS)
        if strange or len(names) != len(set(names)):
            what = f"it holds {strange[0]!r}" if strange else "a name in it stands twice"
            raise _refused(path, f"{what}, and no bundle that replay wrote does")
        said = _json(path, _content(path, archive, MANIFEST, _MANIFEST_BYTES_MAX))
    if said.get("format") != FORMAT or not isinstance(said.get("version"), int):
        raise _refused(path, f"its {MANIFEST} is not that of a bundle")
    if said["version"] > VERSION:
        raise _refused(
            path,
            f"it has version {said['version']}; this replay reads up to {VERSION}",
            hint="Upgrade with `pip install -U replay-sandbox`.",
        )
    size = said.get("records_bytes")
    if not isinstance(size, int) or not 0 <= size <= RECORDS_BYTES_MAX:
        raise _refused(path, f"its records are {size!r} bytes; {RECORDS_BYTES_MAX:,} at most")
    return said


def unpack(path: Path, folder: Path) -> Path:
    """Write the records of the bundle ``path`` into a file in ``folder`` and return it.

    Raises:
        ImportFileError: it is no bundle, or its records are not as many bytes as it says.
    """
    wanted_bytes = manifest_of(path)["records_bytes"]
    target = folder / RECORDS
    with _opened(path) as archive, target.open("wb") as file:
        for chunk in _chunks(path, archive, RECORDS, wanted_bytes):
            file.write(chunk)
    if target.stat().st_size != wanted_bytes:
        raise _refused(path, "its records end too early")
    return target


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise _refused(
            path, "it is a ZIP that is cut or damaged, or none", hint="Get it again."
        ) from error
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error


def _content(path: Path, archive: zipfile.ZipFile, name: str, bytes_max: int) -> bytes:
    return b"".join(_chunks(path, archive, name, bytes_max))


def _chunks(path: Path, archive: zipfile.ZipFile, name: str, bytes_max: int) -> Iterator[bytes]:
    """Unpack until ``bytes_max``, whatever size the ZIP's own directory claims."""
    taken = 0
    try:
        with archive.open(name) as member:
            while chunk := member.read(_CHUNK):
                taken += len(chunk)
                if taken > bytes_max:
                    raise _refused(path, f"its {name} goes on beyond the {bytes_max:,} bytes said")
                yield chunk
    except (RuntimeError, NotImplementedError) as error:
        raise _refused(path, f"its {name} cannot be unpacked: {error}") from error
    except (zlib.error, EOFError) as error:
        raise _refused(
            path, "it is a ZIP that is cut or damaged, or none", hint="Get it again."
        ) from error


def _json(path: Path, content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"its {MANIFEST} is not JSON") from error
    return said if isinstance(said, dict) else {}


def _refused(path: Path, why: str, *, hint: str | None = None) -> ImportFileError:
    more = f" {hint}" if hint else ""
    return ImportFileError(
        f"{str(path)!r} cannot be imported: {why}.", hint=f"Nothing was imported.{more}"
    )


class Unpacked:
    """The records of a bundle in a file that goes when this does."""

    def __init__(self, path: Path) -> None:
        """Unpack ``path``.

        Raises:
            ImportFileError: as `unpack`.
        """
        folder = tempfile.mkdtemp(prefix="replay-bundle-")
        # Whatever ends the import, and be it another file that cannot be read.
        self._end = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        try:
            said = manifest_of(path).get(MASKED_CALLS)
            self.masked_calls = said if isinstance(said, int) else 0
            """Tool calls with placeholders, as the bundle says."""
            self.records = unpack(path, Path(folder))
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Remove the file."""
        self._end()


def write_case(
    store: Store, records: Path, report: FileReport, on_read: Callable[[int], None]
) -> None:
    """Write the traces of a bundle that ``store`` does not have, and what was said of them.

    A trace that is there stays as it is: a bundle is masked, and the database may know more.
    """
    known = set(store.trace_ids(Selection()))
    batch: list[AnyRecord] = []
    is_known = False
    runs = {run.id for run in store.runs(what_ifs=True)}
    for line in read_lines(records):
        on_read(line.size_bytes)
        record = line if isinstance(line, BadLine) else read_record(records, line)
        if isinstance(record, BadLine):
            continue
        report.read[record.kind] += 1
        if isinstance(record, Trace) or len(batch) >= _BATCH_MAX:
            store.append_all(batch)
            batch = []
        if isinstance(record, Trace):
            is_known = record.id in known
            report.known_count += is_known
            report.new_count += not is_known
        elif isinstance(record, ReplayRun):
            is_known = record.id in runs or not report.new_count
        if not is_known or isinstance(record, ToolSchema):
            batch.append(record)
        report.written[record.kind] += 1
    store.append_all(batch)
