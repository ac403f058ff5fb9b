"""``python -m benchmarks.masking``: what masking finds, what it takes for what it is not, its cost.

With ``--peers PYTHON``, an interpreter that has presidio-analyzer, scrubadub and datafog, the same
texts go through these too (`benchmarks/masking_peers.py`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.masking_files import in_files
from benchmarks.planted import Planted, look_alikes, planted
from benchmarks.unseen import unseen
from benchmarks.unseen_places import stands
from cassettes.redaction import Redactor

KINDS = ("email", "phone", "card", "iban", "ssn", "ip", "jwt", "vendor_key", "environment")
Masked = list[str]


def ours(items: list[Planted], environment: dict[str, str]) -> tuple[Masked, float]:
    redactor = Redactor(b"k" * 32, environment=environment, personal=True)
    started = time.process_time()
    masked = [redactor.text(one.text) for one in items]
    return masked, time.process_time() - started


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
        + "".join(f"{took / len(masked) * 1e6:22,.0f}" for masked, took in rows.values())
    )
    return "\n".join(lines)


def _share(kind: str, masked: Masked, items: list[Planted]) -> str:
    """Recall and precision; a value that only looks so counts where it is no longer there whole."""
    hit = missed = wrong = 0
    for one, text in zip(items, masked, strict=False):  # the second corpus follows
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
    for one, text in zip(items, masked, strict=False):
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


def unseen_table(rows: dict[str, Masked], items: list[Planted]) -> str:
    """Recall by kind, by place, and what of ours is found least."""
    lines = [f"{'recall, %':28}{'values':>8}" + "".join(f"{name:>12}" for name in rows)]
    gone = {
        name: [not stands(one.value, text) for one, text in zip(items, masked, strict=True)]
        for name, masked in rows.items()
    }
    for group in (_kind, _place):
        for name in dict.fromkeys(map(group, items)):
            chosen = [at for at, one in enumerate(items) if group(one) == name]
            line = f"{name:28}{len(chosen):8,}"
            for found in gone.values():
                line += f"{100 * sum(found[at] for at in chosen) / len(chosen):12.1f}"
            lines.append(line)
        lines.append("")
    lines.append("replay finds least of: " + ", ".join(_least(gone["replay"], items)))
    return "\n".join(lines)


def _kind(one: Planted) -> str:
    return one.kind


def _place(one: Planted) -> str:
    return one.place


def _least(gone: list[bool], items: list[Planted]) -> list[str]:
    told: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for found, one in zip(gone, items, strict=True):
        told[f"{one.kind}, {one.looks}"][found] += 1
    shares = sorted((100 * c[True] / c.total(), name) for name, c in told.items())
    return [f"{name} {share:.0f}" for share, name in shares[:15]]


class Peer:
    """Another masker, in a process of its own: several work side by side."""

    def __init__(self, python: str, name: str, items: list[Planted]) -> None:
        script = str(Path(__file__).with_name("masking_peers.py"))
        self._name = name
        self._texts = "\n".join(json.dumps(one.text) for one in items)
        self._told = ""
        self._process = subprocess.Popen(
            [python, script, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        self._told, self._error = self._process.communicate(self._texts)

    def masked(self) -> tuple[Masked, float]:
        """Return the texts and the seconds on the CPU.

        Raises:
            SystemExit: it failed.
        """
        self._thread.join()
        if self._process.returncode:
            raise SystemExit(f"{self._name}: {self._error[-2000:]}")
        *lines, seconds = self._told.splitlines()
        return [json.loads(line) for line in lines], float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="planted values")
    parser.add_argument("--unseen", type=int, default=4_000, help="values of the second corpus")
    parser.add_argument("--peers", help="an interpreter that has the peers")
    parser.add_argument("--names", default="presidio,scrubadub,datafog,regexes", help="which peers")
    args = parser.parse_args()
    values, environment = planted(args.count)
    items = values + look_alikes(args.count // 3)
    others = unseen(args.unseen)
    names = args.names.split(",") if args.peers else []
    peers = {name: Peer(args.peers, name, items + others) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        files = in_files(values, environment, Path(folder) / "database")
    rows = {"replay": ours(items + others, environment)}
    rows |= {name: one.masked() for name, one in peers.items()}
    print(f"{len(values):,} planted values, {len(items) - len(values):,} that only look so\n")
    print(table(rows, items))
    print(f"\nreplay, {by_place(rows['replay'][0], items)}")
    print(files)
    print(
        f"\n{len(others):,} values of the second corpus, written without a look at the detectors\n"
    )
    print(unseen_table({name: masked[len(items) :] for name, (masked, _) in rows.items()}, others))


if __name__ == "__main__":
    main()
