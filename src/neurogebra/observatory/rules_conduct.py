"""Health rules on how a run is conducted: its order of rows, limits, clock, and its own figures."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

from neurogebra.observatory.events import EpochEnd, Event, TrainEnd, TrainStart
from neurogebra.observatory.rule import Context, Evidence, Rule, Thresholds
from neurogebra.observatory.witness import epochs, start

_CROSS_ENTROPY = "categorical_crossentropy"
_NAMES = ("classes", "binary", "signs")  # what a loss takes that tells classes apart


def _loss_denies_errors(_: EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    """Whether more rows are wrong than the loss allows: each costs ln 2, where shares sum to 1."""
    facts = ctx.facts
    sure = facts.get("loss") != _CROSS_ENTROPY or facts.get("output") == "softmax"
    if sure or len(ctx.epochs) < t.better_epochs:
        return None
    last = ctx.epochs[-t.better_epochs :]
    pairs = [(1 - m.get("accuracy", 1.0), m.get("loss", 1.0) / math.log(2)) for m in last]
    if not all(wrong > t.denied * most + t.denied_errors for wrong, most in pairs):
        return None
    wrong, most = pairs[-1]
    return {"wrong": wrong, "most": most}


def _label_order(event: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    facts, shuffles = ctx.facts, event.run.get("shuffle", True)
    if shuffles or event.batches < 2 or facts.get("takes") not in _NAMES:
        return None
    order = float(facts.get("y_order", 0.0))
    return {"order": order} if order > t.ordered else None


def _clipped_throughout(event: TrainEnd, ctx: Context, t: Thresholds) -> Evidence:
    acted = max((n for name, n in event.acted.items() if name.startswith("clip")), default=0)
    if ctx.step < t.min_updates or not acted > t.clipped * ctx.step:
        return None
    return {"percent": 100.0 * acted / ctx.step, "updates": float(ctx.step)}


def _slower_epochs(_: EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    earlier, last = ctx.pace[1 : -t.slower_epochs], ctx.pace[-t.slower_epochs :]
    if len(earlier) < t.slower_epochs:  # the first epoch has to get things ready
        return None
    usual = median(earlier)
    if usual < t.slower_seconds or not min(last) > t.slower * usual:
        return None
    return {"seconds": min(last), "usual": usual, "epochs": float(t.slower_epochs)}


def _data_bound(_: EpochEnd, ctx: Context, t: Thresholds) -> Evidence:
    n = t.waiting_epochs
    last = list(zip(ctx.pace[-n:], ctx.waited[-n:], strict=True))
    if len(last) < n or min(seconds for seconds, _ in last) < t.waiting_seconds:
        return None
    share = min(waited / seconds for seconds, waited in last)
    if share < t.waiting:
        return None
    return {"percent": 100 * share, "seconds": last[-1][0], "epochs": float(n)}


_APART = start(facts={"loss": _CROSS_ENTROPY, "takes": "classes", "output": "sigmoid", "units": 3})
_SURE = [0.5, 0.1, 0.05, 0.03, 0.02]
_END = TrainEnd(reason="completed", epochs=3, step=100, seconds=1.0)
_LASTING = epochs(loss=[0.5 - 0.01 * i for i in range(10)])
_CLOCK = [9.0, *[2.0] * 6, *[5.0] * 3]


def _timed(seconds: list[float], waited: float = 0.0) -> tuple[Event, ...]:
    """One epoch for each time that it takes; waited: the part of it spent on waiting for rows."""
    known = zip(_LASTING, seconds, strict=True)
    return tuple(
        replace(e, seconds=s, waited=waited * s) for e, s in known if isinstance(e, EpochEnd)
    )


CONDUCT_RULES = (
    Rule(
        name="loss_denies_errors",
        severity="danger",
        on=(EpochEnd,),
        when=_loss_denies_errors,
        message="{wrong:.2g} of the rows are wrong, where such a loss allows {most:.2g}",
        diagnosis="A wrong row costs at least ln 2 where the outputs are shares that sum to 1; "
        "these do not, and the loss falls while the errors stay.",
        advice=("End with softmax", "Or use binary_crossentropy, which asks each output by itself"),
        fires_on=_APART + epochs(loss=_SURE, accuracy=[0.7] * 5),
        quiet_on=_APART + epochs(loss=_SURE, accuracy=[0.7, 0.9, 0.95, 0.97, 0.98]),
    ),
    Rule(
        name="label_order",
        severity="warning",
        on=(TrainStart,),
        when=_label_order,
        message="The rows come in the order of their classes ({order:.2f} of all order there is)",
        diagnosis="Each batch asks for one class only, and the next one makes it forgotten.",
        advice=("Use shuffle=True", "Or shuffle the rows once, before training"),
        fires_on=start(facts={"y_order": 0.98}, shuffle=False),
        quiet_on=start(facts={"y_order": 0.1}, shuffle=False),
        explains=("no_better_than_trivial", "near_chance", "loss_divergence", "gradient_spike"),
    ),
    Rule(
        name="clipped_throughout",
        severity="info",
        on=(TrainEnd,),
        when=_clipped_throughout,
        message="The limit on gradients acted in {percent:.0f} % of {updates:.0f} updates",
        diagnosis="What always acts is no guard against outliers: it sets the size of the steps.",
        advice=("Raise the limit to about the largest usual gradient, or lower the learning rate",),
        fires_on=start() + _LASTING + (replace(_END, acted={"clip_norm": 100}),),
        quiet_on=start() + _LASTING + (replace(_END, acted={"clip_norm": 40}),),
    ),
    Rule(
        name="slower_epochs",
        severity="info",
        on=(EpochEnd,),
        when=_slower_epochs,
        message="The last {epochs:.0f} epochs took {seconds:.1f} s and more, those before "
        "{usual:.1f} s",
        diagnosis="The work is the same: something else holds it up.",
        advice=("Look at what else runs on this machine", "Look at how the rows are read"),
        fires_on=start() + _timed(_CLOCK),
        quiet_on=start() + _timed(_CLOCK[::-1]),
    ),
    Rule(
        name="data_bound",
        severity="warning",
        on=(EpochEnd,),
        when=_data_bound,
        message="The training waits for its data: {percent:.0f} % of {seconds:.1f} s an epoch, "
        "{epochs:.0f} epochs in a row",
        diagnosis="Reading or preparing the rows takes longer than learning from them.",
        advice=("Load the rows into memory", "Fetch the next batch while one is learned from",
                "Keep the rows in fewer, larger files"),
        fires_on=start() + _timed([2.0] * 10, 0.6),
        quiet_on=start() + _timed([2.0] * 10, 0.4) + _timed([0.5] * 10, 0.9),
    ),
)  # fmt: skip
