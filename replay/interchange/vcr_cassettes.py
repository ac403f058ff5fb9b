"""Cassettes as files of vcrpy: one for each tool call or each trace, and back into a database.

What vcrpy does not know stands under ``x-replay``, so that a file that was written from a database
and read into one is written again byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal

from cassettes import Interaction, InteractionFormatError
from cassettes.vcr_files import VcrFile, read_vcr_file, write_vcr_file
from replay.errors import ImportFileError, SelectionError
from replay.records import Interaction as InteractionRecord
from replay.records import JsonObject, Selection, ToolCall
from replay.records.private_files import private
from replay.store import Store
from replay.store.cassettes import NewCassette, StoredCassette, interaction_records
from replay.store.masking import Masking, masked_records

Per = Literal["call", "trace"]
"""What one file holds: the cassette of one tool call, or those of a whole trace."""

MaskingOf = Callable[[str, bool], Masking | None]
"""What masks the cassettes of a trace, by its id, and by whether replay wrote their file."""

SUFFIXES: Final = (".yaml", ".yml")
_UNFIT: Final = re.compile(r"[^\w.-]+")
_NAME_MAX: Final = 80


@dataclass(slots=True)
class WrittenFiles:
    """What an export wrote."""

    files: list[Path] = field(default_factory=list)
    cassette_count: int = 0
    interaction_count: int = 0
    beside_count: int = 0
    """Interactions that vcrpy cannot play: failures, and what is not HTTP."""


@dataclass(slots=True)
class ReadCassette:
    """What one cassette of a file became in the database."""

    file: Path
    call_id: str
    trace_id: str
    step_number: int
    tool: str
    interaction_count: int
    replaced_count: int
    """Interactions that it took the place of."""
    is_new: bool
    """False: the database has this very cassette."""


def export_cassettes(store: Store, selection: Selection, folder: Path, per: Per) -> WrittenFiles:
    """Write the selected cassettes below ``folder``; those without an interaction are left out.

    Raises:
        SelectionError: no selected call has one.
        OSError: a file cannot be written.
    """
    stored = store.cassettes(selection)
    if not stored:
        raise SelectionError(
            "No selected call asked anything of the outside: there is no cassette to write.",
            hint="`replay cassettes list` shows which there are.",
        )
    written = WrittenFiles()
    for path, group in _by_file(stored, per):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(file, write_vcr_file(_file_of(group)))
        written.files.append(file)
        written.cassette_count += len(group)
        for one in group:
            written.interaction_count += len(one.interactions)
            written.beside_count += sum(map(_is_beside, _interactions(one)))
    return written


def _by_file(
    stored: Sequence[StoredCassette], per: Per
) -> Iterator[tuple[Path, list[StoredCassette]]]:
    for trace_id, of_trace in groupby(stored, key=lambda one: one.call.trace_id):
        group = list(of_trace)
        if per == "trace":
            yield Path(f"{_fit(trace_id)}.yaml"), group
            continue
        for one in group:
            name = f"{one.call.step_number:03}-{_fit(one.call.tool)}.yaml"
            yield Path(_fit(trace_id)) / name, [one]


def _fit(name: str) -> str:
    """Return ``name`` as part of a file's name, on every system."""
    return _UNFIT.sub("_", name).lstrip(".")[:_NAME_MAX] or "_"


def _file_of(group: Sequence[StoredCassette]) -> VcrFile:
    calls = {one.call.id: _about(one) for one in group}
    about = {"trace": group[0].call.trace_id, "calls": calls}
    return VcrFile({one.call.id: _interactions(one) for one in group}, about)


def _about(one: StoredCassette) -> JsonObject:
    about: JsonObject = {"step": one.call.step_number, "tool": one.call.tool}
    turn = [place for place, each in enumerate(one.interactions) if each.bound_by == "turn"]
    return {**about, "asked_by_its_turn": turn} if turn else about


def _interactions(one: StoredCassette) -> list[Interaction]:
    return [Interaction.from_json(record.exchange) for record in one.interactions]


def _is_beside(one: Interaction) -> bool:
    return one.response is None or one.is_cut or one.protocol != "http"


