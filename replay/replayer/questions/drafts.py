"""A draft of a translation tried out: in a worker, on captured payloads, against the new schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from replay.records import JsonObject, JsonValue, Outcome
from replay.replayer.environment import Place, place_of, whole_reference
from replay.replayer.questions.asking import Asking, Judged, Question
from replay.replayer.questions.definitions import Definition
from replay.tools.translations import UNVERSIONED, ToolVersion

_ON_TOOLBOX = """\
from replay.tools.loading import load_toolbox

toolbox = load_toolbox({reference!r})
toolbox.translations.forget({tool!r}, {old!r}, {new!r}, to={to!r})
"""
_ON_SCHEMA = """\
import json
from pathlib import Path

from replay.tools import Toolbox

toolbox = Toolbox("draft")
SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
toolbox.add(lambda **_: None, name={tool!r}, version={version!r}, schema=SCHEMA, validation="gate")
"""
_LEFT = "ValueError: TODO "


@dataclass(frozen=True, slots=True)
class Tried:
    """One captured payload that a draft does not bring through."""

    payload: JsonValue
    said: str
    translated: JsonValue = None
    """What the draft made of it; None: it raised."""


@dataclass(slots=True)
class Trial:
    """What became of the captured payloads."""

    count: int = 0
    fit_count: int = 0
    """Translated, and taken by the new version."""
    left: list[Tried] = field(default_factory=list)
    """Refused at a TODO."""
    broken: list[Tried] = field(default_factory=list)
    """Raised anything else, or were not taken by the new version."""

    def told(self) -> JsonObject:
        """Return the trial as JSON, with the first example of each kind."""
        examples = {"left": self.left[:1], "broken": self.broken[:1]}
        return {
            "payload_count": self.count,
            "fit_count": self.fit_count,
            "left_count": len(self.left),
            "broken_count": len(self.broken),
            **{
                f"first_{kind}": {"payload": one.payload, "said": one.said}
                for kind, found in examples.items()
                for one in found
            },
        }


def try_draft(
    code: str,
    old: ToolVersion,
    new: Definition,
    payloads: Sequence[JsonObject],
    *,
    place: Place | None,
) -> Trial:
    """Return what the draft ``code`` makes of ``payloads``.

    ``place`` is where today's tools are, where ``new`` is one of theirs: then their own validator
    judges; None: the schema does.

    Where the toolbox has that translation already, the draft is tried in its place.

    Raises:
        ToolboxError: the toolbox cannot be loaded.
    """
    with _written_out(code, old, new, place) as where, Asking(where) as asking:
        questions = [_question(old, new, payload) for payload in payloads]
        return _judged(payloads, asking.judge(questions))


def _question(old: ToolVersion, new: Definition, payload: JsonObject) -> Question:
    arguments = json.dumps(payload)
    written_for = UNVERSIONED if old.version is None else old.version
    return Question(old.tool, arguments, version=new.at.version, from_version=written_for)


@contextmanager
def _written_out(
    code: str, old: ToolVersion, new: Definition, place: Place | None
) -> Iterator[Place]:
    """Hold the place of a toolbox that has the new version, and the draft as its translation."""
    with TemporaryDirectory(prefix="replay-draft-") as folder:
        file = Path(folder) / "replay_draft.py"
        if place is not None:
            head = _ON_TOOLBOX.format(
                reference=whole_reference(place.toolbox, place.folder),
                tool=old.tool,
                old=old.version,
                new=new.at.version,
                to=new.at.tool,
            )
            place = replace(place, toolbox=f"{file}:toolbox")
        else:
            head = _ON_SCHEMA.format(tool=new.at.tool, version=new.at.version)
            (Path(folder) / "schema.json").write_text(json.dumps(new.parameters), "utf-8")
            place = place_of(f"{file}:toolbox", folder=folder)
        file.write_text(f"{head}\n{code}", "utf-8")
        yield place


def _judged(payloads: Sequence[JsonObject], answers: Iterable[Judged]) -> Trial:
    trial = Trial(len(payloads))
    for payload, answer in zip(payloads, answers, strict=True):
        said = answer.message or ""
        if answer.outcome is Outcome.OK and not answer.errors:
            trial.fit_count += 1
        elif answer.stage == "translate" and _LEFT in said:
            trial.left.append(Tried(payload, said.partition(_LEFT)[2]))
        else:
            fitting = said or "; ".join(str(error.get("msg")) for error in answer.errors)
            trial.broken.append(Tried(payload, fitting, answer.translated))
    return trial
