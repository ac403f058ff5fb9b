"""`replay mask`: what a database holds that should be masked, and masking it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.masked import in_a_child
from replay.cli.progress import Progress
from replay.errors import ExitCode, ReplayError
from replay.report.ink import count, wrap

if TYPE_CHECKING:
    from replay.config import MaskConfig
    from replay.store.mask_looking import Sight, Sights
    from replay.store.mask_rewriting import Masked
    from replay.store.redaction import Redaction

_SHOWN_MAX: Final = 20
_AGAIN: Final = "Run it again to mask it; what is done twice changes nothing."


@click.command(
    short_help="Find what a database holds that should be masked, or mask it.",
    epilog=examples("replay mask --check traces.db", "replay mask --apply --personal traces.db"),
)
@click.option(
    "--check", "wants", flag_value="check", help="Tell what is found where (the default)."
)
@click.option("--apply", "wants", flag_value="apply", help="Replace it by placeholders.")
@click.option(
    "--personal", is_flag=True, help="Personal data of all kinds, whatever [tool.replay.mask] says."
)
@click.option(
    "--dates",
    is_flag=True,
    help="With --apply: mask also each date in an answer that a marked date of its call may stand "
    "for, as both are of one year: nothing proves it.",
)
@click.option("--all", "shows_all", is_flag=True, help="Show every place, not the first of each.")
@json_option
@database_and()
def mask(
    database: Path,
    wants: str | None,
    personal: bool,
    dates: bool,
    shows_all: bool,
    as_json: bool,
) -> int:
    """Find secrets and personal data in DATABASE, or replace them by placeholders.

    What is masked says [tool.replay.mask] and docs/masking.md; the key is the one that recordings
    use. --check reads every record, free page, log and spool, never prints a value whole, and ends
    with 0 when nothing is there, 1 when something is. --apply writes the file anew, all or nothing:
    there is no way back, nobody else may have it open, and it needs four times its room meanwhile.
    """
    from replay.config import load_config

    config = load_config()
    code = in_a_child(config)
    if code is not None:
        return code
    chosen = config.mask.model_copy(update={"personal": True}) if personal else config.mask
    if wants == "apply":
        return _apply(database, chosen, dates=dates, as_json=as_json)
    is_told = personal and not config.mask.personal
    return _check(database, chosen, shows_all=shows_all, as_json=as_json, is_told_personal=is_told)


def _redaction(database: Path, config: MaskConfig, *, makes_key: bool) -> Redaction:
    from cassettes.redaction import KeyUnusable, key_beside, known_key
    from replay.store import Store
    from replay.store.redaction import redaction_of
    from replay.tools.marks import recorded_marks

    try:
        key = key_beside(database) if makes_key else known_key(database)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    with Store.open(database) as store:
        marks = recorded_marks(store.tool_schemas())
    return redaction_of(config, key, marks=marks)


def _check(
    database: Path,
    config: MaskConfig,
    *,
    shows_all: bool,
    as_json: bool,
    is_told_personal: bool,
) -> int:
    from replay.store import Store
    from replay.store.mask_looking import look

    wanted = _kinds(config)
    everything = config.model_copy(update={"personal": True})
    redaction = _redaction(database, everything, makes_key=False)
    with Store.open(database) as store, Progress("traces") as progress:
        sights = look(store, redaction, progress.update, keeps_all=shows_all or as_json)
    unwanted = set(_personal()) - wanted
    found = [one for one in sights.found if one.kind not in unwanted]
    counts = Counter({k: n for k, n in sights.counts.items() if k not in unwanted})
    others = Counter({k: n for k, n in sights.counts.items() if k in unwanted})
    if as_json:
        terminal.emit_json(_json(found, counts, others, sights))
    else:
        terminal.emit(
            _text(
                *(database, found, counts, others, sights),
                shows_all=shows_all,
                is_told_personal=is_told_personal,
            )
        )
    return ExitCode.BREAKING if counts else ExitCode.OK


def _personal() -> tuple[str, ...]:
    from typing import get_args

    from replay.config import PersonalKind

    return get_args(PersonalKind)


def _kinds(config: MaskConfig) -> set[str]:
    """Return the kinds of personal data that are masked."""
    if isinstance(config.personal, bool):
        return set(_personal()) if config.personal else set()
    return set(config.personal)


def _json(found: list[Sight], counts: Counter[str], others: Counter[str], sights: Sights) -> Any:
    from dataclasses import asdict

    return {
        "record_count": sights.record_count,
        "found": [asdict(one) for one in found],
        "counts": counts,
        "not_masked_counts": others,
        "unproven_dates": sights.unproven_dates,
        "not_looked_into": sights.not_looked_into,
    }


def _text(
    database: Path,
    found: list[Sight],
    counts: Counter[str],
    others: Counter[str],
    sights: Sights,
    *,
    shows_all: bool,
    is_told_personal: bool,
) -> str:
    looked = f"{database}: {count(sights.record_count, 'record')} looked at"
    if counts:
        places = _places(found, counts.total(), shows_all=shows_all)
        lines = [f"{looked}; found {_counted(counts)}.", "", *places]
        personal = " --personal" if is_told_personal else ""
        lines += ["", f"`replay mask --apply{personal} {database}` replaces these by placeholders."]
    else:
        lines = [f"{looked}; nothing to mask."]
    if others:
        lines += [
            "",
            f"Personal data that [tool.replay.mask] does not mask: {_counted(others)}.",
            "`personal = true` there masks it from now on; --personal counts and masks it here.",
        ]
    if sights.unproven_dates:
        shown = sights.unproven_dates if shows_all else sights.unproven_dates[:1]
        lines += ["", *_dates(shown, sights.unproven_date_count)]
    lines += [f"Not looked into: {place}." for place in sights.not_looked_into]
    return "\n".join(lines)


def _dates(shown: list[str], total: int) -> list[str]:
    more = f" and {total - len(shown):,} more" if total > len(shown) else ""
    return [
        *wrap(
            f"Dates at {count(total, 'place')} are of the year of a marked one, and may be what "
            "it stands for; nothing proves it. `--apply --dates` masks these, too:",
            terminal.width(),
            hang="",
        ),
        f"        {', '.join(shown)}{more}",
    ]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in counts.most_common())


def _places(found: list[Sight], total: int, *, shows_all: bool) -> list[str]:
    if shows_all:
        return [_line(one) for one in dict.fromkeys(found)]
    first: dict[tuple[str, str], Sight] = {}
    for one in found:
        first.setdefault((one.kind, one.place.rpartition(" ")[2]), one)
    lines = [_line(one) for one in list(first.values())[:_SHOWN_MAX]]
    left = total - len(lines)
    return [*lines, f"and {left:,} more (--all shows each)"] if left > 0 else lines


def _line(one: Sight) -> str:
    return f"{one.kind:8}{one.place}: {one.hint}"


def _masked(done: Masked) -> str:
    """Return what was done to a database, in words."""
    traces = f"of {count(done.trace_count, 'trace')}"
    if not done.record_count:
        return f"no record {traces} held anything to mask; the file was written anew."
    were = "was" if done.record_count == 1 else "were"
    return (
        f"{count(done.record_count, 'record')} {traces} {were} masked; nothing of what stood "
        "there is left in the file. Copies and backups are yours to find."
    )


def _apply(database: Path, config: MaskConfig, *, dates: bool, as_json: bool) -> int:
    from dataclasses import asdict

    from replay.store.mask_applying import apply

    redaction = _redaction(database, config, makes_key=True)
    redaction.masks_dates = dates
    with Progress("traces") as progress:
        try:
            done = apply(database, redaction, progress.update, progress.stage)
        except KeyboardInterrupt:
            terminal.say(f"{database} is whole: as it was, or masked already. {_AGAIN}")
            raise
    if as_json:
        terminal.emit_json(asdict(done))
    else:
        terminal.emit(f"{database}: {_masked(done)}")
    return ExitCode.OK
