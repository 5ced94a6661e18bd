"""How large a result may grow: a short formula can ask for more numbers than a machine holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from neurogebra.errors import BadValue

MAX_ELEMENTS = 1 << 28  # 2 GiB of doubles


def room(name: str, shape: Sequence[int]) -> None:
    """Raise BadValue where the result of an operation would not fit into the bound."""
    count = math.prod(shape)
    if count > MAX_ELEMENTS:
        size = " × ".join(map(str, shape))
        raise BadValue(
            name,
            f"a result of at most {MAX_ELEMENTS:,} numbers",
            f"{size} of them",
            f"{name} would make {count:,}; give fewer values at a time",
        )
