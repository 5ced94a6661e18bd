"""Health rules on what is seen now and then: gradient noise, what outputs span, weights, modes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median, stdev
from typing import NamedTuple

from neurogebra.observatory.events import (
    EpochEnd,
    Event,
    LayerSeen,
    ModeSeen,
    SpectrumSeen,
    TrainEnd,
)
from neurogebra.observatory.rule import RARE, Context, Evidence, Rule, Thresholds
from neurogebra.observatory.witness import losses, seen, start

_NORMAL = 1.4826  # from a median distance to a standard deviation


class Noise(NamedTuple):
    """A gradient's noise scale in rows, at least and at most, and the rows of a batch."""

    low: float
    high: float
    rows: float


def noise_scale(ctx: Context, t: Thresholds) -> Noise | None:
    """Return the simple noise scale tr Σ / |G|² of a run's later gradients; None where unknown.

    Two gradients of successive updates share G and nothing else: their product estimates |G|²,
    half the square of their difference tr Σ / rows [S. McCandlish et al., An Empirical Model
    of Large-Batch Training, arXiv:1812.06162, 2018, section 2.2]. The bounds are those that the
    pairs leave for |G|².
    """
    begun = ctx.start
    if begun is None or begun.batches < 2 or begun.run.get("accumulate", 1) != 1:
        return None
    pairs = [p for p in ctx.noise if p.step > t.noise_after * ctx.planned]
    if ctx.done < t.noise_from or len(pairs) < t.noise_pairs:
        return None
    signal, spread = fmean(p.overlap for p in pairs), fmean(p.spread for p in pairs)
    unsure = t.noise_sigma * stdev(p.overlap for p in pairs) / math.sqrt(len(pairs))
    if not signal > 0:  # steps that overshoot turn the gradient round
        return None
    rows = begun.train_rows / begun.batches
    most = rows * spread / (signal - unsure) if signal > unsure else math.inf
    return Noise(rows * spread / (signal + unsure), most, rows)


