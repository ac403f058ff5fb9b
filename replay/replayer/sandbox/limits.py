"""How much a replayed tool may take: memory, time on the processor, processes, files.

They hold in every worker, sandboxed or not: a tool that asks for eight gigabytes costs its call,
not the machine. What is hit is told as a limit, and never compared with a recorded answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

from replay.errors import WorkerError
from replay.records import JsonObject

_KIB: Final = 1024
_SIZES: Final = {"": 1, "b": 1, "k": _KIB, "m": _KIB**2, "g": _KIB**3, "t": _KIB**4}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "min": 60}
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min)?", re.IGNORECASE)
_OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may take; None is no limit."""

    memory_bytes: int | None = 2 * _KIB**3
    """Of each process: what it has for itself to write on, as the kernel counts it."""
    cpu_s: int | None = 60
    """Processor time of one call, all its threads together."""
    process_count: int | None = 64
    """Processes of one worker at a time, where the kernel's guard is on."""
    file_bytes: int | None = _KIB**3
    """The size that one file may be written to."""
    open_file_count: int | None = 1024
    """Open files and sockets of one process."""
    scratch_bytes: int | None = _KIB**3
    """All temporary files together, where a sandbox gives a worker its own place for them."""
    import_s: int | None = 120
    """How long the import of the tools may take, by the clock on the wall."""

    def message(self) -> JsonObject:
        """Return the limits as a worker is told them."""
        return asdict(self)

    @classmethod
    def of_message(cls, told: JsonObject) -> Limits:
        """Return the limits that a pool told."""
        return cls(**told)

    def words(self, name: str) -> str:
        """Return a limit as it is told when it is hit: ``limit: memory 2 GiB``."""
        return f"limit: {name.replace('_', ' ')} {shown(name, getattr(self, _FIELDS[name]))}"


_FIELDS: Final = {
    "memory": "memory_bytes",
    "cpu": "cpu_s",
    "processes": "process_count",
    "file": "file_bytes",
    "open_files": "open_file_count",
    "scratch": "scratch_bytes",
    "import": "import_s",
}


def limits_of(
    named: Iterable[str] = (), configured: Mapping[str, str | int] | None = None
) -> Limits:
    """Return the default limits, changed by a configuration's table and by ``NAME=VALUE``.

    Sizes are written ``512MiB`` or ``2GiB``, times ``30s`` or ``2min``; ``off`` is no limit.

    Raises:
        WorkerError: there is no such limit, or its value cannot be read.
    """
    limits = Limits()
    for name, value in (configured or {}).items():
        limits = _changed(limits, name, str(value), f"limits.{name} = {value!r} of [tool.replay]")
    for one in named:
        name, _, value = one.partition("=")
        limits = _changed(limits, name, value, f"--max {one}")
    return limits


def limits_told(limits: Limits) -> dict[str, str]:
    """Return by name what ``limits`` are, in words."""
    return {name: shown(name, getattr(limits, field)) for name, field in _FIELDS.items()}


def shown(name: str, value: int | None) -> str:
    """Return the value of the limit ``name`` as a person writes it."""
    if value is None:
        return _OFF
    field = _FIELDS[name]
    if field.endswith("_s"):
        return f"{value:,} s"
    if not field.endswith("_bytes"):
        return f"{value:,}"
    for unit, size in (("GiB", _KIB**3), ("MiB", _KIB**2), ("KiB", _KIB)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value:,} bytes"


def _changed(limits: Limits, name: str, value: str, where: str) -> Limits:
    name = name.strip().replace("-", "_").lower()
    field = _FIELDS.get(name)
    if field is None:
        raise WorkerError(
            f"{where}: there is no limit {name!r}.",
            nearest=next(iter(get_close_matches(name, _FIELDS, 1)), None),
            hint=f"The limits are {', '.join(_FIELDS)}; docs/sandbox.md says what each holds.",
        )
    read = _read(field, value.strip())
    if read is None and value.strip().lower() != _OFF:
        example = {"s": "30s", "bytes": "2GiB"}.get(field.rpartition("_")[2], "128")
        raise WorkerError(
            f"{where}: {value!r} is no value for the limit {name!r}.",
            hint=f"Write {name}={example}, or {name}=off for none.",
        )
    changed: dict[str, Any] = {field: read}
    return replace(limits, **changed)


def _read(field: str, value: str) -> int | None:
    if field.endswith("_bytes"):
        found = _SIZE.fullmatch(value)
        read = found and float(found[1]) * _SIZES[found[2].lower()]
    elif field.endswith("_s"):
        found = _TIME.fullmatch(value)
        read = found and float(found[1]) * _SECONDS[(found[2] or "").lower()]
    else:
        read = int(value) if value.isdecimal() else None
    return max(1, round(read)) if read else None
