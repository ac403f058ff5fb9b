"""What users ask in the demo, and what the scripted model says: nine conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from replay.demo.model_server import Call, Line


@dataclass(frozen=True)
class Conversation:
    """One user's question and the model's turns in answer to it."""

    name: str
    app: str
    model: str
    question: str
    turns: list[Line]
    start: Any
    """The world as it is when the conversation begins."""


DAY = "2026-12-01"
STANDUP = {"title": "Standup", "date": DAY, "time": "09:00", "attendees": ["ana", "ben"]}


def conversations(travel_api: str) -> list[Conversation]:
    """Return the conversations, in the order they are held; ``travel_api`` is its base URL."""
    return [*_travel(travel_api), *_calendar()]


def _travel(url: str) -> list[Conversation]:
    def talk(name: str, model: str, question: str, *turns: Line) -> Conversation:
        return Conversation(name, "travel", model, question, list(turns), {"travel_api": url})

    return [
        talk(
            "weekend-in-paris",
            "demo-large",
            "How is Paris on Tuesday, and how do I get there from Berlin?",
            [_weather("Paris"), _flights("BER", "PAR")],  # two calls in one turn: in parallel
            "18.5 degrees and light rain. The cheapest flight is AF1135 for 129 EUR.",
        ),
        talk(
            "sun-please",
            "demo-large",
            "I want sun: compare Rome and Oslo, and look for flights to Rome.",
            [_weather("Rome"), _weather("Oslo"), _flights("BER", "ROM")],
            "Rome, 24 degrees and clear. AZ421 leaves at 11:20 for 98 EUR.",
        ),
        talk(
            "oslo-in-fahrenheit",
            "demo-small",
            "Weather in Oslo in Fahrenheit, please.",
            [_weather("Oslo", unit="fahrenheit")],
            "48.2 degrees Fahrenheit, with clouds.",
        ),
        talk(
            "paris-in-kelvin",
            "demo-small",
            "Is it warm in Paris? Tell me in kelvin.",
            [_weather("Paris", unit="kelvin")],  # not in the schema: the model is told so, ...
            [_weather("Paris")],  # ... and does better
            "18.5 degrees Celsius; I cannot do kelvin.",
        ),
        talk(
            "paris-to-oslo",
            "demo-small",
            "From Paris to Oslo on Tuesday, please.",
            [_flights("PAR", "OSL")],
            "SK836 leaves at 07:55 for 141 EUR.",
        ),
    ]


def _calendar() -> list[Conversation]:
    def talk(name: str, model: str, question: str, *turns: Line) -> Conversation:
        return Conversation(name, "calendar", model, question, list(turns), {"events": [STANDUP]})

    return [
        talk(
            "an-hour-with-ana",
            "demo-large",
            "Find me an hour with Ana on Tuesday and book it.",
            Call("list_availability", {"date": DAY}),
            [_event("Talk with Ana", "10:00", ["ana"])],
            "Booked: Tuesday at ten, with Ana.",
        ),
        talk(
            "review-at-nine",
            "demo-large",
            "Book a review with Ana and Ben on Tuesday at nine.",
            [_event("Review", "09:00", ["ben", "ana"])],  # taken: the tool says no
            [_event("Review", "11:00", ["ben", "ana"])],
            "Nine was taken by the standup, so it is at eleven.",
        ),
        talk(
            "time-to-write",
            "demo-small",
            "Block Tuesday at two for writing.",
            [_event("Writing", "14:00")],  # nobody invited: version 1 fails
            [_event("Writing", "14:00", ["me"])],  # the model finds a way around the bug
            "Done: two o'clock is for writing.",
        ),
        talk(
            "how-free-am-i",
            "demo-small",
            "How free am I on Tuesday?",
            Call("list_availability", {"date": DAY}),
            "You are free from ten o'clock on.",
        ),
    ]


def _weather(city: str, **more: str) -> Call:
    return Call("get_weather", {"city": city, **more})


def _flights(origin: str, destination: str) -> Call:
    return Call("search_flights", {"origin": origin, "destination": destination, "date": DAY})


def _event(title: str, time: str, attendees: list[str] | None = None) -> Call:
    guests = {} if attendees is None else {"attendees": attendees}
    return Call("create_event", {"title": title, "date": DAY, "time": time, **guests})
