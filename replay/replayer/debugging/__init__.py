"""One recorded call again, under a Python debugger that stops at the tool's first line."""

from __future__ import annotations
