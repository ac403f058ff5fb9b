"""The terminal UI. Only this package knows Textual, and nothing below it knows this package."""

import os

# A list and the words beneath it are painted one after the other, and no closer than a frame: at
# Textual's 60 a second, the second is 40 ms after the key. Read when Textual is imported.
os.environ.setdefault("TEXTUAL_FPS", "120")

# Until Esc is known to be no arrow key; 100 ms otherwise, twice what a key may take.
os.environ.setdefault("ESCDELAY", "20")
