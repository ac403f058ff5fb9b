"""A response that was closed before its end: what was read then is known, and no more.

Code that stops where it stopped then never notices. Code that reads on must not take what is there
for the whole.
"""

from __future__ import annotations

from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss, RecordedError
from cassettes.interaction import Interaction, Request
from cassettes.never import until_given_up

_WHY = (
    "It was recorded, but closed before its end: of its body, only what was read then is known, "
    "and it is read further now."
)


def read_on(cassette: Cassette, request: Request, interaction: Interaction) -> CassetteMiss:
    """Return the miss of reading on behind the recorded part; it is kept on the cassette."""
    return CassetteMiss(cassette.cannot_play(request, interaction, _WHY), cassette.name)


async def wait_on(cassette: Cassette, request: Request, interaction: Interaction) -> None:
    """Wait behind the recorded part as long as anybody does: the rest never came then.

    Raises:
        CassetteMiss: Nobody gave it up: the code of today reads further than the recording did.
    """
    try:
        await until_given_up(interaction)
    except RecordedError:
        raise read_on(cassette, request, interaction) from None
