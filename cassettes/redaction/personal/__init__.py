"""Personal data: the kinds that are found by their form, and what stands for them."""

from __future__ import annotations

from cassettes.redaction.personal.card import CARD
from cassettes.redaction.personal.email import EMAIL
from cassettes.redaction.personal.iban import IBAN
from cassettes.redaction.personal.ip import IP
from cassettes.redaction.personal.kind import Kind, Span
from cassettes.redaction.personal.national import SSN
from cassettes.redaction.personal.phone import PHONE

KINDS = {kind.name: kind for kind in (IBAN, EMAIL, CARD, SSN, IP, PHONE)}
"""The built-in kinds by name. Where two claim the same characters, the one that is surer wins: the
one that comes first."""

__all__ = ["KINDS", "Kind", "Span"]
