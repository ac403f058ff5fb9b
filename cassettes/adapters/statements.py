"""SQL as far as a recording needs it: one spelling, a short name, and whether it only reads.

No dialect is parsed. What is not certain to read is taken for a write.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from cassettes.external import Effect

_TOKEN: Final = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*(?!!).*?\*/)
    |(?P<space>\s+)
    |(?P<text>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<name>"(?:[^"]|"")*"|`[^`]*`|\[[^\]\d(][^\](]*\]|[A-Za-z_][\w$]*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_READS: Final = frozenset({"select", "values", "show", "explain", "with", "table", "describe"})
_WRITES_WORDS: Final = """
insert update delete merge replace into create drop alter truncate call do copy lock share
analyze vacuum attach detach reindex pragma set begin commit rollback grant
"""
_WRITES: Final = frozenset(_WRITES_WORDS.split())
_PURE_WORDS: Final = """
count sum min max avg total group_concat string_agg array_agg json_agg jsonb_agg bool_and
bool_or every coalesce nullif ifnull iif greatest least cast convert lower upper length
char_length trim ltrim rtrim substr substring replace instr position strpos left right concat
concat_ws format printf round abs ceil ceiling floor sign mod power sqrt exp ln date time
datetime julianday strftime unixepoch now age extract date_trunc date_part to_char to_date
to_number to_timestamp json json_extract json_array json_object json_array_length json_type
json_valid json_each json_tree jsonb_build_object json_build_object to_json to_jsonb
jsonb_array_elements unnest array_length cardinality row_number rank dense_rank ntile lag lead
first_value last_value typeof quote hex generate_series in exists any all some values over
filter and or not as on using from where when then else by having distinct union except
intersect
"""
_PURE: Final = frozenset(_PURE_WORDS.split())
"""Functions that change nothing, and words that a bracket may follow. Of every other function,
nobody here knows what it does."""
_LISTS: Final = frozenset({"with", "recursive"})
"""Before a name whose brackets hold the names of columns."""
_READING_PRAGMAS_WORDS: Final = """
table_info table_xinfo table_list index_list index_info index_xinfo database_list
foreign_key_list function_list collation_list compile_options
"""
_READING_PRAGMAS: Final = frozenset(_READING_PRAGMAS_WORDS.split())
_OBJECT_AFTER: Final = {
    "select": "from",
    "delete": "from",
    "insert": "into",
    "replace": "into",
    "merge": "into",
    "update": "",
    "table": "",
    "call": "",
    "pragma": "",
    "truncate": "",
}
_FILLERS: Final = frozenset({"only", "table", "or", "ignore", "abort", "fail", "rollback"})
_NAME_CHARS_MAX: Final = 60


@lru_cache(maxsize=1024)
def spelled(sql: str) -> str:
    """Return ``sql`` as it is matched: without comments, each white space one space."""
    said: list[str] = []
    for kind, text in _tokens(sql):
        if kind not in ("space", "comment"):
            said.append(text)
        elif said and said[-1] != " ":
            said.append(" ")
    while said and said[-1] in (" ", ";"):
        said.pop()
    return "".join(said)


@lru_cache(maxsize=1024)
def named(sql: str) -> str:
    """Return a statement's verb and what it works on: ``UPDATE/orders``, ``SELECT``."""
    words = [text for kind, text in _tokens(sql) if kind in ("name", "other")]
    verb, rest = _verb(words)
    if not verb:
        return "statement"
    marker = _OBJECT_AFTER.get(verb)
    if marker is None:
        return verb.upper()
    if marker:
        lowered = [word.lower() for word in rest]
        rest = rest[lowered.index(marker) + 1 :] if marker in lowered else []
    while rest and rest[0].lower() in _FILLERS:
        rest = rest[1:]
    if not rest or not _is_name(rest[0]):
        return verb.upper()
    return f"{verb.upper()}/{_whole_name(rest)[:_NAME_CHARS_MAX]}"


@lru_cache(maxsize=1024)
def effect_of(sql: str) -> Effect:
    """Return ``read`` for a statement that is certain to change nothing, else ``write``."""
    if "\\'" in sql:
        return "write"  # a dialect's own escapes: nobody here knows where its texts end
    statements: list[list[tuple[str, str]]] = [[]]
    for kind, text in _tokens(sql):
        if kind in ("comment", "space"):
            continue
        if text == ";":
            statements.append([])
        else:
            statements[-1].append((kind, text))
    asked = [each for each in statements if each]
    return "read" if asked and all(map(_only_reads, asked)) else "write"


def _only_reads(tokens: list[tuple[str, str]]) -> bool:
    while tokens and tokens[0][1] == "(":
        tokens = tokens[1:]
    if not tokens:
        return False
    first = tokens[0][1].lower()
    if first == "pragma":
        return len(tokens) > 1 and tokens[1][1].lower() in _READING_PRAGMAS
    if first not in _READS:
        return False
    before = ""
    for (kind, text), (_, after) in zip(tokens, [*tokens[1:], ("", "")], strict=True):
        word = text.lower()
        is_bare = kind == "name" and text[0] not in '"`['
        # `replace` is a function too, and `for update` locks.
        if is_bare and word in _WRITES and not (after == "(" and word in _PURE):
            return False
        # With a schema before it, a function is the user's own, whatever its name.
        is_known = is_bare and word in _PURE and before != "."
        if kind == "name" and after == "(" and not is_known and before not in _LISTS:
            return False
        before = word
    return True


def _tokens(sql: str) -> list[tuple[str, str]]:
    return [(found.lastgroup or "other", found[0]) for found in _TOKEN.finditer(sql)]


def _verb(words: list[str]) -> tuple[str, list[str]]:
    """Return the word that says what is done, behind any ``WITH`` clauses, and what follows it."""
    while words and words[0] == "(":
        words = words[1:]
    if not words or not _is_name(words[0]):
        return "", []
    if words[0].lower() != "with":
        return words[0].lower(), words[1:]
    depth = 0
    for index, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word.lower() in ("select", "insert", "update", "delete", "merge"):
            return word.lower(), words[index + 1 :]
    return "with", []


def _is_name(word: str) -> bool:
    return word[0].isalpha() or word[0] in '_"`['


def _whole_name(words: list[str]) -> str:
    parts = [words[0].strip('"`[]')]
    rest = words[1:]
    while len(rest) > 1 and rest[0] == "." and _is_name(rest[1]):
        parts.append(rest[1].strip('"`[]'))
        rest = rest[2:]
    return ".".join(parts)
