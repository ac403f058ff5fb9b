"""How the new version reads payloads, and where the old ones come from.

JSON Schema says what a payload looks like. What happens to it also depends on who reads it:
pydantic may take "3" for 3, a toolbox takes null for an argument that was left out, a validator of
JSON Schema does not look at ``format``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of both sides beyond their schemas. The defaults: JSON Schema's own reading."""

    coerces: bool = False
    """True: pydantic's lax mode: "3" is taken for 3, 3.0 too, "yes" for true."""
    null_is_left_out: bool = False
    """True: null for an optional argument that takes no null is read as if it were not there."""
    checks_formats: bool = True
    """False: ``format`` is only a word, as JSON Schema's validators read it by default."""
    from_strict: bool = False
    """True: payloads were written under OpenAI's strict mode: every property is there, with null
    where the model would have left it out."""
    gates: bool = True
    """False: the tool runs arguments that do not fit and only notes it: nothing breaks for sure."""


JSON_SCHEMA = Reading()
"""Payloads as JSON Schema reads them; ``format`` counts, for most who validate check it."""


def reading_of(*, strict: bool, is_given: bool, gates: bool) -> Reading:
    """Return how a toolbox reads payloads: pydantic, or a schema that was given as JSON."""
    return Reading(
        coerces=not strict and not is_given,
        null_is_left_out=not is_given,
        checks_formats=not is_given,
        gates=gates,
    )
