"""The curves of a run, as `fit` returns them."""

from __future__ import annotations

from neurogebra.observatory.events import EpochEnd, Level, Metrics, Stamped, TrainEnd

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


class History:
    """Collects what each epoch measured: {"loss": [...], "accuracy": [...], …}.

    The four documented keys are always there; a metric that no epoch measured has an empty
    list, and an epoch that did not measure a metric adds nothing to its list. observer: what
    watching took, as in `TrainEnd`; empty before the end.
    """

    name = "history"
    level = Level.BASIC

    def __init__(self) -> None:
        self.curves: dict[str, list[float]] = {name: [] for name in METRICS}
        self.observer: Metrics = {}

    def handle(self, stamped: Stamped) -> None:
        """Take in the end of an epoch, or of the run."""
        if isinstance(stamped.event, TrainEnd):
            self.observer = dict(stamped.event.observer)
        elif isinstance(stamped.event, EpochEnd):
            for name, value in stamped.event.metrics.items():
                self.curves.setdefault(name, []).append(float(value))

    def close(self) -> None:
        """There is nothing to let go."""
