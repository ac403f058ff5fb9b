"""A recorded request that was never answered: the application gave it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cassettes.errors import RecordedError
from cassettes.interaction import Interaction

if TYPE_CHECKING:
    from cassettes.world.clock import Clock

_PATIENCE_S = 3600.0
_REAL_PATIENCE_S = 1.0


async def until_given_up(interaction: Interaction) -> None:
    """Wait to be cancelled, as the recording was; on a virtual loop the wait costs nothing.

    Raises:
        RecordedError: Nobody cancelled: the code of today waits longer than the recording did.
    """
    import asyncio

    from cassettes.world.virtual_loop import is_virtual

    recorded_s = interaction.duration_ms / 1000
    virtual = is_virtual()
    await asyncio.sleep(_PATIENCE_S if virtual else recorded_s + _REAL_PATIENCE_S)
    raise _never_answered(interaction)


def wait_for_good(interaction: Interaction, clock: Clock | None) -> NoReturn:
    """Do the same for code that blocks: its thread waits, and nobody waits for the thread.

    Raises:
        RecordedError: The code of today waits longer than the recording did.
    """
    if clock is not None:
        clock.block(_PATIENCE_S)
    raise _never_answered(interaction)


def _never_answered(interaction: Interaction) -> RecordedError:
    recorded_s = interaction.duration_ms / 1000
    return RecordedError(
        "asyncio.CancelledError",
        f"{interaction.request.line} was given up after {recorded_s:.3f} s when it was recorded; "
        "nobody knows what it would have answered.",
    )
