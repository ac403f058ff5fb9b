"""The toolbox: how users show their tools; and the one life of a tool call.

Production and replay run the same code: ``Toolbox.dispatch`` and the replayer both end in
``run_call``.
"""

from replay.records.schema_check import schema_errors
from replay.tools.call import run_call, run_call_sync
from replay.tools.contract import READ, Contract
from replay.tools.current import CurrentCall, current_call
from replay.tools.dispatch import AskedCall, answer_messages, asked_calls, run_asked_calls
from replay.tools.error_text import CallFailure, default_error_text
from replay.tools.loading import load_toolbox
from replay.tools.observer import (
    CallObserver,
    CallStart,
    current_observer,
    observe,
    observer_failures,
)
from replay.tools.outcome import failure_of, state_hash
from replay.tools.refusals import Denied, Refusal, Refused, Throttled
from replay.tools.schemas import DIALECTS, strict_form
from replay.tools.signature import FromWorld
from replay.tools.tool import Tool
from replay.tools.toolbox import Toolbox
from replay.tools.world import Session

__all__ = [
    "DIALECTS",
    "READ",
    "AskedCall",
    "CallFailure",
    "CallObserver",
    "CallStart",
    "Contract",
    "CurrentCall",
    "Denied",
    "FromWorld",
    "Refusal",
    "Refused",
    "Session",
    "Throttled",
    "Tool",
    "Toolbox",
    "answer_messages",
    "asked_calls",
    "current_call",
    "current_observer",
    "default_error_text",
    "failure_of",
    "load_toolbox",
    "observe",
    "observer_failures",
    "run_asked_calls",
    "run_call",
    "run_call_sync",
    "schema_errors",
    "state_hash",
    "strict_form",
]
