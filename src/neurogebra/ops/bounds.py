"""How large a result may grow: a short formula can ask for more numbers than a machine holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from neurogebra.errors import BadValue

MAX_ELEMENTS = 1 << 28  # 2 GiB of doubles

_limit: ContextVar[int] = ContextVar("most elements of a result", default=MAX_ELEMENTS)


def room(name: str, shape: Sequence[int]) -> None:
    """Raise BadValue where the result of an operation would not fit into the bound."""
    count, most = math.prod(shape), _limit.get()
    if count > most:
        size = " × ".join(map(str, shape))
        raise BadValue(
            name,
            f"a result of at most {most:,} numbers",
            f"{size} of them",
            f"{name} would make {count:,}; give fewer values at a time",
        )


@contextmanager
def within(most: int) -> Iterator[None]:
    """Bound the results of operations to `most` numbers while a block runs."""
    token = _limit.set(most)
    try:
        yield
    finally:
        _limit.reset(token)
