"""The clinic's tools today: nearly everything about them changed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from replay.tools import Toolbox

toolbox = Toolbox("clinic")


class Patient(BaseModel):
    name: str
    born: date
    title: str = "none"


@toolbox.tool(version="2")
def book(
    patient: Patient,
    day: str,
    currency: str,
    room: Literal["a", "b"] = "a",
    minutes: int = 45,
) -> dict[str, Any]:
    """Book an appointment."""
    raise AssertionError("evidence runs no tool")


def _in_latin(text: str) -> str:
    if not text.isascii():
        raise ValueError("only latin letters")
    return text.strip()


@toolbox.tool(version="2")
def find(
    name: Annotated[str, AfterValidator(_in_latin)], limit: Annotated[int, Field(le=50)] = 20
) -> list[str]:
    """Find patients."""
    raise AssertionError("evidence runs no tool")


@toolbox.tool(version="2")
def remind(patient: str, text: str) -> str:
    """Send a reminder."""
    raise AssertionError("evidence runs no tool")


@toolbox.translate("remind", "1", "2")
def _renamed(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"patient": arguments["patient_id"], "text": arguments["text"]}


@toolbox.tool
def weigh(kilograms: list[float]) -> str:
    """Write down what a patient weighed."""
    raise AssertionError("evidence runs no tool")


NOTE = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "level": {"type": "integer", "maximum": 3}},
    "required": ["text", "author"],
}


@toolbox.tool(schema=NOTE)
def note(**fields: Any) -> str:
    """Write a note; its schema is only looked at."""
    raise AssertionError("evidence runs no tool")
