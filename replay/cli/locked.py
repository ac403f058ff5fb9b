"""What a command says while another program has its database locked."""

from __future__ import annotations

from pathlib import Path

from replay.cli import terminal
from replay.patience import Patience, patience


def wait(most_s: float | None) -> None:
    """Have this process wait at most so long for a lock, and say what it waits for.

    ``most_s`` None: as long as each lock is worth, ten seconds as a rule.
    """
    patience.limit_s, patience.tell, patience.is_over = most_s, _tell, False


def forget_wait() -> None:
    """Wait again as who is no command does."""
    usual = Patience()
    patience.limit_s, patience.tell, patience.is_over = usual.limit_s, usual.tell, usual.is_over


def _tell(path: Path, left_s: float) -> None:
    from replay.store.lock_holders import lock_holders

    holders = ", ".join(lock_holders(path)) or "another program"
    terminal.say(
        f"Waiting for '{path.name}': {holders} writes to it. Ctrl-C stops; {left_s:.0f} s more at "
        "most (--wait SECONDS)."
    )
