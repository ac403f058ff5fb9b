"""What would today's tools do with yesterday's traffic?

``Recorder`` captures an agent's model calls and tool calls; ``Toolbox`` shows replay your tools;
``replay run`` re-runs the recorded calls through today's code and says what changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.recorder import Recorder
    from replay.recorder.installing import install
    from replay.records.sensitive import Sensitive
    from replay.tools import Toolbox

__all__ = ["Recorder", "Sensitive", "Toolbox", "__version__", "install"]

__version__ = "0.1.0"

_LAZY = {
    "Recorder": "replay.recorder",
    "Sensitive": "replay.records.sensitive",
    "Toolbox": "replay.tools",
    "install": "replay.recorder.installing",
}


def __getattr__(name: str) -> Any:
    """Import on first use: ``import replay`` alone costs a millisecond."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'replay' has no attribute {name!r}")
