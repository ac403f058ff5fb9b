"""What all records share: frozen, closed to unknown fields, plain JSON inside."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

JsonValue: TypeAlias = Any
"""A value that JSON can carry: null, bool, int, float, str, list or dict of these."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object."""


class Record(BaseModel):
    """One fact that is stored or crosses a process border.

    Frozen: a record is a snapshot. Unknown fields are refused, so that a newer format is noticed
    rather than half read.
    """

    # Validators are built when a class is first used: a recorder or worker uses few of them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
