"""``[tool.replay]`` of the user's pyproject.toml: what every command takes for granted.

Nothing here is needed to start; a missing file or table is the default ``Config``.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from replay.errors import ReplayError
from replay.records import JsonObject, Policy
from replay.records.lengths import seconds_kept, size_bytes

RuleKind = Literal["any", "timestamp", "id", "float", "unordered"]
"""What may differ: anything, or only what two values of that kind have between them."""


PersonalKind = Literal["email", "phone", "card", "iban", "ssn", "ip"]
"""The kinds of personal data that are found by their form."""

_PLACES: Final = ("tool_calls", "model_calls", "traces")
"""Records that have values of the user's at paths of the user's."""


class ConfigError(ReplayError):
    """``[tool.replay]`` holds something that replay cannot read."""


class IgnoreRule(BaseModel):
    """One difference that does not count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = "**"
    """Where: ``**.etag``, ``items[*].id``, ``prices['2024-05-20']``. For ``any``, everything
    beneath it too."""
    tools: list[str] = Field(default_factory=lambda: ["*"])
    """Which tools; ``*`` globs."""
    kind: RuleKind = "any"
    """``timestamp``, ``id``, ``float`` and ``unordered`` allow only that kind of difference."""
    tolerance: float | None = Field(default=None, ge=0)
    """``float``: the largest difference allowed."""
    relative: float | None = Field(default=None, ge=0)
    """``float``: the largest difference allowed, as a part of the recorded value."""

    @model_validator(mode="after")
    def _float_says_how_far(self) -> IgnoreRule:
        if self.kind == "float" and self.tolerance is None and self.relative is None:
            raise ValueError("kind 'float' needs a 'tolerance' or a 'relative'")
        if self.kind != "float" and (self.tolerance is not None or self.relative is not None):
            raise ValueError(f"kind {self.kind!r} takes no tolerance; only 'float' does")
        return self


class MaskConfig(BaseModel):
    """What is masked before it is stored: ``[tool.replay.mask]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    """False: everything is stored as it is."""
    personal: bool | list[str] = False
    """Mask personal data too: all kinds, or some of ``email``, ``phone``, ``card``, ``iban``,
    ``ssn``, ``ip``."""
    paths: list[str] = Field(default_factory=list)
    """Values that are masked whatever they are: ``tool_calls.*.arguments.customer.email``."""
    shape_only: list[str] = Field(default_factory=list)
    """Tools (``*`` globs) of whose calls only a hash and the shape is stored."""
    functions: list[str] = Field(default_factory=list)
    """Functions of yours that find more in a text: ``package.module:function``."""
    names: list[str] = Field(default_factory=list)
    """More names whose values are secret: of headers, fields, keys, in any spelling, with ``*``."""
    patterns: list[str] = Field(default_factory=list)
    """More values that are secret: regular expressions."""
    allow: list[str] = Field(default_factory=list)
    """Names whose values are not secret, whatever is built in."""
    environment: bool = True
    """Treat the values of secret-named environment variables as secret wherever they stand."""

    @model_validator(mode="after")
    def _patterns_are_expressions(self) -> MaskConfig:
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return self

    @field_validator("personal")
    @classmethod
    def _kinds_are_known(cls, personal: bool | list[str]) -> bool | list[str]:
        known = get_args(PersonalKind)
        for one in [] if isinstance(personal, bool) else personal:
            if one not in known:
                near = get_close_matches(one, known, n=1, cutoff=0.4)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"there is no kind {one!r}, only {', '.join(known)}{meant}")
        return personal

    @field_validator("paths")
    @classmethod
    def _paths_are_places(cls, paths: list[str]) -> list[str]:
        return _known_places(paths)

    @field_validator("functions")
    @classmethod
    def _functions_are_named(cls, functions: list[str]) -> list[str]:
        for name in functions:
            if not re.fullmatch(r"[\w.]+:[\w.]+", name):
                raise ValueError(f"{name!r} names no function: package.module:function")
        return functions


def _known_places(paths: list[str]) -> list[str]:
    for path in paths:
        first = path.split(".")[0]
        if first not in ("*", "**", *_PLACES) or len(path.split(".")) < 2:
            raise ValueError(
                f"{path!r} begins with no kind of record: {', '.join(_PLACES)}; "
                "tool_calls.TOOL.arguments.customer.email"
            )
    return paths


class AccessConfig(BaseModel):
    """What is stored as it is, and shown to nobody who does not ask: ``[tool.replay.access]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hide: list[str] = Field(default_factory=list)
    """Values that screens, commands and reports hide, besides those that are to be masked:
    ``tool_calls.*.arguments.customer.address``."""

    @field_validator("hide")
    @classmethod
    def _paths_are_places(cls, paths: list[str]) -> list[str]:
        return _known_places(paths)


