"""docs/cli.md against the commands themselves: nothing undocumented, nothing documented in vain."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from replay.cli.arguments import database_and
from replay.cli.main import cli
from replay.cli.selection import selection_options
from replay.errors import ExitCode

PAGE = (Path(__file__).parent.parent.parent / "docs" / "cli.md").read_text("utf-8")
SECTIONS: dict[str, str] = {
    title.strip(): text
    for title, text in re.findall(r"^##+ (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def options(command: click.Command) -> set[str]:
    """Return the options of a command, all spellings."""
    return {
        opt for param in command.params if isinstance(param, click.Option) for opt in param.opts
    }


def selecting() -> set[str]:
    """Return the selection options."""

    @click.command()
    @selection_options
    def command() -> None: ...

    return options(command)


def of_a_database() -> set[str]:
    """Return what every command takes that takes a database."""

    @click.command()
    @database_and()
    def command() -> None: ...

    return options(command)


def commands() -> dict[str, click.Command]:
    """Return every command; those of a group as ``db check``."""
    context = click.Context(cli)
    named: dict[str, click.Command] = {}
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for part in command.list_commands(context):
                one = command.get_command(context, part)
                assert one is not None
                named[f"{name} {part}"] = one
        else:
            named[name] = command
    return named


def section_of(name: str) -> str:
    """Return what the page says of a command; a group's commands share its section."""
    return SECTIONS[f"replay {name.split()[0]}"]


def documented(text: str) -> set[str]:
    """Return the options that a section's table lists."""
    rows = re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE)
    return {name.split()[0].rstrip("`") for row in rows for name in re.findall(r"`(-.+?)`", row)}


def test_every_command_has_a_section() -> None:
    assert {f"replay {name.split()[0]}" for name in commands()} <= set(SECTIONS)


def test_every_option_is_documented() -> None:
    missing = {
        name: sorted(
            option
            for option in options(command) - selecting() - of_a_database()
            if option not in documented(section_of(name))
        )
        for name, command in commands().items()
    }

    assert {name: found for name, found in missing.items() if found} == {}


def test_every_command_that_selects_links_to_the_selection() -> None:
    assert documented(SECTIONS["Selecting"]) == selecting()
    for name, command in commands().items():
        if selecting() <= options(command):
            assert "(#selecting)" in section_of(name), name


def test_what_every_command_of_a_database_takes_is_told_once() -> None:
    assert documented(SECTIONS["A locked database"]) == of_a_database() == {"--wait"}


def test_no_option_is_documented_that_does_not_exist() -> None:
    for title, text in SECTIONS.items():
        if title.startswith("replay "):
            mine = [one for name, one in commands().items() if name.split()[0] == title[7:]]
            existing = set().union(*(options(one) for one in mine))
            assert documented(text) <= existing, title


def test_every_group_command_is_named_in_its_groups_section() -> None:
    for name in commands():
        if " " in name:
            assert f"replay {name}" in section_of(name)


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    assert f"| {int(code)} |" in SECTIONS["Exit codes"]
