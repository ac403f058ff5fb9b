"""The data card: what a set of training data holds, its origin, what was left out and why."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from replay import __version__
from replay.interchange.times import UNKNOWN_TIME
from replay.training.counts import PartCounts

if TYPE_CHECKING:
    from replay.training.collecting import Collection

_LINES: Final = {
    "tuples": "a tool call: `prompt`, `tool_call`, `tool_result`, `human_feedback`",
    "openai-sft": "a conversation for supervised fine-tuning: `messages` with weights, `tools`",
    "anthropic": "a conversation: `system`, `messages`, `tools`; the last message is the model's",
    "dpo": "a pair: `input`, `preferred_output`, `non_preferred_output`",
    "toolformer": "a text with its calls inside: `[tool(argument=value) → result]`",
}
_KEPT: Final = {
    "good": "only decisions that a person rated good or corrected",
    "ok": "decisions that fit the schema shown, ended well, and nobody called bad",
    "valid": "decisions that fit the schema shown and nobody called bad",
    "all": "every call, whatever became of it",
}
_SOURCES: Final = {
    "recorded": "as the model did it",
    "correction": "as a person said it should have been",
    "retry": "as the model did it after its first try was rejected",
    "same prompt": "as it was done elsewhere, for the same prompt",
    "translation": "as today's version of the tool reads the older call",
}


def data_card(collection: Collection, command: Sequence[str] = ()) -> str:
    """Return the card as Markdown. ``command``: what made it, as typed."""
    return "\n".join(_lines(collection, command)) + "\n"


def _lines(collection: Collection, command: Sequence[str]) -> Iterator[str]:
    counts = collection.counts
    yield "# Training data: " + collection.format_name
    yield ""
    yield f"Each line is {_LINES[collection.format_name]}."
    yield ""
    yield "| part | file | examples | traces |"
    yield "|---|---|---:|---:|"
    for name, part in counts.parts.items():
        traces = len(part.trace_ids)
        yield f"| {name} | `{counts.files[name]}` | {part.example_count:,} | {traces:,} |"
    yield ""
    yield from _where_from(collection, command)
    yield from _how_chosen(collection)
    yield from _to_know(collection)


def _where_from(collection: Collection, command: Sequence[str]) -> Iterator[str]:
    counts = collection.counts
    yield "## Where it came from"
    yield ""
    if command:
        yield f"`{shlex.join(command)}`"
        yield ""
    made = datetime.now(UTC).strftime("%Y-%m-%d")
    yield f"Made by replay {__version__} on {made} from {counts.trace_count:,} recorded traces"
    is_dated = counts.first_at is not None and counts.first_at > UNKNOWN_TIME
    span = f", {(counts.first_at or '')[:10]} to {(counts.last_at or '')[:10]}" if is_dated else ""
    yield f"with {counts.decision_count:,} decisions of models{span}."
    yield ""
    yield from _table("model", _sum(counts.parts.values(), "models"), "examples")
    tools = _sum(counts.parts.values(), "tools")
    yield from _table("tool", tools, "examples that call it; one may call several")
    sources = {
        f"{name}: {_SOURCES[name]}": count
        for name, count in _sum(counts.parts.values(), "sources").items()
    }
    yield from _table("wanted behaviour", Counter(sources), "examples")


def _how_chosen(collection: Collection) -> Iterator[str]:
    counts, options = collection.counts, collection.options
    yield "## How it was chosen"
    yield ""
    yield f"- Kept: {_KEPT[collection.keep]}."
    if options.run_id:
        yield f"- Calls were judged by how they ended in replay run {options.run_id}."
    yield f"- {counts.duplicate_count:,} examples that say the same as another were left out."
    if options.balance:
        yield f"- Balanced by {options.balance}: {counts.thinned_count:,} examples were left out."
    yield (
        f"- Divided by trace: {counts.group_count:,} groups of traces that begin with one text"
        + (f" or have one `{options.group_label}`" if options.group_label else "")
        + f"; no group is in two parts. Seed {options.seed}."
    )
    yield ""
    yield from _table("left out, because of", counts.left_out)
    yield from _table("not said, for the format cannot", counts.lost)
    if options.masked is None:
        yield from _table("traces, by what was masked in them", counts.masked)


def _to_know(collection: Collection) -> Iterator[str]:
    options = collection.options
    yield "## What to know before using it"
    yield ""
    yield "- What models did is not what they should have done: people saw only what is rated."
    if options.masked is not None:
        yield f"- Masked when it was exported: {', '.join(('secrets', *options.masked))}."
    else:
        yield "- Not masked when it was exported (`--mask` does that): of what was masked before"
        yield "  there is a table above."
    few = [name for name, part in collection.counts.parts.items() if 0 < part.example_count < 10]
    if few and collection.format_name in ("openai-sft", "dpo"):
        yield f"- OpenAI takes a file from ten examples on: {', '.join(few)} has fewer."
    if collection.format_name == "anthropic":
        yield "- What an agent said before anybody else (a greeting) was left out: people begin."
    yield "- Whether providers and the people in the traces allow training is for you to find out."


def _sum(parts: object, name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:  # type: ignore[attr-defined]  # an iterable of PartCounts
        assert isinstance(part, PartCounts)
        total.update(getattr(part, name))
    return total


def _table(title: str, counts: Counter[str], counted: str = "") -> Iterator[str]:
    if not counts:
        return
    yield f"| {title} | {counted} |"
    yield "|---|---:|"
    for name, count in counts.most_common():
        yield f"| {name} | {count:,} |"
    yield ""
