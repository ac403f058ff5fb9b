"""One line that says what a finding is: ``get_user_details: `address.province` is now ...``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from replay.records import CallVerdict, Cause, Change, Outcome, Verdict
from replay.records.codes import outcome_words
from replay.records.traces import STATE_NOT_SHOWN
from replay.verdicts import paths
from replay.verdicts.answers import Ending, ending
from replay.verdicts.canonical import same_value
from replay.verdicts.outside_titles import outside_title
from replay.verdicts.paths import general_path
from replay.verdicts.signatures import (
    REORDERED,
    ends_in_error,
    error_of,
    error_text,
    signed_paths,
    state_not_shown,
)
from replay.verdicts.wording import cut_text, shown_value
from replay.verdicts.worlds_apart import failing_there, is_other_start

_NAMED_MAX: Final = 3
"""More differing paths than this are counted instead of named."""

_ERROR_CHARS_MAX: Final = 90

_WHAT_FAILS: Final = {
    Outcome.CRASHED: "crashes",
    Outcome.TIMEOUT: "times out",
    Outcome.DENIED: "denied",
    Outcome.THROTTLED: "throttled",
    Outcome.REFUSED: "refused",
}
_ARGUMENT_ERRORS: Final = (
    (re.compile(r"got an unexpected keyword argument ('\w+')"), "takes no {} any more"),
    (re.compile(r"missing \d+ required (?:\S+ )?arguments?: (.+)$"), "misses {}"),
)
"""What Python says when a function is called with other arguments than it takes."""

_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
_UNEXPECTED: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})


def title(verdicts: Sequence[CallVerdict]) -> str:
    """Return the title of the finding that ``verdicts`` (some of its calls) belong to."""
    unshown = state_not_shown(verdicts[0])
    if unshown is not None:
        return f"{STATE_NOT_SHOWN}: {cut_text(unshown, _ERROR_CHARS_MAX)}"
    if is_other_start(verdicts[0]):
        return "The world is another one before the first call already, and the responses the same"
    return f"{_whose(verdicts)}: {_what(verdicts)}"


def _whose(verdicts: Sequence[CallVerdict]) -> str:
    """Return the tool, or the tools of which nothing tells which one it was."""
    others = sorted({tool for verdict in verdicts for tool in verdict.perhaps_of})
    named = " or ".join([verdicts[0].tool, *others])
    return f"{named}, in parallel" if others else named


def _what(verdicts: Sequence[CallVerdict]) -> str:
    first = verdicts[0]
    match first.verdict:
        case Verdict.NOW_REJECTED:
            return _now_rejected(first)
        case Verdict.NOW_FAILING:
            return f"now {_fails(first)}{_error(first)}"
        case Verdict.ERROR_CHANGED if ends_in_error(first):
            return f"fails with other words{_reasons(first) or _error(first)}"
        case Verdict.NOW_ACCEPTED:
            return f"now runs; was {_outcome(first.recorded_outcome)} when recorded"
        case Verdict.NOW_PASSING:
            return f"now succeeds; {_outcome(first.recorded_outcome)} when recorded"
        case Verdict.EFFECT_CHANGED if (error := failing_there(first)) is not None:
            said = cut_text(" ".join(error.split()), _ERROR_CHARS_MAX)
            return f"the same response; on the state of the old code it ends otherwise: {said}"
        case Verdict.EFFECT_CHANGED if first.cause is Cause.OUTSIDE:
            return "the same response, on a world that was another one before it already"
        case Verdict.EFFECT_CHANGED:
            return f"the same response, but another state of the world afterwards{_where(verdicts)}"
        case Verdict.PAYLOAD_CHANGED:
            return f"the tool is given another payload: {_differences(verdicts)}"
        case Verdict.UNANSWERED if first.cause is Cause.SCHEMA and _was_rejected(first):
            then = _outcome(first.recorded_outcome)
            return f"now runs (was {then} when recorded), and {outside_title(first)}"
        case Verdict.INTERACTIONS_CHANGED | Verdict.UNANSWERED:
            return outside_title(first)
        case Verdict.NOT_DETERMINISTIC:
            return "two replays of it disagree"
        case Verdict.NOT_RUN:
            return f"could not be judged{': ' + first.note if first.note else ''}"
        case _:
            return _differences(verdicts)


def _was_rejected(verdict: CallVerdict) -> bool:
    then = verdict.recorded_outcome
    return then is not None and ending(then) is Ending.REJECTED


def _where(verdicts: Sequence[CallVerdict]) -> str:
    """Return where in the state effects differ, after a colon; empty: nothing tells."""
    if not verdicts[0].state_paths:
        return ""
    placed = [one.model_copy(update={"changes": one.state_changes}) for one in verdicts]
    return f": {_differences(placed)}"


def _now_rejected(verdict: CallVerdict) -> str:
    outcome = verdict.replayed.outcome if verdict.replayed else None
    if outcome is Outcome.UNKNOWN_TOOL:
        worked = verdict.recorded_outcome is Outcome.OK
        return "no such tool any more" if worked else "no such tool"
    if outcome in _WHAT_FAILS:
        return f"now {_WHAT_FAILS[outcome]}{_error(verdict)}"
    return f"now rejected{_reasons(verdict, verdict.schema_errors) or _error(verdict)}"


def _reasons(verdict: CallVerdict, otherwise: Sequence[Any] = ()) -> str:
    """Return what today's schema says of the arguments, after a colon; empty: nothing."""
    error = error_of(verdict)
    details = error.details if error and isinstance(error.details, list) else None
    reasons = rejection_reasons(details or otherwise)
    return f": {', '.join(reasons)}" if reasons else ""


