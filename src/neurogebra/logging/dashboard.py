"""The documented path to the dashboard and the trackers; it leads to `observatory.sinks.dashboard`
and to the rooms beside it that bear a tracker's name.
"""

from __future__ import annotations

from neurogebra.observatory.sinks.dashboard import DashboardExporter
from neurogebra.observatory.sinks.mlflow import MLflowBridge
from neurogebra.observatory.sinks.tensorboard import TensorBoardBridge
from neurogebra.observatory.sinks.wandb import WandBBridge

__all__ = ["DashboardExporter", "MLflowBridge", "TensorBoardBridge", "WandBBridge"]
