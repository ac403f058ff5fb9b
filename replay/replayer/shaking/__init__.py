"""Recorded calls again under other conditions: what is not deterministic, and by what."""

from __future__ import annotations
