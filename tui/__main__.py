"""``python -m tui DATABASE [TRACE]``: the terminal UI of a checkout, without the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from tui.app import run

if __name__ == "__main__":
    words = sys.argv[1:] or ["traces.db"]
    sys.exit(run(Path(words[0]), words[1] if len(words) > 1 else None))
