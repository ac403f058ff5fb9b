"""Finding a user's toolbox by name: ``package.module:toolbox`` or ``path/to/file.py:toolbox``."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Final

from replay.errors import ToolboxError
from replay.mcp_reference import PREFIX, is_mcp
from replay.tools.error_text import nearest_name
from replay.tools.toolbox import Toolbox

_FRAMES_MAX = 3


def load_toolbox(reference: str, *, folder: str | Path | None = None) -> Toolbox:
    """Return the toolbox that ``reference`` names, with every tool of it checked.

    ``mcp:COMMAND`` or ``mcp:URL`` is an MCP server's tools.

    ``package.module:name`` or ``path/to/file.py:name``; without ``:name`` the module's only
    toolbox. Modules are looked for in ``folder`` (default: the working folder) before the rest of
    the path; a file's own folder is put on the path, as when Python runs it.

    Raises:
        ToolboxError: no such module, file or name (with the nearest one), the import failed (with
            its last frames), or what was found is no toolbox.
    """
    if is_mcp(reference):
        from replay.tools.mcp import toolbox_from_mcp

        toolbox: Toolbox = toolbox_from_mcp(reference.removeprefix(PREFIX))
        toolbox.check()
        return toolbox
    place, _, attribute = reference.partition(":")
    if not place:
        raise ToolboxError(
            f"{reference!r} names no toolbox.",
            hint="Write `package.module:toolbox` or `path/to/file.py:toolbox`.",
        )
    base = Path(folder) if folder is not None else Path.cwd()
    if place.endswith(".py") or "/" in place:
        module = _from_file(base / place, place)
    else:
        module = _from_path(place, base)
    toolbox = _toolbox_of(module, attribute, reference)
    toolbox.check()
    return toolbox


def _from_path(name: str, base: Path) -> ModuleType:
    _on_path(base)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name != missing and not name.startswith(missing + "."):
            raise _import_failed(name, error) from error
        raise ToolboxError(
            f"There is no module {missing!r} (wanted for the toolbox in {name!r}).",
            nearest=nearest_name(missing.rpartition(".")[2], _modules_in(base, missing)),
            hint=f"It was looked for in {base} and on Python's path. A file can be named too: "
            "`path/to/file.py:toolbox`.",
        ) from error
    except Exception as error:
        raise _import_failed(name, error) from error
    except SystemExit as error:
        raise _import_failed(name, error) from error


def _from_file(path: Path, shown: str) -> ModuleType:
    if not path.is_file():
        folder = path.parent
        beside = [one.name for one in folder.glob("*.py")] if folder.is_dir() else []
        raise ToolboxError(
            f"There is no file {shown!r}.",
            nearest=nearest_name(path.name, beside),
            hint=f"It was looked for in {folder}.",
        )
    path = path.resolve()
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    _on_path(path.parent)
    if known is not None:  # a module of that name is taken: do not shadow it
        name = f"replay_toolbox_{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ToolboxError(f"{shown!r} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _import_failed(shown, error) from error
    return module


def _on_path(folder: Path) -> None:
    entry = str(folder.resolve())
    if entry not in sys.path:
        sys.path.insert(0, entry)


def _modules_in(base: Path, missing: str) -> list[str]:
    folder = base.joinpath(*missing.split(".")[:-1])
    if not folder.is_dir():
        return []
    files = [one.stem for one in folder.glob("*.py")]
    return files + [one.name for one in folder.iterdir() if (one / "__init__.py").is_file()]


_OURS: Final = tuple(
    f"{Path(__file__).parents[up] / name}{os.sep}" for up, name in ((1, "tools"), (2, "cassettes"))
)
"""Where our own frames are, which tell a user nothing."""


def _import_failed(name: str, error: BaseException) -> ToolboxError:
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not frame.filename.startswith(_OURS)
    ]
    frames = "".join(traceback.format_list(own[-_FRAMES_MAX:])).rstrip()
    said = "".join(traceback.format_exception_only(error)).rstrip()
    return ToolboxError(
        f"{name!r} could not be imported:\n{frames}\n{said}"
        if frames
        else f"{name!r} could not be imported:\n{said}",
        hint=_what_to_do(error, frames),
    )


def _what_to_do(error: BaseException, frames: str) -> str:
    if isinstance(error, KeyError) and "environ" in frames:
        name = error.args[0] if error.args else "NAME"
        return (
            f"A replay worker starts with few environment variables. Hand this one on with "
            f'`--env {name}`, or `env = ["{name}"]` in [tool.replay].'
        )
    return "Mend the import, and try again."


def _toolbox_of(module: ModuleType, attribute: str, reference: str) -> Toolbox:
    toolboxes = {name: one for name, one in vars(module).items() if isinstance(one, Toolbox)}
    if not attribute:
        if len({id(one) for one in toolboxes.values()}) == 1:
            return next(iter(toolboxes.values()))
        raise ToolboxError(
            f"{reference!r} holds {len(toolboxes) or 'no'} toolboxes.",
            hint=f"Name one: `{reference}:{next(iter(toolboxes), 'toolbox')}`.",
        )
    found = getattr(module, attribute, None)
    if isinstance(found, Toolbox):
        return found
    if found is None:
        names = list(toolboxes) or [name for name in vars(module) if not name.startswith("_")]
        raise ToolboxError(
            f"Module {module.__name__!r} has no {attribute!r}.",
            nearest=nearest_name(attribute, names) or next(iter(toolboxes), None),
            hint='A toolbox is made with `toolbox = Toolbox("name")` at the top of the module.',
        )
    raise ToolboxError(
        f"{reference!r} is of type {type(found).__name__}, not a Toolbox.",
        nearest=next(iter(toolboxes), None),
        hint='A toolbox is made with `toolbox = Toolbox("name")` at the top of the module.',
    )
