"""The option `--parser`: one parser, or two to compare, as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from replay.replayer.questions.two_parsers import ParserName

PARSER_HELPS: Final = {
    "old": "the version that was recorded",
    "new": "the version that is registered last",
    "strict": "whom the toolbox chooses, read strictly",
    "flexible": "whom the toolbox chooses, read flexibly",
    "both": "old against new; new runs",
    "strict:flexible": "strict against flexible; flexible runs",
}


class ParserType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers
    """``old``, ``both``, ``strict:flexible``: a tuple of one parser, or of two to compare."""

    name = "parser"

    def __init__(self, *, must_be_two: bool = False) -> None:
        """``must_be_two``: one parser alone is refused."""
        self.must_be_two = must_be_two

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        del param, ctx
        return "PARSER:PARSER" if self.must_be_two else "PARSER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[ParserName, ...]:
        """Return the parsers that ``value`` names."""
        from replay.errors import SelectionError
        from replay.replayer.questions.two_parsers import PARSERS, parsers_named

        if isinstance(value, tuple):
            return value
        if value in PARSERS and not self.must_be_two:
            return (value,)
        wanted = value if ":" in value or value == "both" else f"{value}:new"
        try:
            named = parsers_named(wanted)
        except SelectionError as error:
            self.fail(str(error), param, ctx)
        if value in PARSERS:
            self.fail(f"{value!r} is one parser; two are compared, as {value}:new.", param, ctx)
        return named


def complete_parsers(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the parsers that begin with ``incomplete``."""
    from click.shell_completion import CompletionItem

    del ctx, param
    return [
        CompletionItem(name, help=text)
        for name, text in PARSER_HELPS.items()
        if name.startswith(incomplete)
    ]
