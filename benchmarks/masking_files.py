"""For `benchmarks.masking`: store planted values, export them in every format, grep for them.

GNU grep looks for all values at once, as text, through every byte of every file. What is packed is
unpacked beside it: records as they are read back, Parquet's tables, a bundle's archive, base64.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import logging
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.planted import Planted, records
from cassettes.redaction import Redactor
from replay.cli.export import FILES, FORMATS, TRAINING
from replay.store import Store
from replay.store.redaction import Redaction

WHOLE = ("records", "otlp", "openinference", "otlp-protobuf", "parquet", "html", "bundle")
"""Exports that hold everything; of these one that is small has not looked at the values."""
_WORD = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def in_files(items: list[Planted], environment: dict[str, str], folder: Path) -> str:
    """Store the texts as the records of traces; look for the values in every file that makes."""
    folder.mkdir(exist_ok=True)
    values = folder.parent / "values.txt"
    spellings = {s for one in items for s in (one.value, json.dumps(one.value)[1:-1])}
    values.write_text("".join(f"{one}\n" for one in sorted(spellings)), "utf-8")
    redaction = Redaction(Redactor(b"k" * 32, environment=environment, personal=True))
    path = folder / "traces.db"
    left: dict[str, int] = {}
    log = folder.parent / "log.txt"
    handler = logging.FileHandler(log, encoding="utf-8")
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    with Store.open(path, "create", masker=redaction) as store:
        for record in records(items):
            store.append(record)
        left["spool"] = _left(values, folder)
        store.flush()
        left["database and WAL"] = _left(values, folder)
        read_back = folder.parent / "read_back.jsonl"
        with read_back.open("w", encoding="utf-8") as file:
            for trace_id in store.trace_ids():
                file.write(store.transcript(trace_id).model_dump_json() + "\n")
        left["records, read back"] = _left(values, read_back)
        left["base64 in these"] = _left(values, _opened(read_back))
        problems = store.check()
    left["database, closed"] = _left(values, folder)
    logging.getLogger().removeHandler(handler)
    left["log"] = _left(values, log)
    left |= _exported(values, path, len(items), folder.parent / "exports")
    lines = [f"{place:28}{count:6}" for place, count in left.items()]
    return "\n".join(["values left in", *lines, f"problems of the database: {len(problems)}"])


def _exported(values: Path, path: Path, count: int, folder: Path) -> dict[str, int]:
    """Look into what every export writes, and into what was printed and reported.

    Raises:
        SystemExit: an export failed or wrote next to nothing: it would be no evidence.
    """
    folder.mkdir(exist_ok=True)
    left: dict[str, int] = {}
    said = ""
    for name in (*FORMATS, *FILES, *TRAINING):
        out = folder / name
        ran = _replay("export", str(path), "--to", name, "-o", str(out))
        said += ran.stdout + ran.stderr
        opened = folder / f"{name} unpacked"
        opened.mkdir(exist_ok=True)
        _unpack(name, out, opened)
        size = sum(one.stat().st_size for where in (out, opened) for one in _files(where))
        if ran.returncode or (name in WHOLE and size < count * 50):
            raise SystemExit(f"export --to {name}: {size} bytes\n{ran.stderr}")
        left[f"export {name}"] = _left(values, out) + _left(values, opened)
    for command in (["show", str(path), "t0"], ["list", str(path)], ["db", "check", str(path)]):
        ran = _replay(*command)
        said += ran.stdout + ran.stderr
    printed = folder / "printed.txt"
    printed.write_text(said, "utf-8")
    left["printed"] = _left(values, printed)
    return left


def _unpack(name: str, out: Path, opened: Path) -> None:
    if name == "bundle":
        with zipfile.ZipFile(out) as archive:
            archive.extractall(opened)
        for database in opened.rglob("*.db"):
            with Store.open(database) as store:
                told = [store.transcript(one).model_dump_json() for one in store.trace_ids()]
            (opened / "read_back.jsonl").write_text("\n".join(told), "utf-8")
    if name == "parquet":
        import pyarrow.parquet

        for table in out.rglob("*.parquet"):
            rows = pyarrow.parquet.read_table(table).to_pylist()
            lines = (json.dumps(row, default=str, ensure_ascii=False) for row in rows)
            (opened / f"{table.stem}.jsonl").write_text("\n".join(lines), "utf-8")


def _files(path: Path) -> Iterator[Path]:
    return (one for one in [path, *path.rglob("*")] if one.is_file())


def _opened(path: Path) -> Path:
    """Write what stands in a file in base64 beside it, and return that file."""
    plain = []
    for word in _WORD.findall(path.read_text("utf-8")):
        with contextlib.suppress(ValueError, binascii.Error):
            padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
            plain.append(base64.b64decode(padded.replace("-", "+").replace("_", "/")).decode())
    found = path.with_suffix(".opened")
    found.write_text("\n".join(plain), "utf-8")
    return found


def _left(values: Path, where: Path) -> int:
    """Return how many of the values grep finds in a file, or in all files of a folder."""
    command = ["grep", "-a", "-o", "-h", "-r", "-F", "-f", str(values), str(where)]
    # The bytes alone: in a language's own alphabet grep passes by what is no text of it.
    ran = subprocess.run(
        command, capture_output=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    )
    if ran.returncode > 1:
        raise SystemExit(ran.stderr.decode())
    return len(set(ran.stdout.splitlines()))


def _replay(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "replay.cli.main", *command],
        capture_output=True,
        text=True,
        check=False,
    )
