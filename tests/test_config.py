from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from replay.config import (
    Config,
    ConfigError,
    IgnoreRule,
    MaskConfig,
    SchemaConfig,
    config_from,
    load_config,
)
from replay.errors import ExitCode

DOCS = Path(__file__).parent.parent / "docs" / "config.md"


def example() -> dict[str, Any]:
    blocks: list[str] = re.findall(r"```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    table: dict[str, Any] = tomllib.loads(blocks[0])["tool"]["replay"]
    return table


def test_the_example_of_the_documentation_loads() -> None:
    config = config_from(example())

    assert config.tools == "support.tools:toolbox"
    assert (config.deadline_ms, config.jobs, config.allow) == (10000, 2, ["localhost:5432"])
    assert config.env == ["SHOP_REGION=eu"]
    assert config.ignore == [
        IgnoreRule(path="**.etag"),
        IgnoreRule(path="items[*].id", tools=["search_*"], kind="id"),
        IgnoreRule(path="**.updated_at", kind="timestamp"),
        IgnoreRule(path="quote.price", kind="float", tolerance=0.005),
        IgnoreRule(path="orders", tools=["list_orders"], kind="unordered"),
    ]


def test_the_example_of_the_documentation_shows_every_key() -> None:
    shown = example()
    in_rules = {key for rule in shown["ignore"] for key in rule}

    assert set(shown) == set(Config.model_fields) - {"file", "schemas"} | {"schema"}
    assert set(shown["schema"]) == set(SchemaConfig.model_fields)
    assert set(shown["mask"]) == set(MaskConfig.model_fields)
    assert in_rules == set(IgnoreRule.model_fields) - {"relative"}


def write(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(text)
    return file


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    write(tmp_path, "[project]\nname = 'x'\n[tool.replay]\n")

    assert load_config(tmp_path) == Config(file=tmp_path / "pyproject.toml")


def test_the_nearest_file_with_a_table_of_ours_wins(tmp_path: Path) -> None:
    inner = tmp_path / "packages" / "one"
    inner.mkdir(parents=True)
    file = write(tmp_path, "[tool.replay]\ndatabase = 'traces.db'\n")
    write(inner, "[project]\nname = 'one'\n")

    config = load_config(inner)

    assert config.file == file
    assert config.database_path == tmp_path / "traces.db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[tool.replay]\njob = 2\n",
            "tool.replay.job = 2 in {file!r}: there is no such key.\nNearest: jobs\n"
            "[tool.replay] takes tools, database, schema_lock, approvals, deadline_ms, labels, "
            "jobs, allow, loose, sandbox, writable, limits, env, policy, versions, ignore, mask, "
            "access, audit, keep, schema, budgets, keys, prices.",
        ),
        (
            "[tool.replay.mask]\nname = ['x']\n",
            "tool.replay.mask.name = ['x'] in {file!r}: there is no such key.\nNearest: names\n"
            "[tool.replay.mask] takes enabled, personal, paths, shape_only, functions, names, "
            "patterns, allow, environment.",
        ),
        (
            "[tool.replay.mask]\npatterns = ['(']\n",
            "tool.replay.mask = {{'patterns': ['(']}} in {file!r}: '(' is no regular expression: "
            "missing ), unterminated subpattern at position 0.\n"
            "docs/config.md has every key with an example.",
        ),
        (
            "[tool.replay]\njobs = 0\n",
            "tool.replay.jobs = 0 in {file!r}: Input should be greater than 0.\n"
            "docs/config.md has every key with an example.",
        ),
        (
            "[[tool.replay.ignore]]\npaths = 'x'\n",
            "tool.replay.ignore[0].paths = 'x' in {file!r}: there is no such key.\nNearest: path\n"
            "[[tool.replay.ignore]] takes path, tools, kind, tolerance, relative.",
        ),
        (
            "[tool.replay.schema]\nignore = [{ rules = 'X' }]\n",
            "tool.replay.schema.ignore[0].rules = 'X' in {file!r}: there is no such key.\n"
            "Nearest: rule\nAn entry of `ignore` takes rule, tools, path.",
        ),
        (
            "[[tool.replay.ignore]]\nkind = 'timestamps'\n",
            "tool.replay.ignore[0].kind = 'timestamps' in {file!r}: Input should be 'any', "
            "'timestamp', 'id', 'float' or 'unordered'.\nNearest: timestamp\n"
            "docs/config.md has every key with an example.",
        ),
        (
            "[[tool.replay.ignore]]\npath = 'x'\nkind = 'float'\n",
            "tool.replay.ignore[0] = {{'path': 'x', 'kind': 'float'}} in {file!r}: kind 'float' "
            "needs a 'tolerance' or a 'relative'.\ndocs/config.md has every key with an example.",
        ),
        (
            "[tool]\nreplay = 3\n",
            "tool.replay = 3 in {file!r} is not a table.\n"
            "Write it as a [tool.replay] section; docs/config.md has an example.",
        ),
    ],
)
def test_a_mistake_names_the_key_the_value_and_what_to_do(
    tmp_path: Path, text: str, said: str
) -> None:
    file = write(tmp_path, text)

    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)

    assert str(caught.value) == said.format(file=str(file))
    assert caught.value.exit_code is ExitCode.COULD_NOT_RUN


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    write(tmp_path, "[tool.replay\n")

    with pytest.raises(ConfigError, match=r"is not TOML: .*line 1"):
        load_config(tmp_path)
