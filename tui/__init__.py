"""The terminal UI: step through transcripts. Only this package knows Textual."""
