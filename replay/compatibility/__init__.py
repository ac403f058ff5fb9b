"""What a change of a tool's schema does: to payloads that were captured, and to what models see.

Nothing here runs code of the user's; what is compared is plain JSON Schema.
"""

from __future__ import annotations
