"""A first draft of a translation between two schemas of a tool, as Python that a person edits.

``draft`` compares the schemas and looks at the captured payloads; ``written`` makes code of it.
What is certain is done; where a guess would be needed the code raises, and says what is missing.
"""

from __future__ import annotations

from replay.compatibility.suggesting.code import written
from replay.compatibility.suggesting.drafting import Draft, draft
from replay.compatibility.suggesting.edits import Edit

__all__ = ["Draft", "Edit", "draft", "written"]
