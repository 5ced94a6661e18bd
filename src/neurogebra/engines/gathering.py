"""From the gradients of batches to the one of an update: frozen, added up, clipped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from neurogebra.spec import RunSpec

# As torch has it: it keeps the quotient finite, and clips a little below the norm asked for.
_BESIDE = 1e-6


class Gathering:
    """What comes between a batch's gradient and the update, on flat arrays of one engine.

    g: (n,) each batch's gradient, left as it is; ready: (n,) what the update reads, g itself
    where nothing comes between; cut(array, limit): bounds every element in place; frozen: the
    places that are not trained, which no norm counts. taken: batches since the last update;
    acted: how often each mechanism did something.
    """

    def __init__(
        self,
        run: RunSpec,
        g: Any,
        spare: Callable[[], Any],
        cut: Callable[[Any, float], None],
        frozen: Iterable[slice] = (),
    ) -> None:
        self.g, self._run, self._cut, self._frozen = g, run, cut, tuple(frozen)
        self.plain = not run.clip_value and not run.clip_norm and run.accumulate == 1
        self.ready = g if self.plain else spare()
        self.taken = np.zeros(())
        limits = {"clip_value": run.clip_value, "clip_norm": run.clip_norm}
        self.acted = {name: 0 for name, limit in limits.items() if limit}
        if run.accumulate > 1:
            self.acted["accumulate"] = 0

    @property
    def memory(self) -> dict[str, Any]:
        """What a resumed run needs of the batches that wait for their update."""
        if self._run.accumulate == 1:
            return {}
        return {"gathered": self.ready, "taken": self.taken}

    def take(self) -> bool:
        """Take in the gradient of a batch; say whether `ready` holds that of an update."""
        if self.plain:
            return True
        run, ready = self._run, self.ready
        if self.taken == 0:
            ready[...] = self.g
        else:
            ready += self.g
        self.taken += 1
        if self.taken < run.accumulate:
            self.acted["accumulate"] += 1
            return False
        self.taken[...] = 0
        if run.accumulate > 1:
            ready /= run.accumulate
        if run.clip_value or run.clip_norm:
            self._clip(ready)
        return True

    def _clip(self, ready: Any) -> None:
        for place in self._frozen:
            ready[place] = 0
        limit = self._run.clip_value
        if limit and ready.size and (float(ready.max()) > limit or float(ready.min()) < -limit):
            self._cut(ready, limit)
            self.acted["clip_value"] += 1
        limit = self._run.clip_norm
        if limit:
            share = limit / (norm(ready) + _BESIDE)
            if not share >= 1:  # also where the norm is no number: the gradient is none either
                ready *= share
                self.acted["clip_norm"] += 1


def norm(g: Any) -> float:
    """Return the Euclidean norm of a flat array of any engine, of large numbers too."""
    square = float(g @ g)
    if math.isfinite(square) and square > 1e-30:
        return math.sqrt(square)
    largest = max(float(g.max()), -float(g.min())) if len(g) else 0.0
    if largest == 0 or not math.isfinite(largest):
        return largest
    scaled = g / largest
    return largest * math.sqrt(float(scaled @ scaled))
