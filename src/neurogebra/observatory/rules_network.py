"""Health rules that read the layers and their first weights, before the first step."""

from __future__ import annotations

from neurogebra.observatory.events import TrainStart
from neurogebra.observatory.rule import Context, Evidence, Thresholds
from neurogebra.observatory.rules_static import FLAT, HALVING, RECTIFYING, SQUASHING, row
from neurogebra.observatory.witness import start


def _equal_units(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    # The output may start at 0: its units are told apart by their targets.
    alike = [k for k in ctx.facts.get("kernels", ()) if k["alike"] and k["layer"] != ctx.output]
    return {"layers": float(len(alike)), "units": float(alike[0]["units"])} if alike else None


def _first_weights_large(_: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    gains = [k["gain"] for k in ctx.facts.get("kernels", ()) if k["key"] == "W"]
    return {"gain": max(gains)} if gains and max(gains) > t.gain_high else None


def _recurrent_weights_large(event: TrainStart, ctx: Context, t: Thresholds) -> Evidence:
    growing = [row.name for row in event.layers if row.activation not in SQUASHING]
    known = [k for k in ctx.facts.get("kernels", ()) if k["key"] == "U"]
    gains = [k["gain"] for k in known if k["layer"] in growing]
    return {"gain": max(gains)} if gains and max(gains) > t.recurrent_gain else None


def _hidden_softmax(event: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    inner = [row for row in event.layers[:-1] if row.activation == "softmax"]
    return {"layers": float(len(inner))} if inner else None


def _linear_stack(event: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    plain = [i for i, row in enumerate(event.layers) if row.type == "Dense"]
    flat = [i for i in plain if event.layers[i].activation == "linear" and i + 1 in plain]
    return {"layers": float(len(flat))} if flat else None


def _odd_activation(event: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    hidden = [row for row in event.layers[:-1] if row.type in ("Dense", "Conv1D", "Conv2D")]
    squashed = [row for row in hidden if row.activation in HALVING]
    rest = [row for row in hidden if row.activation in RECTIFYING]
    if not squashed or len(rest) < 2 * len(squashed):
        return None
    return {"squashed": float(len(squashed)), "rectified": float(len(rest))}


def _frozen_parameters(_: TrainStart, ctx: Context, __: Thresholds) -> Evidence:
    frozen = ctx.facts.get("frozen", 0)
    return {"groups": float(frozen)} if frozen else None


_EQUAL = {"layer": "dense_0", "key": "W", "units": 8, "gain": 0.0, "alike": True, "zero": True}
_DRAWN = {**_EQUAL, "gain": 1.4, "alike": False, "zero": False}

NETWORK_RULES = (
    row(
        "equal_units", "danger", _equal_units,
        "{layers:.0f} hidden layers start with all units alike ({units:.0f} copies)",
        "Units that start equal get equal gradients and stay equal.",
        ("Start with random weights (He or Glorot)",),
        start(facts={"kernels": (_EQUAL,)}),
        start(facts={"kernels": (_DRAWN, {**_EQUAL, "layer": "dense_1"})}),
        (*FLAT, "symmetric_weights", "dead_relu"),
    ),
    row(
        "first_weights_large", "warning", _first_weights_large,
        "First weights multiply the spread of their inputs by {gain:.2g}",
        "From layer to layer, or step to step, the values grow until units saturate or overflow.",
        ("Use He or Glorot first weights, orthogonal ones for recurrent layers",),
        start(facts={"kernels": ({**_DRAWN, "gain": 8.0},)}),
        start(facts={"kernels": (_DRAWN,)}),
        ("exploding_gradient", "bad_first_loss", "nan_inf_loss",
         "nan_inf_array"),
    ),
    row(
        "recurrent_weights_large",
        "warning",
        _recurrent_weights_large,
        "Each step multiplies the memory by about {gain:.2g}, and its activation has no bound",
        "Over a long sequence memory and gradient grow without limit.",
        ("Start recurrent weights orthogonal", "Use tanh, an LSTM or a GRU"),
        start(facts={"kernels": ({**_DRAWN, "key": "U", "gain": 2.0},)}, activations=("relu",)),
        start(facts={"kernels": ({**_DRAWN, "key": "U", "gain": 1.0},)}, activations=("relu",)),
        ("exploding_gradient", "bad_first_loss", "nan_inf_loss", "nan_inf_array"),
    ),
    row(
        "hidden_softmax", "warning", _hidden_softmax,
        "{layers:.0f} hidden layers end in softmax",
        "Its units compete, and most of them pass on next to nothing.",
        ("Use relu or tanh between layers",),
        start(activations=("softmax", "sigmoid")), start(activations=("relu", "softmax")),
    ),
    row(
        "linear_stack", "info", _linear_stack,
        "{layers:.0f} hidden layers have no activation before the next one",
        "Two linear layers in a row are one linear layer.",
        ("Give it an activation, such as relu",),
        start(activations=("linear", "sigmoid")), start(activations=("relu", "sigmoid")),
    ),
    row(
        "odd_activation", "warning", _odd_activation,
        "{squashed:.0f} hidden layers squash what {rectified:.0f} others pass on",
        "A bounded unit among rectified ones flattens the signal and the gradient.",
        ("Use the same activation in all hidden layers",),
        start(layers=("a", "b", "c", "d"), activations=("relu", "hard_sigmoid", "relu", "softmax")),
        start(layers=("a", "b", "c", "d"), activations=("relu", "relu", "relu", "softmax")),
        ("no_better_than_trivial", "near_chance"),
    ),
    row(
        "frozen_parameters", "info", _frozen_parameters,
        "{groups:.0f} groups of parameters are not trained",
        "They keep their first values for the whole run.",
        ("Check that this is meant",),
        start(facts={"frozen": 1}), start(facts={"frozen": 0}),
    ),
)  # fmt: skip
