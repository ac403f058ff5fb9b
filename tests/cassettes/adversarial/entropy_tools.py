"""Tools that draw."""

from __future__ import annotations

import email.mime.multipart
import email.utils
import os
import random
import secrets
import tempfile
import uuid
from random import choice as imported_choice
from random import random as imported_random
from typing import Any

try:
    import numpy as np
except ImportError:  # the suite then does without
    np = None  # type: ignore[assignment]

_made_at_import = random.Random()
_drawn_at_import = uuid.uuid4().hex


def _shuffled() -> list[int]:
    numbers = list(range(20))
    random.shuffle(numbers)
    return numbers


def _reseeded() -> float:
    random.seed(None)
    return random.random()


def _temporary_file() -> str:
    with tempfile.NamedTemporaryFile() as file:
        return os.path.basename(file.name)


def _temporary_folder() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return os.path.basename(folder)


def _boundary() -> str:
    message = email.mime.multipart.MIMEMultipart()
    message.as_string()
    return str(message.get_boundary())


def _ulid() -> str:
    import time

    return f"{time.time_ns() // 10**6:012x}{secrets.token_hex(10)}"


TOOLS: dict[str, Any] = {
    "random": lambda: random.random(),
    "imported_random": lambda: [imported_random(), imported_choice(range(10**6))],
    "own_random": lambda: random.Random().random(),
    "system_random": lambda: random.SystemRandom().random(),
    "shuffled": _shuffled,
    "sampled": lambda: random.sample(range(10**6), 3),
    "reseeded": _reseeded,
    "gauss": lambda: random.gauss(0, 1),
    "uuid4": lambda: str(uuid.uuid4()),
    "uuid1": lambda: str(uuid.uuid1()),
    "token_hex": lambda: secrets.token_hex(8),
    "token_urlsafe": lambda: secrets.token_urlsafe(),
    "secret_choice": lambda: [secrets.choice(range(10**6)), secrets.randbelow(10**9)],
    "urandom": lambda: os.urandom(8).hex(),
    "getrandom": lambda: os.getrandom(8).hex(),
    "temporary_file": _temporary_file,
    "temporary_folder": _temporary_folder,
    "mime_boundary": _boundary,
    "message_id": lambda: email.utils.make_msgid(domain="example.com"),
    "ulid": _ulid,
    "made_at_import": lambda: _made_at_import.random(),
    "drawn_at_import": lambda: _drawn_at_import,
}
if np is not None:
    TOOLS |= {
        "numpy_rand": lambda: np.random.rand(),
        "numpy_randint": lambda: int(np.random.randint(10**6)),
        "numpy_default_rng": lambda: float(np.random.default_rng().random()),
        "numpy_state": lambda: float(np.random.RandomState().rand()),
        "numpy_shuffle": lambda: [int(one) for one in np.random.permutation(20)],
    }
