"""What metrics keep of a run's rows, batch by batch, so that none is ever read twice.

Most tallies are a small array that adds up. Exact ranks and medians need every score: those
tallies keep them, 8 bytes a number, for as long as an epoch or an evaluation lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

State = Any  # an array, or a list of arrays where a tally keeps rows


@dataclass(frozen=True, slots=True)
class Tally:
    """What is kept: of(answers) of a batch, joined to what was kept before.

    join: (kept, of a batch) → kept; keeps: whether every row stays; light: whether a batch's
    own value costs little; calm: whether no number can make it overflow; exact: whether it adds
    whole numbers, so that rows may be counted in any groups.
    """

    name: str
    of: Callable[[Any], np.ndarray]
    join: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.add
    keeps: bool = False
    light: bool = False
    calm: bool = False
    exact: bool = False

    def add(self, state: State | None, batch: np.ndarray) -> State:
        """Return the state with a batch joined to it; None is that of no rows."""
        if state is None:
            return [batch] if self.keeps else batch
        if not self.keeps:
            return self.join(state, batch)
        state.append(batch)
        return state

    def whole(self, state: State) -> np.ndarray:
        """Return a state as one array, as it is saved and as metrics read it."""
        return np.concatenate(state) if self.keeps else np.asarray(state)

    def restored(self, array: np.ndarray) -> State:
        """Return the state of a saved array."""
        return [array] if self.keeps else array
