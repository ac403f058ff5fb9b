"""A clinic's tools, as they were when its agent was recorded."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from replay.tools import Toolbox

toolbox = Toolbox("clinic")


class Patient(BaseModel):
    name: str
    born: str
    nickname: str | None = None


@toolbox.tool(version="1")
def book(
    patient: Patient, day: str, room: Literal["a", "b", "c"] = "a", minutes: int = 30
) -> dict[str, Any]:
    """Book an appointment."""
    raise AssertionError("evidence runs no tool")


@toolbox.tool(version="1")
def find(name: str, limit: int = 10) -> list[str]:
    """Find patients."""
    raise AssertionError("evidence runs no tool")


@toolbox.tool(version="1")
def remind(patient_id: str, text: str) -> str:
    """Send a reminder."""
    raise AssertionError("evidence runs no tool")


@toolbox.tool(version="1")
def cancel(id: str) -> str:
    """Cancel an appointment."""
    raise AssertionError("evidence runs no tool")


NOTE = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "level": {"type": "integer"}},
    "required": ["text"],
}


@toolbox.tool(schema=NOTE)
def note(**fields: Any) -> str:
    """Write a note; its schema is only looked at."""
    raise AssertionError("evidence runs no tool")
