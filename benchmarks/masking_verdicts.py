"""For `benchmarks.masking`: the planted values as conversations, replayed masked and unmasked.

Each value is looked up by a tool (`benchmarks/masking_tools.py`) in a world that is made of another
one, as its trace's start says. It is recorded in the open and masked; that is masked afterwards
(`replay mask --apply`); and all three go through tools of today that answer some calls otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.planted import STEPS, Planted
from replay.store import Store

WAYS = ("unmasked", "masked afterwards", "masked as recorded")
Verdict = tuple[Any, ...]


def verdicts(items: list[Planted], environment: Mapping[str, str], folder: Path) -> list[str]:
    """Return what was compared, in lines.

    Raises:
        SystemExit: a command failed.
    """
    folder.mkdir()
    variables = {"MASKING_FOLDER": str(folder), "REPLAY_MASKING_KEY": "k" * 32, **environment}
    variables = {**os.environ, **variables}
    _write_world(items, folder)
    (folder / "items.json").write_text(json.dumps(len(items)))
    recording = [_started(variables, folder, way) for way in (WAYS[0], WAYS[2])]
    for one in recording:
        _done(one)
    shutil.copy(folder / f"{WAYS[0]}.db", folder / f"{WAYS[1]}.db")
    masking = ("mask", "--apply", "--personal", str(folder / f"{WAYS[1]}.db"))
    _done(_replay(variables, *masking))
    running = {way: _replay(variables, "run", *_options(folder, way, environment)) for way in WAYS}
    reports = {way: json.loads(_done(one, ok=(1,))) for way, one in running.items()}
    told = {way: _told(folder / f"{way}.db", report) for way, report in reports.items()}
    return _compared(told, reports)


def _compared(told: dict[str, list[Verdict]], reports: dict[str, Any]) -> list[str]:
    plain = told[WAYS[0]]
    counts = Counter(verdict for verdict, *_ in plain)
    shown = ", ".join(f"{number:,} {name}" for name, number in counts.most_common())
    lines = [f"{len(plain):,} calls through today's tools, unmasked: {shown}"]
    for way in WAYS[1:]:
        differ = sum(one != other for one, other in zip(told[way], plain, strict=True))
        findings = [_findings(reports[one]) for one in (way, WAYS[0])]
        same = "the same" if findings[0] == findings[1] else f"other: {findings[0]}"
        lines.append(
            f"{way}: {differ:,} differ in verdict, cause, effect or outcome; "
            f"{len(findings[0])} findings, {same}"
        )
    return lines


def _findings(report: Any) -> list[Any]:
    return sorted((one["title"], one["call_count"]) for one in report["findings"])


def _told(database: Path, report: Any) -> list[Verdict]:
    with Store.open(database) as store:
        found = [
            (one.trace_id, one.step_number, one) for one in store.verdicts(report["run"]["id"])
        ]
        return [
            (str(one.verdict), str(one.cause), one.effect_changed, one.conditional, _outcome(one))
            for _, _, one in sorted(found, key=lambda each: each[:2])
        ]


def _outcome(verdict: Any) -> Any:
    return None if verdict.replayed is None else str(verdict.replayed.outcome)


def _write_world(items: list[Planted], folder: Path) -> None:
    for at, some in _batches(items):
        texts = {
            one.text: {"number": at + index, "kind": one.kind, "value": one.value}
            for index, one in enumerate(some)
        }
        (folder / f"{at}.json").write_text(json.dumps(texts), "utf-8")


def _batches(items: list[Planted]) -> Iterator[tuple[int, list[Planted]]]:
    return ((at, items[at : at + STEPS]) for at in range(0, len(items), STEPS))


def record(folder: Path, way: str) -> None:
    """Record all conversations; in a process of its own, which has the tools' environment."""
    from benchmarks.masking_tools import toolbox
    from replay import Recorder

    mask = False if way == WAYS[0] else "personal"
    files = sorted(folder.glob("[0-9]*.json"), key=lambda one: int(one.stem))
    with Recorder(folder / f"{way}.db", mask=mask) as recorder:
        for number, file in enumerate(files):
            texts = list(json.loads(file.read_text("utf-8")))
            start = {"batch": file.stem, "about": texts[number % len(texts)]}
            with recorder.trace(id=f"t{file.stem}", start=start), toolbox.session(start):
                toolbox.dispatch_sync(_asked("owner"))
                for text in texts:
                    toolbox.dispatch_sync(_asked("read", text=text))


def _asked(tool: str, **arguments: str) -> list[Any]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return [{"id": f"call_{tool}", "type": "function", "function": function}]


def _options(folder: Path, way: str, environment: Mapping[str, str]) -> Iterator[str]:
    yield str(folder / f"{way}.db")
    yield from ("--tools", "benchmarks.masking_tools:toolbox", "--json", "--jobs", "1")
    variables = {**environment, "MASKING_FOLDER": str(folder), "MASKING_TODAY": "1"}
    for name, value in variables.items():
        yield from ("--env", f"{name}={value}")


Process = subprocess.Popen[str]


def _started(variables: Mapping[str, str], folder: Path, way: str) -> Process:
    return _python(variables, "-m", "benchmarks.masking_verdicts", str(folder), way)


def _replay(variables: Mapping[str, str], *command: str) -> Process:
    return _python(variables, "-m", "replay.cli.main", *command)


def _python(variables: Mapping[str, str], *command: str) -> Process:
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *command], env=dict(variables), **pipes)


def _done(process: Process, *, ok: tuple[int, ...] = (0,)) -> str:
    told, error = process.communicate()
    if process.returncode not in ok:
        raise SystemExit(f"{process.args}: {process.returncode}\n{error[-2000:]}")
    return told


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2])
