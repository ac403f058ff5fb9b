"""A tool that shows that its process lives: it holds a pipe open for as long."""

from __future__ import annotations

import os

from replay.tools import Toolbox

toolbox = Toolbox("held")


@toolbox.tool
def hold(pipe: str) -> str:
    os.write(os.open(pipe, os.O_WRONLY), b"held")
    while True:
        pass


@toolbox.tool
def answer() -> str:
    return "here"
