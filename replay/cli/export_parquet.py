"""`replay export --to parquet`: a folder with a table for traces, steps and tool calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.cli.masked import Mask
    from replay.records import Selection


def export_parquet(
    database: Path, selection: Selection, folder: Path | None, *, mask: Mask | None = None
) -> None:
    """Write the tables into ``folder``, all of them or none, and tell how many rows they have.

    Raises:
        click.UsageError: no folder is named.
        ReplayError: pyarrow is not installed, or the folder cannot be written.
    """
    from replay.cli.masked import opened_to_export
    from replay.cli.progress import Progress
    from replay.interchange.parquet_tables import TABLES, ParquetWriter, pyarrow_or_refuse
    from replay.records.private_files import private

    if folder is None or folder.is_file():
        what = "is a file" if folder else "is missing"
        raise click.UsageError(f"Parquet is several files: the folder {what}. Say -o FOLDER.")
    pyarrow_or_refuse()
    partial = {name: folder / f".{name}.{os.getpid()}.partial" for name in TABLES}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in partial.values():
            private(path)
        with opened_to_export(database, mask) as store, Progress("traces") as progress:
            writer = ParquetWriter(partial)
            trace_ids = store.trace_ids(selection)
            for done, trace_id in enumerate(trace_ids, start=1):
                writer.add(store.transcript(trace_id))
                progress.update(done, len(trace_ids))
            writer.close()
        for name, path in partial.items():
            path.replace(folder / f"{name}.parquet")
    except OSError as error:
        raise ReplayError(
            f"Cannot write Parquet to {str(folder)!r}: {error.strerror or error}.",
            hint="Nothing was changed there. Give a folder that you may write: -o FOLDER.",
        ) from error
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    for name in TABLES:
        rows = "row " if writer.counts[name] == 1 else "rows"
        terminal.say(f"  {writer.counts[name]:>9,} {rows} in {folder / f'{name}.parquet'}")
