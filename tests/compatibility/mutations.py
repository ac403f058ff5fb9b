"""Rules broken on purpose, one at a time: what the tests must notice.

Each is a piece of a file of `replay/compatibility` and what stands there instead. Where the code
changes so that the piece is gone, `test_mutations.py` says so: choose another one of the same kind.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """One broken rule."""

    name: str
    file: str
    piece: str
    instead: str


MUTATIONS = [
    Mutation(
        "a new required property is safe",
        "presence",
        'return BREAKS, "REQUIRED_PROPERTY_ADDED"',
        'return SAFE, "REQUIRED_PROPERTY_ADDED"',
    ),
    Mutation(
        "an optional property may be added anywhere",
        "presence",
        "    if before is False:\n        return SAFE",
        "    if before is not None:\n        return SAFE",
    ),
    Mutation(
        "a property may go from a closed schema",
        "presence",
        "if unnamed(pair.new, name) is False:",
        "if unnamed(pair.new, name) is None:",
    ),
    Mutation(
        "becoming required is not looked at",
        "presence",
        "if now and not was:",
        "if was and not now:",
    ),
    Mutation(
        "a rename is as bad as its better half",
        "presence",
        "verdict = max(removal, addition, key=SEVERITY.__getitem__)",
        "verdict = min(removal, addition, key=SEVERITY.__getitem__)",
    ),
    Mutation("nothing is ever renamed", "renames", "_ALIKE: Final = 0.62", "_ALIKE: Final = 1.62"),
    Mutation(
        "no change of type breaks",
        "kinds",
        "    verdict = BREAKS\n    if pair.reading.coerces",
        "    verdict = MAY_BREAK\n    if pair.reading.coerces",
    ),
    Mutation("types may be narrowed", "kinds", "if old <= new:", "if old & new:"),
    Mutation(
        "pydantic makes everything of everything",
        "kinds",
        "COERCED.get((kind, other), BREAKS)",
        "COERCED.get((kind, other), MAY_BREAK)",
    ),
    Mutation(
        "null may always go",
        "kinds",
        "verdict, said = MAY_BREAK, ",
        "verdict, said = SAFE, ",
    ),
    Mutation(
        "strict payloads have no nulls",
        "kinds",
        "            verdict = BREAKS\n            said = ",
        "            said = ",
    ),
    Mutation(
        "a number is always an integer",
        "values",
        'return "fraction"',
        'return "integer"',
    ),
    Mutation(
        "true is 1",
        "values",
        "    if isinstance(one, bool) or isinstance(other, bool):\n        return one is other\n",
        "",
    ),
    Mutation(
        "listed values are not tried",
        "enums",
        "return not schema_errors(",
        "return True or not schema_errors(",
    ),
    Mutation(
        "a list of values is no restriction",
        "enums",
        'yield pair.change("ENUM_ADDED", MAY_BREAK',
        'yield pair.change("ENUM_ADDED", SAFE',
    ),
    Mutation(
        "limits are read the other way round",
        "bounds",
        "_rank(now, sign) > _rank(before, sign)",
        "_rank(now, sign) < _rank(before, sign)",
    ),
    Mutation(
        "above 3 is not 4 and more",
        "bounds",
        "edge = (edge[0] + sign, False)",
        "edge = (edge[0] + 0, False)",
    ),
    Mutation(
        "limits that no old value meets may break only",
        "bounds",
        "(BREAKS if apart else MAY_BREAK)",
        "(MAY_BREAK if apart else MAY_BREAK)",
    ),
    Mutation(
        "a multiple of 2 is a multiple of 4",
        "bounds",
        "(before / now).is_integer()",
        "(now / before).is_integer()",
    ),
    Mutation(
        "a longer count is within a shorter one",
        "patterns",
        "enough = now.low <= before.low",
        "enough = now.low >= before.low",
    ),
    Mutation(
        "items may always be unique",
        "bounds",
        'yield pair.change("UNIQUE_ITEMS_ADDED", MAY_BREAK',
        'yield pair.change("UNIQUE_ITEMS_ADDED", SAFE',
    ),
    Mutation(
        "variants are never gone",
        "unions",
        "        if _is_another(compared[best]):",
        "        if False and _is_another(compared[best]):",
    ),
    Mutation(
        "variants that are told apart are aligned by likeness",
        "unions",
        "fits = _by_tag(pair, old, new, *tagged) if tagged else",
        "fits = _by_tag(pair, old, new, *tagged) if False else",
    ),
    Mutation(
        "oneOf is anyOf",
        "unions",
        "if not pair.new.exclusive or is_tagged:",
        "if pair.new.exclusive or is_tagged:",
    ),
    Mutation(
        "an open object is never taken for another variant",
        "unions",
        "verdict = SILENT if open_object else SAFE",
        "verdict = SAFE",
    ),
    Mutation(
        "a schema may always be closed",
        "openness",
        "if old is not False and new is False:",
        "if old is False and new is None:",
    ),
    Mutation(
        "free values are not compared",
        "openness",
        'yield from pair.beneath("*", old, new)\n    yield',
        "pass\n    yield",
    ),
    Mutation(
        "a restriction may always be added",
        "restrictions",
        'yield pair.change("RESTRICTION_ADDED", MAY_BREAK',
        'yield pair.change("RESTRICTION_ADDED", SAFE',
    ),
    Mutation(
        "a changed default is safe",
        "defaults",
        "verdict = SILENT if is_read else SAFE",
        "verdict = SAFE",
    ),
    Mutation(
        "references are not followed",
        "views",
        'held = self._resolved(self._target(part["$ref"]), seen)',
        "held = {}",
    ),
    Mutation(
        "draft 7 reads what stands beside a reference",
        "views",
        "if self._ignores_siblings:",
        "if False and self._ignores_siblings:",
    ),
    Mutation(
        "of allOf only the last part holds",
        "views",
        "held = merged(held, self._resolved(piece, seen))",
        "held = self._resolved(piece, seen)",
    ),
    Mutation(
        "closed objects in allOf are open to each other",
        "merging",
        "name: both_hold(mine.get(name, others[0]), yours.get(name, others[1]))",
        "name: both_hold(mine.get(name, True), yours.get(name, True))",
    ),
    Mutation(
        "recursion is compared for ever",
        "comparing",
        "        self._known[key] = []\n",
        "",
    ),
    Mutation(
        "null is not tried",
        "comparing",
        "return view if takes else replace(view, nullable=False)",
        "return view",
    ),
    Mutation(
        "a tool that only notes breaks",
        "comparing",
        "if not reading.gates:",
        "if reading.gates is None:",
    ),
    Mutation(
        "the positions of a tuple are not compared",
        "items",
        "        if before is not False:",
        "        if before is None:",
    ),
    Mutation(
        "results are compared like arguments",
        "results",
        "compare_schemas(_whole(new), _whole(old)",
        "compare_schemas(_whole(old), _whole(new)",
    ),
    Mutation(
        "a property that is gone from results is a new one",
        "results",
        '_As("RESULT_PROPERTY_REMOVED", "is gone, and was always there")',
        "_ADDED",
    ),
    Mutation(
        "a tool may go",
        "tools",
        '_change("TOOL_REMOVED", old.name, BREAKS',
        '_change("TOOL_REMOVED", old.name, SAFE',
    ),
    Mutation(
        "tools are never renamed",
        "tools",
        "_ALIKE: Final = 0.75",
        "_ALIKE: Final = 1.75",
    ),
    Mutation(
        "strict mode takes open objects",
        "limits_openai",
        'if node.get("additionalProperties") is not False:',
        'if node.get("additionalProperties") is None and False:',
    ),
    Mutation(
        "strict mode takes eleven levels",
        "limits_openai",
        "LEVELS_MAX: Final = 10",
        "LEVELS_MAX: Final = 14",
    ),
    Mutation(
        "a grammar may be recursive",
        "limits_anthropic",
        "for definition in recursive_names(schema):",
        "for definition in ():",
    ),
    Mutation(
        "old limits are new ones",
        "providers",
        "if (limit.path, limit.said) not in known",
        "if True",
    ),
]
"""Every one."""
