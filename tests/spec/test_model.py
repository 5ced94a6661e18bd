"""Model descriptions: frozen, equal, to JSON and back, with errors that say where."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogebra.errors import BadValue
from neurogebra.layers import INITIALIZERS, Activation, BatchNorm, Dense, Dropout, Flatten
from neurogebra.losses import LOSSES
from neurogebra.repository import FORMULAS
from neurogebra.spec import Head, ModelSpec

ACTIVATIONS = [n for n, f in FORMULAS.items() if f.category == "activation"]
activation = st.sampled_from(ACTIVATIONS)
ONE_HEAD = (Head(),)
layer = st.one_of(
    st.builds(
        Dense,
        st.integers(1, 50),
        activation,
        st.booleans(),
        st.sampled_from([n for n in INITIALIZERS if n != "ones"]),
    ),
    st.builds(Activation, activation),
    st.builds(Dropout, st.floats(0, 0.99)),
    st.builds(BatchNorm, st.floats(0, 0.99), st.floats(1e-9, 0.5)),
)
head = st.builds(
    Head,
    st.sampled_from(["a", "b", "c"]),
    st.just(""),
    st.lists(layer, max_size=2).map(tuple),
    st.sampled_from(["", *LOSSES]),
    st.floats(0.1, 10),
)
models = st.builds(
    ModelSpec,
    st.from_regex(r"[A-Za-z][A-Za-z0-9_ .-]{0,20}", fullmatch=True),
    st.tuples(st.integers(1, 50)),
    st.lists(layer, min_size=1, max_size=5).map(tuple),
    st.lists(head, min_size=1, max_size=3, unique_by=lambda h: h.name).map(tuple),
)


def net(*layers, shape=(3,), heads=ONE_HEAD):
    return ModelSpec("m", shape, layers or (Dense(2),), heads)


@settings(max_examples=60, deadline=None)
@given(models)
def test_json_and_back_is_the_same_model(model):
    text = json.dumps(model.to_dict(), allow_nan=False)
    again = ModelSpec.from_dict(json.loads(text))
    assert again == model
    assert hash(again) == hash(model)
    assert json.dumps(again.to_dict()) == text


@settings(max_examples=30, deadline=None)
@given(models)
def test_counts_and_shapes_are_those_of_the_first_weights(model):
    weights = model.init(0)
    kept = set(model.state_names())
    assert model.count() == sum(a.size for n, a in weights.items() if n not in kept)
    assert sum(model.count(p) for p in model.placed()) == model.count()
    names = [p.name for p in model.placed()]
    assert len(set(names)) == len(names)
    assert {n.rpartition(".")[0] for n in weights} <= set(names)


def test_models_are_frozen_values():
    one, two = net(Dense(4, "relu"), Dense(1)), net(Dense(4, "relu"), Dense(1))
    assert one == two
    assert len({one, two, replace(one, name="n")}) == 2
    assert one != net(Dense(4, "tanh"), Dense(1))
    with pytest.raises(FrozenInstanceError):
        one.name = "other"


def test_first_weights_are_drawn_layer_by_layer():
    """A layer's draw depends on the seed and its place, not on the layers before it."""
    one, two = net(Dense(4), Dense(2)), net(Dense(4, "relu", initializer="zeros"), Dense(2))
    np.testing.assert_array_equal(one.init(5)["dense_1.W"], two.init(5)["dense_1.W"])
    assert not np.array_equal(one.init(5)["dense_1.W"], one.init(6)["dense_1.W"])
    three = net(Dense(3), Dense(3)).init(5)
    assert not np.array_equal(three["dense_0.W"], three["dense_1.W"])


def test_names_and_shapes_of_layers():
    model = net(Flatten(), Dense(4, name="low"), Dropout(), Dense(2), shape=(2, 3))
    assert [p.name for p in model.trunk] == ["flatten_0", "low", "dropout_0", "dense_1"]
    assert [p.out_shape for p in model.trunk] == [(6,), (4,), (4,), (2,)]
    assert model.out_shape("output") == (2,)
    assert model.count() == 6 * 4 + 4 + 4 * 2 + 2


