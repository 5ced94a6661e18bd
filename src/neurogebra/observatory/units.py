"""What the single units of a layer did over the latest looks: which never fired, what varied."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurogebra.observatory.events import Metrics, Stats
from neurogebra.observatory.seldom import Seldom
from neurogebra.observatory.stats import RECTIFIED

LOOKS = 5
"""Looks in a row over which a unit counts as idle when it fired in none of them."""

SUSPICIOUS = 50.0
"""Percent of silent units in one look, from which on it is worth knowing which they are."""


class Units:
    """Remembers which units of the rectified layers stayed silent in the latest looks.

    One batch in which a unit is silent says little; the same unit silent in LOOKS batches says
    more. Nothing is kept of a layer whose units mostly fire.
    """

    def __init__(self) -> None:
        self.seldom = Seldom()
        self._silent: dict[str, deque[npt.NDArray[np.bool_]]] = {}
        self._last = ""

    def add(
        self,
        stats: Stats,
        array: npt.NDArray[Any],
        layer: str,
        activation: str = "",
        *,
        last: bool = False,
    ) -> Stats:
        """Return the statistics of a layer's output (rows, …, units) with those of its units.

        last: whether it is the output of the network, whose rows are compared.
        """
        if last:
            self._last = layer
            many = array.ndim == 2 and array.shape[1] > 1 and len(array) > 1
            return replace(stats, row_std=_row_std(array)) if many else stats
        if activation not in RECTIFIED or stats.dead_pct <= SUSPICIOUS:
            self._silent.pop(layer, None)
            return stats
        units = array.reshape(-1, array.shape[-1])
        masks = self._silent.setdefault(layer, deque(maxlen=LOOKS))
        if masks and masks[0].size != units.shape[1]:
            masks.clear()
        masks.append(np.count_nonzero(units, axis=0) == 0)
        if len(masks) < LOOKS:
            return stats
        idle = np.logical_and.reduce(masks)
        return replace(stats, idle_pct=100.0 * float(np.count_nonzero(idle)) / idle.size)

    def rare(self, layer: str, site: str, param: str, array: npt.NDArray[Any]) -> Metrics:
        """Return what is taken of this array beyond its statistics, in a look that is due.

        It is asked after `add`, which says what the last layer is. See `Seldom.of`.
        """
        hidden = layer != self._last
        return self.seldom.of(layer, site, param, array, hidden=hidden)


def _row_std(array: npt.NDArray[Any]) -> float:
    """Return how far each unit lies from its mean over the rows, in the square mean."""
    x = array.astype(np.float64)
    with np.errstate(all="ignore"):
        x -= np.add.reduce(x, 0) / len(x)
        flat = x.ravel()
        return float(np.sqrt(flat.dot(flat) / flat.size))
