"""What a rule is, and the words that rules share."""

from __future__ import annotations

from dataclasses import dataclass

from replay.compatibility.changes import OnModel, OnPayloads

SAFE, SILENT = OnPayloads.SAFE, OnPayloads.SILENT
MAY_BREAK, BREAKS = OnPayloads.MAY_BREAK, OnPayloads.BREAKS
SAME, CHANGED, REFUSED = OnModel.SAME, OnModel.CHANGED, OnModel.REFUSED


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change."""

    name: str
    family: str
    means: str
    """In one sentence."""
    on_payloads: tuple[OnPayloads, ...]
    """What it can do to captured payloads, the usual first."""
    on_model: OnModel
    mend: str
    """What to do where it is not meant; empty: nothing to mend."""


TRANSLATE = "Add a translation from the old version (`@toolbox.translate`)."
OR_TRANSLATE = "or add a translation from the old version (`@toolbox.translate`)."
LOOK = "Nothing for old payloads; look at how models call the tool now."
