"""The selection options: which traces and calls a command is about, said in one way everywhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from replay.cli.arguments import (
    complete_outcomes,
    complete_traits,
    read_labels,
    read_moment,
    read_outcomes,
    read_traits,
)
from replay.cli.completing import complete_values

if TYPE_CHECKING:
    from replay.records import Selection

CALL_OPTIONS = (
    click.option(
        "--tool",
        "tools",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_values("tool"),
        help="Only calls of this tool.",
    ),
    click.option(
        "--tool-version",
        "tool_versions",
        multiple=True,
        metavar="VERSION",
        help="Only calls recorded with this version of their tool.",
    ),
    click.option(
        "--model",
        "models",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_values("model"),
        help="Only calls made by this model; `*` stands for anything.",
    ),
)
"""Which calls, by what made them. `replay stats` has them too."""

TRACE_OPTIONS = (
    click.option(
        "--app",
        "apps",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_values("app"),
        help="Only traces of this app.",
    ),
    click.option(
        "--source",
        "sources",
        multiple=True,
        metavar="NAME",
        help="Only traces from there: recorded, or the format they were imported from.",
    ),
    click.option(
        "--label",
        "labels",
        multiple=True,
        callback=read_labels,
        metavar="KEY=VALUE",
        help="Only traces that carry this label.",
    ),
)
"""Which traces, by where they came from. `replay stats` has them too."""

_OPTIONS = (
    click.option(
        "--trace",
        "trace_ids",
        multiple=True,
        metavar="ID",
        shell_complete=complete_values("trace"),
        help="Only this trace: its id, or the unique beginning of it.",
    ),
    *CALL_OPTIONS,
    click.option(
        "--outcome",
        "outcomes",
        multiple=True,
        callback=read_outcomes,
        shell_complete=complete_outcomes,
        metavar="CODE",
        help="Only calls that ended so: ok, failed, invalid_arguments, timeout, ...",
    ),
    *TRACE_OPTIONS,
    click.option(
        "--since",
        callback=read_moment,
        metavar="WHEN",
        help="Only traces that started then or later: 2026-11-21, 2026-11-21T09:30 (UTC), 12h, 7d.",
    ),
    click.option(
        "--until", callback=read_moment, metavar="WHEN", help="Only traces that started before."
    ),
    click.option(
        "--text", metavar="TEXT", help="Only calls with this text in arguments or response."
    ),
    click.option("--pinned", is_flag=True, help="Only traces that are pinned (`replay pin`)."),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="COUNT",
        help="At most this many traces, the newest.",
    ),
)

SELECTION_FIELDS = (
    "trace_ids",
    "tools",
    "tool_versions",
    "models",
    "outcomes",
    "apps",
    "sources",
    "labels",
    "since",
    "until",
    "text",
    "pinned",
    "limit",
)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the selection options; it gets them as one ``selection``.

    Within one option any of its values will do; different options must all hold.
    """

    @functools.wraps(command)
    def with_selection(*args: Any, **options: Any) -> Any:
        given = {field: options.pop(field) for field in SELECTION_FIELDS}
        return command(*args, selection=selection_from(given), **options)

    wrapped: Callable[..., Any] = with_selection
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_SAMPLING = (
    click.option(
        "--sample",
        "count",
        type=click.IntRange(min=1),
        metavar="COUNT",
        help="Of these traces only so many, the same ones each time; says of how many.",
    ),
    click.option("--newest", is_flag=True, help="With --sample: the newest ones (of each kind)."),
    click.option(
        "--stratify",
        metavar="TRAIT,...",
        callback=read_traits,
        shell_complete=complete_traits,
        help="With --sample: every kind of call is in it, as far as it goes; kinds differ in their "
        "tool, model or outcome.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0, max=2**31),
        metavar="NUMBER",
        help="With --sample: draw others.",
    ),
)


SAMPLING_FIELDS = ("count", "newest", "stratify", "seed")


def sampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command``, which has the selection options, those of a sample too."""

    @functools.wraps(command)
    def with_sample(
        *args: Any,
        selection: Selection,
        count: int | None,
        newest: bool,
        stratify: list[str],
        seed: int | None,
        **options: Any,
    ) -> Any:
        chosen = sampled(selection, count, newest=newest, stratify=stratify, seed=seed)
        return command(*args, selection=chosen, **options)

    wrapped: Callable[..., Any] = with_sample
    for option in reversed(_SAMPLING):
        wrapped = option(wrapped)
    return wrapped


def sampled(
    selection: Selection,
    count: int | None,
    *,
    newest: bool = False,
    stratify: list[str] | None = None,
    seed: int | None = None,
) -> Selection:
    """Return ``selection`` with the sample that the options' values describe; None: without one.

    Raises:
        click.UsageError: they say how to choose, and not how many.
    """
    if count is None:
        given = {"--newest": newest, "--stratify": stratify, "--seed": seed is not None}
        for name, is_given in given.items():
            if is_given:
                raise click.UsageError(
                    f"{name} says how a sample is chosen; say how many traces: --sample 200."
                )
        return selection
    if newest and seed is not None:
        raise click.UsageError("--newest draws nothing, so --seed has no meaning beside it.")
    sample = {"count": count, "newest": newest, "stratify": stratify or [], "seed": seed or 0}
    return selection.model_validate({**selection.model_dump(), "sample": sample})


def selection_from(given: dict[str, Any]) -> Selection:
    """Return the selection that the options' values describe."""
    from replay.records import Selection

    fields = {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items()
    }
    return Selection.model_validate(fields)


def selection_words(selection: Selection) -> str:
    """Return the conditions as they would be typed, or ``""`` for everything."""
    names = {
        "trace_ids": "trace",
        "tools": "tool",
        "models": "model",
        "tool_versions": "tool-version",
        "outcomes": "outcome",
        "apps": "app",
        "sources": "source",
        "labels": "label",
    }
    words = []
    dumped = selection.model_dump(exclude_defaults=True, mode="json")
    sample = dumped.pop("sample", None)
    for field, value in dumped.items():
        if isinstance(value, dict):
            value = [f"{key}={wanted}" for key, wanted in value.items()]
        if value is True:
            words.append(f"--{field}")
            continue
        values = value if isinstance(value, list) else [value]
        words += [f"--{names.get(field, field)} {one}" for one in values]
    return " ".join([*words, *_sample_words(sample or {})])


def _sample_words(sample: dict[str, Any]) -> list[str]:
    words = [f"--sample {sample['count']}"] if sample else []
    words += ["--newest"] if sample.get("newest") else []
    words += [f"--stratify {','.join(sample['stratify'])}"] if sample.get("stratify") else []
    return words + ([f"--seed {sample['seed']}"] if sample.get("seed") else [])