class SchemaIgnore(BaseModel):
    """Changes of schemas that `replay schema check` does not count; a bare text is a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rule: str = "*"
    """Which rule: ``DEFAULT_ADDED``; ``*`` globs."""
    tools: list[str] = Field(default_factory=lambda: ["*"])
    """Of which tools; ``*`` globs."""
    path: str = "*"
    """At which place: ``attendees[*].email``; ``*`` globs."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, said: Any) -> Any:
        return {"rule": said} if isinstance(said, str) else said

    def covers(self, rule: str, tool: str, path: str) -> bool:
        """Return whether a change of ``rule`` at ``path`` of ``tool`` is one of these."""
        pattern = self.path.replace("[", "[[]")  # an index is written so, and is no set of letters
        return (
            fnmatchcase(rule, self.rule)
            and any(fnmatchcase(tool, name) for name in self.tools)
            and fnmatchcase(path, pattern)
        )


class SchemaConfig(BaseModel):
    """How schemas are compared: ``[tool.replay.schema]``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ignore: list[SchemaIgnore] = Field(default_factory=list)
    """Changes that do not count."""


class Budget(BaseModel):
    """How long something may take: a value of ``[tool.replay.budgets]``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    p50_ms: float | None = Field(default=None, gt=0)
    """Half of the calls take at most so long."""
    p95_ms: float | None = Field(default=None, gt=0)
    """All but one in twenty."""
    p99_ms: float | None = Field(default=None, gt=0)
    """All but one in a hundred."""
    max_ms: float | None = Field(default=None, gt=0)
    """Every one."""

    @model_validator(mode="after")
    def _says_something(self) -> Budget:
        if not self.bounds:
            raise ValueError("it says nothing; give p50_ms, p95_ms, p99_ms or max_ms")
        return self

    @property
    def bounds(self) -> dict[str, float]:
        """Return what is said, by the name of the measure: ``{"p95": 800.0}``."""
        said = {name.removesuffix("_ms"): value for name, value in self}
        return {name: value for name, value in said.items() if value is not None}


class TokenPrice(BaseModel):
    """What a million tokens cost: a value of ``[tool.replay.prices]``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    input: float = Field(ge=0)
    """Of the prompt."""
    output: float = Field(ge=0)
    """Of what the model wrote."""
    cached: float | None = Field(default=None, ge=0)
    """Of the prompt, read from the provider's cache; None: as ``input``."""
    cache_written: float | None = Field(default=None, ge=0)
    """Of the prompt, written to the cache; None: as ``input``."""


class KeepConfig(BaseModel):
    """How long traces are kept: ``[tool.replay.keep]``. Lengths: ``12h``, ``30d``, ``forever``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    default: str | None = None
    """Traces that no other rule fits; None: for ever."""
    apps: dict[str, str] = Field(default_factory=dict)
    """Traces of these apps; ``*`` globs."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Traces with these labels: ``key=value``, or ``key``."""
    tools: dict[str, str] = Field(default_factory=dict)
    """Traces that called these tools; ``*`` globs."""
    size: str | int | None = None
    """How large the database may get; beyond it the oldest traces go."""
    at_open: bool = True
    """A recorder removes what is due, a little at a time; False: only `replay prune` does."""

    @field_validator("default", "apps", "labels", "tools")
    @classmethod
    def _lengths_of_time(cls, said: Any) -> Any:
        for length in said.values() if isinstance(said, dict) else [said]:
            if length is not None:
                seconds_kept(length)
        return said

    @field_validator("size")
    @classmethod
    def _a_size(cls, said: str | int | None) -> str | int | None:
        if said is not None:
            size_bytes(said)
        return said

    @property
    def says_nothing(self) -> bool:
        """Whether every trace is kept for ever."""
        return not (self.default or self.apps or self.labels or self.tools or self.size)


