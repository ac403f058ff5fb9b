"""Recording: model calls at the HTTP client, tool calls at the toolbox or the function itself.

::

    recorder = Recorder("traces.db", app="support")
    client = recorder.wrap(OpenAI())
    with recorder.trace(labels={"customer": "42"}):
        run_agent(client)
"""

from replay.recorder.recorder import Recorder, TraceScope

__all__ = ["Recorder", "TraceScope"]
