"""The command `replay`: its list of commands, and the one way from an error to an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from replay import __version__
from replay.cli import terminal
from replay.cli.interruption import ctrl_c
from replay.cli.lazy import LazyGroup, Place
from replay.errors import ExitCode, ReplayError

EPILOG = """\b
Exit codes:
  0    done; a replay run: everything the same, or allowed
  1    a replay run found calls that today's tools reject or fail
  2    a person must judge: changed or inconclusive calls; a partial import
  3    could not run: wrong command line, bad database, tools do not import
  130  stopped by Ctrl-C; what was done is kept

\b
Start here:
  replay demo
  replay ui replay-demo/traces.db
"""

_PLACES = {
    "demo": Place("replay.cli.demo", "demo", "See it work: no key, no network."),
    "proxy": Place("replay.cli.proxy", "proxy", "Record agents in any language, by a proxy."),
    "record": Place("replay.cli.record", "record", "Run a program and record its agent."),
    "import": Place("replay.cli.interchange", "import_command", "Read traces from another format."),
    "list": Place("replay.cli.traces", "list_command", "List the traces of a database."),
    "show": Place("replay.cli.traces", "show", "Show one trace, or one step of it."),
    "ui": Place("replay.cli.ui", "ui", "Step through traces in the terminal."),
    "stats": Place("replay.cli.stats", "stats", "Count, time and compare recorded calls."),
    "budgets": Place(
        "replay.cli.budgets", "budgets", "Hold latency budgets against recorded calls."
    ),
    "run": Place("replay.cli.run", "run", "Replay recorded calls through today's tools."),
    "runs": Place("replay.cli.runs", "runs", "List the replay runs of a database."),
    "diff": Place("replay.cli.diff", "diff", "Show what a replay run found, or compare two."),
    "what-if": Place(
        "replay.cli.what_if", "what_if", "Replay a trace with a payload or an answer edited."
    ),
    "debug": Place("replay.cli.debug", "debug", "Stop in today's tool, in a recorded call."),
    "world": Place("replay.cli.world", "world", "Show a trace's world, step by step."),
    "origins": Place("replay.cli.origins", "origins", "Find where a value came from."),
    "approve": Place("replay.cli.runs", "approve", "Accept a finding: an intended change."),
    "pin": Place("replay.cli.pins", "pin", "Pin a trace or a step as a regression case."),
    "unpin": Place("replay.cli.pins", "unpin", "Take a pin away again."),
    "pins": Place("replay.cli.pins", "pins", "List what is pinned."),
    "contract": Place(
        "replay.cli.contract", "contract", "Check what tools promise against captured calls."
    ),
    "fuzz": Place("replay.cli.fuzz", "fuzz", "Run changed payloads through today's tools."),
    "bisect": Place("replay.cli.bisect", "bisect", "Find the commit that changed a verdict."),
    "feedback": Place(
        "replay.cli.feedback", "feedback", "Say what is good or bad about a trace or a step."
    ),
    "export": Place("replay.cli.export", "export_command", "Write traces in another format."),
    "cassettes": Place("replay.cli.cassettes", "cassettes", "Look after what tools asked outside."),
    "schema": Place(
        "replay.cli.schema", "schema", "Look after tool schemas: versions, changes, evidence."
    ),
    "db": Place("replay.cli.db", "db", "Look after a database: check, compact, schema."),
    "mask": Place(
        "replay.cli.mask",
        "mask",
        "Find what a database holds that should be masked, or mask it.",
    ),
    "prune": Place("replay.cli.prune", "prune", "Remove traces whose time is over."),
    "forget": Place(
        "replay.cli.forget", "forget", "Remove every trace that holds one person's value."
    ),
    "hold": Place("replay.cli.holds", "hold", "Keep a trace, whatever else says it goes."),
    "release": Place("replay.cli.holds", "release", "Take a hold off a trace."),
    "holds": Place("replay.cli.holds", "holds", "List what is held."),
    "audit": Place("replay.cli.audit", "audit", "List who read, exported or removed what."),
    "mcp": Place("replay.cli.mcp", "mcp", "Serve a database to coding agents, over MCP."),
    "doctor": Place("replay.cli.doctor", "doctor", "Check this machine and a database."),
    "completion": Place("replay.cli.completion", "completion", "Print a shell completion script."),
}


@click.command(
    cls=LazyGroup,
    places=_PLACES,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="replay")
def cli() -> None:
    """What would today's tools do with yesterday's traffic?

    Record an agent's tool calls, replay them through today's code, read the verdict.
    """


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(exit_code_of(sys.argv[1:]))


def exit_code_of(args: Sequence[str]) -> int:
    """Run the command line ``args`` and return its exit code; errors are told on stderr.

    A mistake of the user's ends in a message; a mistake of ours in a traceback and code 3, never
    in 1, which is a verdict.
    """
    try:
        with ctrl_c.noticed():
            code = cli.main(list(args), prog_name="replay", standalone_mode=False)
    except click.ClickException as error:
        # Click ends with 1 or 2, which are verdicts here: a gate must not let a typo pass.
        error.show()
        code = ExitCode.COULD_NOT_RUN
    except ReplayError as error:
        terminal.complain(error)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _interrupted()
    except BrokenPipeError:
        terminal.reader_is_gone()
        code = ExitCode.OK
    except SystemExit as error:
        # Click makes 1 of a help page that nobody reads to its end; here 1 is a verdict.
        gone = isinstance(error.__context__, BrokenPipeError)
        code = ExitCode.OK if gone else error.code
    except Exception:  # noqa: BLE001 - the last border: a bug must not end in a verdict's code
        code = _interrupted() if ctrl_c.was_pressed else _report_bug()
    try:
        terminal.flush()
    except ReplayError as error:
        terminal.complain(error)
        code = error.exit_code
    return int(code) if isinstance(code, int) else int(ExitCode.OK)


def _interrupted() -> int:
    terminal.say("Stopped.")
    return int(ExitCode.INTERRUPTED)


def _report_bug() -> int:
    import traceback

    traceback.print_exc()
    terminal.say(
        f"\nThis is a bug in replay {__version__}, not in what you did. Please report it with the "
        "lines above\nand the output of `replay doctor`."
    )
    return int(ExitCode.COULD_NOT_RUN)


if __name__ == "__main__":
    main()
