"""The page around everything: head, style, foot.

What was recorded is hostile until shown otherwise. All of it is escaped, and the page forbids
itself every script, form and address: whatever got through would still do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from replay.report.html.style import STYLE

_FORBIDDEN: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def page(title: str, body: Iterable[str]) -> Iterator[str]:
    """Yield an HTML document in pieces."""
    yield "<!doctype html>\n"
    yield '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_FORBIDDEN}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield '<meta name="color-scheme" content="light dark">\n'
    yield '<link rel="icon" href="data:,">\n'
    yield f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    yield from body
    yield "</main>\n<footer>Written by replay. Everything is in this file.</footer>\n"
    yield "</body>\n</html>\n"


def text(value: object) -> str:
    """Return a value as text in which nothing is HTML, nor looks like another direction."""
    shown = str(value)
    if not shown.isprintable():
        shown = "".join(_shown(char) for char in shown)
    return escape(shown, quote=True)


def _shown(char: str) -> str:
    if char.isprintable() or char in "\n\t ":
        return char
    # Controls and marks of direction are said, not obeyed: they could show a text as another.
    return f"\\u{ord(char):04x}"


def tag(name: str, content: str, css: str = "") -> str:
    """Return an element around ``content``, which is HTML already."""
    css = f' class="{css}"' if css else ""
    return f"<{name}{css}>{content}</{name}>"


def folded(head: str, body: Iterable[str], *, css: str = "", is_open: bool = False) -> str:
    """Return a part that opens where it is touched; ``head`` and ``body`` are HTML already."""
    css = f' class="{css}"' if css else ""
    opened = " open" if is_open else ""
    return f"<details{css}{opened}><summary>{head}</summary>{''.join(body)}</details>\n"


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names with their values, without those that are not known."""
    rows = (
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
        for name, value in pairs
        if value is not None and value != ""
    )
    found = "".join(rows)
    return f"<dl>{found}</dl>" if found else ""
