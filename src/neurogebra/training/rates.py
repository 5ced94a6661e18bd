"""The learning rate of an update: by the run's schedule, or by what is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.evaluate import function
from neurogebra.core.parse import parse
from neurogebra.core.tree import substitute
from neurogebra.errors import BadValue
from neurogebra.optim import SCHEDULES
from neurogebra.optim.schedules import LISTS
from neurogebra.repository import FORMULAS
from neurogebra.spec import RunSpec
from neurogebra.training.progress import Progress

PLATEAU = "plateau"

# What the plateau has seen, as JSON: the best value, epochs since, epochs of rest, cuts made.
Seen = Mapping[str, Any]
# A cut smaller than this is none, as in torch.
_LEAST = 1e-8


def current(run: RunSpec, batches: int, p: Progress) -> float:
    """Return the rate of a run's next update: the schedule's, or what was asked for since.

    batches: of an epoch, 0 where the data does not say.
    """
    if not run.schedule:
        return run.rate if p.rate is None else p.rate
    found = scheduled(run, batches, p.epoch, p.step)
    if p.rate is None:
        return found
    return p.rate if found == run.rate else found * (p.rate / run.rate)


def ask(run: RunSpec, batches: int, p: Progress, rate: float) -> None:
    """Let the next update have this rate, and a schedule keep its form from there.

    While a schedule says 0, the rate is that of its peak.
    """
    found = scheduled(run, batches, p.epoch, p.step)
    p.rate = rate * (run.rate / found) if found else rate


def watch(run: RunSpec, p: Progress, value: float | None, *, higher: bool) -> None:
    """Cut the rate of a run whose schedule watches the monitored value, where that stays."""
    rate = run.rate if p.rate is None else p.rate
    p.plateau, cut = on_plateau(run, p.plateau, value, rate, higher=higher)
    if cut != rate:
        p.rate = cut


def scheduled(run: RunSpec, batches: int, epoch: int, batch: int) -> float:
    """Return the rate of the update that follows `epoch` whole epochs and `batch` batches in all.

    batches: of an epoch, 0 where the data does not say. Raises BadValue where a schedule needs
    the length of the run and it is not known, or where it gives no rate.
    """
    if not run.schedule or not SCHEDULES[run.schedule].clock:
        return run.rate
    length, at = run.epochs, epoch
    if run.schedule_per == "step":
        length, at = run.epochs * batches // run.accumulate, batch // run.accumulate
    return curve(run.schedule, run.schedule_options, run.rate, length)(at)


@lru_cache(maxsize=64)
def curve(
    schedule: str, options: tuple[tuple[str, Any], ...], rate: float, length: int
) -> Callable[[int], float]:
    """Return a schedule as a function of how many epochs or updates are done.

    rate: its highest or first rate; length: of the whole run; options: as a RunSpec has them,
    which go before both. The values are those of the formula in the book.
    """
    row = SCHEDULES[schedule]
    formula = FORMULAS[row.name]
    known: dict[str, Any] = {**dict(formula.params), row.peak: rate}
    if row.length:
        known[row.length] = float(length)
    known.update(options)
    _check_lengths(row.length, known)
    fixed = {name: known[name] for name in known if name not in LISTS}
    names = tuple(name for name in formula.inputs if name not in fixed)
    lists = [np.asarray(known[name]) for name in names if name in LISTS]
    run = function(
        substitute(parse(formula.stable or formula.expr), fixed), names, arrays=bool(lists)
    )

    def at(done: int) -> float:
        found = float(run([*lists, float(done + (row.clock == "t"))]))
        if not math.isfinite(found) or found < 0:
            raise BadValue("schedule", f"a learning rate from {schedule} after {done}", found)
        return found

    return at


def _check_lengths(length: str, known: Mapping[str, Any]) -> None:
    """Refuse pieces of a curve that are longer than the whole."""
    if not length:
        return
    whole = known[length]
    if not whole > 0:
        hint = "the data does not say how many batches it has"
        raise BadValue(f"schedule_options.{length}", "the run's length", whole, hint)
    for part in ("warmup_steps", "decay_steps"):
        if part in known and not known[part] < whole:
            where = f"schedule_options.{part}"
            raise BadValue(where, f"less than the whole length {length} = {whole:g}", known[part])


def on_plateau(
    run: RunSpec, seen: Seen, value: float | None, rate: float, *, higher: bool
) -> tuple[dict[str, Any], float]:
    """Return what an epoch's monitored value leaves behind, and the rate from here on.

    After more than `patience` epochs without a gain of more than min_delta the rate is cut to
    its factor, never below min_lr; then `cooldown` epochs do not count.
    """
    options: dict[str, Any] = {**SCHEDULES[PLATEAU].options, **dict(run.schedule_options)}
    now: dict[str, Any] = {"best": None, "waited": 0, "resting": 0, "cuts": 0, **seen}
    if value is not None and math.isfinite(value) and _gains(now["best"], value, options, higher):
        now["best"], now["waited"] = value, 0
    else:
        now["waited"] += 1
    if now["resting"]:
        now["resting"], now["waited"] = now["resting"] - 1, 0
    if now["waited"] <= options["patience"]:
        return now, rate
    now["waited"], now["resting"] = 0, options["cooldown"]
    low = max(rate * options["factor"], options["min_lr"])
    if rate - low <= _LEAST:
        return now, rate
    now["cuts"] += 1
    return now, low


def _gains(best: float | None, value: float, options: Mapping[str, Any], higher: bool) -> bool:
    if best is None:
        return True
    return bool((value - best if higher else best - value) > options["min_delta"])