def rejection_reasons(details: Sequence[Any]) -> list[str]:
    """Return ``missing `amount_cents` ``, ``unexpected `amount` ``: what a validation says."""
    missing, unexpected, others = [], [], []
    for detail in details:
        if not isinstance(detail, dict):
            continue
        where = f"`{_loc(detail)}`"
        if detail.get("type") in _MISSING:
            missing.append(where)
        elif detail.get("type") in _UNEXPECTED:
            unexpected.append(where)
        else:
            others.append(f"{where}: {_lower(str(detail.get('msg', 'is not valid')))}")
    reasons = [f"missing {' and '.join(missing)}"] if missing else []
    reasons += [f"unexpected {' and '.join(unexpected)}"] if unexpected else []
    return reasons + others


def _loc(detail: dict[str, Any]) -> str:
    parts = detail.get("loc") or ()
    return paths.written([p if isinstance(p, int) else str(p) for p in parts]) or "arguments"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _fails(verdict: CallVerdict) -> str:
    outcome = verdict.replayed.outcome if verdict.replayed else None
    return _WHAT_FAILS.get(outcome, "fails") if outcome else "fails"


def _error(verdict: CallVerdict) -> str:
    error = error_of(verdict)
    text = " ".join(error_text(verdict).split())
    for pattern, plain in _ARGUMENT_ERRORS:
        if found := pattern.search(text):
            return ": " + plain.format(found[1].replace("'", "`"))
    if verdict.verdict is Verdict.ERROR_CHANGED and error and isinstance(error.details, dict):
        code = error.details.get("code")
        text = f"[{code}] {text}" if code else text
    kind = error.type.rsplit(".", 1)[-1] if error and error.type else ""
    raised = verdict.replayed is not None and verdict.replayed.outcome is Outcome.FAILED
    if raised and kind[:1].isupper() and kind not in text:  # a returned failure has no class
        text = f"{kind}: {text}" if text else kind
    return f": {cut_text(text, _ERROR_CHARS_MAX)}" if text else ""


_THEN: Final = {
    Outcome.INVALID_ARGUMENTS: "rejected for its arguments",
    Outcome.BAD_JSON: "rejected for its JSON",
    Outcome.UNKNOWN_TOOL: "an unknown tool",
}
"""How a call ended that was never run, after `was`."""


def _outcome(outcome: Outcome | None) -> str:
    if outcome in _THEN:
        return _THEN[outcome]
    return "failed" if outcome is None else outcome_words(outcome)


def _differences(verdicts: Sequence[CallVerdict]) -> str:
    renames = _renames(verdicts)
    renamed = {sign + path for old, new in renames for sign, path in (("-", old), ("+", new))}
    said = [f"`{old}` is now `{new}`" for old, new in renames]
    signed = dict.fromkeys(path for v in verdicts for path in signed_paths(v.changes))
    rest = [path for path in signed if path not in renamed]
    if not rest and not said:
        return "the response differs"
    named = [_difference(path, verdicts) for path in _shortest(rest)]
    said += named[: max(1, _NAMED_MAX - len(said))]
    more = len(renames) + len(rest) - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _shortest(signed: list[str]) -> list[str]:
    def rank(path: str) -> tuple[object, ...]:
        return (REORDERED in path, path.count("["), path.count("."), "-~+".index(path[0]))

    return sorted(signed, key=rank)


def _difference(signed: str, verdicts: Sequence[CallVerdict]) -> str:
    sign, path = signed[0], signed[1:]
    if path.endswith(REORDERED):
        bare = path.removesuffix(REORDERED)
        return f"`{bare}` reordered" if bare else "results reordered"
    if not path:
        return "another answer" + _transition("", verdicts)
    if sign == "+":
        return f"more in {_parent(path)}" if path.endswith("[*]") else f"new `{path}`"
    if sign == "-":
        return f"fewer in {_parent(path)}" if path.endswith("[*]") else f"no `{path}` any more"
    return f"`{path}` differs{_transition(path, verdicts)}"


def _parent(path: str) -> str:
    bare = path.removesuffix("[*]")
    return f"`{bare}`" if bare else "the list"


def _transition(path: str, verdicts: Sequence[CallVerdict]) -> str:
    """`` ("open" -> "pending")`` where every call shows the same two values."""
    pairs = {
        (shown_value(change.recorded), shown_value(change.replayed))
        for verdict in verdicts
        for change in verdict.changes
        if change.change in ("changed", "type_changed") and general_path(change.path) == path
    }
    if len(pairs) != 1:
        return ""
    old, new = pairs.pop()
    return f" ({old} → {new})" if old is not None and new is not None else ""


def _renames(verdicts: Sequence[CallVerdict]) -> list[tuple[str, str]]:
    """Pairs of general paths where in every call the value moved from the one to the other."""
    seen: Counter[tuple[str, str]] = Counter()
    for verdict in verdicts:
        seen.update(_renames_of(verdict.changes))
    pairs: list[tuple[str, str]] = []
    for (old, new), count in sorted(seen.items()):
        free = all(old != a and new != b for a, b in pairs)
        if count == len(verdicts) and free:
            pairs.append((old, new))
    return pairs


def _renames_of(changes: Sequence[Change]) -> set[tuple[str, str]]:
    removed = [change for change in changes if change.change == "removed"]
    added = [change for change in changes if change.change == "added"]
    return {
        (general_path(old.path), general_path(new.path))
        for old in removed
        for new in added
        if _is_rename(old, new)
    }


def _is_rename(old: Change, new: Change) -> bool:
    *old_home, old_key = paths.split(old.path) or ("",)
    *new_home, new_key = paths.split(new.path) or ("",)
    named = isinstance(old_key, str) and isinstance(new_key, str)
    return named and old_home == new_home and same_value(old.recorded, new.replayed)
