"""What training makes small, and what people read: losses and metrics as rows."""

from neurogebra.losses.metrics import METRICS, Metric
from neurogebra.losses.table import LOSSES, Loss

__all__ = ["LOSSES", "METRICS", "Loss", "Metric"]
