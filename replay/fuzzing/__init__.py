"""Captured payloads, changed on purpose: what must not reach a tool, and how a tool must end.

``fuzz`` of ``fuzzer`` does it all; ``cases`` makes payloads, ``reference`` says which are valid by
the published schema, ``running`` runs them in workers, ``judging`` applies the laws, ``shrinking``
makes failures small, and ``keeping`` keeps them as regression cases.
"""

from __future__ import annotations
