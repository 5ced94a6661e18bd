"""Where a run stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """Where a run stands: all of it goes into a checkpoint as JSON.

    epoch, batch: the next ones to be done; step: batches learned from, which are the updates
    made where none are accumulated; best, best_epoch: of the monitored metric; waited: epochs
    since; plateau: what the schedule of that name has seen.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int = -1
    waited: int = 0
    rate: float | None = None  # in place of the run's learning rate, where somebody asked
    plateau: dict[str, Any] = field(default_factory=dict)
    reason: str = ""  # why the run is over, "" while it is not
