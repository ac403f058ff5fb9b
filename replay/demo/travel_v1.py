"""The travel tools as they were when the conversations were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import httpx

from replay import Toolbox

toolbox = Toolbox("travel")
http = httpx.Client()


@dataclass
class TravelApi:
    """Where the tools get their facts: an HTTP API that other people run."""

    url: str

    def get(self, path: str, **question: str) -> Any:
        """Return the API's answer to one question."""
        answer = http.get(self.url + path, params=question)
        answer.raise_for_status()
        return answer.json()


@toolbox.world
def travel_api(start: dict[str, str]) -> TravelApi:
    """Make what the tools of one conversation share; ``start`` is recorded with its trace."""
    return TravelApi(url=start["travel_api"])


@toolbox.tool(version="1")
def get_weather(
    city: str, api: TravelApi, unit: Literal["celsius", "fahrenheit"] = "celsius"
) -> dict[str, Any]:
    """Tell today's weather in a city."""
    report = api.get("/weather", city=city)
    celsius = report["celsius"]
    temperature = celsius if unit == "celsius" else celsius * 9 / 5 + 32
    return {"city": city, "temperature": temperature, "unit": unit, "sky": report["sky"]}


@toolbox.tool(version="1")
def search_flights(origin: str, destination: str, date: str, api: TravelApi) -> dict[str, Any]:
    """Find flights of one day between two airports, cheapest first."""
    found = api.get("/flights", origin=origin, destination=destination, date=date)
    return {"flights": sorted(found["flights"], key=lambda flight: flight["price_eur"])}
