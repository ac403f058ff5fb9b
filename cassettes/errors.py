"""What can go wrong with a cassette, each with the words that mend it.

Draw of the tree::

    CassetteError
    ├── CassetteMiss          asked in replay, and not on the cassette
    ├── EgressBlocked         a connection that this process may not open
    ├── WriteRefused          a request that changes something, where only reads may go out
    ├── ProgramRefused        a program that this process may not start
    ├── RecordedError         a recorded exception whose class does not exist here
    ├── ValueNotKept          a recorded value of @external that cannot be rebuilt
    ├── Deadlock              a replayed call waits for what can never happen
    ├── InteractionFormatError  JSON or YAML that is not an interaction
    └── WorldNotInstalled     freeze(at=...) without install(world=True)

All are ordinary exceptions: a tool that catches ``Exception`` may swallow them. What was missed is
kept on the cassette all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cassettes.matching import Miss


class CassetteError(Exception):
    """Everything this package raises of its own."""


class CassetteMiss(CassetteError):
    """The tool asked something that the cassette cannot answer."""

    def __init__(self, miss: Miss, cassette: str) -> None:
        """``miss`` holds the facts; the text is built from it."""
        self.miss = miss
        self.cassette = cassette
        lines = ["No recorded answer for", f"  {miss.line}", f"in cassette {cassette!r}."]
        if miss.nearest is None:
            lines.append(miss.why or "Nothing like it was recorded.")
        else:
            lines[-1] += " The nearest recorded one is"
            lines += [f"  {miss.nearest.request.line}", miss.why]
        lines.append(
            "No replay can know the answer: if the tool is meant to ask this now, record the call "
            "again; if not, mend the tool."
        )
        super().__init__("\n".join(lines))


class EgressBlocked(CassetteError):
    """A connection was about to leave a process that may not talk to the world."""

    def __init__(self, what: str, address: str) -> None:
        """``what`` was tried, in one line; ``address`` is ``host:port`` or ``unix:path``."""
        self.what = what
        self.address = address
        super().__init__(
            f"{what} was stopped: this process may not connect to {address}.\n"
            "Nothing was sent. Replays answer from cassettes alone; to let this one address "
            f'through, call cassettes.outside("block", allow=["{address}"]); for `replay run` it '
            f"is `--allow {address}`."
        )


class WriteRefused(CassetteError):
    """A request that changes something was about to go out, and its cassette lets only reads."""

    def __init__(self, request: str, cassette: str) -> None:
        """``request`` in one line; ``cassette`` is the cassette's name."""
        self.request = request
        self.cassette = cassette
        super().__init__(
            f"{request}\nwas not sent: it may change something, and cassette {cassette!r} "
            "lets only reads go out (GET, HEAD, OPTIONS, and @external that is no write)."
        )


class ProgramRefused(CassetteError, PermissionError):
    """A program was about to start in a process that may not talk to the world.

    Also a PermissionError: code that copes with a program that it may not run copes with this.
    """

    def __init__(self, command: str, program: str) -> None:
        """``command`` is the whole line; ``program`` the name to allow."""
        super().__init__(
            f"{command}\nwas not started: what another process does, no cassette holds, so in a "
            "replay none starts. To let it run for real in every replay, allow "
            f"'run:{program}': `--allow run:{program}`, or `allow = [\"run:{program}\"]` in "
            "[tool.replay]. Or put @external on the function that starts it: then its answer is "
            "recorded and played."
        )
        self.command = command
        self.program = program


class RecordedError(CassetteError):
    """The recording ends in an exception whose class cannot be found in this process."""

    def __init__(self, type_name: str, message: str) -> None:
        """``type_name`` is the recorded class with its module."""
        self.type_name = type_name
        self.message = message
        super().__init__(f"{type_name}: {message}")


class ValueNotKept(CassetteError):
    """A value had no JSON form when it was recorded, and is needed now."""

    def __init__(self, type_name: str, shown: str) -> None:
        """``shown`` is the start of the value's repr."""
        super().__init__(
            f"The recorded value was a {type_name} ({shown}), which no codec can rebuild. "
            "Put @external on a function that returns plain values, or teach the codec with "
            "cassettes.values.register(...)."
        )


class Deadlock(CassetteError, RuntimeError):
    """Everything in a frozen world waits for something else in it: nothing can ever happen."""

    def __init__(self, waits: list[str]) -> None:
        """``waits`` says who waits for what, and where, in one line each."""
        self.waits = waits
        shown = "\n".join(f"  {line}" for line in waits)
        super().__init__(
            f"Everybody waits, and nobody is left who could go on:\n{shown}\n"
            "In production this call would have hung, or something outside it would have ended "
            "the wait: a signal, another process, or a thread that a replay does not have."
        )


class InteractionFormatError(CassetteError):
    """JSON or YAML that does not describe an interaction."""


class WorldNotInstalled(CassetteError):
    """A frozen clock or seeded randomness was asked for in a process that cannot give it."""

    def __init__(self) -> None:
        super().__init__(
            "freeze(at=..., seed=...) needs the frozen world: call cassettes.install(world=True) "
            "once, before the code it is to hold is imported. It is meant for replays; recording "
            "never touches the clock."
        )
