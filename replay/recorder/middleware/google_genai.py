"""Google's GenAI client: its model calls, and the functions that it calls by itself.

::

    client = recorded_client(recorder, genai.Client())
    config = GenerateContentConfig(tools=[recorder.tool(get_weather)])

Its calls have no ids: they are bound by the turn, by what they were given and by their order, and
answers by their function's name. A client that sends by aiohttp (async, where that is installed)
is not seen: give it ``HttpOptions(httpx_async_client=httpx.AsyncClient())``.
"""

from __future__ import annotations

from typing import TypeVar

from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder

require("google-genai")

C = TypeVar("C")


def recorded_client(recorder: Recorder, client: C) -> C:
    """Record the model calls of one ``genai.Client``, sync and async, and return the very same.

    Raises:
        ReplayError: no httpx or httpx2 client was found in it.
    """
    return recorder.wrap(client)