def test_heads_start_where_they_say():
    heads = (Head("a", "low", (Dense(7),)), Head("b"), Head("c", "low"))
    model = net(Dense(5, name="low"), Dense(3), heads=heads)
    assert [model.out_shape(h) for h in "abc"] == [(7,), (3,), (5,)]
    assert [p.name for p in model.placed()] == ["low", "dense_1", "a.dense_0"]
    assert model.branches["a"][0].in_shape == (5,)


WRONG = [
    (lambda: net(Dense(4), Dense(4), Dense("ten")), "layers[2].units: expected int ≥ 1, got 'ten'"),
    (lambda: net(Dense(0)), "layers[0].units: expected int ≥ 1, got 0"),
    (lambda: net(Dense(10**7)), "layers[0].units: expected int ≤ 1000000, got 10000000"),
    (lambda: net(Dense(True)), "layers[0].units: expected int ≥ 1, got True"),
    (lambda: net(Dense(2.0)), "layers[0].units: expected int ≥ 1, got 2.0"),
    (lambda: net(Dense(2, "rleu")), "activation by name, got 'rleu'; did you mean 'relu'"),
    (lambda: net(Dense(2, "ReLU")), "got 'ReLU'; did you mean 'relu'"),
    (lambda: net(Dense(2, "mse")), "layers[0].activation: expected an activation by name"),
    (lambda: net(Dense(2, None)), "layers[0].activation: expected an activation by name, got None"),
    (lambda: net(Dense(2, ["relu"])), "layers[0].activation: expected an activation by name"),
    (lambda: net(Dense(2, use_bias=1)), "layers[0].use_bias: expected True or False, got 1"),
    (lambda: net(Dense(2, initializer="he_norm")), "did you mean 'he_normal'"),
    (lambda: net(Dropout(1.0)), "layers[0].rate: expected a number from 0 to below 1, got 1.0"),
    (lambda: net(Dropout(float("nan"))), "layers[0].rate: expected a number from 0 to below 1"),
    (lambda: net(BatchNorm(eps=0)), "layers[0].eps: expected a number above 0 and below 1, got 0"),
    (lambda: net(Dense(2, name="<b>")), "layers[0].name: expected a name of letters"),
    (lambda: net("relu"), "layers[0]: expected a layer: Dense, Activation"),
    (lambda: net(Dense), "layers[0]: expected a layer: Dense"),
    (lambda: net(Dense(2, name="a"), Dense(2, name="a")), "a name of its own for each layer"),
    (lambda: net(Dense(2, name="dense_1"), Dense(2)), "for each layer, got 'dense_1'"),
    (lambda: net(BatchNorm(), shape=()), "layers[0] (batchnorm_0): expected at least one feature"),
    (lambda: net(Dense(2), shape=()), "layers[0] (dense_0): expected at least one feature axis"),
    (lambda: net(Dense(2), shape=(0,)), "in_shape[0]: expected int ≥ 1, got 0"),
    (lambda: net(Dense(2), shape=3), "in_shape: expected a list, got 3"),
    (lambda: ModelSpec("m", (3,), ()), "layers: expected 1 to 10000 layers, got 0"),
    (lambda: ModelSpec("m", (3,), Dense(2)), "layers: expected a list"),
    (lambda: ModelSpec("", (3,), (Dense(2),)), "name: expected a name of letters"),
    (lambda: ModelSpec("../x", (3,), (Dense(2),)), "name: expected a name of letters"),
    (lambda: net(heads=()), "heads: expected at least one head"),
    (lambda: net(heads=("a",)), "heads[0]: expected a Head, got 'a'"),
    (lambda: net(heads=(Head(), Head())), "heads[0].name: expected a name of its own"),
    (lambda: net(heads=(Head(loss="mes"),)), "heads[0].loss: expected a loss by name, got 'mes'"),
    (lambda: net(heads=(Head(at="dense_9"),)), "did you mean 'dense_0'"),
    (lambda: net(heads=(Head(weight=0.0),)), "heads[0].weight: expected a number above 0, got 0.0"),
    (lambda: net(heads=(Head(layers=(Dense(-1),)),)), "heads[0].layers[0].units: expected int ≥ 1"),
]


