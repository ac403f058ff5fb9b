"""What a replay run says of the sample that it was given: never that it is the whole."""

from __future__ import annotations

from typing import Final

from replay.records import JsonObject, ReplayRun
from replay.report.ink import count

_NAMED_MAX: Final = 3


def is_sampled(run: ReplayRun) -> bool:
    """Return whether ``run`` left out traces that were selected."""
    return bool(run.sample) and run.sample["of"] > run.trace_count


def sampled(run: ReplayRun) -> str:
    """Return what follows the number of traces: `` (a sample of 5,120)``, or nothing."""
    return f" (a sample of {run.sample['of']:,})" if is_sampled(run) else ""


def sample_words(run: ReplayRun) -> list[str]:
    """Return how the sample was chosen and what is not in it, a sentence each."""
    return chosen_words(run.trace_count, run.sample) if is_sampled(run) else []


def chosen_words(trace_count: int, told: JsonObject) -> list[str]:
    """Return the same of ``trace_count`` traces that were chosen so; nothing of all there are."""
    if not told or told["of"] <= trace_count:
        return []
    how = "the newest" if told["newest"] else f"drawn by seed {told['seed']}"
    text = f"A sample: {trace_count:,} of {count(told['of'], 'trace')}, {how}"
    if "stratify" not in told:
        return [f"{text}. The others were not replayed."]
    *first, last = told["stratify"]
    kinds = f"{', '.join(first)} and {last}" if first else last
    text += f" of each {kinds}" if told["newest"] else f", of each {kinds}"
    missing = told["kinds"] - told["reached"]
    if not missing:
        return [f"{text}: all {told['kinds']:,} kinds are in it. The others were not replayed."]
    names = ", ".join(told["missed"][:_NAMED_MAX]) + (", ..." if missing > _NAMED_MAX else "")
    return [
        f"{text}: {told['reached']:,} of {told['kinds']:,} kinds are in it, {missing:,} are not "
        f"({names}); --sample {told['kinds']} reaches them."
    ]
