"""Verdicts and findings as text: for a terminal, as JSON, as JUnit XML, as Markdown."""
