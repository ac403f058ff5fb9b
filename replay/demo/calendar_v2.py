"""The calendar tools as they are on your branch. Two things changed; look for "was"."""

from __future__ import annotations

from typing import Any

from replay import Toolbox
from replay.tools import Refused

toolbox = Toolbox("calendar")

HOURS = [f"{hour:02}:00" for hour in range(9, 17) if hour != 12]
"""A working day: the hours at which an event can start. A changed response: lunch was offered."""


class Calendar:
    """The events of one person: what the tools of one conversation share and change."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        """``events``: what is in the calendar already."""
        self.events = list(events)

    def event_at(self, date: str, time: str) -> dict[str, Any] | None:
        """Return the event that starts then, or None."""
        return next((e for e in self.events if (e["date"], e["time"]) == (date, time)), None)


@toolbox.world
def calendar(start: dict[str, Any]) -> Calendar:
    """Make the calendar as it was when the conversation began."""
    return Calendar(start["events"])


@toolbox.state
def events(calendar: Calendar) -> list[dict[str, Any]]:
    """Show the calendar's state: replay compares what calls leave behind, too."""
    return calendar.events


@toolbox.tool(version="2")
def list_availability(date: str, calendar: Calendar) -> dict[str, Any]:
    """List the free hours of a day."""
    return {"date": date, "free": [t for t in HOURS if calendar.event_at(date, t) is None]}


@toolbox.tool(version="2")
def create_event(
    title: str, date: str, time: str, calendar: Calendar, attendees: list[str] | None = None
) -> dict[str, Any]:
    """Put an event of one hour into the calendar and invite the attendees."""
    taken = calendar.event_at(date, time)
    if taken:
        raise Refused(f"{date} {time} is taken by {taken['title']!r}")
    invited = sorted(attendees or [])  # A fixed bug: an event without guests was a TypeError.
    event = {"title": title, "date": date, "time": time, "attendees": invited}
    calendar.events.append(event)
    return {"status": "confirmed", **event}
