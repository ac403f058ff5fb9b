"""`replay export --endpoint` and `--to otlp-protobuf`: spans to a collector, or as bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.progress import Progress
from replay.cli.whole_file import whole_bytes
from replay.report.ink import count

if TYPE_CHECKING:
    from replay.cli.masked import Mask
    from replay.interchange import ExportReport
    from replay.records import Selection

PROTOBUF = "otlp-protobuf"


def read_endpoint(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse what is no URL before anything is read."""
    if value is None:
        return None
    from replay.interchange.otlp_sending import url_of

    try:
        url_of(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error
    return value


def read_headers(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Read ``NAME=VALUE``."""
    found = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name.strip() or "\n" in rest or "\r" in rest:
            raise click.BadParameter(
                f"{name!r} has no value; say --header 'Authorization=Bearer ...'."
            )
        found[name.strip()] = rest
    return found


def send_spans(
    database: Path,
    selection: Selection,
    format_name: str,
    endpoint: str,
    headers: dict[str, str],
    *,
    mask: Mask | None = None,
) -> ExportReport:
    """Post the selected traces to ``endpoint``, one after the other, and say what it took."""
    from replay.cli.masked import opened_to_export
    from replay.interchange import ExportReport, export_requests
    from replay.interchange.otlp_sending import NotSent, Sender, began_ns
    from replay.interchange.times import utc_ns

    report = ExportReport()
    sender = Sender(endpoint, headers)
    sent_count, sent_up_to_ns = 0, 0
    with opened_to_export(database, mask) as store, Progress("traces") as progress:
        requests = export_requests(
            store, selection, format_name, report, on_progress=progress.update
        )
        try:
            for request in requests:
                sender.send(request)
                sent_count += 1
                sent_up_to_ns = began_ns(request)
        except (NotSent, KeyboardInterrupt):
            if sent_count:
                # Whole seconds: what is sent twice keeps its ids, what is left out is lost.
                since = utc_ns(sent_up_to_ns // 10**9 * 10**9).removesuffix(".000000Z")
                terminal.say(
                    f"Sent {count(sent_count, 'trace')} before that, the oldest first. Go on with "
                    f"--since {since}: what is sent again keeps its ids."
                )
            raise
    if sender.rejected_count:
        words = f": {sender.rejected_words}" if sender.rejected_words else ""
        terminal.say(f"The endpoint threw {count(sender.rejected_count, 'span')} away{words}")
    return report


def write_protobuf(
    database: Path, selection: Selection, output: Path | None, *, mask: Mask | None = None
) -> ExportReport:
    """Write the selected traces as the collector's file exporter writes protobuf."""
    from replay.cli.masked import opened_to_export
    from replay.interchange import ExportReport, export_requests
    from replay.interchange.otlp_protobuf import as_protobuf, behind_length

    if output is None:
        raise click.UsageError(f"{PROTOBUF} is bytes: say -o traces.pb.")
    report = ExportReport()
    with (
        opened_to_export(database, mask) as store,
        Progress("traces") as progress,
        whole_bytes(output) as file,
    ):
        for request in export_requests(
            store, selection, "otlp", report, on_progress=progress.update
        ):
            file.write(behind_length(as_protobuf(request)))
    return report
