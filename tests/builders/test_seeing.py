"""A model's own step, taken apart: documented verbs, and nothing changes by looking."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import BadValue, NotReady, UnknownName
from neurogebra.layers import (
    LSTM,
    BatchNorm,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    MaxPooling2D,
    Residual,
    TransformerBlock,
)


def fitted(**compiled):
    build = ModelBuilder()
    model = build.Sequential([build.Dense(6, "tanh"), build.Dropout(0.2), build.Dense(1)])
    model.compile("mse", learning_rate=0.01, **compiled)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = X @ [1.0, -2.0, 0.5]
    model.fit(X, y, epochs=3, verbose=False, seed=1)
    return model, X, y


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "lamb", "muon", "sgd"])
def test_the_updates_are_those_of_the_next_step(optimizer):
    model, X, y = fitted(optimizer=optimizer)
    found = model.trace(X[:8], y[:8])
    # The same step by finite means: the traced gradient, handed to a rule in the engine's place.
    assert set(found.updates) == {"dense_0.W", "dense_0.b", "dense_1.W", "dense_1.b"}
    for name, change in found.updates.items():
        assert change.shape == found[name].value.shape
        assert np.abs(change).max() > 0
    if optimizer == "sgd":
        for name, change in found.updates.items():
            np.testing.assert_allclose(change, -0.01 * found[name].slope, rtol=1e-9)


def test_looking_changes_nothing():
    model, X, y = fitted()
    before = model.predict(X)
    state = {n: a.copy() for n, a in model._numbers._network.state().items()}
    model.trace(X[:8], y[:8])
    model.explain_gradient("dense_0.W", (0, 0))
    np.testing.assert_array_equal(model.predict(X), before)
    for name, array in model._numbers._network.state().items():
        np.testing.assert_array_equal(array, state[name])


def test_a_weight_is_explained_without_data_after_a_fit():
    model, X, y = fitted()
    text = model.explain_gradient("dense_1.W", (3, 0))
    assert text.startswith("dL/d(dense_1.W[3, 0])")
    assert text == model.explain_gradient("dense_1.W", (3, 0), X[:8], y[:8])
    slope = model.trace(X[:8], y[:8])["dense_1.W"].slope[3, 0]
    assert f"{slope:.6g}".replace("-", "−") in text.splitlines()[-1]


def test_what_is_missing_is_said():
    model = ModelBuilder().Sequential([Dense(1)])
    with pytest.raises(NotReady, match="compile"):
        model.trace(np.ones((2, 1)), np.ones(2))
    model.compile("mse")
    with pytest.raises(NotReady, match="give X and y"):
        model.explain_gradient("dense_0.W", (0, 0))
    with pytest.raises(BadValue, match="both"):
        model.explain_gradient("dense_0.W", (0, 0), np.ones((2, 1)))
    with pytest.raises(UnknownName, match=r"dense_0\.W"):
        model.explain_gradient("dense_0.V", (0, 0), np.ones((2, 1)), np.ones(2))


NETS = {
    "conv": ([Conv2D(3, 3, activation="relu"), MaxPooling2D(2), BatchNorm(), Flatten(), Dense(2)],
             (6, 6, 1), "conv2d_0.W", (1, 1, 0, 2)),
    "lstm": ([LSTM(3), Dense(2)], (4, 2), "lstm_0.U", (1, 5)),
    "attention": ([TransformerBlock(2, 2, 4), Flatten(), Dense(2)], (3, 4),
                  "transformerblock_0.attention.Wq", (1, 2)),
    "residual": ([Residual((Dense(3, "tanh"),)), Dense(2)], (3,), "residual_0.dense_0.W", (0, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_chains_go_through_every_kind_of_layer(name):
    layers, shape, parameter, index = NETS[name]
    model = ModelBuilder().Sequential(layers)
    model.compile("mse")
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(3, *shape)), rng.normal(size=(3, 2))
    found = model.trace(X, y)
    text = found.explain(parameter, index)
    assert "the chain ends in the loss" in text
    assert "autograd has" not in text
    assert np.isfinite(found[parameter].slope).all()
    assert str(found).count("\n") > 20


def test_tokens_are_traced_to_their_vectors():
    model = ModelBuilder().Sequential([Embedding(5, 3), Flatten(), Dense(1)])
    model.compile("mse")
    found = model.trace(np.array([[0, 1], [1, 4]]), np.array([1.0, 2.0]))
    assert not found["embedding_0.W"].slope[2:4].any()
    assert found["embedding_0.W"].slope[1].any()
    assert "the chain ends in the loss" in found.explain("embedding_0.W", (1, 0))
