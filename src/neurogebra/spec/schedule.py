"""Checks of what a run says about its learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.optim import OPTIMIZERS, SCHEDULES
from neurogebra.optim.schedules import LISTS
from neurogebra.spec import check

_LENGTH = check.real(0.0, math.inf, "a number above 0", open_low=True)
_SIZE = check.real(0.0, math.inf, "a number ≥ 0")

# The options that are not just any number from 0; every other one is.
_RULES: dict[str, Any] = {
    **dict.fromkeys(("T_max", "T_0", "max_epochs", "step_size"), _LENGTH),
    **dict.fromkeys(("warmup_steps", "decay_steps", "d_model", "div", "final_div"), _LENGTH),
    **dict.fromkeys(("lr_max", "lr_init", "lr_target", "factor", "a"), _LENGTH),
    "pct_start": check.real(0.0, 1.0, "a number between 0 and 1", open_low=True),
    "patience": check.integer(0, 10**6),
    "cooldown": check.integer(0, 10**6),
}


def settled_rate(optimizer: str, schedule: str, given: Any) -> float:
    """Return the learning rate: `given`, or the schedule's own, or the optimiser's."""
    if given is not None:
        return float(_LENGTH("learning_rate", given))
    row = SCHEDULES[schedule] if schedule else None
    if row is not None and row.own_rate:
        return float(row.options[row.peak] or 0.0)
    return OPTIMIZERS[optimizer].learning_rate


def schedule_options(
    schedule: str, per: str, rate: float, given: Mapping[str, Any]
) -> tuple[tuple[str, Any], ...]:
    """Return a schedule's options as sorted pairs, lists as tuples; BadValue for wrong ones."""
    if not schedule:
        if given:
            raise BadValue("schedule_options", "a schedule to go with", dict(given), _FIRST)
        return ()
    row = SCHEDULES[schedule]
    known = row.options
    for key in given:
        if key not in known:
            hint = check.did_you_mean(key, known) if known else "it has none"
            raise BadValue(f"schedule_options.{key}", f"an option of {schedule}", key, hint)
    for key, default in known.items():
        if default is None and key not in given:
            raise BadValue(f"schedule_options.{key}", "a list of numbers", None, "it is needed")
    if not row.clock and per != "epoch":
        raise BadValue("schedule_per", f"'epoch': {schedule} looks at the ends of epochs", per)
    found = {key: _option(schedule, key, value) for key, value in given.items()}
    _low(known, found, found.get(row.peak, rate))
    return tuple(sorted(found.items()))


_FIRST = "give schedule='cosine_annealing' or another"


def _option(schedule: str, key: str, value: Any) -> Any:
    where = f"schedule_options.{key}"
    if key in LISTS:
        numbers = tuple(
            _SIZE(f"{where}[{i}]", v) for i, v in enumerate(check.sequence(where, value))
        )
        if list(numbers) != sorted(set(numbers)):
            raise BadValue(where, "numbers in rising order", value)
        return numbers
    _RULES.get(key, _SIZE)(where, value)
    if schedule == "plateau" and key == "factor" and value >= 1:
        raise BadValue(where, "a number between 0 and 1", value)
    return value


def _low(known: Mapping[str, Any], found: Mapping[str, Any], rate: float) -> None:
    for key in ("lr_min", "lr_end"):
        low = found.get(key, known.get(key, 0.0))
        if low > rate:
            hint = "a schedule goes down to it"
            raise BadValue(
                f"schedule_options.{key}", f"at most the highest rate {rate:g}", low, hint
            )
