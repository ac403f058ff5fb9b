"""How often the adversarial tools give the same bytes: a matrix of launchers, and many replays.

    python -m benchmarks.determinism [--runs 50] [--replays 1000] [--python PATH ...]

A run is a command of its own, with another hash seed, time zone, language, folder, order of traces,
worker count and load than the others; it replays the whole suite (tests/cassettes/adversarial) a
few times. ``--replays`` is how many replays there are in all. For each Python: how many tools had
one result in every replay, how many of the rest carried a label in every one of them, and the
digest over all tools that carry no label.

``--python`` is another interpreter with replay installed; without it, the running one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ZONES = ["UTC", "Asia/Tokyo", "America/Lima", "Europe/Berlin", "Asia/Kathmandu"]
LANGUAGES = ["C", "C.UTF-8", "de_DE.UTF-8", "en_US.UTF-8", ""]
BURN = "while True: pass"


def main() -> None:
    """Print one line for each Python."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=50)
    asked.add_argument("--replays", type=int, default=1000)
    asked.add_argument("--python", action="append", default=[])
    asked.add_argument("--isolation", default="trace")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    print(f"{'python':8} {'tools':>5} {'replays':>7} {'identical':>15} {'labelled':>8} "
          f"{'silent':>6} {'s':>6}  digest")  # fmt: skip
    for python in options.python or [sys.executable]:
        _measure(python, options)


def _measure(python: str, options: argparse.Namespace) -> None:
    started = time.monotonic()
    chance = random.Random(options.seed)
    seen: dict[str, set[str]] = {}
    labels: dict[str, str | None] = {}
    count = 0
    for number in range(options.runs):
        share = options.replays // options.runs + (number < options.replays % options.runs)
        said = _run(python, options.isolation, max(share, 1), chance)
        count += max(share, 1)
        for name, digests in said["digests"].items():
            seen.setdefault(name, set()).update(digests)
            note = said["shown"][name][2]
            labels[name] = note if number == 0 else labels[name] and note
    different = {name for name, digests in seen.items() if len(digests) > 1}
    silent = sorted(name for name in different if not labels[name])
    folded = blake2b(digest_size=12)
    for name in sorted(name for name in seen if name not in different and not labels[name]):
        folded.update(f"{name} {min(seen[name])}\n".encode())
    version = subprocess.check_output([python, "-c", "import sys; print(sys.version.split()[0])"])
    same = len(seen) - len(different)
    print(
        f"{version.decode().strip():8} {len(seen):5} {count:7} {same:7} "
        f"({same / len(seen):5.1%}) {len(different) - len(silent):8} {len(silent):6} "
        f"{time.monotonic() - started:6.0f}  {folded.hexdigest()}",
        flush=True,
    )
    for name in sorted(different):
        print(f"    {name}: {labels[name] or 'NOT LABELLED'}", flush=True)


def _run(python: str, isolation: str, replays: int, chance: random.Random) -> dict[str, Any]:
    """Replay the suite from a launcher unlike the others."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": chance.choice(["/tmp", os.environ.get("HOME", "/")]),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": chance.choice(["random", "0", str(chance.randrange(10**6))]),
        "TZ": chance.choice(ZONES),
        "LANG": chance.choice(LANGUAGES),
        "NOISE": "x" * chance.randrange(4000),
    }
    words = ["--replays", str(replays), "--workers", str(chance.choice([1, 2]))]
    words += ["--seed", str(chance.randrange(10**6))]
    module = "tests.cassettes.adversarial.launch"
    load = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(chance.choice([0, 0, 2]))]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [python, "-m", module, isolation, *words],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            for one in load:
                one.kill()
                one.wait()
    if done.returncode:
        raise SystemExit(f"{python}: {done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


if __name__ == "__main__":
    main()
