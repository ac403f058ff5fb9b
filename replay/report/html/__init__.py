"""Traces and replay runs as one HTML file: no script, no network, readable on a phone."""

from replay.report.html.run_page import run_page
from replay.report.html.trace_page import trace_page

__all__ = ["run_page", "trace_page"]
