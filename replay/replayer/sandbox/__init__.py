"""What holds a worker beyond the guards: limits in every worker, and a sandbox where one is asked.

A sandbox is a way to start a process here whose stdin and stdout carry a worker's frames, and whose
stderr carries what tools print. Whatever can offer that can be one: a namespace, a kernel's own
rules, a machine elsewhere.
"""

from __future__ import annotations
