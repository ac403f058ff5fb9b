"""The two tools of the example; their outside world is the fake provider's.

Their annotations are types and no texts: the first versions of google-genai 2 run no others.
"""

import asyncio
import functools
import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from replay import Recorder

QUESTION = "How warm is it in Paris, and is there a flight from NYC?"
SYSTEM = "You help travellers."


class Tools:
    """The tools as plain functions, or as coroutine functions; perhaps recorded ones."""

    def __init__(
        self, url: str, recorder: Recorder | None = None, *, is_async: bool, nonce: bool = False
    ) -> None:
        self._url = url
        self.recorder = recorder
        self._numbers = itertools.count() if nonce else None
        mark: Any = recorder.tool if recorder is not None else lambda function: function
        made = self._async() if is_async else self._sync()
        self.get_weather, self.search_flights = map(mark, made)

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.get_weather, self.search_flights]

    def _ask(self, name: str, **query: str) -> dict[str, Any]:
        if self._numbers is not None:
            return {"nonce": next(self._numbers)}
        try:
            with urllib.request.urlopen(f"{self._url}/upstream/{name}?{urlencode(query)}") as said:
                found: dict[str, Any] = json.load(said)
                return found
        except urllib.error.HTTPError as error:
            with error:
                raise LookupError(f"There is no city {query.get('city')}.") from None

    def _sync(self) -> list[Callable[..., Any]]:
        def get_weather(city: str, unit: str = "c") -> dict[str, Any]:
            """Tell the weather of a city."""
            return self._ask("weather", city=city, unit=unit)

        def search_flights(origin: str, destination: str) -> dict[str, Any]:
            """Find flights."""
            return self._ask("flights", origin=origin, destination=destination)

        return [get_weather, search_flights]

    def _async(self) -> list[Callable[..., Any]]:
        async def get_weather(city: str, unit: str = "c") -> dict[str, Any]:
            """Tell the weather of a city."""
            await asyncio.sleep(0)
            return await asyncio.to_thread(self._ask, "weather", city=city, unit=unit)

        async def search_flights(origin: str, destination: str) -> dict[str, Any]:
            """Find flights."""
            return await asyncio.to_thread(
                self._ask, "flights", origin=origin, destination=destination
            )

        return [get_weather, search_flights]


def as_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same tool for frameworks whose tools return text; the recorder stays innermost."""
    if asyncio.iscoroutinefunction(function):

        @functools.wraps(function)
        async def atext(*args: Any, **options: Any) -> str:
            return json.dumps(await function(*args, **options))

        return atext

    @functools.wraps(function)
    def text(*args: Any, **options: Any) -> str:
        return json.dumps(function(*args, **options))

    return text


SCHEMAS: dict[str, Any] = {
    "get_weather": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
    "search_flights": {
        "type": "object",
        "properties": {"origin": {"type": "string"}, "destination": {"type": "string"}},
        "required": ["origin", "destination"],
        "additionalProperties": False,
    },
}
