"""Questions about today's tools, answered by a worker that holds them and runs none of them.

``asking`` is the caller's side; ``answering`` the worker's.
"""

from __future__ import annotations
