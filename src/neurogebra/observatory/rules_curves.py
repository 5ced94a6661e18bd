"""Health rules that read losses and metrics."""

from __future__ import annotations

import math
from statistics import mean, median, stdev

from neurogebra.observatory.events import BatchEnd, EpochEnd, TrainEnd
from neurogebra.observatory.rule import Context, Evidence, Rule, Thresholds
from neurogebra.observatory.witness import epochs, losses, start


def _nan_inf_loss(event: BatchEnd | EpochEnd, _: Context, __: Thresholds) -> Evidence:
    loss = event.loss if isinstance(event, BatchEnd) else event.metrics.get("loss", 0.0)
    return None if math.isfinite(loss) else {"loss": loss}


def _bad_first_loss(event: BatchEnd, ctx: Context, t: Thresholds) -> Evidence:
    if event.step != 1 or not ctx.start:
        return None
    guess = ctx.baseline.get("trivial_loss", 0.0)
    if "majority" in ctx.baseline:
        classes = max(2, ctx.start.layers[-1].out_shape[-1]) if ctx.start.layers else 2
        guess = max(guess, math.log(classes))
        limit = t.first_loss * guess + 1.0
    elif guess > 0 and event.rows >= t.first_rows and ctx.facts.get("loss") == "mse":
        # An untrained network answers about as widely as its targets lie, around 0.
        guess += ctx.facts["y_mean"] ** 2
        limit = t.first_loss**2 * guess
    else:
        return None
    return {"loss": event.loss, "guess": guess} if event.loss > limit else None


