"""The smallest program that Textual can be: what a start costs before anything of ours."""

from textual.app import App, ComposeResult  # noqa: TID251 - what it costs alone
from textual.widgets import Static  # noqa: TID251 - as above


class Hello(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        """Say it."""
        yield Static("hello, world")


if __name__ == "__main__":
    Hello().run()
