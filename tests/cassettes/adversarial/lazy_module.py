"""A module that draws and reads the clock as it is imported."""

from __future__ import annotations

import random
import time
import uuid

AT = time.time()
DRAWN = [uuid.uuid4().hex, random.random()]
NAMES = list({"apple", "pear", "plum", "fig", "quince", "date", "lime"})
