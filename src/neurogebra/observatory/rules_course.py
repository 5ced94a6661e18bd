"""Health rules on the course of a whole run: its pace, its end, and what holds its weights back."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from statistics import median

from neurogebra.observatory.events import EpochEnd, Event, LayerSeen, TrainEnd
from neurogebra.observatory.rule import Context, Evidence, Key, Rule, Thresholds
from neurogebra.observatory.rules_layers import usual_gain
from neurogebra.observatory.witness import epochs, losses, seen, start, together

_TINY = 1e-30


def _majority(ctx: Context) -> float:
    """Return the share of the largest class; NaN where there are none."""
    known = ctx.baseline.get("majority")
    return float(ctx.facts.get("largest", math.nan) if known is None else known)


def _right(ctx: Context) -> float:
    """Return the best accuracy of an epoch; NaN where none is measured."""
    return max(ctx.history("accuracy") + ctx.history("val_accuracy"), default=math.nan)


def _near_chance(_: TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    majority, right = _majority(ctx), _right(ctx)
    if ctx.baseline.get("trivial_loss", 0.0) > 0 or ctx.step < t.min_updates:
        return None  # the loss of a guess is known, and says more
    near = right < majority + t.trivial_end * (1 - majority)
    return {"accuracy": right, "majority": majority} if near else None


def _few_updates(_: TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    planned = ctx.planned
    if not 0 < planned < t.few_updates or ctx.step < planned:
        return None
    right, loss = _right(ctx), ctx.history("loss")
    trivial = ctx.baseline.get("trivial_loss", 0.0)
    poor = right < t.few_accuracy
    if math.isnan(right):
        poor = trivial > 0 and bool(loss) and loss[-1] > t.few_share * trivial
    if not poor or ctx.start is None:
        return None
    rows = ctx.start.train_rows / max(1, ctx.start.batches)
    return {"updates": float(planned), "rows": rows}


def _still_falling(_: TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    loss, trivial = ctx.history("loss"), ctx.baseline.get("trivial_loss", 0.0)
    part = int(len(loss) * t.falling_part)
    if part < 1 or not trivial > 0 or ctx.step < ctx.planned or not math.isfinite(sum(loss)):
        return None
    now, then, before = loss[-1], loss[-1 - part], loss[-1 - 2 * part]
    fall = then - now
    steady = fall > t.falling_steady * (before - then) > 0 and now > t.falling_left * trivial
    steep = fall > t.falling_steep * then and now > t.falling_short * trivial
    steep = steep and not _right(ctx) > t.few_accuracy
    if not steep and not (steady and fall > t.falling_share * then):
        return None
    return {"share": fall / then, "loss": now, "trivial": trivial}


def _unseen_better(_: EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    pairs = [
        (m["accuracy"], m["val_accuracy"])
        for m in ctx.epochs
        if {"accuracy", "val_accuracy"} <= m.keys()
    ]
    if len(pairs) <= t.better_epochs or ctx.facts.get("drops", True):
        return None
    # The training accuracy is that of an epoch's midst: the next one's must be worse as well.
    gaps = [val - max(now, then) for (now, val), (then, _) in pairwise(pairs)]
    last, unseen = gaps[-t.better_epochs :], pairs[-2][1]
    rows = ctx.start.val_rows if ctx.start else 0
    chance = math.sqrt(max(0.0, unseen * (1 - unseen)) / rows) if rows else 0.0
    if min(last) <= t.better_unseen + 2 * chance:
        return None
    return {"gap": min(last), "epochs": float(len(last))}


def _narrow_layer(_: EpochEnd | TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    classes, curve = ctx.facts.get("classes", 0), ctx.history("accuracy")
    if ctx.start is None or not curve or ctx.done < t.fade_part or len(ctx.start.layers) < 2:
        return None
    widths = [math.prod(row.out_shape) for row in ctx.start.layers[:-1] if row.params]
    if not widths or classes > t.narrow_classes or min(widths) * t.narrow >= classes:
        return None
    if max(curve) >= t.narrow_accuracy:
        return None
    return {"units": float(min(widths)), "classes": float(classes), "accuracy": max(curve)}


def _weights_collapse(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    if event.site != "weight" or len(event.shape) < 2 or event.layer == ctx.output:
        return None
    track = ctx.of(event)
    if len(track.recent) < t.warmup:
        return None
    now = track.settled(t.persist, "norm")
    first = track.first[0]
    return {"share": now / first} if 0 < now < t.collapse * first else None


def _updates_fade(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    updates, gradients = ctx.of(event), ctx.of(event, "gradient")
    if event.site != "update" or len(event.shape) < 2 or ctx.done > t.fade_part:
        return None
    if len(updates.recent) <= t.persist or not gradients.first:
        return None
    then, now = median(updates.first[: t.persist]), updates.settled(t.persist, "norm")
    asked = gradients.settled(t.persist, "norm")
    alive = asked > t.fade_alive * median(gradients.first[: t.persist])
    return {"share": now / then} if alive and 0 < now < t.fade * then else None


def _always_clipped(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    limit = ctx.start.run.get("clip_norm", 0.0) if ctx.start else 0.0
    if event.site != "gradient" or not limit:
        return None
    last = [s.norm for s in ctx.of(event).last(2 * t.persist)]
    if not last or not limit < t.clip_share * min(last):
        return None
    return {"share": limit / median(last), "limit": float(limit)}


def _short_reach(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    """Updates so small that all of them together cannot move any layer by much."""
    key, start = (event.layer, event.site, event.param), ctx.start
    if start is None or key != next((k for k in ctx.tracks if k[1] == "update"), None):
        return None  # once in a look
    looks = min(t.persist, max(2, math.ceil(t.reach_after * ctx.planned)))
    if not t.reach_after <= ctx.done < t.fade_part or len(ctx.of(event).recent) < looks:
        return None
    moves = [key for key, track in ctx.tracks.items() if key[1] == "update" and track.matrix]
    ratios = [_pace(ctx, key, looks) for key in moves]
    reach = ctx.planned * max((r for r in ratios if math.isfinite(r)), default=0.0)
    if not 0 < reach < t.reach or _lower_already(ctx, t):
        return None
    rows = start.train_rows / max(1, start.batches)
    return {"reach": reach, "updates": float(ctx.planned), "rows": rows}


def _pace(ctx: Context, key: Key, looks: int) -> float:
    """Return ‖Δw‖/‖w‖, the median of the latest looks or of all; NaN where w is 0 or unknown."""
    weight = ctx.tracks.get((key[0], "weight", key[2]))
    if weight is None:
        return math.nan
    pairs = zip(reversed(ctx.tracks[key].recent), reversed(weight.recent), strict=False)
    ratios = [u.norm / w.norm for u, w in pairs if w.norm > 0]
    return max(median(ratios[:looks]), median(ratios)) if ratios else math.nan


def _lower_already(ctx: Context, t: Thresholds) -> bool:
    """Whether the loss is below that of a guess, as where weights are refined, or none is known."""
    trivial = ctx.baseline.get("trivial_loss", 0.0)
    if not trivial > 0 or not ctx.losses:
        return True
    return median(list(ctx.losses)[-t.warmup :]) < t.reach_learned * trivial


def _noisy_updates(event: LayerSeen, ctx: Context, t: Thresholds) -> Evidence:
    """First updates that each follow few rows far: their chance parts add up in an epoch."""
    start, updates, weights = ctx.start, ctx.of(event), ctx.of(event, "weight")
    if event.site != "update" or len(event.shape) < 2 or start is None or not start.batches:
        return None
    rows = start.train_rows / start.batches
    few = rows <= t.min_rows and start.batches >= t.noisy_batches
    if not few or len(updates.recent) != t.warmup or event.layer == ctx.output:
        return None  # the output's weights are few and soon replaced
    pairs = zip(updates.first, weights.first, strict=False)
    ratio = median(u / max(w, _TINY) for u, w in pairs) * usual_gain(ctx, event.layer)
    walk = ratio * math.sqrt(start.batches)
    return {"rows": rows, "walk": walk} if walk > t.noisy_walk else None


_END = TrainEnd(reason="completed", epochs=3, step=30, seconds=1.0)
_DROPLESS = {"drops": False}
_GUESS = {"trivial_loss": 0.69, "majority": 0.5}
_DRAWN = {"kernels": ({"layer": "dense_0", "key": "W", "gain": 1.4, "units": 8, "alike": False},)}


def _kernel(updates: list[float], gradients: list[float]) -> tuple[Event, ...]:
    return together(seen("gradient", gradients), seen("update", updates))


def _moving(update: float) -> tuple[Event, ...]:
    """A weight and its updates, from the tenth part of a run of 100 updates on."""
    both = (seen("weight", (5.0,) * 12, at=10), seen("update", (update,) * 12, at=10))
    return together(*both)


_FALLING = (1.0, 0.6, 0.4, 0.3, 0.25, 0.2)
_SLOW = (0.3, 0.5, 0.55, 0.57, 0.58, 0.6)
_STEPS = [0.1 * 0.5**i for i in range(30)]

COURSE_RULES = (
    Rule(
        name="near_chance",
        severity="warning",
        on=(TrainEnd,),
        when=_near_chance,
        message="Accuracy {accuracy:.3f} in the end, where the largest class has {majority:.3f}",
        diagnosis="Most of what could be learned has not been.",
        advice=("Look at the first finding on data, loss and learning rate",),
        fires_on=start(facts={}) + epochs(loss=[0.7] * 3, accuracy=[0.5, 0.52, 0.55]) + (_END,),
        quiet_on=start(facts={}) + epochs(loss=[0.7] * 3, accuracy=[0.5, 0.7, 0.8]) + (_END,),
    ),
    Rule(
        name="too_few_updates",
        severity="warning",
        on=(TrainEnd,),
        when=_few_updates,
        message="The run had {updates:.0f} updates, each of {rows:.0f} rows",
        diagnosis="It ended before the weights could get anywhere.",
        advice=("Train for more epochs", "Use smaller batches"),
        fires_on=start(3, facts={}) + epochs(loss=[0.7] * 3, accuracy=[0.5, 0.5, 0.6]) + (_END,),
        quiet_on=start(3, facts={})
        + epochs(loss=[0.7, 0.3, 0.2], accuracy=[0.5, 0.9, 0.95])
        + (_END,),
        explains=("near_chance", "no_better_than_trivial"),
    ),
    Rule(
        name="still_falling",
        severity="warning",
        on=(TrainEnd,),
        when=_still_falling,
        message="The loss ends at {loss:.3g} (a guess: {trivial:.3g}) and falls as fast as before",
        diagnosis="The run ended with most of the way before it.",
        advice=("Train for more epochs", "Raise the learning rate (try ten times)"),
        fires_on=start(8, baseline={"trivial_loss": 1.0})
        + epochs(loss=[1.6 - 0.1 * i for i in range(8)])
        + (replace(_END, step=80),),
        quiet_on=start(8, baseline={"trivial_loss": 1.0})
        + epochs(loss=[1.3, 1.0, 0.8, 0.7, 0.63, 0.6, 0.58, 0.57])
        + (replace(_END, step=80),),
        explains=("no_better_than_trivial", "near_chance"),
    ),
    Rule(
        name="unseen_better",
        severity="warning",
        on=(EpochEnd,),
        when=_unseen_better,
        message="Accuracy on unseen rows is {gap:.2f} above that on trained ones, epoch by epoch",
        diagnosis="The rows that teach are harder than those that check: some labels may be wrong.",
        advice=("Look at the training labels", "Check that validation rows are like the others"),
        fires_on=start(facts=_DROPLESS)
        + epochs(loss=_FALLING, accuracy=_SLOW, val_accuracy=[0.8] * 6),
        quiet_on=start(facts=_DROPLESS)
        + epochs(
            loss=_FALLING,
            accuracy=[0.2, 0.5, 0.7, 0.8, 0.85, 0.88],
            val_accuracy=[0.4, 0.65, 0.76, 0.83, 0.87, 0.88],
        ),
    ),
    Rule(
        name="narrow_layer",
        severity="warning",
        on=(EpochEnd, TrainEnd),
        when=_narrow_layer,
        message="{classes:.0f} classes go through {units:.0f} units; accuracy {accuracy:.2f}",
        diagnosis="What the narrowest layer cannot tell apart, no later layer can.",
        advice=("Give the hidden layers more units",),
        fires_on=start(facts={"classes": 10, "units": 10}, units=2)
        + epochs(loss=[1.0] * 9, accuracy=[0.4] * 9),
        quiet_on=start(facts={"classes": 10, "units": 10}, units=2)
        + epochs(loss=_FALLING, accuracy=[0.95] * 6),
        explains=("near_chance", "no_better_than_trivial"),
    ),
    Rule(
        name="weights_collapse",
        severity="warning",
        on=(LayerSeen,),
        site="weight",
        when=_weights_collapse,
        message="The weights of {layer!r} have shrunk to {share:.2f} of their first norm",
        diagnosis="Something pulls them to 0 harder than the data pull them away.",
        advice=("Lower the weight decay or the penalty (try a hundredth of it)",),
        fires_on=start() + seen("weight", [8.0 * 0.85**i for i in range(20)]),
        quiet_on=start() + seen("weight", [8.0 * 0.97**i for i in range(20)]),
        explains=("no_better_than_trivial", "near_chance", "bad_first_loss", "dead_relu",
                  "still_falling", "vanishing_gradient", "loss_stagnation", "update_too_large"),
    ),
    Rule(
        name="updates_fade",
        severity="warning",
        on=(LayerSeen,),
        site="update",
        when=_updates_fade,
        message="Updates of {layer!r} have faded to {share:.1e} of the first, its gradient has not",
        diagnosis="The learning rate goes to 0 long before the run is over.",
        advice=("Let the schedule count epochs instead of updates", "Slow the schedule down"),
        fires_on=start(epochs=10) + _kernel(_STEPS, [0.3] * 30),
        quiet_on=start(epochs=10) + _kernel(_STEPS, [3 * u for u in _STEPS]),
        explains=("weight_stagnation", "near_chance", "update_too_small", "short_reach",
                  "no_better_than_trivial"),
    ),
    Rule(
        name="always_clipped",
        severity="warning",
        on=(LayerSeen,),
        site="gradient",
        when=_always_clipped,
        message="The limit {limit:.1g} lets {share:.1e} of the gradient of {layer!r} through",
        diagnosis="A limit on the gradient that always acts is a learning rate in disguise.",
        advice=("Raise clip_norm to about the usual norm of the gradient (1 to 10)",),
        fires_on=start(clip_norm=1e-4) + seen("gradient", (0.5,) * 12),
        quiet_on=start(clip_norm=0.1) + seen("gradient", (0.5,) * 12),
        explains=("update_too_small", "short_reach", "near_chance", "no_better_than_trivial",
                  "loss_stagnation"),
    ),
    Rule(
        name="short_reach",
        severity="warning",
        on=(LayerSeen,),
        site="update",
        when=_short_reach,
        message="At this pace all {updates:.0f} updates together move no layer by more than "
        "{reach:.2g} of its weights",
        diagnosis="The run is over before the weights get anywhere.",
        advice=("Raise the learning rate (try ten times)", "Train for more epochs",
                "Use smaller batches"),
        fires_on=start(baseline=_GUESS) + losses(0.7) + _moving(1e-3),
        quiet_on=start(baseline=_GUESS) + losses(0.6) + _moving(1e-3),
        explains=("no_better_than_trivial", "near_chance", "loss_stagnation"),
    ),
    Rule(
        name="noisy_updates",
        severity="warning",
        on=(LayerSeen,),
        site="update",
        when=_noisy_updates,
        message="Updates of {layer!r} follow {rows:.0f} rows each and wander {walk:.2g} an epoch",
        diagnosis="So few rows say little of the whole, and such steps follow each of them far.",
        advice=("Use larger batches (32)", "Lower the learning rate"),
        fires_on=start(batches=400, rows=800, facts=_DRAWN)
        + together(*(seen(s, (n,) * 12) for s, n in (("weight", 5.0), ("update", 0.2)))),
        quiet_on=start(batches=400, rows=800, facts=_DRAWN)
        + together(*(seen(s, (n,) * 12) for s, n in (("weight", 5.0), ("update", 0.02)))),
        explains=("loss_divergence", "gradient_spike", "update_too_large"),
    ),
)  # fmt: skip
