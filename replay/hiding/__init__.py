"""Values that recordings hold as they are, and that nobody is shown who did not ask for them.

`places` says where they stand, `values` finds them wherever else they come up in a trace, and a
`HidingReader` gives records with a sign in their place. What runs reads the true values.
"""

from __future__ import annotations

from replay.hiding.hiding_in import hidden_places, hide_in
from replay.hiding.places import HiddenPlaces
from replay.hiding.reader import HidingReader
from replay.hiding.values import SIGN

__all__ = ["SIGN", "HiddenPlaces", "HidingReader", "hidden_places", "hide_in"]
