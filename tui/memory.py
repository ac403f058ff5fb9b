"""What was freed goes back to the system: the memory of five megabytes that nobody looks at."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_SIZE: Final = 256 * 2**10


def give_back_what_is_freed() -> None:
    """Let the C library map what is large by itself, and unmap it when it is freed.

    glibc would do so up to the first large text that is freed, and from then on put texts of that
    size between everything else, where what is freed stays. Elsewhere than on Linux: nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # musl has none
        library.mallopt(_MMAP_THRESHOLD, _SIZE)
        library.mallopt(_TRIM_THRESHOLD, _SIZE)
