"""Tools whose world is made of a person: each way looks him up in data that only it reads."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from replay import Toolbox

toolbox = Toolbox("people")
_here = Path(os.environ["PEOPLE"])
_made = 0

if "PEOPLE_THREAD" in os.environ:  # a process with threads cannot fork safely
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def _json(start: dict[str, Any]) -> dict[str, Any]:
    people = json.loads((_here / "people.json").read_text())
    found: dict[str, Any] = people[start["email"]]
    return found


def _json_or_nobody(start: dict[str, Any]) -> dict[str, Any]:
    people = json.loads((_here / "people.json").read_text())
    return people.get(start["email"]) or {"name": "nobody", "phone": ""}


def _by_phone_of_the_found(start: dict[str, Any]) -> dict[str, Any]:
    """The second look-up is by what only the first one's file leads to."""
    people = json.loads((_here / "people.json").read_text())
    name = people[start["email"]]["name"]
    numbers = json.loads((_here / f"{name}.json").read_text())
    return {"name": name, "phone": numbers[start["phone"]]}


def _rows(start: dict[str, Any]) -> dict[str, Any]:
    """A database that is closed again."""
    with closing(sqlite3.connect(_here / "people.sqlite")) as connection:
        return _row_of(connection, start["email"])


def _memory(start: dict[str, Any]) -> dict[str, Any]:
    """A database that the world keeps."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.executescript((_here / "people.sql").read_text())
    return {**_row_of(connection, start["email"]), "connection": connection}


def _row_of(connection: sqlite3.Connection, email: str) -> dict[str, Any]:
    [(name, phone)] = connection.execute(
        "SELECT name, phone FROM people WHERE email = ?", (email,)
    ).fetchall()
    return {"name": name, "phone": phone}


def _key(start: dict[str, Any]) -> dict[str, Any]:
    """A start that has a person as a key, and data that are no JSON."""
    [(email, roles)] = start["roles"].items()
    [line] = [one for one in (_here / "people.csv").read_text().split("\n") if f"<{email}>" in one]
    return {"name": line.split(",")[0], "phone": line.split(",")[2], "roles": roles}


def _packed(start: dict[str, Any]) -> dict[str, Any]:
    """A start that names him in base64 alone."""
    people = json.loads((_here / "people.json").read_text())
    found: dict[str, Any] = {one["packed"]: one for one in people.values()}[start["packed"]]
    return found


WAYS = {
    "json": _json,
    "json or nobody": _json_or_nobody,
    "by the phone of the found": _by_phone_of_the_found,
    "rows": _rows,
    "memory": _memory,
    "a key": _key,
    "packed": _packed,
}


@toolbox.world
async def world(start: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """A world of a person."""
    global _made
    _made += 1
    await asyncio.sleep(0)
    print(f"a world for {start}")
    yield WAYS[start["way"]](start)


@toolbox.tool
def whoami(world: dict[str, Any]) -> dict[str, Any]:
    """Say who the world is about, and how often one was made in this process."""
    return {"name": world["name"], "phone": world["phone"], "made": _made}


@toolbox.tool
def find(email: str, world: dict[str, Any]) -> dict[str, Any]:
    """Look somebody up: in the world's database, where it has one."""
    if "connection" in world:
        return _row_of(world["connection"], email)
    return {"name": world["name"]}


def persons(count: int) -> Iterator[dict[str, str]]:
    """Yield people: an email, a name, a telephone number."""
    for at in range(count):
        yield {"email": f"p{at}@firm.org", "name": f"P{at}", "phone": f"+1 415 555 {2000 + at}"}


def packed(person: dict[str, str]) -> str:
    """Return how somebody is named in base64."""
    return base64.b64encode(f"for {person['email']}".encode()).decode()


def write_people(folder: Path) -> None:
    """Write the data files."""
    people = list(persons(20))
    for one in people:
        one["packed"] = packed(one)
    by_email = {one["email"]: one for one in people}
    (folder / "people.json").write_text(json.dumps(by_email))
    for one in people:
        (folder / f"{one['name']}.json").write_text(json.dumps({one["phone"]: one["phone"]}))
    rows = ",".join(f"('{one['email']}', '{one['name']}', '{one['phone']}')" for one in people)
    script = f"CREATE TABLE people(email, name, phone); INSERT INTO people VALUES {rows};"
    (folder / "people.sql").write_text(script)
    with closing(sqlite3.connect(folder / "people.sqlite")) as connection:
        connection.executescript(script)
    lines = [f"{one['name']},<{one['email']}>,{one['phone']}" for one in people]
    (folder / "people.csv").write_text("\n".join(lines))
