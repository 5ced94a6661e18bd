"""Health rules that read the arrays of layers: gradients, weights, updates."""

from __future__ import annotations

import math
from statistics import median

from neurogebra.observatory.events import Event, LayerSeen
from neurogebra.observatory.rule import Context, Evidence, Rule, Thresholds
from neurogebra.observatory.witness import losses, seen, start, together

_TINY = 1e-30


def _nonfinite_array(event: LayerSeen, _: Context, __: Thresholds) -> Evidence:
    bad = event.stats.nonfinite
    return {"count": bad, "size": event.stats.size} if bad else None


def _is_matrix(event: LayerSeen, site: str) -> bool:
    return event.site == site and len(event.shape) >= 2


def _rms(ctx: Context, key: tuple[str, str, str], n: int) -> float:
    last = ctx.tracks[key].last(n)
    return median(s.norm / math.sqrt(max(s.size, 1)) for s in last) if last else math.nan


def _vanishing_gradient(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "gradient":
        return None
    norm = ctx.of(event).settled(t.persist, "norm")
    if norm < t.vanish_floor:
        return {"norm": norm}
    if not _is_matrix(event, "gradient") or not norm < t.vanish_norm or ctx.done > t.vanish_part:
        return None
    same = [k for k in ctx.tracks if k[1] == "gradient" and k[2] == event.param]
    own = _rms(ctx, (event.layer, "gradient", event.param), t.persist)
    most = max((_rms(ctx, k, t.persist) for k in same), default=math.nan)
    if len(same) < t.vanish_depth or not 0 < own < t.vanish_ratio * most:
        return None
    return {"norm": norm, "ratio": own / most}


def _no_gradient(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if not _is_matrix(event, "gradient"):
        return None
    first = ctx.of(event).first
    never = len(first) >= t.persist and not any(first) and event.stats.norm == 0
    others = sum(any(track.first) for key, track in ctx.tracks.items() if key[1] == "gradient")
    return {"sightings": len(ctx.of(event).recent), "others": others} if never else None


def _exploding_gradient(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "gradient":
        return None
    track, weight = ctx.of(event), ctx.of(event, "weight")
    known = weight.recent[-1].norm if weight.recent else 0.0
    limit = max(t.explode_norm, t.explode_weights * known, t.explode_growth * track.first[0])
    last = [s.norm for s in track.last(t.explode_persist)]
    return {"norm": last[-1], "weight": known} if last and min(last) > limit else None


def _gradient_spike(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    track = ctx.of(event)
    if event.site != "gradient" or len(track.recent) <= t.warmup or _few_rows(ctx, t):
        return None
    norms = [s.norm for s in track.recent]
    usual = median(norms)
    limit = max(t.spike_factor * usual, t.spike_start * max(track.first))
    hits = sum(norm > limit for norm in norms[-t.warmup :])
    if event.stats.norm <= limit or hits < t.spike_hits or _loss_calm(ctx, t):
        return None
    return {"norm": event.stats.norm, "factor": event.stats.norm / max(usual, _TINY)}


def _few_rows(ctx: Context, t: Thresholds) -> bool:
    """Whether a batch has so few rows that its gradient says little of the others."""
    start = ctx.start
    return bool(start and start.batches and start.train_rows < t.min_rows * start.batches)


def _loss_calm(ctx: Context, t: Thresholds) -> bool:
    """Whether the loss has not risen, or only within what was learned since the beginning."""
    if not ctx.losses or not t.spike_loss:
        return False
    usual, first = median(ctx.losses), median(ctx.first)
    return ctx.losses[-1] <= max(t.spike_loss * usual, t.spike_progress * first)


def _update_ratio(event: LayerSeen, ctx: Context, t: Thresholds, after: float) -> float:
    """Median ‖Δw‖/‖w‖ up to a part of the run, told in its first half; NaN elsewhere."""
    updates, weights = ctx.of(event), ctx.of(event, "weight")
    pairs = list(zip(reversed(updates.recent), reversed(weights.recent), strict=False))
    if not _is_matrix(event, "update") or len(pairs) < t.warmup or not after <= ctx.done < 0.5:
        return math.nan
    return median(u.norm / max(w.norm, _TINY) for u, w in pairs)


def _update_too_large(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    ratio = _update_ratio(event, ctx, t, t.update_high_after)
    early = _first_ratio(event, ctx, t)
    if early > t.update_first:
        return {"ratio": early}
    return {"ratio": ratio} if ratio > t.update_high else None


def _first_ratio(event: LayerSeen, ctx: Context, t: Thresholds) -> float:
    """Second largest ‖Δw‖/‖w‖ of the first sightings; NaN later, and where none is known.

    First weights that are smaller than usual, or 0, are soon outgrown: they count as usual.
    """
    gain = usual_gain(ctx, event.layer)
    updates, weights = ctx.of(event).recent, ctx.of(event, "weight").recent
    early = len(updates) == t.persist and len(weights) == t.persist
    if not early or not _is_matrix(event, "update") or event.layer == ctx.output:
        return math.nan  # the output's weights are few and soon replaced
    pairs = zip(updates, weights, strict=True)
    return gain * sorted(u.norm / max(w.norm, _TINY) for u, w in pairs)[-2]


def usual_gain(ctx: Context, layer: str) -> float:
    """Return what a ratio to the first weights of a layer is worth; 0 where they are unknown."""
    gains = {k["layer"]: k["gain"] for k in ctx.facts.get("kernels", ()) if k["key"] == "W"}
    return min(1.0, float(gains.get(layer, 0.0)))


def _update_too_small(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    ratio = _update_ratio(event, ctx, t, t.update_low_after)
    slow = 0 < ratio < t.update_low and ratio * ctx.planned < t.reach_whole
    return {"ratio": ratio} if slow else None


def _weight_stagnation(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "update":
        return None
    weight, gradient = ctx.of(event, "weight").recent, ctx.of(event, "gradient")
    limit = t.frozen_update * (weight[-1].norm if weight else 1.0)
    last = [s.norm for s in ctx.of(event).last(t.frozen_persist)]
    still = bool(last) and all(norm <= limit for norm in last)
    if not still or _faded(gradient.first, [s.norm for s in gradient.recent], t):
        return None
    return {"update": max(last), "sightings": len(last)}


def _faded(first: list[float], recent: list[float], t: Thresholds) -> bool:
    """Whether the gradient itself is (nearly) gone, so that no update is what it asks for."""
    if not recent:
        return False
    return not median(recent[-t.frozen_persist :]) > t.frozen_alive * median(first)


def _symmetric_weights(event: LayerSeen, _: Context, __: Thresholds) -> Evidence:
    weights = event.stats
    if not _is_matrix(event, "weight") or weights.size < 4 or weights.nonfinite:
        return None
    return {"value": weights.mean} if weights.min == weights.max else None


_DEEP = ("dense_0", "dense_1", "dense_2", "dense_3")


def _deep(*norms: float) -> tuple[Event, ...]:
    """Gradients of four layers, side by side for ten steps."""
    pairs = zip(_DEEP, norms, strict=True)
    return together(*(seen("gradient", (norm,) * 10, layer) for layer, norm in pairs))


_SITES = {"weight": 5.0, "gradient": 0.3}


def _paced(update: float) -> tuple[Event, ...]:
    """A weight and its updates, after the fifth part of a run of 5000 updates."""
    return together(seen("weight", (5.0,) * 20, at=1000), seen("update", (update,) * 20, at=1000))


LAYER_RULES = (
    Rule(
        name="nan_inf_array",
        severity="critical",
        on=(LayerSeen,),
        when=_nonfinite_array,
        message="NaN/Inf in {layer!r}: {count:.0f} of {size:.0f} numbers",
        diagnosis="The first layer that shows it is where the arithmetic left its range.",
        advice=("Lower the learning rate", "Clip the gradients", "Check the inputs of this layer"),
        fires_on=start() + seen("forward", (8.0,), nonfinite=1),
        quiet_on=start() + seen("forward", (8e30,)),
        explains=("nan_inf_loss",),
    ),
    Rule(
        name="vanishing_gradient",
        severity="danger",
        on=(LayerSeen,),
        site="gradient",
        when=_vanishing_gradient,
        message="Vanishing gradient in {layer!r} (L2 norm {norm:.1e})",
        diagnosis="On its way down the gradient shrinks so far that this layer hardly learns.",
        advice=(
            "Use ReLU or LeakyReLU instead of sigmoid or tanh",
            "Add normalisation",
            "Use skip connections",
        ),
        fires_on=start(layers=_DEEP) + _deep(1e-9, 1e-7, 1e-4, 0.1),
        quiet_on=start(layers=_DEEP) + _deep(2e-5, 5e-5, 1e-4, 1e-3),
        explains=("no_better_than_trivial", "weight_stagnation", "update_too_small", "short_reach"),
    ),
    Rule(
        name="no_gradient",
        severity="danger",
        on=(LayerSeen,),
        site="gradient",
        when=_no_gradient,
        message="No gradient has ever reached {layer!r}",
        diagnosis="Something between this layer and the loss has a derivative of exactly 0.",
        advice=(
            "Do not start with all weights equal",
            "Look for dead units above, rounding, or a detached path",
        ),
        fires_on=start() + seen("gradient", (0.0,) * 8),
        quiet_on=start() + seen("gradient", (0.2,) * 3 + (0.0,) * 8),
        explains=(
            "update_too_small",
            "short_reach",
            "no_better_than_trivial",
            "loss_stagnation",
            "weight_stagnation",
        ),
    ),
    Rule(
        name="exploding_gradient",
        severity="danger",
        on=(LayerSeen,),
        site="gradient",
        when=_exploding_gradient,
        message="Exploding gradient in {layer!r} (L2 norm {norm:.1e})",
        diagnosis="The gradient is large beside the weights that it is to change, and it grows.",
        advice=("Clip the gradients", "Lower the learning rate", "Add normalisation"),
        fires_on=start()
        + together(seen("weight", (5.0,) * 8), seen("gradient", [4.0**i for i in range(8)])),
        quiet_on=start()
        + together(seen("weight", (5.0,) * 9), seen("gradient", (400.0, 300.0, 200.0) * 3)),
        explains=("nan_inf_loss", "nan_inf_array", "loss_divergence", "gradient_spike"),
    ),
    Rule(
        name="gradient_spike",
        severity="warning",
        on=(LayerSeen,),
        site="gradient",
        when=_gradient_spike,
        message="Possible exploding gradient in {layer!r}: {factor:.0f}x its usual norm",
        diagnosis="Several steps in a row asked for far more than any before, and the loss rose.",
        advice=("Clip the gradients", "Lower the learning rate", "Look at the rows of that batch"),
        fires_on=start()
        + together(losses(*(1.0,) * 20, *(4.0,) * 4), seen("gradient", (0.1,) * 20 + (9.0,) * 4)),
        quiet_on=start()
        + together(losses(*(1.0,) * 20, 4.0, 1.0), seen("gradient", (0.1,) * 20 + (9.0, 0.1))),
        explains=("loss_divergence",),
    ),
    Rule(
        name="update_too_large",
        severity="warning",
        on=(LayerSeen,),
        site="update",
        when=_update_too_large,
        message="Updates of {layer!r} are {ratio:.2%} of its weights: the learning rate is high",
        diagnosis="Each step replaces a good part of what was learned before.",
        advice=("Lower the learning rate (try a tenth of it)", "Clip the gradients"),
        fires_on=start(epochs=5)
        + together(seen("weight", (5.0,) * 20), seen("update", (2.0,) * 20)),
        quiet_on=start(epochs=5)
        + together(seen("weight", (5.0,) * 20), seen("update", (0.05,) * 20)),
        explains=(
            "loss_divergence",
            "nan_inf_loss",
            "nan_inf_array",
            "dead_relu",
            "exploding_gradient",
            "gradient_spike",
            "activation_saturation",
            "constant_output",
            "short_reach",
            "no_better_than_trivial",
            "near_chance",
        ),
    ),
    Rule(
        name="update_too_small",
        severity="warning",
        on=(LayerSeen,),
        site="update",
        when=_update_too_small,
        message="Updates of {layer!r} are {ratio:.1e} of its weights: the learning rate is low",
        diagnosis="At this pace the weights stay where they began for the whole run.",
        advice=("Raise the learning rate (try ten times)", "Check that the gradients are not tiny"),
        fires_on=start(epochs=500) + _paced(1e-6),
        quiet_on=start(epochs=500) + _paced(5e-4),
        explains=("no_better_than_trivial", "loss_stagnation"),
    ),
    Rule(
        name="weight_stagnation",
        severity="warning",
        on=(LayerSeen,),
        site="update",
        when=_weight_stagnation,
        message="Optimizer may have stagnated: {layer!r} has not moved for {sightings:.0f} steps",
        diagnosis="There is a gradient, and the weights do not follow it.",
        advice=(
            "Check that its parameters were given to the optimiser",
            "Check that the schedule has not taken the learning rate to 0",
        ),
        fires_on=start()
        + together(*(seen(s, (n,) * 12) for s, n in _SITES.items()), seen("update", (0.0,) * 12)),
        quiet_on=start()
        + together(*(seen(s, (n,) * 12) for s, n in _SITES.items()), seen("update", (1e-6,) * 12)),
        explains=("loss_stagnation", "no_better_than_trivial"),
    ),
    Rule(
        name="symmetric_weights",
        severity="danger",
        on=(LayerSeen,),
        site="weight",
        when=_symmetric_weights,
        message="All weights of {layer!r} are {value:.3g}: its units are copies of one another",
        diagnosis="Units that start equal get equal gradients and stay equal.",
        advice=("Start with random weights (He or Glorot)",),
        fires_on=start() + seen("weight", (0.0,), std=0.0, mean=0.0, min=0.0, max=0.0),
        quiet_on=start() + seen("weight", (0.1,), std=1e-9, mean=0.0, min=-1e-9, max=1e-9),
        explains=("no_gradient", "dead_relu", "no_better_than_trivial", "constant_output"),
    ),
)
