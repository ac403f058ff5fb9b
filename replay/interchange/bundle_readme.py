"""The README inside a bundle: what is in it, and how to replay it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from replay.records import JsonObject, ModelCall, ReplayRun, ToolCall

if TYPE_CHECKING:
    from replay.store import Store

_TRACES_TOLD_MAX = 50


def readme(store: Store, runs: Sequence[ReplayRun], manifest: JsonObject) -> str:
    """Return the text; names of traces and tools are in it, and nothing else of what was said."""
    return "\n".join(_lines(store, runs, manifest)) + "\n"


def _lines(store: Store, runs: Sequence[ReplayRun], manifest: JsonObject) -> Iterator[str]:
    yield "# A case for replay"
    yield ""
    yield "Recorded runs of an agent, with what its tools asked of the outside and the schemas of"
    yield "its tools: enough to run today's tools over them, with no network."
    yield ""
    yield "```bash"
    yield "pip install replay-sandbox"
    yield "replay import case.db case.replay    # this file, whatever it is called"
    yield "replay show case.db"
    yield "replay run case.db --tools your_package.tools:toolbox"
    yield "```"
    yield ""
    yield _masked(manifest["masked"])
    yield ""
    yield "| trace | model calls | tool calls | tools |"
    yield "|---|---|---|---|"
    trace_ids = manifest["traces"]
    for trace_id in trace_ids[:_TRACES_TOLD_MAX]:
        steps = store.transcript(trace_id, prompts=False).steps
        asked = [step for step in steps if isinstance(step, ToolCall)]
        tools = ", ".join(sorted({_cell(step.tool) for step in asked}))
        models = sum(isinstance(step, ModelCall) for step in steps)
        yield f"| `{_cell(trace_id)}` | {models:,} | {len(asked):,} | {tools} |"
    if len(trace_ids) > _TRACES_TOLD_MAX:
        yield f"| and {len(trace_ids) - _TRACES_TOLD_MAX:,} more | | | |"
    yield from _verdicts(runs)


def _masked(is_masked: bool) -> str:
    if not is_masked:
        return "**Not masked** beyond what the recording masked: it may hold personal data."
    return (
        "Secrets and personal data (emails, phone numbers, cards, IBANs, social security numbers, "
        "IP addresses) are placeholders: equal values have equal ones. The key that made them is "
        "not in this file. What your own tools answer with such a value in it counts as changed; "
        "what comes out of the recording does not. With that key in REPLAY_MASKING_KEY, and "
        "`personal = true` in [tool.replay.mask] of pyproject.toml, neither does."
    )


def _verdicts(runs: Sequence[ReplayRun]) -> Iterator[str]:
    if not runs:
        return
    yield ""
    yield "What the newest replay said of them:"
    yield ""
    for run in runs:
        said = ", ".join(f"{count:,} {word}" for word, count in sorted(run.verdict_counts.items()))
        yield f"- `{_cell(run.id)}`: {said}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")
