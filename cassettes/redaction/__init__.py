"""Redaction: secrets become placeholders before anything of them is stored.

Not imported with `cassettes`: a program that only plays has no use for it.
"""

from __future__ import annotations

from cassettes.redaction.keys import KeyUnusable, fingerprint, key_beside, known_key
from cassettes.redaction.patterns import PatternError
from cassettes.redaction.redactor import Redactor

__all__ = ["KeyUnusable", "PatternError", "Redactor", "fingerprint", "key_beside", "known_key"]
