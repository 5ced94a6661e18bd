"""Layers and builders: one truth in the records, errors at the moment of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest

from neurogebra.builders.best_for import BEST_FOR
from neurogebra.builders.model_builder import Layer, Model, ModelBuilder
from neurogebra.builders.templates import TEMPLATES
from neurogebra.errors import BadValue, NeurogebraError, UnknownName
from neurogebra.layers import LAYERS, Dense, Dropout

builder = ModelBuilder()


def test_a_layer_says_what_its_record_says():
    layer = Layer("dense", 64, "relu", use_bias=False)
    assert layer.record == Dense(64, "relu", use_bias=False)
    assert (layer.layer_type, layer.units, layer.activation) == ("dense", 64, "relu")
    assert layer.params == {"use_bias": False, "initializer": "he_normal"}
    assert layer.description.startswith("Every input feeds every unit")
    text = layer.explain()
    assert all(part in text for part in ("Dense(units=64", "W: (n, units)", "Best for"))


@pytest.mark.parametrize("kind", ["BatchNorm", "batchnorm", "batch_norm", "BATCHNORM"])
def test_capitals_of_a_type_do_not_matter(kind):
    assert Layer(kind).layer_type == "batchnorm"


def test_layers_are_equal_when_they_describe_the_same():
    assert builder.Dense(8, "relu") == Layer("dense", 8, "relu")
    assert builder.Dense(8, "relu") != Layer("dense", 8, "tanh")
    assert builder.Dense(8, input_shape=(3,)) == builder.Dense(8, input_shape=3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Layer("dens", 3), "did you mean 'Dense'"),
        (lambda: Layer("lstm_deluxe"), "the layers are Dense"),
        (lambda: Layer(7), "a layer's name"),
        (lambda: builder.Dense(3, "rellu"), "did you mean 'relu'"),
        (lambda: builder.Dense(3, unit=2), "did you mean 'units'"),
        (lambda: builder.Dense(3, input_dim=2), "Dense.input_dim"),
        (lambda: builder.Dense(0), "Dense.units: expected"),
        (lambda: builder.Dense("ten"), "got 'ten'"),
        (lambda: Layer("dense"), "Dense needs units"),
        (lambda: builder.Dense(3, input_shape=(0,)), r"Dense.input_shape\[0\]"),
        (lambda: builder.Dropout(1.0), "Dropout.rate"),
        (lambda: builder.Dropout(0.2, activation="relu"), "Dropout.activation"),
        (lambda: builder.BatchNorm(0.9, momentum=0.8), "it came twice"),
        (lambda: builder.Flatten("a", "b"), "at most 1 arguments"),
        (lambda: builder.Dens(3), "did you mean 'Dense'"),
        (lambda: builder.Conv2D(32, kernal_size=3), "did you mean 'kernel_size'"),
        (lambda: builder.MaxPoling2D(2), "did you mean 'MaxPooling2D'"),
        (lambda: Layer("conv22d", filters=32), "Conv2D"),
        (lambda: builder.Sequential([]), "at least one layer"),
        (lambda: builder.Sequential(["dense"]), r"layers\[0\]"),
        (lambda: builder.Sequential(builder.Dense(1)), "a list of layers"),
        (lambda: builder.Sequential([builder.Dense(1)], name="<b>"), "name"),
        (
            lambda: builder.Sequential([builder.Dense(1), builder.Dense(1, input_shape=(2,))]),
            r"layers\[1\].input_shape",
        ),
        (
            lambda: builder.Sequential([builder.Dense(2, name="a"), builder.Dense(2, name="a")])
            .predict([[1.0]]),
            "a name of its own",
        ),
        (
            lambda: builder.Sequential([builder.Conv2D(4, input_shape=(8, 8))]),
            r"put Reshape\(\(8, 8, 1\)\) before it",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_once(call, words):
    with pytest.raises(NeurogebraError, match=words):
        call()


def test_a_layer_that_is_not_there_is_no_attribute():
    assert not any(hasattr(builder, name) for name in ("Conv9D", "Nonsense"))
    assert all(hasattr(builder, name) for name in LAYERS)
    assert set(LAYERS) <= set(dir(builder))


RECURRENT = {"units": 3}
NEEDED = {
    "Dense": {"units": 3},
    "Activation": {"activation": "relu"},
    "Conv1D": {"filters": 3},
    "Conv2D": {"filters": 3},
    "GroupNorm": {"groups": 2},
    "Reshape": {"target_shape": (2, 3)},
    "Permute": {"dims": (2, 1)},
    "Embedding": {"input_dim": 5, "output_dim": 3},
    "PositionalEmbedding": {"max_len": 4},
    "SimpleRNN": RECURRENT,
    "GRU": RECURRENT,
    "LSTM": RECURRENT,
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "TransformerBlock": {"num_heads": 2, "key_dim": 3, "ff_dim": 4},
    "Residual": {"layers": [builder.Dense(2)]},
}


def test_layers_inside_a_layer_are_handles_or_records():
    outer = builder.Residual([builder.Dense(3, "tanh"), Dense(3)])
    assert [type(each).__name__ for each in outer.record.layers] == ["Dense", "Dense"]
    model = builder.Sequential([outer, builder.Dense(1)])
    assert model.predict([[1.0, 2.0, 3.0]]).shape == (1, 1)


def test_every_registered_layer_has_words_on_what_it_is_for():
    assert set(BEST_FOR) == set(LAYERS)
    for kind in LAYERS:
        layer = getattr(builder, kind)(**NEEDED.get(kind, {}))
        assert layer.best_for
        assert layer.best_for[0] in layer.explain()


@dataclass(frozen=True)
class Twice:
    """Every number doubled."""

    state: ClassVar[tuple[str, ...]] = ()

    rate: float = 0.5
    name: str = ""

    def out_shape(self, shape):
        return shape

    def shapes(self, shape) -> Mapping:
        return {}

    def init(self, shape, rng):
        return {}

    def forward(self, ops, p, x):
        return x * 2.0


def test_a_new_record_gets_its_builder_method_without_code(monkeypatch):
    monkeypatch.setitem(LAYERS._members, "Twice", Twice)
    layer = builder.Twice(0.25, input_shape=(2,))
    assert layer.record == Twice(0.25)
    assert builder.Twice.__doc__ == "Every number doubled."
    assert builder.Sequential([layer]).predict([[1.0, 2.0]]).tolist() == [[2.0, 4.0]]


def test_records_are_layers_too():
    model = builder.Sequential([Dense(4, "relu"), Dropout(0.1)], name="mixed")
    assert [layer.layer_type for layer in model.layers] == ["dense", "dropout"]


def test_templates_are_those_that_can_be_built():
    names = builder.list_templates()
    assert names == list(TEMPLATES)
    assert {"simple_classifier", "binary_classifier", "image_classifier", "regression"} <= {*names}
    for name in names:
        shape = (8, 8, 1) if name == "image_classifier" else (4,)
        model = builder.from_template(name, {"input_shape": shape})
        assert isinstance(model, Model)
        assert model.template_info["name"] == name
        model.compile(loss=model.template_info["loss"])
        assert model.spec.out_shape("output") == (model.template_info["output_size"],)
    with pytest.raises(UnknownName, match="did you mean 'regression'"):
        builder.from_template("regresion")


def test_images_without_channels_are_given_one():
    model = builder.from_template("image_classifier", {"input_shape": (8, 8), "filters": [4]})
    kinds = [layer.layer_type for layer in model.layers]
    assert kinds == ["reshape", "conv2d", "maxpooling2d", "flatten", "dense", "dense"]
    assert model.spec.out_shape("output") == (10,)
    assert builder.suggest_architecture("image_classification", (8, 8, 3), 4).layers[-1].units == 4


def test_other_names_of_layers_are_the_same_layers():
    assert builder.MaxPool2D(3) == builder.MaxPooling2D(3) == Layer("max_pool_2d", pool_size=3)
    assert builder.Conv2D(4, 3, "relu").activation == "relu"


def test_templates_are_customized():
    custom = {"output_size": 3, "hidden": [8, 8, 8], "dropout": 0.5, "activation": "tanh"}
    model = builder.from_template("simple_classifier", custom)
    kinds = [layer.layer_type for layer in model.layers]
    assert kinds == ["dense", "dropout", "dense", "dropout", "dense", "dense"]
    assert model.layers[-1].units == 3
    assert model.layers[0].activation == "tanh"
    with pytest.raises(UnknownName, match="did you mean 'hidden'"):
        builder.from_template("regression", {"hiden": [3]})


@pytest.mark.parametrize(
    ("task", "shape", "size", "kinds", "units", "output"),
    [
        ("classification", (4,), 3, "dense dropout dense dense", [16, 8, 3], "softmax"),
        ("classification", (30,), 1, "dense dropout dense dense", [64, 32, 1], "sigmoid"),
        ("regression", 100, 2, "dense dense dense", [256, 128, 2], "linear"),
        ("binary", (8, 8), 1, "flatten dense dropout dense dense", [128, 64, 1], "sigmoid"),
    ],
)  # fmt: skip
def test_a_suggestion_follows_from_the_sizes(task, shape, size, kinds, units, output):
    model = builder.suggest_architecture(task, shape, size)
    assert [layer.layer_type for layer in model.layers] == kinds.split()
    assert [layer.units for layer in model.layers if layer.units] == units
    assert model.layers[-1].activation == output
    assert model.spec.out_shape("output") == (size,)


def test_an_unknown_task_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'regression'"):
        builder.suggest_architecture("regresion", (2,))
    with pytest.raises(BadValue):
        builder.suggest_architecture("regression", (2,), 0)
