"""The same tools today: the weather names its degrees otherwise, flights ask for passengers."""

from __future__ import annotations

from typing import Literal

from replay import Toolbox

toolbox = Toolbox("travel")

_DEGREES = {"Paris": 18.5, "Rome": 24.0}


@toolbox.failure
def says_it_failed(response: object) -> str | None:
    """The agent tells the model of every failure in words that begin so."""
    return response if isinstance(response, str) and response.startswith("Error") else None


@toolbox.tool
def get_weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> dict:
    """Tell the weather of a city.

    Args:
        city: Its name in English.
        unit: The unit of the temperature.
    """
    if city not in _DEGREES:
        raise ValueError(f"nobody measures in {city}")
    celsius = _DEGREES[city]
    degrees = celsius if unit == "celsius" else celsius * 9 / 5 + 32
    return {"city": city, "degrees": degrees, "unit": unit}


@toolbox.tool
def search_flights(origin: str, destination: str, passengers: int) -> list[dict]:
    """Search flights between two airports."""
    number = f"{origin[0]}{destination[0]}{len(origin + destination)}"
    return [
        {"number": f"{number}1", "departs": "09:40", "price_eur": 129.0 * passengers},
        {"number": f"{number}2", "departs": "18:05", "price_eur": 88.5 * passengers},
    ]
