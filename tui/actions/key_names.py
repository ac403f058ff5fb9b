"""How keys are named: by Textual, and by people."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action

_KEY_WORDS: Final = {
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "escape": "esc",
    "home": "Home",
    "end": "End",
    "shift+tab": "shift+tab",
}


def key_word(key: str) -> str:
    """Return a key as people write it: ``?``, ``F5``, ``PgDn``."""
    if key in _KEY_WORDS:
        return _KEY_WORDS[key]
    return key.upper() if key[0] == "f" and key[1:].isdecimal() else key


def key_name(word: str) -> str:
    """Return a key as Textual names it, from how people write it: ``?``, ``PgDn``, ``esc``."""
    for name, written in _KEY_WORDS.items():
        if word == written or word.lower() == written.lower() != written:
            return name
    return word if len(word) == 1 else word.lower()


def key_words(action: Action) -> str:
    """Return all keys of an action, as the help lists them."""
    return " ".join(key_word(key) for key in action.keys) or "ctrl+p"
