"""What a teacher would remark while a network learns: rows like the health rules, none an alarm."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from neurogebra.observatory.events import EpochEnd, Event, Metrics, TrainStart
from neurogebra.observatory.rule import Context, Evidence, Rule, Thresholds
from neurogebra.observatory.witness import epochs, start
from neurogebra.registry import Registry

# Shares of a loss: what counts as lower than the guess, as a fall, as flat, as a jump.
BELOW, FALL, FLAT, JUMP, SLOW = 0.93, 0.02, 0.01, 0.02, 0.01
FLAT_EPOCHS, JUMPY_EPOCHS, JUMPS, DROPOUT_EPOCHS, SLOW_EPOCHS = 5, 6, 3, 3, 3


def _beats_guess(event: EpochEnd, ctx: Context, _: Thresholds) -> Evidence:
    trivial, loss = ctx.baseline.get("trivial_loss", 0.0), event.metrics.get("loss")
    if loss is None or not loss < BELOW * trivial:
        return None
    return {"loss": loss, "trivial": trivial}


def _slow_start(event: EpochEnd, ctx: Context, _: Thresholds) -> Evidence:
    curve = ctx.history("loss")
    if len(curve) != SLOW_EPOCHS or not curve[0] * (1 - SLOW) < curve[-1] <= curve[0]:
        return None
    return {"then": curve[0], "now": curve[-1], "rate": event.learning_rate}


def _jumpy(event: EpochEnd, ctx: Context, _: Thresholds) -> Evidence:
    curve = ctx.history("loss")[-JUMPY_EPOCHS:]
    jumps = sum(now > (1 + JUMP) * then for then, now in pairwise(curve))
    if len(curve) < JUMPY_EPOCHS or jumps < JUMPS:
        return None
    return {"jumps": jumps, "epochs": len(curve), "rate": event.learning_rate}


def _settled(_: EpochEnd, ctx: Context, __: Thresholds) -> Evidence:
    curve = ctx.history("loss")
    last = curve[-FLAT_EPOCHS:]
    if len(curve) <= FLAT_EPOCHS or max(last) - min(last) > FLAT * abs(last[-1]):
        return None
    learned = curve[0] > 1.1 * last[-1]  # a curve that never fell is a health rule's matter
    return {"loss": last[-1], "epochs": len(last)} if learned else None


def _dropout_gap(_: EpochEnd, ctx: Context, __: Thresholds) -> Evidence:
    if not ctx.start or all(layer.type != "Dropout" for layer in ctx.start.layers):
        return None
    known = ctx.epochs[-DROPOUT_EPOCHS:]
    if len(known) < DROPOUT_EPOCHS or not all(_better_unseen(m) for m in known):
        return None
    return {"loss": known[-1]["loss"], "val_loss": known[-1]["val_loss"]}


def _better_unseen(metrics: Metrics) -> bool:
    return {"loss", "val_loss"} <= metrics.keys() and metrics["val_loss"] < metrics["loss"]


def _still_falling(event: EpochEnd, ctx: Context, _: Thresholds) -> Evidence:
    if not ctx.start or event.epoch != ctx.start.epochs - 1:
        return None
    curve = ctx.history("val_loss") or ctx.history("loss")
    last = curve[-3:]
    if len(last) < 3 or not all(now < (1 - FALL) * then for then, now in pairwise(last)):
        return None
    return {"fall": 100 * (1 - last[-1] / last[-2]), "loss": last[-1]}


def _start_with(kind: str) -> tuple[Event, ...]:
    (begun,) = start()
    assert isinstance(begun, TrainStart)  # noqa: S101
    layers = (replace(begun.layers[0], type=kind), *begun.layers[1:])
    return (replace(begun, layers=layers),)


_UNSEEN_LOWER = epochs(loss=[0.7, 0.6, 0.5], val_loss=[0.6, 0.5, 0.4])
_FLATTENING = [1.0, 0.6, 0.401, 0.4, 0.4, 0.4, 0.4]

TIPS: Registry[Rule] = Registry(
    "tip",
    (
        Rule(
            name="beats_guess",
            severity="info",
            on=(EpochEnd,),
            when=_beats_guess,
            message="The loss, {loss:.3g}, is below {trivial:.3g}: "
            "no single answer for all rows could reach that.",
            diagnosis="The network has begun to use its inputs; from here on it learns relations.",
            advice=("Watch the validation loss: it shows what holds for unseen rows",),
            fires_on=start(baseline={"trivial_loss": 0.69}) + epochs(loss=[0.9, 0.6]),
            quiet_on=start(baseline={"trivial_loss": 0.69}) + epochs(loss=[0.9, 0.66]),
        ),
        Rule(
            name="slow_start",
            severity="info",
            on=(EpochEnd,),
            when=_slow_start,
            message="At the learning rate {rate:.3g} three epochs moved the loss from {then:.4g} "
            "to {now:.4g} only.",
            diagnosis="Each update goes the right way, but its step is very small.",
            advice=("Raise the learning rate to three times that",),
            fires_on=start() + epochs(loss=[0.7, 0.699, 0.698]),
            quiet_on=start() + epochs(loss=[0.7, 0.69, 0.68]),
        ),
        Rule(
            name="jumpy",
            severity="info",
            on=(EpochEnd,),
            when=_jumpy,
            message="At the learning rate {rate:.3g} the loss rose {jumps:.0f} times in "
            "{epochs:.0f} epochs.",
            diagnosis="Steps that are too long leap over the bottom of the valley and back.",
            advice=("Lower the learning rate to a third", "Use larger batches"),
            fires_on=start() + epochs(loss=[0.7, 0.5, 0.6, 0.4, 0.55, 0.4, 0.5]),
            quiet_on=start() + epochs(loss=[0.7, 0.5, 0.6, 0.4, 0.35, 0.3, 0.33]),
        ),
        Rule(
            name="settled",
            severity="info",
            on=(EpochEnd,),
            when=_settled,
            message="The loss has stayed at {loss:.4g} for {epochs:.0f} epochs.",
            diagnosis="The gradients are about zero there: it is at, or near, a minimum.",
            advice=("Stop here if it is good enough", "Otherwise try more units or other features"),
            fires_on=start() + epochs(loss=_FLATTENING),
            quiet_on=start() + epochs(loss=_FLATTENING[:6]),
        ),
        Rule(
            name="dropout_gap",
            severity="info",
            on=(EpochEnd,),
            when=_dropout_gap,
            message="Unseen rows have the lower loss: {val_loss:.3g} against {loss:.3g}.",
            diagnosis="Dropout is at work while training and is off while checking; no mistake.",
            advice=("Compare the two with evaluate(), where dropout is off for both",),
            fires_on=_start_with("Dropout") + _UNSEEN_LOWER,
            quiet_on=_start_with("BatchNorm") + _UNSEEN_LOWER,
        ),
        Rule(
            name="still_falling",
            severity="info",
            on=(EpochEnd,),
            when=_still_falling,
            message="The last epoch still lowered the loss by {fall:.0f} %, to {loss:.3g}.",
            diagnosis="Training ended because the epochs were over, not because it was done.",
            advice=("Call fit or train again: it goes on from here",),
            fires_on=start(epochs=4) + epochs(loss=[0.9, 0.7, 0.6, 0.5]),
            quiet_on=start(epochs=4)
            + epochs(loss=[0.9, 0.7, 0.6, 0.5], val_loss=[0.9, 0.7, 0.69, 0.7]),
        ),
    ),
)
