"""The documented path to `Trainer`; it leads to `training.expression_trainer`."""

from __future__ import annotations

from neurogebra.training.expression_trainer import Trainer

__all__ = ["Trainer"]
