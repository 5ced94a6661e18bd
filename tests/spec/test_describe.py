"""A network's formulas are printed by the layers' own forward."""

from __future__ import annotations

from neurogebra.layers import Activation, BatchNorm, Dense, Dropout, Flatten
from neurogebra.spec import Head, ModelSpec
from neurogebra.spec.describe import describe


def test_dense_layers_print_forward_and_backward():
    model = ModelSpec("m", (30,), (Dense(64, "relu"), Dense(32, "tanh"), Dense(1, "sigmoid")))
    first, second, _ = describe(model)
    assert first.forward == "a1 = relu(x·W1 + b1)"
    assert first.backward == (
        "∂L/∂W1 = xᵀ·(δ1 ⊙ relu′(z1))",
        "∂L/∂b1 = Σ δ1 ⊙ relu′(z1)",
    )
    assert second.backward[0] == "∂L/∂W2 = a1ᵀ·(δ2 ⊙ tanh′(z2))"
    assert second.backward[-1] == "∂L/∂a1 = (δ2 ⊙ tanh′(z2))·W2ᵀ"
    assert second.latex.count("{") == second.latex.count("}")


def test_the_derivative_of_a_softmax_is_that_of_the_whole_row():
    (only,) = describe(ModelSpec("m", (3,), (Dense(4, "softmax"),)))
    assert only.forward == "a1 = softmax(x·W1 + b1)"
    assert "softmax′" not in only.backward[0]
    assert only.backward[0].startswith("∂L/∂W1 = xᵀ·(softmax(z1) ⊙ (δ1 − ")


def test_sums_over_rows_are_written_once():
    norm = describe(ModelSpec("m", (3,), (BatchNorm(),)))[0]
    assert "Σ Σ" not in "".join(norm.backward)
    assert norm.backward[0].startswith("∂L/∂γ1 = Σ ")


def test_every_layer_describes_itself_and_names_its_parameters():
    layers = (Flatten(), Dense(4), BatchNorm(), Activation("gelu"), Dropout(0.5), Dense(2))
    found = describe(ModelSpec("m", (2, 3), layers))
    assert [d.placed.name for d in found][-1] == "dense_1"
    for number, described in enumerate(found, 1):
        assert described.forward.startswith(f"a{number} = ")
        trained = described.placed.layer.shapes(described.placed.in_shape)
        named = [line for line in described.backward if line.startswith("∂L/∂")]
        assert len(named) >= len(trained)
    assert "γ3" in found[2].forward
    assert "√" in found[2].forward
    assert "gelu" in found[3].forward
    assert "u5" in found[4].forward


def test_heads_are_described_on_the_layer_they_read():
    heads = (Head("kind", layers=(Dense(3, "softmax"),)), Head("size", "dense_0", (Dense(1),)))
    model = ModelSpec("m", (5,), (Dense(4, "relu"), Dense(4)), heads)
    forwards = [d.forward for d in describe(model)]
    assert any("softmax(a2·W" in f for f in forwards)
    assert any("a1·W" in f and "size" in f for f in forwards)
