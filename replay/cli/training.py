"""The training data of `replay export`: its options, and what is said of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from replay.cli import terminal

if TYPE_CHECKING:
    from replay.cli.masked import Mask
    from replay.records import Selection
    from replay.store import Store
    from replay.training import Collection

KEEP: Final = ("good", "ok", "valid", "all")
BALANCE_BY: Final = ("tool", "model")
"""Both repeated from `replay.training.options`, which costs an import; a test keeps them equal."""


def _read_split(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> dict[str, float] | None:
    """Read ``train=0.9,test=0.1``."""
    if value is None:
        return None
    shares: dict[str, float] = {}
    for word in value.split(","):
        name, _, number = word.strip().partition("=")
        try:
            part = float(number)
        except ValueError:
            part = -1.0
        if not name.replace("-", "").replace("_", "").isalnum() or not 0 <= part <= 1:
            raise click.BadParameter(
                f"{word!r} is no part with its share; say --split train=0.9,test=0.1."
            )
        if name in shares:
            raise click.BadParameter(f"the part {name!r} is there twice.")
        shares[name] = part
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise click.BadParameter(
            f"the shares of {value!r} add up to {sum(shares.values()):g}, not 1."
        )
    return shares


def _read_balance(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[str, int | None] | None:
    """Read ``tool`` or ``tool=200``."""
    if value is None:
        return None
    name, equals, number = value.partition("=")
    if name not in BALANCE_BY:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(BALANCE_BY)}.")
    if equals and not (number.isdecimal() and int(number) > 0):
        raise click.BadParameter(f"{number!r} is no number of examples; say --balance {name}=200.")
    return name, int(number) if equals else None


_OPTIONS: Final = (
    click.option(
        "--keep",
        type=click.Choice(KEEP),
        help="Training data: only what a person rated good; what ended well and nobody called bad "
        "(ok, the default); also calls that failed in their tool (valid); everything (tuples).",
    ),
    click.option(
        "--split",
        callback=_read_split,
        metavar="PART=SHARE,...",
        help="Training data: the parts (default: train=0.9,test=0.1). Traces that begin with the "
        "same words are in one part.",
    ),
    click.option(
        "--group-by",
        "group_label",
        metavar="LABEL",
        help="Training data: traces with one value of this label are in one part.",
    ),
    click.option(
        "--balance",
        callback=_read_balance,
        metavar="tool|model[=MAX]",
        help="Training data: at most MAX examples of each tool or model (default: the median).",
    ),
    click.option(
        "--judged-by",
        "run_id",
        metavar="RUN",
        help="Training data: judge calls by how they end in this replay run; calls that today's "
        "tools read by a translation make pairs.",
    ),
    click.option(
        "--with-duplicates",
        is_flag=True,
        help="Training data: keep examples that say the same as another.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0, max=2**31),
        metavar="NUMBER",
        help="Training data: divide and thin out otherwise.",
    ),
)

_NAMES: Final = {
    "keep": "--keep",
    "split": "--split",
    "group_label": "--group-by",
    "balance": "--balance",
    "run_id": "--judged-by",
    "with_duplicates": "--with-duplicates",
    "seed": "--seed",
    "as_json": "--json",
}


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of training data."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def options_given(training: dict[str, Any]) -> list[str]:
    """Return those of the options that were typed, as typed."""
    return [_NAMES[name] for name, value in training.items() if value not in (None, False)]


def export_training(
    database: Path,
    selection: Selection,
    format_name: str,
    folder: Path | None,
    given: dict[str, Any],
    *,
    mask: Mask | None = None,
) -> None:
    """Write training data into ``folder`` and tell what is in it; ``mask``: as `export` has it.

    Raises:
        click.UsageError: no folder is named, or options do not go together.
    """
    from replay.cli.progress import Progress
    from replay.store import Store
    from replay.training import TrainingOptions, collect, write_training_data

    if folder is None or folder.is_file():
        what = "is a file" if folder else "is missing"
        raise click.UsageError(f"Training data is several files: the folder {what}. Say -o FOLDER.")
    if given["keep"] == "all" and format_name != "tuples":
        raise click.UsageError(
            f"--keep all is for tuples, which tell how a call ended; {format_name} would teach "
            "mistakes. Say --keep valid for all calls that fit their schema."
        )
    by, most = given["balance"] or (None, None)
    with Store.open(database, mode="r") as store:
        read, masked = _masked(store, mask)
        options = TrainingOptions(
            keep=given["keep"],
            group_label=given["group_label"],
            balance=by,
            balance_max=most,
            seed=given["seed"] or 0,
            masked=masked,
            run_id=given["run_id"],
            deduplicate=not given["with_duplicates"],
            **({"split": given["split"]} if given["split"] else {}),
        )
        with Progress("traces") as progress:
            collection = collect(read, selection, format_name, options, progress.update)
        with Progress("traces") as progress:
            paths = write_training_data(
                collection,
                folder,
                command=["replay", *sys.argv[1:]],
                on_progress=progress.update,
            )
    for line in _told(collection, folder):
        terminal.say(line)
    terminal.say(f"The data card says what is in it and what is not: {paths[-1]}")


def _masked(store: Store, mask: str | None) -> tuple[Store, tuple[str, ...] | None]:
    """Return what is read, and what it is masked of beside secrets."""
    from replay.cli.masked import mask_hidden, reading_masked
    from replay.config import load_config

    if mask != "revealed":
        mask_hidden(store, load_config())
    if mask in (None, "revealed"):
        return store, None
    reading = reading_masked(store, load_config(), personal=mask == "personal")
    kinds = tuple(kind.name for kind in reading.redaction.redactor.rules.kinds)
    return cast("Store", reading), kinds


def _told(collection: Collection, folder: Path) -> Iterator[str]:
    from replay.report.ink import count
    from replay.training.counts import NOTHING_MASKED

    counts = collection.counts
    whole = sum(part.example_count for part in counts.parts.values())
    seen = f"{count(counts.decision_count, 'decision')} in {count(counts.trace_count, 'trace')}"
    yield f"{count(whole, 'example')} from {seen}, as {collection.format_name} in {folder}:"
    for name, part in counts.parts.items():
        traces = count(len(part.trace_ids), "trace")
        examples = "example " if part.example_count == 1 else "examples"
        yield f"  {name:<12} {part.example_count:>9,} {examples} from {traces}"
        if whole and not part.example_count and collection.options.split[name] > 0:
            yield f"  {'':<12}           too few groups of traces for a part of its own"
    for words, number in (
        ("said the same as another", counts.duplicate_count),
        ("left out for balance", counts.thinned_count),
    ):
        if number:
            yield f"  {number:>9,} {words}"
    for words, number in counts.left_out.most_common():
        yield f"  {number:>9,} left out: {words}"
    for words, number in counts.lost.most_common():
        yield f"  {number:>9,} not said, for the format cannot: {words}"
    open_count = counts.masked[NOTHING_MASKED]
    if open_count and collection.options.masked is None:
        yield f"Not masked: {count(open_count, 'trace')} that came in unmasked. --mask masks here."