class Config(BaseModel):
    """The user's ``[tool.replay]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: str | None = None
    """The toolbox that ``--tools`` names otherwise: ``package.module:toolbox``."""
    database: str | None = None
    """The database that commands read and record into; relative to the pyproject.toml."""
    schema_lock: str | None = None
    """The file of `replay schema lock`; relative to the pyproject.toml."""
    approvals: str | None = None
    """The file that approvals are read from and written to, beside those in the database; relative
    to the pyproject.toml. A team commits it."""
    deadline_ms: int | None = Field(default=None, gt=0)
    """How long one tool call may take in a replay; None: the replayer's own deadline."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Keys of the labelling mode of `replay ui`, each with the label it gives; empty: its own."""
    jobs: int | None = Field(default=None, gt=0)
    """Worker processes; None: one for each core."""
    allow: list[str] = Field(default_factory=list)
    """What tools may really reach while they are replayed: addresses (``localhost:5432``, ``unix:``
    and a path) and programs (``run:git``)."""
    loose: list[str] = Field(default_factory=list)
    """Tools (``*`` globs) that go on where they ask the same path for something else: the recorded
    answer serves, and the difference is told."""
    sandbox: Literal["off", "auto", "bubblewrap", "kernel", "e2b"] = "off"
    """What workers run in."""
    writable: list[str] = Field(default_factory=list)
    """Folders that tools may write to in a sandbox; relative to the pyproject.toml."""
    limits: dict[str, str | int] = Field(default_factory=dict)
    """How much a worker may take, by name: ``memory = "4GiB"``."""
    env: list[str] = Field(default_factory=list)
    """Environment variables that the tools get: ``NAME`` or ``NAME=VALUE``."""
    policy: dict[str, Policy] = Field(default_factory=dict)
    """How tools are replayed that are not to run on their cassettes, by name or pattern:
    ``recorded``, ``live`` (names only) or ``refuse``."""
    versions: dict[str, str] = Field(default_factory=dict)
    """By tool, the version that calls were written for that were recorded without one."""
    ignore: list[IgnoreRule] = Field(default_factory=list)
    """Differences that do not count, all tools together."""
    mask: MaskConfig = Field(default_factory=MaskConfig)
    """What is replaced by placeholders before it is stored."""
    access: AccessConfig = Field(default_factory=AccessConfig)
    """What is hidden from whoever does not ask for it."""
    audit: Literal["off", "changes", "all"] = "changes"
    """Which commands are noted in the database they are used on: those that export, remove or
    change something by hand; ``all``: those that read, too."""
    keep: KeepConfig = Field(default_factory=KeepConfig)
    """How long traces are kept."""
    schemas: SchemaConfig = Field(default_factory=SchemaConfig, alias="schema")
    """How schemas are compared. (pydantic has a ``schema`` of its own.)"""
    budgets: dict[str, Budget] = Field(default_factory=dict)
    """How long things may take, by tool (``*`` globs), component, or both: ``search:network``."""
    keys: dict[str, str | list[str]] = Field(default_factory=dict)
    """Keys of the terminal UI, by action: ``"transcript.step" = "j"``; several apart by spaces."""
    prices: dict[str, TokenPrice] = Field(default_factory=dict)
    """What tokens cost, by model (``*`` globs); the first that fits counts. None are built in."""

    file: Path | None = Field(default=None, exclude=True)
    """The pyproject.toml it was read from; None: there is none with a ``[tool.replay]``."""

    @field_validator("labels")
    @classmethod
    def _one_key_each(cls, labels: dict[str, str]) -> dict[str, str]:
        for key, label in labels.items():
            if len(key) != 1 or not key.isprintable() or not label.strip():
                raise ValueError(f"{key!r} is no key: write one letter or digit, and its label")
        return labels

    @field_validator("policy")
    @classmethod
    def _live_is_named(cls, policy: dict[str, Policy]) -> dict[str, Policy]:
        for name, one in policy.items():
            if one is Policy.LIVE and any(sign in name for sign in "*?["):
                raise ValueError(f"{name!r} is a pattern: name each tool that is to go out")
        return policy

    @property
    def hidden_paths(self) -> list[str]:
        """Places that are hidden where the recording has them in the clear."""
        return list(dict.fromkeys([*self.mask.paths, *self.access.hide]))

    @property
    def database_path(self) -> Path | None:
        """``database`` as a path that holds from any working directory; None: it says none."""
        if self.database is None:
            return None
        return self._beside(self.database)

    @property
    def schema_lock_path(self) -> Path | None:
        """``schema_lock`` as a path that holds from any working directory; None: it says none."""
        return None if self.schema_lock is None else self._beside(self.schema_lock)

    @property
    def approvals_path(self) -> Path | None:
        """``approvals`` as a path that holds from any working directory; None: it says none."""
        return None if self.approvals is None else self._beside(self.approvals)

    @property
    def writable_paths(self) -> list[Path]:
        """``writable`` as paths that hold from any working directory."""
        return [self._beside(name) for name in self.writable]

    def _beside(self, name: str) -> Path:
        return (self.file.parent if self.file else Path()) / Path(name).expanduser()