def _loss_divergence(event: BatchEnd | EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    return _away(event, ctx, t) if isinstance(event, BatchEnd) else _rebound(ctx, t)


def _away(event: BatchEnd, ctx: Context, t: Thresholds) -> Evidence:
    first, seen = ctx.first[0], ctx.losses
    if len(seen) > 3 and 0 < t.divergence_fast * first < seen[-3] < seen[-2] < seen[-1]:
        return {"then": first, "now": event.loss}
    few, early = len(seen) < 2 * t.divergence_window - 1, ctx.first[: t.divergence_window]
    if few or event.loss <= t.divergence * min(early):  # no more than their median, and cheaper
        return None
    then = median(early)
    if not event.loss > t.divergence * then:
        return None
    now = median(list(seen)[-t.divergence_window :])
    often = sorted(early)[-t.divergence_often :]  # losses of few rows
    return {"then": then, "now": now} if now > max(t.divergence * then, often[0]) else None


def _rebound(ctx: Context, t: Thresholds) -> Evidence:
    curve = ctx.history("loss")
    now = curve[-t.rebound_epochs :]
    if len(curve) <= t.rebound_epochs + 1:
        return None
    best, first = min(curve), curve[0]
    limit = max(t.rebound * best, best + t.rebound_part * (first - best))
    return {"then": best, "now": now[-1]} if min(now) > limit else None


def _loss_stagnation(_: EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    curve = ctx.history("loss")
    if len(curve) < t.stagnation_epochs:
        return None
    if not t.stagnation_whole:
        curve = curve[-t.stagnation_epochs :]
    spread, size = max(curve) - min(curve), abs(curve[-1])
    flat = size > 0 and spread < t.stagnation * size
    return {"epochs": len(curve), "spread": spread, "loss": curve[-1]} if flat else None


def _overfitting(_: EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    pairs = [(m["loss"], m["val_loss"]) for m in ctx.epochs if {"loss", "val_loss"} <= m.keys()]
    if len(pairs) < max(2, t.overfit_patience) or _accuracies_agree(ctx, t):
        return None
    earlier, last = pairs[: -t.overfit_patience] or pairs[:1], pairs[-t.overfit_patience :]
    best = min(val for _, val in earlier)
    scale = max(pairs[0][1], ctx.baseline.get("trivial_loss", 0.0))
    worse = all(
        val > t.overfit_ratio * train
        and val >= t.overfit_rise * best
        and val - train > t.overfit_gap * scale
        for train, val in last
    )
    train, val = last[-1]
    if not worse or train > min(train for train, _ in earlier):
        return None
    return {"train_loss": train, "val_loss": val, "best": best}


def _accuracies_agree(ctx: Context, t: Thresholds) -> bool:
    """Whether the classes are told apart as well on unseen rows, however sure the model is."""
    known = ctx.epochs[-1]
    if not {"accuracy", "val_accuracy"} <= known.keys():
        return False
    unseen = known["val_accuracy"]
    rows = ctx.start.val_rows if ctx.start else 0
    chance = math.sqrt(max(0.0, unseen * (1 - unseen)) / rows) if rows else 0.0
    return known["accuracy"] - unseen <= t.overfit_accuracy + chance


def _no_better(event: BatchEnd | EpochEnd | TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    if isinstance(event, BatchEnd):
        return _hovers(ctx, t)
    trivial, majority = ctx.baseline.get("trivial_loss", 0.0), ctx.baseline.get("majority")
    curve = [loss for loss in ctx.history("loss") if math.isfinite(loss)]
    if not trivial > 0 or not curve or ctx.step < t.min_updates:
        return None
    over = isinstance(event, TrainEnd) or ctx.done >= 1.0
    if not over and (ctx.done < t.trivial_after or _on_its_way(ctx, curve, trivial, t)):
        return None
    part = t.trivial_target if majority is None else t.trivial_class
    unseen = ctx.history("val_loss")
    known = ctx.facts.get("val_trivial", trivial)
    usual = median(unseen[-max(3, len(unseen) // 3) :]) if unseen else math.inf  # not the luckiest
    learned = _best(curve) <= part * trivial or usual <= part * known
    if learned or (majority and _tells_apart(ctx, majority, _best(curve) > trivial, t)):
        return None
    return {"loss": min(curve + unseen), "trivial": trivial}


def _tells_apart(ctx: Context, majority: float, dear: bool, t: Thresholds) -> bool:
    """Whether more rows are right than a guess has; clearly more, where the loss is dearer."""
    right = max(ctx.history("accuracy") + ctx.history("val_accuracy"), default=0.0)
    more = max(t.trivial_accuracy, t.trivial_end * (1 - majority)) if dear else t.trivial_accuracy
    return right >= majority + more


def _hovers(ctx: Context, t: Thresholds) -> Evidence:
    """Whether the loss stays above that of a guess, beyond chance, and no longer falls."""
    if ctx.heard % t.hover_every:
        return None
    trivial = ctx.baseline.get("trivial_loss", 0.0)
    if not trivial > 0:
        return None
    if not t.hover_after <= ctx.done <= t.trivial_after or ctx.step < t.min_updates:
        return None
    last = list(ctx.losses)[len(ctx.losses) // 4 :]  # of a run that has just begun: not its start
    spread = len(last) * ctx.step / ctx.heard
    if len(last) < t.hover_least or spread < t.hover_part * ctx.planned or not _finite(last):
        return None
    half = len(last) // 2
    then, now = last[:half], last[half:]
    noise = math.hypot(stdev(then), stdev(now)) / math.sqrt(2 * half)  # of either mean
    above, least = mean(last) - trivial, t.hover_sigma * noise / math.sqrt(2)
    if not max(t.hover_above * trivial, least) < above < t.hover_near * trivial:
        return None
    falls = mean(then) - mean(now) > t.hover_fall * noise * math.sqrt(2)
    return None if falls or _learns(ctx, t) else {"loss": mean(last), "trivial": trivial}


def _learns(ctx: Context, t: Thresholds) -> bool:
    """Whether the epochs so far show progress: the last is the best, or many rows are right."""
    curve, right = ctx.history("loss"), max(ctx.history("accuracy"), default=0.0)
    best = len(curve) > 1 and curve[-1] <= min(curve)
    return best or right >= ctx.baseline.get("majority", math.inf) + t.trivial_accuracy


def _finite(values: list[float]) -> bool:
    return all(map(math.isfinite, values))


def _best(curve: list[float]) -> float:
    """Return the lowest of a curve, one epoch by itself left out of account."""
    ends = median(curve[:2]), median(curve[-2:])
    threes = zip(curve, curve[1:], curve[2:], strict=False)
    return min(*ends, *(sorted(three)[1] for three in threes))


def _on_its_way(ctx: Context, curve: list[float], trivial: float, t: Thresholds) -> bool:
    """Whether it is worth waiting: at its best, and falling fast or below the guess already."""
    if curve[-1] > min(curve):
        return False
    unseen, known = ctx.history("val_loss"), ctx.facts.get("val_trivial", trivial)
    below = curve[-1] < t.trivial_below * trivial
    if unseen:
        below = below and unseen[-1] < t.trivial_below * known
    return below or curve[-1] < t.trivial_falling * curve[0]


_GUESS = {"trivial_loss": 0.69, "majority": 0.5}
_FALLING = (1.0, 0.8, 0.6, 0.4, 0.3, 0.25, 0.2, 0.15)

CURVE_RULES = (
    Rule(
        name="nan_inf_loss",
        severity="critical",
        on=(BatchEnd, EpochEnd),
        when=_nan_inf_loss,
        message="NaN/Inf detected in loss!",
        diagnosis="The arithmetic left the range of its numbers; nothing is learned after that.",
        advice=(
            "Lower the learning rate (try a tenth of it)",
            "Clip the gradients",
            "Look for missing values, zeros in divisions and log(0) in the data",
        ),
        fires_on=start() + losses(0.7, math.nan),
        quiet_on=start() + losses(0.7, 1e30),
    ),
    Rule(
        name="bad_first_loss",
        severity="warning",
        on=(BatchEnd,),
        when=_bad_first_loss,
        message="The first loss is {loss:.3g}, where a guess would cost {guess:.3g}",
        diagnosis="The untrained model is sure and wrong: inputs or first weights are too large.",
        advice=("Standardise the inputs", "Use smaller first weights", "Check loss against output"),
        fires_on=start(baseline=_GUESS) + losses(40.0),
        quiet_on=start(baseline=_GUESS) + losses(1.4),
    ),
    Rule(
        name="loss_divergence",
        severity="danger",
        on=(BatchEnd, EpochEnd),
        when=_loss_divergence,
        message="Loss diverging: {then:.3g} → {now:.3g}",
        diagnosis="The steps overshoot, so that the loss moves away from where it had been.",
        advice=("Lower the learning rate", "Clip the gradients", "Warm the learning rate up"),
        fires_on=start() + losses(*(0.7 * 1.2**i for i in range(30))),
        quiet_on=start() + losses(*(0.7 * 0.9**i * (3.5 if i % 7 == 6 else 1) for i in range(40))),
        explains=("nan_inf_loss", "nan_inf_array", "no_better_than_trivial", "dead_relu"),
    ),
    Rule(
        name="loss_stagnation",
        severity="warning",
        on=(EpochEnd,),
        when=_loss_stagnation,
        message="Loss stagnant: it moved by {spread:.2g} in {epochs:.0f} epochs",
        diagnosis="The loss has not moved since the first epoch: nothing reaches the weights.",
        advice=(
            "Check that every parameter gets a gradient and is given to the optimiser",
            "Raise the learning rate",
            "Do not start with all weights equal",
        ),
        fires_on=start() + epochs(loss=[0.693147] * 6),
        quiet_on=start() + epochs(loss=[0.7, 0.6, 0.5] + [0.45] * 7),
        explains=("no_better_than_trivial",),
    ),
    Rule(
        name="overfitting",
        severity="warning",
        on=(EpochEnd,),
        when=_overfitting,
        message="Possible overfitting: loss {train_loss:.3g} in training, {val_loss:.3g} unseen",
        diagnosis="It still improves on the rows it sees and gets worse on those it does not.",
        advice=(
            "Stop early, at the best validation loss",
            "Add dropout (0.2 to 0.5) or weight decay",
            "Use a smaller model or more data",
        ),
        fires_on=start()
        + epochs(loss=_FALLING, val_loss=[1.0, 0.85, 0.7, 0.65, 0.7, 0.85, 0.95, 1.1]),
        quiet_on=start()
        + epochs(loss=_FALLING, val_loss=[1.0, 0.85, 0.7, 0.5, 0.42, 0.4, 0.41, 0.42]),
    ),
    Rule(
        name="no_better_than_trivial",
        severity="danger",
        on=(BatchEnd, EpochEnd, TrainEnd),
        when=_no_better,
        message="No better than a constant guess: loss {loss:.3g}, the guess {trivial:.3g}",
        diagnosis="Nothing that relates the inputs to the targets has been learned so far.",
        advice=(
            "Check that rows and targets belong together",
            "Check that the loss fits the output layer and the targets",
            "Try another learning rate, larger and smaller",
        ),
        fires_on=start(baseline=_GUESS) + epochs(loss=[0.71, 0.7, 0.69], accuracy=[0.5] * 3),
        quiet_on=start(baseline=_GUESS) + epochs(loss=[0.71, 0.7, 0.6], accuracy=[0.5, 0.5, 0.7]),
    ),
)
