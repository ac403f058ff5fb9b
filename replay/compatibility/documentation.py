"""The list of rules as the tables of docs/compatibility.md."""

from __future__ import annotations

from replay.compatibility.changes import OnModel
from replay.compatibility.rule import Rule
from replay.compatibility.rules import FAMILIES, RULES

_MODEL = {OnModel.SAME: "the same", OnModel.CHANGED: "a change", OnModel.REFUSED: "refused"}


def rules_in_markdown() -> str:
    """Return a table for each family: the page holds exactly this."""
    parts = []
    for family, title in FAMILIES.items():
        rules = [rule for rule in RULES.values() if rule.family == family]
        rows = [_row(rule) for rule in rules]
        head = ["| rule | means | old payloads | models see | to mend |", "|---|---|---|---|---|"]
        parts.append("\n".join([f"### {title}", "", *head, *rows]))
    return "\n\n".join(parts)


def _row(rule: Rule) -> str:
    verdicts = ", ".join(str(verdict) for verdict in rule.on_payloads)
    cells = [f"`{rule.name}`", rule.means, verdicts, _MODEL[rule.on_model], rule.mend or "–"]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
