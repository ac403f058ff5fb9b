"""Where the old code comes from: another toolbox, or a git commit of the same one.

A commit is written out into a temporary folder of its own; the repository, its index and its
working tree stay as they are.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from replay.errors import ToolboxError
from replay.replayer.environment import Place, place_of, whole_reference

_GIT = "git:"


@contextlib.contextmanager
def baseline_place(
    named: str,
    today: Place,
    *,
    paths: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Place]:
    """Hold the place of the old code while the block runs.

    ``named`` is ``package.module:toolbox`` (looked for in ``paths``, then in the working
    directory), or ``git:REF`` for today's toolbox as it was in that commit, or
    ``git:REF:package.module:toolbox``. ``environment``: variables that only the old code gets, or
    gets with another value.

    Raises:
        ToolboxError: no git repository, no such commit.
    """
    environment = {**today.environment, **(environment or {})}
    today = replace(today, environment=environment, goes_out=False)
    if not named.startswith(_GIT):
        yield _beside(named, today, paths)
        return
    ref, _, toolbox = named.removeprefix(_GIT).partition(":")
    root = _repository(Path(today.folder), named)
    with TemporaryDirectory(prefix="replay-baseline-") as folder:
        tree = Path(folder).resolve() / root.name
        _write_tree(root, ref, tree, Path(folder) / "index", named)
        _refuse_absent(toolbox or today.toolbox, ref, today, root, tree)
        yield replace(
            today,
            toolbox=toolbox or today.toolbox,
            folder=_moved(today.folder, root, tree),
            paths=tuple(_moved(path, root, tree) for path in (*paths, *today.paths)),
        )


def code_version(folder: str) -> str | None:
    """Return the git commit that ``folder`` is at, with ``+changes`` when dirty; None: no git."""
    try:
        commit = _git(Path(folder), "rev-parse", "HEAD")
        is_dirty = bool(_git(Path(folder), "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+changes" if is_dirty else commit


def repository_root(folder: str) -> Path | None:
    """Return the root of the git repository that ``folder`` is in; None: it is in none."""
    try:
        return Path(_git(Path(folder), "rev-parse", "--show-toplevel")).resolve()
    except (OSError, subprocess.CalledProcessError):
        return None


def _beside(named: str, today: Place, paths: tuple[str, ...]) -> Place:
    """Return the place of another toolbox: its own folders first, then the working directory."""
    named = whole_reference(named, today.folder)
    if not paths:
        return replace(today, toolbox=named)
    own = place_of(named, paths=paths, folder=today.folder)
    # Today's own --path folders would show the old code today's modules under the same names.
    search = tuple(dict.fromkeys((*own.paths[: len(paths)], today.folder)))
    return replace(today, toolbox=named, paths=search, folder=own.paths[0])


def place_in(place: Place, root: Path, tree: Path) -> Place:
    """Return ``place`` with everything that is inside ``root`` looked for in ``tree`` instead."""
    file, colon, attribute = place.toolbox.rpartition(":")
    toolbox = f"{_moved(file, root, tree)}{colon}{attribute}"
    return replace(
        place,
        toolbox=toolbox,
        folder=_moved(place.folder, root, tree),
        paths=tuple(_moved(path, root, tree) for path in place.paths),
    )


def _moved(path: str, root: Path, tree: Path) -> str:
    """Return where ``path`` stands in the written-out tree; itself when outside the repository."""
    try:
        return str(tree / Path(path).relative_to(root))
    except ValueError:
        return path


def _repository(folder: Path, named: str) -> Path:
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel")).resolve()
    except FileNotFoundError as error:
        raise ToolboxError(
            f"The baseline {named!r} needs the command `git`, which is not here.",
            hint="Check the old code out yourself, and give its folder with --baseline-path.",
        ) from error
    except subprocess.CalledProcessError as error:
        raise ToolboxError(
            f"The baseline {named!r} names a commit, but {folder} is in no git repository.",
            hint="Run the command inside the repository of your tools.",
        ) from error


def _write_tree(root: Path, ref: str, tree: Path, index: Path, named: str) -> None:
    """Write the files of commit ``ref`` into the new folder ``tree``."""
    try:
        commit = _git(root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise ToolboxError(
            f"The baseline {named!r} names {ref!r}, which is no commit of {root}.",
            hint="Give a branch, a tag or a commit: `git:main`, `git:v1.2`, `git:HEAD~1`.",
        ) from error
    tree.mkdir()
    own_index = {"GIT_INDEX_FILE": str(index)}
    _git(root, "read-tree", commit, environment=own_index)
    _git(root, "checkout-index", "--all", "--quiet", f"--prefix={tree}/", environment=own_index)


def _refuse_absent(toolbox: str, ref: str, today: Place, root: Path, tree: Path) -> None:
    """Say at once that the tools' module, a file of the repository today, was not there then."""
    module = toolbox.partition(":")[0]
    path = module if module.endswith(".py") else f"{module.replace('.', '/')}.py"
    for folder in (*today.paths, today.folder):
        file = Path(folder, path).resolve()
        if not file.is_file() or not file.is_relative_to(root):
            continue
        if not (tree / file.relative_to(root)).exists():
            raise ToolboxError(
                f"{str(file.relative_to(root))!r} is not in commit {ref}.",
                hint="Commit it first, give an older name with `git:REF:module:toolbox`, or "
                "compare with another toolbox: `--baseline old_module:toolbox`.",
            )
        return


def _git(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
    )
    return ended.stdout.strip()
