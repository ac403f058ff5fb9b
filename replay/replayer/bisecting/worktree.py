"""`git bisect` in a worktree of its own: the user's files, index and bisect stay as they are."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, Self, TypeAlias

from replay.errors import ReplayError, SelectionError
from replay.records import JsonObject

Mark: TypeAlias = Literal["good", "bad", "skip"]

_PLAIN: Final = tuple(
    word
    for setting in (
        "core.hooksPath=/dev/null",  # nobody's post-checkout hook is to run for our checkouts
        "core.fsmonitor=false",
        "core.quotePath=false",
        "log.showSignature=false",
    )
    for word in ("-c", setting)
)
_STEPS_LEFT: Final = re.compile(r"roughly (\d+) steps?")
_FIRST_BAD: Final = re.compile(r"is the first .?bad.? commit")
_ONLY_SKIPPED: Final = re.compile(r"only .?skip.?ped commits left")
_COMMIT: Final = re.compile(r"^([0-9a-f]{40,64})\b", re.MULTILINE)
_FIELDS: Final = "%H%x00%h%x00%an%x00%ae%x00%aI%x00%s"
_FILES_MAX: Final = 20


class BisectError(ReplayError):
    """Two commits between which nothing can be searched."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, as a person names it."""

    id: str
    short_id: str
    author_name: str
    author_email: str
    authored_at: str
    """ISO 8601, in the author's zone."""
    subject: str

    def to_json(self) -> JsonObject:
        """Return it as plain JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Step:
    """Where the search is after a mark."""

    next: Commit | None = None
    """The commit that is checked out, to be tested; None: the search is over."""
    steps_left: int = 0
    """About so many more."""
    found: Commit | None = None
    candidates: tuple[Commit, ...] = ()
    """The commits of which one must be it, where what was skipped hides which."""


class BisectTree:
    """A worktree in a temporary folder. A context manager: it is gone at the end."""

    def __init__(self, folder: Path) -> None:
        """``folder``: anywhere in the repository.

        Raises:
            BisectError: it is in no repository, or there is no `git`.
        """
        try:
            self.root = Path(_git(folder, "rev-parse", "--show-toplevel")).resolve()
        except FileNotFoundError as error:
            raise BisectError(
                "Bisecting needs the command `git`, which is not here.", hint="Install git."
            ) from error
        except subprocess.CalledProcessError as error:
            raise BisectError(
                f"'{folder}' is in no git repository: there are no commits to search.",
                hint="Run the command inside the repository of your tools.",
            ) from error
        self._temporary = TemporaryDirectory(prefix="replay-bisect-", ignore_cleanup_errors=True)
        self.tree = Path(self._temporary.name).resolve() / self.root.name

    def __enter__(self) -> Self:
        try:
            _git(self.root, "worktree", "add", "--detach", "--quiet", str(self.tree), "HEAD")
        except subprocess.CalledProcessError as error:
            self.close()
            raise BisectError(
                f"git cannot make a worktree of '{self.root}': {_words(error)}.",
                hint="`git worktree add` must work there.",
            ) from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the worktree, from the disk and from git's list."""
        for words in (("remove", "--force", "--force", str(self.tree)), ("prune",)):
            # Not there: it was never made, or is gone. What is left of it, the folder takes along.
            _run(self.root, "worktree", *words)
        self._temporary.cleanup()

    def commit(self, ref: str, *, named: str = "") -> Commit:
        """Return the commit that ``ref`` names; ``named``: what to call it in an error.

        Raises:
            SelectionError: it names none.
        """
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        try:
            return self._told(_git(self.root, *asked))
        except subprocess.CalledProcessError as error:
            hint = "Give a branch, a tag or a commit: main, v1.2, HEAD~20."
            if _run(self.root, "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
                hint = "This clone has only the newest commits: `git fetch --unshallow` gets all."
            raise SelectionError(
                f"{named or 'The commit'} {ref!r} is no commit of {self.root}.", hint=hint
            ) from error

    def is_ancestor(self, older: Commit, newer: Commit) -> bool:
        """Return whether ``newer`` contains ``older``."""
        asked = ("merge-base", "--is-ancestor", older.id, newer.id)
        return _run(self.root, *asked).returncode == 0

    def parent_of(self, commit: Commit) -> Commit | None:
        """Return the first parent, or None for a root."""
        ran = _run(self.root, "rev-parse", "--verify", "--quiet", f"{commit.id}^")
        return self._told(ran.stdout.strip()) if ran.returncode == 0 else None

    def files_of(self, commit: Commit) -> list[str]:
        """Return the files that ``commit`` changed, against its first parent; at most 20."""
        asked = ("diff-tree", "-r", "-m", "--first-parent", "--root", "--no-commit-id")
        names = _git(self.root, *asked, "--name-only", commit.id).splitlines()
        return list(dict.fromkeys(names))[:_FILES_MAX]

    def check_out(self, commit: Commit) -> None:
        """Put the files of ``commit`` into the tree."""
        _git(self.tree, "checkout", "--detach", "--quiet", "--force", commit.id)

    def start(self, good: Commit, bad: Commit) -> Step:
        """Begin the search; the first commit to test is checked out."""
        return self._after(_run(self.tree, "bisect", "start", bad.id, good.id))

    def mark(self, commit: Commit, mark: Mark) -> Step:
        """Say what ``commit`` is; the next one to test is checked out.

        Raises:
            BisectError: git cannot go on.
        """
        return self._after(_run(self.tree, "bisect", mark, commit.id))

    def _after(self, ran: subprocess.CompletedProcess[str]) -> Step:
        said = ran.stdout + ran.stderr
        if _FIRST_BAD.search(said):
            return Step(found=self._told(_git(self.tree, "rev-parse", "refs/bisect/bad")))
        if _ONLY_SKIPPED.search(said):
            listed = said[said.index("could be any of") :]
            return Step(candidates=tuple(self._told(one) for one in _COMMIT.findall(listed)))
        if ran.returncode != 0:
            raise BisectError(
                "git cannot search between these commits:\n" + said.strip(),
                hint="GOOD must be an older commit that BAD came from.",
            )
        left = _STEPS_LEFT.search(said)
        here = self._told(_git(self.tree, "rev-parse", "HEAD"))
        return Step(here, int(left.group(1)) if left else 0)

    def _told(self, commit_id: str) -> Commit:
        told = _git(self.root, "show", "--no-patch", f"--format={_FIELDS}", commit_id)
        return Commit(*told.split("\0"))


def _git(folder: Path, *arguments: str) -> str:
    ran = _run(folder, *arguments)
    ran.check_returncode()
    return ran.stdout.strip("\n")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *_PLAIN, "-C", str(folder), *arguments],
        env=_environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is ours: we clean up, then end
    )


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that names no repository, as a hook's does, and an English git."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("GIT_")}
    return {**kept, "LC_ALL": "C", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0"}


def _words(error: subprocess.CalledProcessError) -> str:
    said = str(error.stderr or "").strip().splitlines()
    return said[-1].rstrip(".") if said else f"exit status {error.returncode}"
