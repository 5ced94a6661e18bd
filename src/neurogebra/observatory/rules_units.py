"""Health rules that read what units say: which are silent, in their tails, or all the same."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median
from typing import Any

from neurogebra.observatory.events import Event, LayerSeen
from neurogebra.observatory.rule import Context, Evidence, Key, Rule, Thresholds
from neurogebra.observatory.stats import BOUNDED, RECTIFIED
from neurogebra.observatory.witness import seen, start, together


def _dead_relu(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "forward" or event.activation not in RECTIFIED or event.layer == ctx.output:
        return None
    if math.prod(event.shape[:-1]) < t.min_rows:
        return None
    dead = ctx.of(event).settled(t.persist, "dead_pct")
    if event.stats.idle_pct is not None:  # those that are silent batch after batch
        dead = min(dead, event.stats.idle_pct)
    return {"dead_pct": dead} if dead > t.dead_pct else None


def _saturation(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "forward" or event.activation not in BOUNDED or event.layer == ctx.output:
        return None
    share = ctx.of(event).settled(t.persist, "saturated_pct")
    stuck = share > t.saturated_pct and ctx.progress() > t.saturated_progress
    return {"saturated_pct": share} if stuck else None


def _constant_output(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "forward" or event.layer != ctx.output or len(event.shape) != 2:
        return None
    if event.shape[0] < t.min_rows:
        return None
    what = "std" if event.shape[1] == 1 else "row_std"
    known = [getattr(s, what) for s in ctx.of(event).last(2 * t.persist)]
    if not known or None in known or not (spread := median(known)) < t.constant_output:
        return None
    return {"std": spread}


def _dropout_off(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    rate = float(ctx.facts.get("dropout", {}).get(event.layer, 0.0))
    if event.site != "forward" or not rate > 0:
        return None
    looks, below = ctx.of(event).last(t.persist), _below(event, ctx)
    given = ctx.tracks[below].last(t.persist) if below in ctx.tracks else []
    zeros = [s.zero_pct for s in given] or [0.0] * len(looks)
    # Zeros that it was given are no drops of its own.
    if not looks or [s.zero_pct for s in looks] != zeros:
        return None
    if rate * sum(s.size for s in looks) < t.dropout_sure:
        return None
    return {"rate": rate, "looks": float(len(looks))}


def _below(event: LayerSeen, ctx: Context) -> Key:
    """Return the output of the layer before this one; of none for the first, or an unknown one."""
    names = [row.name for row in ctx.start.layers] if ctx.start else []
    at = names.index(event.layer) if event.layer in names else 0
    return (names[at - 1] if at else "", "forward", "")


def _output(units: int = 1, **known: Any) -> tuple[Event, ...]:
    """The output of a network, for twenty steps."""
    shown = seen("forward", layer="dense_1", activation="sigmoid", **known)
    return tuple(replace(e, shape=(32, units)) for e in shown if isinstance(e, LayerSeen))


_HALF = start(layers=("dense_0", "dense_1", "dense_2"), facts={"dropout": {"dense_1": 0.5}})


def _after_relu(zeros: float) -> tuple[Event, ...]:
    """A rectified layer with half its values at 0, and the dropout after it."""
    given = seen("forward", (8.0,) * 6, zero_pct=50.0)
    left = seen("forward", (8.0,) * 6, "dense_1", activation="", zero_pct=zeros)
    return together(given, left)


UNIT_RULES = (
    Rule(
        name="dead_relu",
        severity="warning",
        on=(LayerSeen,),
        site="forward",
        when=_dead_relu,
        message="Possible dying ReLU in {layer!r} ({dead_pct:.1f}% of units never fire)",
        diagnosis="A unit that outputs 0 for every row gets no gradient and cannot recover.",
        advice=(
            "Use LeakyReLU(negative_slope=0.01) instead of ReLU",
            "Lower the learning rate",
            "Use He initialisation",
        ),
        fires_on=start() + seen("forward", zero_pct=97.0, dead_pct=95.0, idle_pct=94.0),
        quiet_on=start() + seen("forward", zero_pct=97.0, dead_pct=95.0, idle_pct=40.0),
        explains=(
            "update_too_small",
            "short_reach",
            "no_gradient",
            "no_better_than_trivial",
            "loss_stagnation",
            "constant_output",
        ),
    ),
    Rule(
        name="activation_saturation",
        severity="warning",
        on=(LayerSeen,),
        site="forward",
        when=_saturation,
        message="Activations saturated in {layer!r} ({saturated_pct:.1f}% in the tails)",
        diagnosis="Far in its tails a bounded unit has no slope, and the layers below it starve.",
        advice=("Standardise the inputs", "Use smaller first weights", "Use ReLU or normalisation"),
        fires_on=start() + seen("forward", activation="tanh", saturated_pct=80.0),
        quiet_on=start()
        + seen("forward", activation="tanh", saturated_pct=35.0)
        + seen("forward", layer="dense_1", activation="sigmoid", saturated_pct=95.0),
        explains=(
            "update_too_small",
            "short_reach",
            "vanishing_gradient",
            "no_better_than_trivial",
        ),
    ),
    Rule(
        name="constant_output",
        severity="danger",
        on=(LayerSeen,),
        site="forward",
        when=_constant_output,
        message="The output of {layer!r} is the same for every row (std {std:.1g})",
        diagnosis="The inputs no longer reach the output.",
        advice=("Look for dead or saturated layers below", "Check the inputs for constant columns"),
        fires_on=start() + _output(3, std=0.4, row_std=0.0),
        quiet_on=start() + _output(3, std=0.4, row_std=0.01),
        explains=("no_better_than_trivial",),
    ),
    Rule(
        name="dropout_off",
        severity="warning",
        on=(LayerSeen,),
        site="forward",
        when=_dropout_off,
        message="{layer!r} should drop {rate:.2g} of its inputs, and dropped none in {looks:.0f} "
        "updates",
        diagnosis="The model is trained in the mode that is for checking it.",
        advice=("Call model.train() before training goes on, after each evaluation",),
        fires_on=_HALF + _after_relu(50.0),
        quiet_on=_HALF + _after_relu(74.0),
    ),
)