def load_config(start: Path | None = None) -> Config:
    """Return the ``[tool.replay]`` nearest to ``start`` (the working directory), looking upwards.

    Raises:
        ConfigError: the file is not TOML, or a key or value is not one of ours.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            table = _table(file)
            if table is not None:
                return config_from(table, file=file)
    return Config()


def config_from(table: JsonObject, *, file: Path | None = None) -> Config:
    """Return the config that the keys of one ``[tool.replay]`` table say.

    Raises:
        ConfigError: a key or value is not one of ours; it names the nearest that is.
    """
    if "file" in table:
        raise _unknown_key(("file",), table["file"], file)
    try:
        return Config.model_validate({**table, "file": file})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "extra_forbidden":
            raise _unknown_key(first["loc"], first["input"], file) from error
        raise ConfigError(
            f"{_written(first['loc'])} = {first['input']!r} in {_place(file)}: "
            f"{first['msg'].removeprefix('Value error, ')}.",
            nearest=_nearest_value(first),
            hint="docs/config.md has every key with an example.",
        ) from error


def _table(file: Path) -> JsonObject | None:
    import tomllib  # its patterns take as long as our models

    try:
        with file.open("rb") as source:
            tool: Any = tomllib.load(source).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{str(file)!r} is not TOML: {error}.", hint="Mend the file, then try again."
        ) from error
    except OSError:
        return None  # not ours to read, so not ours to obey
    table = tool.get("replay") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(
            f"tool.replay = {table!r} in {_place(file)} is not a table.",
            hint="Write it as a [tool.replay] section; docs/config.md has an example.",
        )
    return table


def _unknown_key(loc: tuple[int | str, ...], value: object, file: Path | None) -> ConfigError:
    part = str(loc[0]) if len(loc) > 1 else ""
    part = "schema.ignore" if loc[:2] == ("schema", "ignore") else part
    where, known = _known_keys()[part]
    near = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    return ConfigError(
        f"{_written(loc)} = {value!r} in {_place(file)}: there is no such key.",
        nearest=near[0] if near else None,
        hint=f"{where} takes {', '.join(known)}.",
    )


@cache
def _known_keys() -> dict[str, tuple[str, list[str]]]:
    """How each table is written, and its keys: of the whole, and of what is in it."""
    return {
        "": ("[tool.replay]", _keys(Config)),
        "ignore": ("[[tool.replay.ignore]]", list(IgnoreRule.model_fields)),
        "mask": ("[tool.replay.mask]", list(MaskConfig.model_fields)),
        "access": ("[tool.replay.access]", list(AccessConfig.model_fields)),
        "keep": ("[tool.replay.keep]", list(KeepConfig.model_fields)),
        "schema": ("[tool.replay.schema]", list(SchemaConfig.model_fields)),
        "budgets": ("A budget", list(Budget.model_fields)),
        "prices": ("A price", list(TokenPrice.model_fields)),
        "schema.ignore": ("An entry of `ignore`", list(SchemaIgnore.model_fields)),
    }


def _keys(table: type[BaseModel]) -> list[str]:
    """Return the keys of a table as they are written."""
    fields = table.model_fields.items()
    return [field.alias or name for name, field in fields if not field.exclude]


def _nearest_value(error: Any) -> str | None:
    if error["type"] not in ("literal_error", "enum"):
        return None
    kinds = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    near = get_close_matches(str(error["input"]), kinds, n=1, cutoff=0.4)
    return near[0] if near else None


def _written(loc: tuple[int | str, ...]) -> str:
    path = "tool.replay"
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path


def _place(file: Path | None) -> str:
    return repr(str(file)) if file else "the configuration"
