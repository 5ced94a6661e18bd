"""Schedules: how the learning rate moves, by the formulas of the book, and one that watches."""

from __future__ import annotations

from dataclasses import dataclass

from neurogebra.registry import Registry
from neurogebra.repository import FORMULAS

# Options that are lists of numbers; there is no usual one, so they must be given.
LISTS = ("milestones",)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule by name: a formula of the book, which says what each option means.

    peak: the parameter that the run's learning rate fills; length: the one that the run's own
    length fills, "" where the curve needs none; clock: the formula's time, "epoch" from 0 or
    "t" from 1. A schedule without a clock answers to what is measured instead.
    """

    name: str
    aliases: tuple[str, ...] = ()
    peak: str = "lr_max"
    length: str = ""
    clock: str = "epoch"
    own_rate: bool = False  # the peak is no usual rate: a run that says none takes the book's

    @property
    def options(self) -> dict[str, float | None]:
        """The options with their defaults; None for those that must be given."""
        if not self.clock:
            return dict(_PLATEAU)
        row = FORMULAS[self.name]
        needed = {name: None for name in row.inputs if name in LISTS}
        return {**needed, **dict(row.params)}


# As torch's ReduceLROnPlateau has them; min_delta is absolute, as the run's own.
_PLATEAU = {"factor": 0.1, "patience": 10, "min_delta": 1e-4, "cooldown": 0, "min_lr": 0.0}

SCHEDULES: Registry[Schedule] = Registry(
    "schedule",
    (
        Schedule("constant_lr", ("constant",), "lr_init"),
        Schedule("step_decay_lr", ("step_decay",), "lr_init"),
        Schedule("multi_step_lr", ("multi_step",), "lr_init"),
        Schedule("exponential_decay_lr", ("exponential_decay", "exponential"), "lr_init"),
        Schedule("inverse_time_decay_lr", ("inverse_time_decay", "inverse_time"), "lr_init"),
        Schedule(
            "polynomial_decay_lr",
            ("polynomial_decay", "polynomial", "linear_decay_lr", "linear_decay"),
            "lr_init",
            "max_epochs",
        ),
        Schedule("rex_lr", ("rex",), "lr_init", "T_max"),
        Schedule(
            "cosine_annealing_lr", ("cosine_annealing", "cosine", "cosine_lr"), length="T_max"
        ),
        Schedule(
            "cosine_restarts_lr", ("cosine_restarts", "cosine_warm_restarts", "sgdr", "sgdr_lr")
        ),
        Schedule("cyclical_lr", ("cyclical", "cyclic", "triangular", "triangular_lr")),
        Schedule("triangular2_lr", ("triangular2",)),
        Schedule("exp_range_lr", ("exp_range",)),
        Schedule("one_cycle_lr", ("one_cycle",), length="T_max"),
        Schedule("one_cycle_approx_lr", ("one_cycle_approx",), length="T_max"),
        Schedule("warmup_linear_lr", ("warmup_linear", "warmup"), "lr_target"),
        Schedule(
            "warmup_cosine_lr",
            ("warmup_cosine", "cosine_warmup", "cosine_warmup_lr"),
            length="T_max",
        ),
        Schedule("wsd_lr", ("wsd", "trapezoidal", "trapezoidal_lr"), length="T_max"),
        Schedule("wsd_sqrt_lr", ("wsd_sqrt",), length="T_max"),
        Schedule("inverse_sqrt_lr", ("inverse_sqrt",), "lr_init"),
        Schedule("noam_lr", ("noam", "transformer_lr"), "factor", clock="t", own_rate=True),
        Schedule(
            "spsa_gain_lr",
            ("spsa_gain", "robbins_monro", "robbins_monro_lr"),
            "a",
            clock="t",
            own_rate=True,
        ),
        Schedule("plateau", ("reduce_on_plateau", "reduce_lr_on_plateau"), "", clock=""),
    ),
)
