"""A module of tools whose import never ends."""

import os

os.read(os.pipe()[0], 1)
