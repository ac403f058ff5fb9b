"""``python -m benchmarks.masking``: what masking finds, what it takes for what it is not, its cost.

With ``--peers PYTHON``, an interpreter that has presidio-analyzer, scrubadub and datafog, the same
texts go through these too (`benchmarks/masking_peers.py`).
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.planted import Planted, look_alikes, planted, records
from cassettes.redaction import Redactor
from replay.cli.export import FORMATS, TRAINING
from replay.store import Store
from replay.store.redaction import Redaction

KINDS = ("email", "phone", "card", "iban", "ssn", "ip", "jwt", "vendor_key", "environment")
WHOLE = ("records", "otlp", "openinference")
"""Exports that hold everything; of these one that is small has not looked at the values."""
Masked = list[str]


def ours(items: list[Planted], environment: dict[str, str]) -> tuple[Masked, float]:
    redactor = Redactor(b"k" * 32, environment=environment, personal=True)
    started = time.process_time()
    masked = [redactor.text(one.text) for one in items]
    return masked, time.process_time() - started


def peer(python: str, name: str, items: list[Planted]) -> tuple[Masked, float]:
    told = subprocess.run(
        [python, str(Path(__file__).with_name("masking_peers.py")), name],
        input="\n".join(json.dumps(one.text) for one in items),
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise SystemExit(f"{name}: {told.stderr[-2000:]}")
    *lines, seconds = told.stdout.splitlines()
    return [json.loads(line) for line in lines], float(seconds)


def table(rows: dict[str, tuple[Masked, float]], items: list[Planted]) -> str:
    lines = [f"{'recall / precision, %':22}" + "".join(f"{name:>22}" for name in rows)]
    for kind in KINDS:
        line = f"{kind:22}"
        for masked, _ in rows.values():
            line += f"{_share(kind, masked, items):>22}"
        lines.append(line)
    lines.append(
        f"{'all':22}" + "".join(f"{_share('', masked, items):>22}" for masked, _ in rows.values())
    )
    lines.append(
        f"{'CPU us a text':22}"
        + "".join(f"{seconds / len(items) * 1e6:22,.0f}" for _, seconds in rows.values())
    )
    return "\n".join(lines)


def _share(kind: str, masked: Masked, items: list[Planted]) -> str:
    """Recall and precision; a value that only looks so counts where it is no longer there whole."""
    hit = missed = wrong = 0
    for one, text in zip(items, masked, strict=True):
        if kind and one.kind != kind:
            continue
        gone = not one.stands_in(text)
        if one.is_personal:
            hit, missed = hit + gone, missed + (not gone)
        else:
            wrong += gone
    recall = 100 * hit / (hit + missed) if hit + missed else 0.0
    precision = f"{100 * hit / (hit + wrong):6.1f}" if hit + wrong else "     -"
    return f"{recall:6.1f} / {precision}"


def by_place(masked: Masked, items: list[Planted]) -> str:
    """Recall by the place where values stood, and what was taken for what it is not."""
    places: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    looks: Counter[str] = Counter()
    for one, text in zip(items, masked, strict=True):
        if one.is_personal:
            places[one.place][one.stands_in(text)] += 1
        elif not one.stands_in(text):
            looks[f"{one.looks} for {one.kind}"] += 1
    told = [f"{name} {100 * c[False] / c.total():.1f}" for name, c in places.items()]
    wrong = [f"{name} {count}" for name, count in looks.most_common()]
    return (
        f"recall by place: {', '.join(told)}\n"
        f"taken for what it is not: {', '.join(wrong) or 'none'}"
    )


def in_a_database(items: list[Planted], environment: dict[str, str]) -> str:
    """Store the texts as the records of traces; look for the values in every file that makes."""
    redaction = Redaction(Redactor(b"k" * 32, environment=environment, personal=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traces.db"
        left: dict[str, int] = {}
        logged = io.StringIO()
        handler = logging.StreamHandler(logged)
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.DEBUG)
        with Store.open(path, "create", masker=redaction) as store:
            for record in records(items):
                store.append(record)
            left["spool"] = _left(items, folder)
            store.flush()
            left["WAL and database"] = _left(items, folder)
            transcripts = [store.transcript(one).model_dump_json() for one in store.trace_ids()]
            left["records"] = sum(one.value in text for text in transcripts for one in items[::7])
            problems = store.check()
        left["database, closed"] = _left(items, folder)
        logging.getLogger().removeHandler(handler)
        left["logs"] = _standing(items, logged.getvalue())
        left |= _exported(items, path)
    lines = [f"{place:28}{count:6}" for place, count in left.items()]
    return "\n".join(["values left in", *lines, f"problems of the database: {len(problems)}"])


def _exported(items: list[Planted], path: Path) -> dict[str, int]:
    """Look into what every export writes, and into what was logged, printed and reported.

    Raises:
        SystemExit: an export failed or wrote next to nothing: it would be no evidence.
    """
    left: dict[str, int] = {}
    said = ""
    with tempfile.TemporaryDirectory() as folder:
        for name in (*FORMATS, *TRAINING):
            out = Path(folder) / name
            ran = _replay("export", str(path), "--to", name, "-o", str(out))
            files = [one for one in [out, *out.rglob("*")] if one.is_file()]
            written = "\n".join(one.read_text("utf-8") for one in files)
            if ran.returncode or (name in WHOLE and len(written) < len(items) * 50):
                raise SystemExit(f"export --to {name}: {len(written)} letters\n{ran.stderr}")
            left[f"export {name}"] = _standing(items, written)
            said += ran.stdout + ran.stderr
        for command in (["show", str(path), "t0"], ["list", str(path)], ["db", "check", str(path)]):
            ran = _replay(*command)
            said += ran.stdout + ran.stderr
    left["printed"] = _standing(items, said)
    return left


def _replay(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "replay.cli.main", *command],
        capture_output=True,
        text=True,
        check=False,
    )


def _standing(items: list[Planted], text: str) -> int:
    """Count the values that stand in ``text``, or in its JSON's spelling of them."""
    return sum(one.value in text or json.dumps(one.value)[1:-1] in text for one in items)


def _left(items: list[Planted], folder: str) -> int:
    everything = b"\0".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())
    return sum(one.value.encode() in everything for one in items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="planted values")
    parser.add_argument("--peers", help="an interpreter that has the peers")
    parser.add_argument("--names", default="presidio,scrubadub,datafog,regexes", help="which peers")
    args = parser.parse_args()
    values, environment = planted(args.count)
    items = values + look_alikes(args.count // 3)
    rows = {"replay": ours(items, environment)}
    for name in args.names.split(",") if args.peers else ():
        rows[name] = peer(args.peers, name, items)
    print(f"{len(values):,} planted values, {len(items) - len(values):,} that only look so\n")
    print(table(rows, items))
    print(f"\nreplay, {by_place(rows['replay'][0], items)}")
    print(in_a_database(values, environment))


if __name__ == "__main__":
    main()