@pytest.mark.parametrize(("make", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_errors_say_where_and_what(make, sentence):
    with pytest.raises(BadValue) as caught:
        make()
    assert sentence in str(caught.value)


WRONG_JSON = [
    ({"nam": "x"}, "model.nam: expected a known key, got 'nam'; did you mean 'name'?"),
    ({"layers": None}, "layers: expected a list, got None"),
    ({"layers": [{"type": "Dens", "units": 2}]}, "layers[0].type: expected a layer type by name"),
    ({"layers": [{"units": 2}]}, "layers[0].type: expected a layer type by name, got None"),
    ({"layers": [{"type": "Dense"}]}, "layers[0].units: expected a value, got None"),
    ({"layers": [{"type": "Dense", "units": 2, "unit": 3}]}, "did you mean 'units'?"),
    ({"layers": [{"type": "Dense", "units": "2"}]}, "layers[0].units: expected int ≥ 1, got '2'"),
    ({"layers": ["Dense"]}, "layers[0]: expected an object with text keys, got 'Dense'"),
    ({"heads": [{"layer": []}]}, "heads[0].layer: expected a known key"),
    ({"heads": 7}, "heads: expected a list, got 7"),
    ({"in_shape": "3"}, "in_shape: expected a list, got '3'"),
    ({"in_shape": [3.0]}, "in_shape[0]: expected int ≥ 1, got 3.0"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG_JSON, ids=[s for _, s in WRONG_JSON])
def test_json_errors_say_where_and_what(change, sentence):
    with pytest.raises(BadValue) as caught:
        ModelSpec.from_dict({**net().to_dict(), **change})
    assert sentence in str(caught.value)


@pytest.mark.parametrize("key", ["name", "in_shape", "layers"])
def test_a_missing_key_is_named(key):
    data = net().to_dict()
    del data[key]
    with pytest.raises(BadValue, match=f"model.{key}: expected a value"):
        ModelSpec.from_dict(data)
    with pytest.raises(BadValue, match="model: expected an object"):
        ModelSpec.from_dict([data])


HUGE = [
    lambda: net(Dense(10**6), Dense(10**6)),
    lambda: net(Dense(3000), shape=(10**6,)),
    lambda: net(Flatten(), Dense(10), shape=(10**9, 10**9, 10**9)),
    lambda: net(*[Dense(20_000)] * 30),
    lambda: net(*[Dense(1)] * 10_001),
    lambda: net(Dense(10**30)),
]


@pytest.mark.parametrize("make", HUGE)
def test_huge_models_are_refused_before_anything_is_made(make):
    def refused():
        with pytest.raises(BadValue):
            make()

    assert most_memory(refused) < 4 << 20


def test_an_array_is_seen_when_it_is_made():
    assert most_memory(lambda: np.empty(1 << 20)) >= 8 << 20


def most_memory(work):
    """Return the most bytes that were held at a time while some work was done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_aliases_become_own_names():
    head = Head(loss="bce", layers=(Dense(1, initializer="he"),))
    model = net(Dense(2, initializer="xavier"), heads=(head,))
    assert model.layers[0].initializer == "glorot_normal"
    assert model.heads[0].loss == "binary_crossentropy"
    assert model.heads[0].layers[0].initializer == "he_normal"
    same = Head(loss="binary_crossentropy", layers=(Dense(1),))
    assert model == net(Dense(2, initializer="glorot_normal"), heads=(same,))
