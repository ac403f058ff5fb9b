"""A draft as Python: one function under ``@toolbox.translate``, each edit under its reason."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from replay.compatibility.suggesting.drafting import Draft
from replay.compatibility.suggesting.edits import Edit, text

_WIDTH: Final = 96
_INDENT: Final = "    "


def written(draft: Draft) -> str:
    """Return ``draft`` as the text of a module: imports, the decorator, the function.

    It is meant to be put where ``toolbox`` is; nothing else of it is needed there.
    """
    body = "\n".join(draft_line for edit in draft.edits for draft_line in edit.code)
    imports = [name for name in ("date", "datetime") if re.search(rf"\b{name}\.\w+\(", body)]
    lines = [f"from datetime import {', '.join(imports)}"] if imports else []
    lines += ["from typing import Any", "", ""]
    lines += [_decorator(draft), f"def {_name(draft)}(old: dict[str, Any]) -> dict[str, Any]:"]
    lines += _docstring(draft)
    lines.append(f"{_INDENT}new = dict(old)")
    for edit in draft.edits:
        lines += _edit_lines(edit)
    lines.append(f"{_INDENT}return new")
    return "\n".join(lines) + "\n"


def _decorator(draft: Draft) -> str:
    arguments = [text(draft.old.tool), text(draft.old.version), text(draft.new.version)]
    if draft.new.tool != draft.old.tool:
        arguments.append(f"to={text(draft.new.tool)}")
    if draft.drops:
        arguments.append(f"drops={text(draft.drops)}")
    return f"@toolbox.translate({', '.join(arguments)})"


def _name(draft: Draft) -> str:
    old, new = (one.version or "unversioned" for one in (draft.old, draft.new))
    words = f"{draft.old.tool}_{old}_to_{new}"
    return "translate_" + re.sub(r"\W+", "_", words, flags=re.ASCII)


def _docstring(draft: Draft) -> list[str]:
    title = f"Draft: {draft.title}."
    asked = len(draft.questions)
    if not asked:
        return [f'{_INDENT}"""{title}"""']
    left = "1 TODO is left: it raises" if asked == 1 else f"{asked} TODOs are left: they raise"
    return [f'{_INDENT}"""{title}', "", f"{_INDENT}{left} where it matters.", f'{_INDENT}"""']


def _edit_lines(edit: Edit) -> list[str]:
    said = f"{edit.path}: {edit.said}" if edit.path else edit.said
    if edit.is_sure:
        return [*_comment(f"{said}."), *(_INDENT + line for line in edit.code)]
    asked = [*_comment(f"TODO {said}."), *(_INDENT + line for line in edit.code)]
    if edit.hint:
        asked += [*_comment("If that is meant:"), *(f"{_INDENT}#   {line}" for line in edit.hint)]
    return asked


def _comment(said: str) -> list[str]:
    room = _WIDTH - len(_INDENT) - 2
    wrapped = textwrap.wrap(said, room, break_on_hyphens=False, break_long_words=False)
    return [f"{_INDENT}# {line}" for line in wrapped]
