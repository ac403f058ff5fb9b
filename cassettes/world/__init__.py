"""The frozen world: inside ``freeze(cassette, at=..., seed=...)`` time and chance repeat.

For processes that replay. Clock reads, sleeps and random draws are answered from the scope in
force, so interleaved tasks and threads each live in a world of their own.
"""

from __future__ import annotations

from cassettes.scope import process

__all__ = ["install_world"]


def install_world() -> None:
    """Put the frozen world in, once per process, before the code it is to hold is imported."""
    if process.world_installed:
        return
    process.world_installed = True
    import cassettes.world.turns  # noqa: F401 -- keeps the real clocks, which go next
    from cassettes.world.chance import install_chance
    from cassettes.world.clock_hooks import install_clock
    from cassettes.world.code import install_code
    from cassettes.world.file_times import install_file_times
    from cassettes.world.machine import install_machine
    from cassettes.world.native import install_native
    from cassettes.world.numpy_chance import install_numpy_chance
    from cassettes.world.object_hashes import install_object_hashes
    from cassettes.world.order import install_order
    from cassettes.world.pydantic_now import install_pydantic_now
    from cassettes.world.sqlite_functions import install_sqlite_functions
    from cassettes.world.temporary import install_temporary
    from cassettes.world.virtual_loop import install_virtual_loop

    install_clock()
    install_chance()
    install_numpy_chance()
    install_machine()
    install_file_times()
    install_order()
    install_virtual_loop()
    install_temporary()
    install_native()
    install_sqlite_functions()
    install_pydantic_now()
    install_code()
    install_object_hashes()