def _write_whole(file: Path, text: str) -> None:
    partial = file.with_name(file.name + ".partial")
    try:
        private(partial, instead_of=file).write_text(text, "utf-8", newline="\n")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files that ``paths`` name, those of folders in the order of their names.

    Raises:
        ImportFileError: a folder has none, or there is no such file.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            if not path.is_file():
                raise ImportFileError(f"There is no file {str(path)!r}.")
            found.append(path)
            continue
        inside = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES)
        if not inside:
            raise ImportFileError(
                f"{str(path)!r} has no cassettes: no file in it ends in .yaml or .yml."
            )
        found += inside
    return found


def import_cassettes(
    store: Store,
    files: Sequence[Path],
    *,
    call_id: str | None = None,
    masking_of: MaskingOf = lambda trace_id, is_ours: None,
) -> list[ReadCassette]:
    """Put the cassettes of ``files`` in the place of those in the database, all or none.

    A file says itself which tool calls it belongs to. ``call_id`` says it for one that does not:
    one that vcrpy, or pytest-recording, wrote. ``masking_of``: what masks them; by default nothing.

    Raises:
        ImportFileError: a file cannot be read, is no cassette, or is of no call that is here.
    """
    exchanges: dict[str, NewCassette] = {}
    found: list[ReadCassette] = []
    for file in files:
        read_file = _read(file)
        about = read_file.about.get("calls") or {}
        for name, interactions in read_file.cassettes.items():
            wanted = call_id or name
            if not wanted:
                raise _of_no_call(file)
            if wanted in exchanges:
                raise ImportFileError(
                    f"{str(file)!r} has a cassette for the tool call {wanted!r}, and so has a file "
                    "before it.",
                    hint="Give one file for each call.",
                )
            forms = [one.to_json() for one in _numbered(interactions)]
            new = NewCassette(forms, turn=(about.get(name) or {}).get("asked_by_its_turn") or ())
            call = _call_of(store, file, wanted)
            masking = masking_of(call.trace_id, bool(read_file.about))
            if masking is not None:
                new = _masked(masking, wanted, new)
            read = _place(store, file, call, new)
            found.append(read)
            if read.is_new:
                exchanges[wanted] = new
    if exchanges:
        store.replace_cassettes(exchanges, by="replay cassettes import")
    return found


def _read(file: Path) -> VcrFile:
    try:
        return read_vcr_file(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ImportFileError(f"{str(file)!r} cannot be read: {why}.") from error
    except InteractionFormatError as error:
        raise ImportFileError(
            f"{str(file)!r} is no cassette: {error}",
            hint="Expected a file that `replay cassettes export`, vcrpy or pytest-recording wrote.",
        ) from error


def _numbered(interactions: Sequence[Interaction]) -> Sequence[Interaction]:
    """Give interactions of one cassette numbers of their own, where a file repeats them."""
    numbers = [one.sequence for one in interactions]
    if len(set(numbers)) != len(numbers):
        for number, one in enumerate(interactions):
            one.sequence = number
    return interactions


def _call_of(store: Store, file: Path, call_id: str) -> ToolCall:
    try:
        return store.tool_call(call_id)
    except SelectionError as error:
        raise ImportFileError(
            f"{str(file)!r} is the cassette of the tool call {call_id!r}, which the database does "
            "not have.",
            nearest=error.nearest,
            hint="Import its trace first (`replay import`), or say with --trace and --step which "
            "call it is for.",
        ) from error


def _masked(masking: Masking, call_id: str, new: NewCassette) -> NewCassette:
    records = masked_records(masking, interaction_records(call_id, new))
    return replace(new, exchanges=[one["exchange"] for one in records])


def _place(store: Store, file: Path, call: ToolCall, new: NewCassette) -> ReadCassette:
    known = store.cassettes(Selection(trace_ids=[call.trace_id]))
    before = next((one.interactions for one in known if one.call.id == call.id), [])
    return ReadCassette(
        file,
        call.id,
        call.trace_id,
        call.step_number,
        call.tool,
        interaction_count=len(new.exchanges),
        replaced_count=len(before),
        is_new=_facts(before) != _facts(interaction_records(call.id, new)),
    )


def _facts(records: Sequence[InteractionRecord | JsonObject]) -> list[tuple[Any, Any]]:
    fields = (one if isinstance(one, dict) else one.__dict__ for one in records)
    return [(one["exchange"], one["bound_by"]) for one in fields]


def _of_no_call(file: Path) -> ImportFileError:
    return ImportFileError(
        f"{str(file)!r} does not say which tool call it belongs to.",
        hint="It was written by vcrpy: name the call with --trace and --step.",
    )
