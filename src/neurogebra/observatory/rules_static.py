"""Health rules that read what is known before the first step: data, targets, output, weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurogebra.observatory.events import TrainStart
from neurogebra.observatory.rule import Context, Evidence, Rule, Thresholds
from neurogebra.observatory.witness import start

SCALERS = ("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "Embedding")
"""First layers that inputs of any scale may enter."""

RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("sigmoid", "hard_sigmoid", "softmax"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "hard_tanh", "softsign"), (-1.0, 1.0)),
    **dict.fromkeys(("relu", "softplus", "exponential"), (0.0, float("inf"))),
    "relu6": (0.0, 6.0),
}
"""What an output can say, by its activation."""

SHARES = ("sigmoid", "hard_sigmoid", "softmax")
PLAIN = ("linear", "identity", "")
HALVING = ("sigmoid", "hard_sigmoid")
SQUASHING = ("sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "softsign")
RECTIFYING = ("relu", "leaky_relu", "relu6", "elu", "gelu", "silu", "swish", "mish", "selu")
SUMMING = (
    "categorical_crossentropy",
    "categorical_focal_loss",
    "symmetric_crossentropy",
    "generalized_crossentropy",
    "soft_bootstrap_loss",
    "squared_emd_loss",
    "generalized_dice_loss",
)
"""Losses of classes that take shares which sum to 1."""

ABSOLUTE = ("mae", "quantile", "epsilon_insensitive", "charbonnier_loss", "log_cosh")
"""Losses of numbers under which the majority is the best constant answer to a class."""


def _constant_features(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    share = ctx.facts.get("x_constant", 0.0)
    return {"percent": 100 * share} if share > t.constant_share else None


def _scale(facts: Mapping[str, Any], t: Thresholds) -> float:
    """Return how far the inputs are beyond what is advised; 0 where no scale is wrong."""
    free = facts.get("first", "") in SCALERS or not facts.get("hidden", 0)
    if not facts or free:
        return 0.0
    return float(max(facts["x_size"] / t.input_size, facts["x_spread"] / t.input_spread))


def _input_scale(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    if not 1.0 < _scale(ctx.facts, t) <= t.scale_extreme:
        return None
    return {"size": ctx.facts["x_size"], "spread": ctx.facts["x_spread"]}


def _inputs_unscaled(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    if not _scale(ctx.facts, t) > t.scale_extreme:
        return None
    return {"size": ctx.facts["x_size"], "spread": ctx.facts["x_spread"]}


def _target_scale(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    facts = ctx.facts
    if facts.get("takes") != "values":
        return None
    spread, mean = facts["y_spread"], facts["y_mean"]
    far = spread > t.target_spread or abs(mean) > t.target_mean
    return {"spread": spread, "mean": mean} if far else None


def _target_range(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    facts = ctx.facts
    if facts.get("takes") != "values" or facts["output"] not in RANGES:
        return None
    low, high = RANGES[facts["output"]]
    slack = t.range_slack * max(facts["y_high"] - facts["y_low"], 1e-12)
    if facts["y_low"] >= low - slack and facts["y_high"] <= high + slack:
        return None
    return {"low": facts["y_low"], "high": facts["y_high"], "least": low, "most": high}


def _single_softmax(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    single = ctx.facts.get("output") == "softmax" and ctx.facts["units"] == 1
    return {"units": 1.0} if single else None


def _not_probabilities(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    bounded = facts.get("takes") == "binary" and not facts["logits"]
    summing = facts.get("loss") in SUMMING
    if not (summing or bounded) or facts["output"] in (*SHARES, *PLAIN):
        return None
    return {"units": float(facts["units"])}


def _shares_apart(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    apart = facts.get("loss") in SUMMING and facts["output"] in SHARES and facts["units"] > 1
    return {"units": float(facts["units"])} if apart and facts["output"] != "softmax" else None


def _no_output_activation(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    bounded = facts.get("takes") == "binary" and not facts["logits"]
    plain = (facts.get("loss") in SUMMING or bounded) and facts["output"] in PLAIN
    return {"units": float(facts["units"])} if plain else None


def _bent_logits(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    bent = facts.get("logits") and facts["output"] in (*RANGES, *RECTIFYING)
    return {"units": float(facts["units"])} if bent else None


def _softmax_of_many(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    many = facts.get("output") == "softmax" and facts["units"] > 1 and facts["takes"] == "binary"
    return {"units": float(facts["units"])} if many and not facts["one_hot"] else None


def _loss_of_numbers(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    if facts.get("output") not in SHARES or not _is_class(facts):
        return None
    wrong = facts["takes"] == "signs" or facts["loss"] in ABSOLUTE
    return {"kinds": float(facts["y_kinds"])} if wrong else None


def _is_class(facts: Mapping[str, Any]) -> bool:
    single = facts["y_kinds"] == 2 and facts["y_low"] == 0.0 and facts["y_high"] == 1.0
    return bool(facts["one_hot"] or (single and facts["units"] == 1))


def _one_class(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    facts = ctx.facts
    known = facts.get("takes") in ("classes", "binary", "signs")
    return {"classes": 1.0} if known and facts["y_kinds"] == 1 else None


def _class_imbalance(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    facts = ctx.facts
    if facts.get("takes") not in ("classes", "binary", "signs"):
        return None
    if not 2 <= facts.get("classes", 0) <= t.imbalance_classes:
        return None
    ratio = facts["largest"] / facts["smallest"]
    return {"ratio": ratio} if ratio >= t.imbalance else None


def _data_shift(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    shift = ctx.facts.get("shift", 0.0)
    return {"shift": shift} if shift > t.shift else None


_CLASSES = {
    "takes": "classes",
    "loss": "categorical_crossentropy",
    "output": "softmax",
    "units": 3,
    "one_hot": True,
    "classes": 3,
}
_SCORES = {
    **_CLASSES,
    "loss": "categorical_crossentropy_logits",
    "logits": "softmax",
    "output": "linear",
}
_NUMBERS = {
    "takes": "values",
    "loss": "mse",
    "output": "linear",
    "y_low": -2.5,
    "y_high": 2.5,
    "y_mean": 0.0,
    "y_spread": 1.0,
    "y_whole": False,
    "y_kinds": 300,
}


def row(
    name: str,
    severity: str,
    when: Any,
    message: str,
    diagnosis: str,
    advice: tuple[str, ...],
    fires: tuple[Any, ...],
    quiet: tuple[Any, ...],
    explains: tuple[str, ...] = (),
) -> Rule:
    """Return a rule on the beginning of a run."""
    return Rule(
        name=name,
        severity=severity,
        on=(TrainStart,),
        when=when,
        message=message,
        diagnosis=diagnosis,
        advice=advice,
        fires_on=fires,
        quiet_on=quiet,
        explains=explains,
    )


FLAT = (
    "no_better_than_trivial",
    "near_chance",
    "loss_stagnation",
    "no_gradient",
    "constant_output",
    "weights_collapse",
    "short_reach",
)
"""What follows where no gradient of the data reaches the weights."""

DATA_RULES = (
    row(
        "constant_features", "danger", _constant_features,
        "{percent:.0f} % of the input columns are the same in every row",
        "A column that never changes says nothing of the target.",
        ("Look at how the inputs are read and prepared",),
        start(facts={"x_constant": 1.0}), start(facts={"x_constant": 0.5}), FLAT,
    ),
    row(
        "input_scale", "info", _input_scale,
        "Inputs reach {size:.3g} (a column's spread: {spread:.3g}); most recipes expect about 1",
        "Large inputs make large first steps, and bounded units saturate.",
        ("Standardise the inputs with the means and spreads of the training rows",),
        start(facts={"x_size": 255.0, "x_spread": 80.0}), start(facts={"x_size": 9.0}),
    ),
    row(
        "inputs_unscaled", "warning", _inputs_unscaled,
        "Inputs reach {size:.3g} (a column's spread: {spread:.3g}): they are not scaled",
        "Weights of the usual size turn such inputs into outputs and gradients as large.",
        ("Standardise the inputs with the means and spreads of the training rows",),
        start(facts={"x_size": 9e3, "x_spread": 3e3}), start(facts={"x_size": 180.0}),
        (*FLAT, "bad_first_loss", "activation_saturation", "dead_relu", "exploding_gradient"),
    ),
    row(
        "target_scale", "info", _target_scale,
        "Targets have the mean {mean:.3g} and the spread {spread:.3g}",
        "The loss and its gradient grow with the square of the targets.",
        ("Standardise the targets, and turn predictions back",),
        start(facts={**_NUMBERS, "y_mean": 2e4}), start(facts=_NUMBERS),
    ),
    row(
        "one_class", "danger", _one_class, "All targets are the same class",
        "There is nothing to tell apart.", ("Look at how the targets are read",),
        start(facts={"y_kinds": 1, "classes": 1, "y_high": 0.0}), start(facts={}),
    ),
    row(
        "class_imbalance", "info", _class_imbalance,
        "The largest class has {ratio:.0f} times the rows of the smallest",
        "A model can be mostly right without ever naming the small classes.",
        ('Use class_weight="balanced"', "Measure balanced accuracy"),
        start(facts={"largest": 0.97, "smallest": 0.03}),
        start(facts={"largest": 0.7, "smallest": 0.3}),
    ),
    row(
        "data_shift", "warning", _data_shift,
        "Validation inputs lie {shift:.1f} standard deviations from those that teach",
        "What is learned on one part cannot be judged on another that differs.",
        ("Prepare both parts with the same numbers", "Shuffle before the split"),
        start(facts={"shift": 3.0}), start(facts={"shift": 0.4}), ("overfitting",),
    ),
)  # fmt: skip

OUTPUT_RULES = (
    row(
        "target_range", "danger", _target_range,
        "Targets go from {low:.3g} to {high:.3g}, the output from {least:.3g} to {most:.3g}",
        "What the last activation cannot say can never be predicted.",
        ("Make the last layer linear", "Or scale the targets into the output's range"),
        start(facts={**_NUMBERS, "output": "sigmoid"}), start(facts=_NUMBERS), FLAT,
    ),
    row(
        "single_softmax", "danger", _single_softmax, "A softmax over one unit is always 1",
        "The shares of one class sum to 1 whatever the inputs are, so there is no gradient.",
        ("Use sigmoid for yes or no, linear for numbers",),
        start(facts={"output": "softmax"}), start(facts={}), (*FLAT, "target_range"),
    ),
    row(
        "not_probabilities", "danger", _not_probabilities,
        "The loss takes probabilities, and the {units:.0f} outputs are none",
        "The logarithm of what is not a share of 1 is no cross-entropy.",
        ("End with softmax for classes, sigmoid for yes or no", "Or take the loss of logits"),
        start(facts={**_CLASSES, "output": "relu"}), start(facts=_CLASSES),
        (*FLAT, "nan_inf_loss", "nan_inf_array", "bad_first_loss"),
    ),
    row(
        "shares_apart", "info", _shares_apart,
        "The loss takes shares that sum to 1, and each of {units:.0f} outputs is one by itself",
        "Raising all of them lowers such a loss, whatever the class is.",
        ("End with softmax", "Or use binary_crossentropy, which asks each output by itself"),
        start(facts={**_CLASSES, "output": "sigmoid"}), start(facts=_CLASSES),
    ),
    row(
        "missing_output_activation", "danger", _no_output_activation,
        "The loss takes probabilities, and nothing turns the {units:.0f} outputs into them",
        "The logarithm of a plain score is no cross-entropy, and of a negative one no number.",
        ("End with softmax for classes, sigmoid for yes or no", "Or take the loss of logits"),
        start(facts={**_CLASSES, "output": "linear"}), start(facts=_CLASSES),
        (*FLAT, "nan_inf_loss", "nan_inf_array", "bad_first_loss"),
    ),
    row(
        "bent_logits", "danger", _bent_logits,
        "The loss applies its own activation to {units:.0f} outputs that were bent before",
        "Scores that cannot go below or above a bound cannot become sure.",
        ("Make the last layer linear",),
        start(facts={**_SCORES, "output": "relu"}),
        start(facts=_SCORES),
        (*FLAT, "dead_relu"),
    ),
    row(
        "softmax_of_many", "danger", _softmax_of_many,
        "{units:.0f} answers that do not exclude each other share one softmax",
        "The shares sum to 1, so that two true answers cannot both be near 1.",
        ("Use sigmoid, one for each answer",),
        start(facts={"output": "softmax", "units": 4}),
        start(facts={"output": "softmax", "units": 4, "one_hot": True}),
    ),
    row(
        "loss_of_numbers", "warning", _loss_of_numbers,
        "Classes ({kinds:.0f} kinds of targets) are learned with a loss that is made for others",
        "It has hardly a slope where the model is wrong and sure, or asks for scores that shares "
        "cannot reach.",
        ("Use binary_crossentropy or categorical_crossentropy",),
        start(facts={"takes": "values", "loss": "mae"}),
        start(facts={**_NUMBERS, "loss": "mae"}), FLAT,
    ),
)  # fmt: skip

STATIC_RULES = (*DATA_RULES, *OUTPUT_RULES)
