"""Below Python: the kernel itself lets nothing out, whatever language asked.

``enter`` splits the process in two. A system call filter (seccomp, which needs no rights) makes the
kernel ask the first half before the other half, or any child of it, connects, sends or starts a
program. The first half answers by address and name, and tells what it refused.
"""

from __future__ import annotations

from cassettes.kernel.guard import KernelGuard, active, enter

__all__ = ["KernelGuard", "active", "enter"]
