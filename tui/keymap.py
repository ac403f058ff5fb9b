"""Keys that somebody chose: ``[tool.replay.keys]`` in words, or why it cannot be so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from typing import Final

from textual.keys import Keys

from replay.config import ConfigError, load_config
from tui.actions import ACTIONS, EVERYWHERE, LINES, OUTLINE, Action, key_name, key_word

Keymap = dict[str, tuple[str, ...]]

_HINT: Final = "docs/tui.md lists every action with its keys."
_MODIFIERS: Final = ("ctrl+", "shift+", "alt+", "ctrl+shift+", "super+")
_NAMED: Final = {key.value for key in Keys}
_UNDER: Final = (LINES, OUTLINE)
"""Places that are on every screen beside its own."""


def read_keymap() -> Keymap:
    """Return the keys of ``[tool.replay.keys]``, by action; those of the table are not in it.

    Raises:
        ConfigError: there is no such action or key, or one key would do two things.
    """
    config = load_config()
    return keymap_of(config.keys, f"[tool.replay.keys] of {config.file}")


def keymap_of(chosen: Mapping[str, str | Sequence[str]], where: str) -> Keymap:
    """Return chosen keys by action, as Textual names them.

    Raises:
        ConfigError: as for `read_keymap`; ``where`` says where they were chosen.
    """
    known = {action.id: action for action in ACTIONS}
    found: Keymap = {}
    for name, keys in chosen.items():
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.4)
            raise ConfigError(
                f"{name!r} in {where}: there is no such action.",
                nearest=near[0] if near else None,
                hint=_HINT,
            )
        words = keys.split() if isinstance(keys, str) else list(keys)
        if not words:
            raise ConfigError(f"{name!r} in {where} has no key.", hint="Give it at least one.")
        found[name] = tuple(_key(word, name, where) for word in words)
    _refuse_conflicts(found, where)
    return found


def _key(word: str, action: str, where: str) -> str:
    name = key_name(word)
    bare = name
    for modifier in sorted(_MODIFIERS, key=len, reverse=True):
        if name.startswith(modifier):
            bare = name.removeprefix(modifier)
            break
    if len(bare) == 1 or bare in _NAMED or name in _NAMED or key_word(bare) != bare:
        return name
    near = get_close_matches(word, sorted(_NAMED), n=1, cutoff=0.6)
    raise ConfigError(
        f"{word!r} for {action!r} in {where}: there is no such key.",
        nearest=near[0] if near else None,
        hint="A letter, a sign, f1 to f12, enter, space, pagedown, ctrl+x, ...",
    )


def _refuse_conflicts(chosen: Keymap, where: str) -> None:
    before = set(_shared({}))
    for first, second, key in _shared(chosen):
        if (first, second, key) in before:
            continue  # so it is without a keymap: the pane with the focus comes first
        asked, other = (first, second) if first in chosen else (second, first)
        help_text = next(action.help for action in ACTIONS if action.id == other)
        raise ConfigError(
            f"{key_word(key)!r} for {asked!r} in {where} does something else there: "
            f"{other} ({help_text}).",
            hint=f"Choose another key, or give {other!r} one, too.",
        )


def _shared(chosen: Keymap) -> Iterable[tuple[str, str, str]]:
    """Yield the pairs of actions that share a key where both of them are."""
    for one, other in combinations(ACTIONS, 2):
        if not _meet(one, other):
            continue
        for key in _keys(one, chosen):
            if key in _keys(other, chosen):
                yield one.id, other.id, key


def _keys(action: Action, chosen: Keymap) -> tuple[str, ...]:
    return chosen.get(action.id, action.keys)


def _meet(one: Action, other: Action) -> bool:
    """Whether both may be asked for on one screen."""
    places = {one.place, other.place}
    return len(places) == 1 or bool(places & {EVERYWHERE, *_UNDER})
