"""Whether a fit has converged, judged by what was measured: losses, slope, response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurogebra.training.expression_objective import Objective, flat

# A fit is exact below _EXACT of the loss it began with; a slope is none below _LEVEL of the
# loss; what is still to come is little below _LITTLE of it, and restless above _RESTLESS.
_EXACT, _LEVEL, _LITTLE, _RESTLESS = 1e-12, 1e-6, 1e-3, 0.1
_MOSTLY = 0.8  # the part of its epochs in which a falling loss falls
_SINGULAR = 1e-8

Verdict = tuple[bool, str]


def judged(
    objective: Objective,
    params: Mapping[str, Any],
    rows: Mapping[str, Any],
    y: Any,
    losses: Sequence[float],
    ended: bool,
) -> Verdict:
    """Return the verdict on a fit, with a word on parameters that the data leave open."""
    _, slopes = objective(params, rows, y)
    good, why = verdict(losses, steepness(slopes, params), ended)
    idle, mixed = undetermined(objective, params, rows, y)
    if idle:
        good = good and len(idle) < len(objective.trained)
        why += f"; the predictions do not answer to {', '.join(idle)}"
        why += "" if good else ": begin with other values"
    if mixed:
        why += f"; the data do not determine {', '.join(mixed)}: other values fit as well"
    return good, why


def verdict(losses: Sequence[float], slope: float, ended: bool = False) -> Verdict:
    """Return whether a fit converged, and the measured reason in words.

    losses: before the first step and after each epoch; slope: the largest |slope · parameter|,
    parameters below 1 counted as 1; ended: the method found no lower point.
    """
    first, last = losses[0], losses[-1]
    if last <= _EXACT * first:
        return True, f"the loss is {last:.2g}: the fit is exact"
    if slope <= _LEVEL * abs(last):
        return True, f"gradient {slope:.1g}: no small step lowers the loss, {last:.6g}"
    if ended:
        return _stuck(losses, slope)
    if len(losses) < 4:
        return False, f"{_epochs(len(losses) - 1)} cannot show it; gradient {slope:.1g}"
    if last > first:
        return False, (
            f"the loss rose from {first:.4g} to {last:.4g}: the learning rate is too large"
        )
    return _trend(np.asarray(losses))


def _stuck(losses: Sequence[float], slope: float) -> Verdict:
    return False, (
        f"no step along the gradient, {slope:.1g}, lowers the loss, {losses[-1]:.6g}: it has a "
        "kink or a jump there"
    )


def _trend(losses: np.ndarray[Any, Any]) -> Verdict:
    """Judge by the last fifth of the epochs: falling still, restless, or settled."""
    tenth = max(1, (len(losses) - 1) // 10)
    tail = losses[-2 * tenth - 1 :]
    now, before = np.mean(tail[-tenth:]), np.mean(tail[-2 * tenth : -tenth])
    changes, size, fall = np.diff(tail), abs(now), before - now
    spread = float(np.std(tail)) / size
    if np.mean(changes < 0) >= _MOSTLY:
        if _to_come(losses, tenth) <= _LITTLE * size:
            slow = f"it falls {_percent(fall / size)} in {_epochs(tenth)}"
            return True, f"the loss has settled at {now:.6g}: {slow}"
        each = 1 - (tail[-1] / tail[0]) ** (1 / len(changes)) if tail[-1] > 0 else fall / size
        return False, _falling(each)
    if spread > _RESTLESS:
        advice = "from epoch to epoch: try a smaller learning rate"
        return False, f"the loss jumps by {_percent(spread)} {advice}"
    if fall > max(spread, _LITTLE) * size:
        return False, _falling(fall / tenth / size)
    return True, f"the loss has settled at {now:.6g}, within {_percent(spread)}"


def _falling(part: float) -> str:
    advice = "try more epochs, or a larger learning rate"
    return f"loss still falling {_percent(part)} an epoch: {advice}"


def _to_come(losses: np.ndarray[Any, Any], tenth: int) -> float:
    """Return how far a loss will still fall if its falls go on shrinking as they did."""
    a, b, c = losses[-1 - 2 * tenth], losses[-1 - tenth], losses[-1]
    earlier, later = a - b, b - c
    if later <= 0:
        return 0.0
    return float("inf") if later >= earlier else float(later * later / (earlier - later))


def steepness(slopes: Mapping[str, Any], params: Mapping[str, Any]) -> float:
    """Return the largest |slope · parameter|; a parameter below 1 counts as 1."""
    parts = (np.abs(g) * np.maximum(np.abs(params[n]), 1) for n, g in slopes.items())
    return max((float(np.max(p)) for p in parts if np.size(p)), default=0.0)


def undetermined(
    objective: Objective, params: Mapping[str, Any], rows: Mapping[str, Any], y: Any
) -> tuple[list[str], list[str]]:
    """Return the parameters without influence on the predictions, and those not told apart.

    Some parameters are not told apart where a change of one can be made good by the others:
    the Jacobian of the predictions does not have full rank.
    """
    found = objective.response(params, rows, y)
    if found is None or not np.isfinite(found).all():
        return [], []
    names = objective.trained
    owner = np.repeat(np.arange(len(names)), [np.size(params[n]) for n in names])
    scale = np.linalg.norm(found * np.maximum(np.abs(flat(params, params, names)), 1), axis=0)
    dead = scale <= _EXACT * max(1e-300, float(np.max(np.abs(y))))
    without = [n for i, n in enumerate(names) if dead[owner == i].any()]
    alive = found[:, ~dead] / np.where(dead, 1, np.linalg.norm(found, axis=0))[~dead]
    if not alive.shape[1]:
        return without, []
    _, sizes, directions = np.linalg.svd(alive, full_matrices=False)
    free = directions[sizes <= _SINGULAR * sizes[0]]
    mixed = (np.abs(free) > 0.05).any(axis=0)
    return without, [n for i, n in enumerate(names) if mixed[owner[~dead] == i].any()]


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %" if part < 1 else f"{100 * part:,.0f} %"
