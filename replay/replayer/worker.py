"""The worker process: it loads the toolbox, then runs the jobs that its pool sends.

Order matters here. Our own imports come first, then the hooks of the frozen world, then the user's
folders join the search path, then the tools are imported under a clock and draws that are fixed.
From then on no request leaves the process but through a cassette.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
import traceback
from typing import Any

import cassettes
from cassettes import kernel
from cassettes.hooks.program_guard import starting_programs
from cassettes.world.code import IMPORT_EPOCH_S
from replay.errors import ReplayError, ToolboxError
from replay.records import JsonObject
from replay.replayer.channel import Channel
from replay.replayer.forking import WarmProcess
from replay.replayer.known_again import KnownAgain, has_placeholders
from replay.replayer.masking import RedactionOnDemand
from replay.replayer.own_data import data_of
from replay.replayer.runner import TraceRunner
from replay.replayer.sandbox import holding
from replay.replayer.sandbox.confinement import confine
from replay.replayer.sandbox.limits import Limits
from replay.replayer.scratch import make_scratch, remove_scratch
from replay.replayer.warm_up import warm_up
from replay.replayer.warm_world import WarmWorld


def main() -> None:
    """Be a worker until the pool closes the pipe, then end at once.

    Taking an interpreter down with all that it loaded takes longer than many a replay.
    """
    _work()
    remove_scratch()
    os._exit(0)  # nobody reads what could still be flushed


def _work() -> None:
    channel = Channel.take_over()
    setup = channel.receive()
    if setup is None:
        return
    channel.nonce = setup["nonce"]
    limits = Limits.of_message(setup["limits"])
    guard = kernel.enter(
        [*setup["allow"], *_debugger_address(setup["debugged"])],
        process_count_max=limits.process_count,
    )
    faulthandler.enable()
    redaction = RedactionOnDemand(setup["redact"])
    toolbox = _loaded(setup, channel, guard, limits)
    if toolbox is None:
        return
    guard.close_programs(for_good=not setup["goes_out"])
    make_scratch()
    if setup["answers"]:
        _answer(toolbox, channel)
        return
    can_fork = setup["forks"] and threading.active_count() == 1
    if setup["apart"] and not can_fork:
        channel.send(_cannot_be_apart())
    elif can_fork:
        _serve_in_forks(toolbox, channel, setup, redaction)
    else:
        _serve_in_process(toolbox, channel, setup, redaction)


def _loaded(setup: JsonObject, channel: Channel, guard: kernel.KernelGuard, limits: Limits) -> Any:
    """Return the toolbox, held as the pool says; None where there is none, and the pool is told."""
    try:
        confine(setup["confined"], guard)
        holding.hold_worker(limits, setup["sandbox"])
        if setup["observed"] is not None:
            _observe(**setup["observed"])
        if setup["debugged"] is not None:
            _debug(setup["debugged"])
        with holding.in_time(limits):
            return load(setup["toolbox"], setup["paths"], allow=setup["allow"])
    except ReplayError as error:
        channel.send(
            {
                "t": "refused",
                "wanted": error.wanted,
                "nearest": error.nearest,
                "hint": error.hint,
            }
        )
        return None


def _serve_in_forks(
    toolbox: Any, channel: Channel, setup: JsonObject, redaction: RedactionOnDemand
) -> None:
    warm = WarmWorld(toolbox)
    warm_up(toolbox)
    channel.mark_output("")
    channel.send({**greeting(toolbox, forks=True), "one_world": warm.is_made})
    WarmProcess(
        channel,
        lambda own, job: TraceRunner(
            toolbox,
            own,
            warm,
            apart=setup["apart"],
            loose=setup["loose"],
            redaction=redaction.get,
        ).run(job),
        keep=warm.keep,
        prepare=lambda job: _prepare(job, redaction, warm, toolbox),
    ).serve()


def _serve_in_process(
    toolbox: Any, channel: Channel, setup: JsonObject, redaction: RedactionOnDemand
) -> None:
    holding.hold_fork()
    channel.mark_output("")
    channel.send(greeting(toolbox, forks=False))
    runner = TraceRunner(toolbox, channel, loose=setup["loose"], redaction=redaction.get)
    while (job := channel.receive()) is not None:
        if job["t"] == "job":
            runner.run(job)


def _prepare(job: JsonObject, redaction: RedactionOnDemand, warm: WarmWorld, toolbox: Any) -> None:
    """Have ready, before the first fork that wants it, what takes long and all traces share."""
    made = redaction.get(job["redacts"])
    if made is None or not warm.is_made or warm.known is not None:
        return
    if has_placeholders(job, made.redactor):
        warm.known = KnownAgain(made.redactor)
        warm.known.look_at(warm.world, *data_of(toolbox))


def _cannot_be_apart() -> JsonObject:
    names = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    return {
        "t": "refused",
        "wanted": "The calls cannot run apart from each other: importing the tools starts threads "
        f"({', '.join(names)}), and a process with threads cannot fork safely.",
        "nearest": None,
        "hint": "Use --isolation process, which starts a new process for each trace.",
    }


def _answer(toolbox: Any, channel: Channel) -> None:
    from replay.replayer.questions.answering import answer_questions

    channel.send(greeting(toolbox, forks=False))
    answer_questions(toolbox, channel)


def _observe(salt: str = "", tick_ns: int = 0) -> None:
    from replay.replayer.shaking.observing import observe

    cassettes.install(world=True)
    observe(salt, tick_ns)


def _debug(asked: JsonObject) -> None:
    if "adapter" in asked:
        from replay.replayer.debugging.attending import attend

        attend(asked)
        return
    from replay.replayer.debugging.stopping import stop_in

    stop_in(asked)


def _debugger_address(asked: JsonObject | None) -> list[str]:
    """Return the address of the debugger that the worker connects to, if it does."""
    adapter = None if asked is None else asked.get("adapter")
    return [] if adapter is None else [f"{adapter['host']}:{adapter['port']}"]


def load(named: str, paths: list[str], *, allow: list[str]) -> Any:
    """Return the toolbox called ``package.module:toolbox``, imported in a frozen world.

    Raises:
        ToolboxError: it cannot be imported, or is no toolbox.
    """
    from replay.tools.loading import load_toolbox

    cassettes.install(world=True)
    cassettes.outside("block", allow=allow)
    sys.path[:0] = paths
    nothing = cassettes.Cassette("imports", mode="replay")
    try:
        # Packages look for programs and libraries as they are imported. Where the kernel keeps
        # what they start offline, they may; elsewhere nothing would.
        programs = starting_programs() if kernel.active().is_on else contextlib.nullcontext()
        with programs, cassettes.freeze(nothing, at=IMPORT_EPOCH_S, seed="imports"):
            return load_toolbox(named)
    except ReplayError:
        raise
    except BaseException as error:
        told = "".join(traceback.format_exception(error)).rstrip()
        raise ToolboxError(
            f"Importing the tools {named!r} raised {type(error).__name__}: {error}",
            hint=f"Where:\n{told}",
        ) from error


def greeting(toolbox: Any, *, forks: bool) -> JsonObject:
    """Return what the pool should know of the toolbox."""
    from replay.tools.sources import where_is

    return {
        "t": "ready",
        "forks": forks,
        "python": sys.version.split()[0],
        "one_world": False,
        "kernel_guard": kernel.active().why_not,
        "stateless": toolbox.world_factory is None,
        "older": [
            {"name": tool.name, "version": tool.version, "parameters": tool.parameters}
            for tool in toolbox.all_versions()
            if tool.version is not None
        ],
        "from_unversioned": sorted(
            {
                step.old.tool
                for step in toolbox.translations.steps()
                if step.old.version is None and step.new.tool == step.old.tool
            }
        ),
        "results_translated": sorted({one.old.tool for one in toolbox.result_translations.steps()}),
        "shows_state": toolbox.state_hook is not None,
        "tools": [
            {
                "name": tool.name,
                "version": tool.version,
                "actor": tool.options.actor,
                "schema_hash": tool.schema_hash,
                "parameters": tool.parameters,
                "replay": tool.options.replay,
                "takes_world": tool.needs_world,
                "source": where_is(tool),
            }
            for tool in toolbox.tools()
        ],
        "schemas": {tool.schema_hash: tool.parameters for tool in toolbox.all_versions()},
        "versions": [
            [tool.options.actor, tool.name, tool.version] for tool in toolbox.all_versions()
        ],
        "threads": [
            thread.name for thread in threading.enumerate() if thread is not threading.main_thread()
        ],
    }


if __name__ == "__main__":
    main()
