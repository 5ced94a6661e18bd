"""Update rules as pure arithmetic: the same function computes on arrays and prints as a formula."""

from neurogebra.optim.record import Optimizer
from neurogebra.optim.rules import OPTIMIZERS
from neurogebra.optim.schedules import SCHEDULES, Schedule

__all__ = ["OPTIMIZERS", "SCHEDULES", "Optimizer", "Schedule"]