def _batch_small(_: EpochEnd | TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    noise = noise_scale(ctx, t)
    if noise is None or ctx.start is None or not noise.rows < t.noise_small * noise.low:
        return None
    if noise.low > ctx.start.train_rows:  # nothing but noise is left of the gradient
        return None
    return {"rows": noise.rows, "scale": noise.low}


def _batch_large(_: EpochEnd | TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    noise = noise_scale(ctx, t)
    if noise is None or not noise.rows > t.noise_large * noise.high:
        return None
    return {"rows": noise.rows, "scale": noise.high}


def _series(event: LayerSeen, ctx: Context, name: str) -> Sequence[float]:
    if name not in event.rare:
        return ()
    return ctx.rare.get((event.layer, event.site, event.param), {}).get(name, ())


def _rank_collapse(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    known = _series(event, ctx, "rank")
    if len(known) < t.rank_first + t.rank_persist or event.layer == ctx.output:
        return None
    usual, now = median(known[: t.rank_first]), max(known[-t.rank_persist :])
    needed = max(t.rank_one, t.rank_classes * (ctx.facts.get("classes", 0) - 1))
    if not now < min(needed, t.rank_share * usual) or _has_learned(ctx, t):
        return None
    return {"rank": now, "usual": usual}


def _has_learned(ctx: Context, t: Thresholds) -> bool:
    """Whether the loss is well below that of a guess, or no guess is known."""
    trivial = ctx.baseline.get("trivial_loss", 0.0)
    if not trivial > 0 or not ctx.losses:
        return True
    return median(list(ctx.losses)[-t.warmup :]) < t.rank_loss * trivial


def _kurtosis_rise(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    known = _series(event, ctx, "kurtosis")
    if len(known) < t.rank_first + t.rank_persist or event.layer == ctx.output:
        return None
    first = known[: t.rank_first]
    usual, now = median(first), min(known[-t.rank_persist :])
    sigma = _NORMAL * median(abs(k - usual) for k in first)
    if not now > max(t.kurtosis_least, usual + t.kurtosis_sigma * sigma):
        return None
    return {"kurtosis": now, "usual": usual}


def _weights_concentrated(event: SpectrumSeen, _: Context, t: Thresholds) -> Evidence:
    most = event.alpha + t.alpha_sigma * event.error
    low = _fits(event, t) and most < t.alpha_low
    return {"alpha": event.alpha, "error": event.error} if low else None


def _weights_random(event: SpectrumSeen, _: Context, t: Thresholds) -> Evidence:
    high = _fits(event, t) and event.alpha > t.alpha_high and not event.spikes
    return {"alpha": event.alpha, "error": event.error} if high else None


def _fits(event: SpectrumSeen, t: Thresholds) -> bool:
    """Whether the tail is one of a power law, as far as its values can tell."""
    return event.distance * math.sqrt(event.tail) < t.alpha_fit


def _correlation_trap(event: SpectrumSeen, _: Context, __: Thresholds) -> Evidence:
    return {"traps": float(event.traps)} if event.traps else None


def _training_mode(event: ModeSeen, _: Context, t: Thresholds) -> Evidence:
    return {"passes": float(event.passes)} if event.passes >= t.mode_passes else None


def _measured(values: Mapping[str, Sequence[float]], **known: str) -> tuple[Event, ...]:
    """One sighting of a hidden output for each value of the numbers."""
    count = len(next(iter(values.values())))
    shown = seen("forward", (8.0,) * count, **known)  # type: ignore[arg-type]
    rare = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return tuple(
        replace(e, rare=r) for e, r in zip(shown, rare, strict=True) if isinstance(e, LayerSeen)
    )


def _paired(overlap: float, spread: float) -> tuple[Event, ...]:
    """Ten pairs of gradients in the later part of a run of 100 updates, up to its end."""
    events: list[Event] = []
    for i in range(10):
        (event,) = seen("gradient", (1.0,), at=29 + 5 * i)
        assert isinstance(event, LayerSeen)  # noqa: S101
        numbers = {"overlap": overlap * (1 + 0.1 * (-1) ** i), "spread": spread}
        events.append(replace(event, rare=numbers))
    end = EpochEnd(epoch=9, step=100, metrics={"loss": 0.5}, learning_rate=0.1, seconds=0.1)
    return (*events, end)


def _of_weights(alpha: float, traps: int = 0, spikes: int = 0) -> tuple[Event, ...]:
    """One matrix whose eigenvalues fall like this."""
    at = {"layer": "dense_0", "param": "W", "shape": (64, 64)}
    fit = {"alpha": alpha, "error": 0.3, "distance": 0.05, "tail": 30}
    return (SpectrumSeen(**at, **fit, spikes=spikes, traps=traps),)  # type: ignore[arg-type]


def _checked(passes: int) -> tuple[Event, ...]:
    return (ModeSeen(epoch=0, step=10, layer="dropout", passes=passes),)


_GUESS = start(facts={"classes": 10}, baseline={"trivial_loss": 2.3}) + losses(*[2.3] * 12)
_LEARNED = start(facts={"classes": 10}, baseline={"trivial_loss": 2.3}) + losses(*[0.1] * 12)
_MANY = start(1, 100, rows=3200)
_SHRINKING = {"rank": [8.0, 9.0, 8.0, 8.0, 3.0, 1.3, 1.2, 1.2]}
_CALM = [2.0, 3.0, 2.5, 2.0]

RARE_RULES = (
    Rule(
        name="batch_small_for_noise",
        severity="info",
        on=(EpochEnd, TrainEnd),
        when=_batch_small,
        message="The batches have {rows:.0f} rows, the noise scale of the gradient is {scale:.0f} "
        "and more",
        diagnosis="So small batches say little of where to go: most of each step is chance.",
        advice=("Use larger batches: up to the noise scale the updates get as much fewer",
                "Lower the learning rate towards the end"),
        fires_on=_MANY + _paired(0.1, 1.6),
        quiet_on=_MANY + _paired(0.2, 0.4),
    ),
    Rule(
        name="batch_large_for_noise",
        severity="info",
        on=(EpochEnd, TrainEnd),
        when=_batch_large,
        message="The batches have {rows:.0f} rows, the noise scale of the gradient is at most "
        "{scale:.1f}",
        diagnosis="A part of such a batch would say the same: the other rows are read in vain.",
        advice=("Use smaller batches, and more updates from the same rows",),
        fires_on=start() + _paired(1.0, 0.05),
        quiet_on=start() + _paired(1.0, 0.3),
    ),
    Rule(
        name="rank_collapse",
        severity="info",
        on=(LayerSeen,),
        site=RARE,
        when=_rank_collapse,
        message="The outputs of {layer!r} vary over {rank:.1f} directions, at first over "
        "{usual:.1f}, and little is learned",
        diagnosis="What the layer tells of its rows has become nearly one number.",
        advice=("Lower the learning rate", "Use normalisation or skip connections"),
        fires_on=_GUESS + _measured(_SHRINKING),
        quiet_on=_LEARNED + _measured(_SHRINKING),
    ),
    Rule(
        name="kurtosis_rise",
        severity="info",
        on=(LayerSeen,),
        site=RARE,
        when=_kurtosis_rise,
        message="A few outputs of {layer!r} outgrow all others (excess kurtosis {kurtosis:.0f}, at "
        "first {usual:.1f})",
        diagnosis="Such outliers make the layers above depend on a handful of units, and leave "
        "little for the rest where numbers are rounded.",
        advice=("Use weight decay or normalisation", "Lower the learning rate"),
        fires_on=start() + _measured({"kurtosis": [*_CALM, 150.0, 300.0, 400.0]}),
        quiet_on=start() + _measured({"kurtosis": [*_CALM, 50.0, 70.0, 80.0]}),
    ),
    Rule(
        name="weights_concentrated",
        severity="info",
        on=(SpectrumSeen,),
        when=_weights_concentrated,
        message="The spectrum of the weights of {layer!r} falls with exponent {alpha:.2f} "
        "± {error:.2f}: a few directions outweigh all others",
        diagnosis="Exponents below 2 are seen where a layer has learned more than its task holds.",
        advice=("Stop earlier, or use weight decay", "Lower the learning rate"),
        fires_on=_of_weights(1.2),
        quiet_on=_of_weights(3.0),
    ),
    Rule(
        name="weights_random",
        severity="info",
        on=(SpectrumSeen,),
        when=_weights_random,
        message="The spectrum of the weights of {layer!r} falls with exponent {alpha:.1f} "
        "± {error:.1f} and nothing stands out of it, as in first weights",
        diagnosis="Training has left little in a layer whose spectrum has no heavy tail.",
        advice=("Train for longer, or use fewer units in that layer",),
        fires_on=_of_weights(9.0),
        quiet_on=_of_weights(9.0, spikes=3),
    ),
    Rule(
        name="correlation_trap",
        severity="info",
        on=(SpectrumSeen,),
        when=_correlation_trap,
        message="Single weights of {layer!r} are so large that {traps:.0f} directions stand out "
        "even with all weights shuffled",
        diagnosis="Such weights are no structure of the data, and often a step that was too long.",
        advice=("Lower the learning rate, or clip the gradients", "Use weight decay"),
        fires_on=_of_weights(3.0, 2),
        quiet_on=_of_weights(3.0),
    ),
    Rule(
        name="checked_in_training_mode",
        severity="warning",
        on=(ModeSeen,),
        when=_training_mode,
        message="{layer!r} was in the mode for training in {passes:.0f} passes outside of it",
        diagnosis="Dropout and batch normalisation answer by chance there, or by the other rows, "
        "and the latter learns from rows that are for checking.",
        advice=("Call model.eval() before checking, and model.train() after it",),
        fires_on=start() + _checked(2),
        quiet_on=start() + _checked(1),
    ),
)  # fmt: skip
