"""``python -m benchmarks.masking``: what masking finds, what it takes for what it is not, its cost.

With ``--peers PYTHON``, an interpreter that has presidio-analyzer, scrubadub and datafog, every
fifth of the texts goes through these too (`benchmarks/masking_peers.py`; ``--peer-every 1``: all of
them, which takes presidio minutes). The planted values are also stored and looked for in every
file, and replayed: masked as unmasked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import textwrap
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.masking_files import in_files
from benchmarks.masking_verdicts import verdicts
from benchmarks.planted import Planted, look_alikes, planted
from benchmarks.unseen import unseen
from benchmarks.unseen_places import stands
from cassettes.redaction import Redactor

KINDS = ("email", "phone", "card", "iban", "ssn", "ip", "jwt", "vendor_key", "environment")
Masked = list[str]
Row = tuple[list[Planted], Masked, float]
"""Texts, what a masker made of them, and the seconds that took on the CPU."""


def ours(items: list[Planted], environment: dict[str, str]) -> Row:
    redactor = Redactor(b"k" * 32, environment=environment, personal=True)
    started = time.process_time()
    masked = [redactor.text(one.text) for one in items]
    return items, masked, time.process_time() - started


def table(rows: dict[str, Row]) -> str:
    lines = ["recall/precision, %", f"{'':13}" + "".join(f"{name:>13}" for name in rows)]
    for kind in (*KINDS, ""):
        line = f"{kind or 'all':13}"
        for items, masked, _ in rows.values():
            line += f"{_share(kind, masked, items):>13}"
        lines.append(line)
    took = [f"{seconds / len(masked) * 1e6:13,.0f}" for _, masked, seconds in rows.values()]
    return "\n".join([*lines, f"{'CPU us a text':13}" + "".join(took)])


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
    precision = f"{100 * hit / (hit + wrong):.1f}" if hit + wrong else "-"
    return f"{recall:.1f}/{precision}"


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
    return "\n".join(
        (
            _wrapped(f"recall by place: {', '.join(told)}"),
            _wrapped(f"taken for what it is not: {', '.join(wrong) or 'none'}"),
        )
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 78, subsequent_indent="  ")


def unseen_table(rows: dict[str, Row]) -> str:
    """Recall by kind, by place, and what of ours is found least."""
    head = "".join(f"{name:>{len(name) + 2}}" for name in rows)
    lines = [f"{'recall, %':26}{'values':>7}{head}"]
    gone = {
        name: [(one, not stands(one.value, text)) for one, text in zip(items, masked, strict=True)]
        for name, (items, masked, _) in rows.items()
    }
    for group in (_kind, _place):
        counts = Counter(group(one) for one, _ in gone["replay"])
        for name, count in counts.items():
            line = f"{name:26}{count:7,}"
            for peer, found in gone.items():
                chosen = [is_gone for one, is_gone in found if group(one) == name]
                share = f"{100 * sum(chosen) / len(chosen):.1f}" if chosen else "-"
                line += f"{share:>{len(peer) + 2}}"
            lines.append(line)
        lines.append("")
    lines.append(_wrapped("replay finds least of: " + "; ".join(_least(gone["replay"]))))
    return "\n".join(lines)


def _kind(one: Planted) -> str:
    return one.kind


def _place(one: Planted) -> str:
    return one.place


def _least(gone: list[tuple[Planted, bool]]) -> list[str]:
    told: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for one, found in gone:
        told[f"{one.kind}, {one.looks}"][found] += 1
    shares = sorted((100 * c[True] / c.total(), name) for name, c in told.items())
    return [f"{name} {share:.0f}" for share, name in shares[:15] if share < 100]


class Peer:
    """Another masker, in a process of its own: several work side by side."""

    def __init__(self, python: str, name: str, items: list[Planted]) -> None:
        script = str(Path(__file__).with_name("masking_peers.py"))
        self._name, self._items = name, items
        self._told, self._error = "", ""
        self._process = subprocess.Popen(
            [python, script, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        texts = "\n".join(json.dumps(one.text) for one in self._items)
        self._told, self._error = self._process.communicate(texts)

    def row(self) -> Row:
        """Return what it made of the texts.

        Raises:
            SystemExit: it failed.
        """
        self._thread.join()
        if self._process.returncode:
            raise SystemExit(f"{self._name}: {self._error[-2000:]}")
        *lines, seconds = self._told.splitlines()
        return self._items, [json.loads(line) for line in lines], float(seconds)

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="planted values")
    parser.add_argument("--unseen", type=int, default=4_000, help="values of the second corpus")
    parser.add_argument("--peers", help="an interpreter that has the peers")
    parser.add_argument("--peer-every", type=int, default=5, help="which of the texts peers see")
    parser.add_argument("--names", default="presidio,scrubadub,datafog,regexes", help="which peers")
    args = parser.parse_args()
    values, environment = planted(args.count)
    items = values + look_alikes(args.count // 3)
    others = unseen(args.unseen)
    some = items[:: args.peer_every], others[:: args.peer_every]
    names = args.names.split(",") if args.peers else []
    peers = {name: Peer(args.peers, name, [*some[0], *some[1]]) for name in names}
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = in_files(values, environment, Path(folder) / "database")
            same = verdicts(values, environment, Path(folder) / "verdicts")
        mine = ours([*items, *others], environment)
        rows = {name: one.row() for name, one in peers.items()}
    finally:
        for one in peers.values():
            one.stop()
    print(
        f"{len(values):,} planted values, {len(items) - len(values):,} that only look so; "
        f"peers: {len(some[0]):,} of these\n"
    )
    print(table(_part({"replay": mine}, len(items)) | _part(rows, len(some[0]))))
    print(f"\nreplay:\n{by_place(mine[1][: len(items)], items)}")
    print(f"\n{files}\n")
    for line in same:
        print(_wrapped(line))
    print(f"\n{len(others):,} values of a second corpus, made without a look at the detectors\n")
    print(unseen_table(_part({"replay": mine}, -len(others)) | _part(rows, -len(some[1]))))


def _part(rows: dict[str, Row], count: int) -> dict[str, Row]:
    """Return the first or, of a negative count, the last texts of each row."""
    taken = slice(count) if count > 0 else slice(count, None)
    return {
        name: (items[taken], masked[taken], seconds * abs(count) / len(items))
        for name, (items, masked, seconds) in rows.items()
    }


if __name__ == "__main__":
    main()
