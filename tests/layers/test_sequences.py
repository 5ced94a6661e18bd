"""Layers of sequences: PyTorch's modules with our weights, masks, nested names, bad input."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.core.tree import is_elementwise
from neurogebra.engines import ENGINES, book
from neurogebra.errors import BadValue
from neurogebra.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    MultiHeadAttention,
    PositionalEmbedding,
    PositionalEncoding,
    Residual,
    SimpleRNN,
    TransformerBlock,
)
from neurogebra.layers.recurrent import OF_ROWS
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.spec.describe import describe

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tests.layers.sequence_references import REFERENCES  # noqa: E402

T, C, ROWS = 5, 6, 4
SAMPLES = (
    SimpleRNN(3),
    SimpleRNN(3, "tanh", return_sequences=True, bidirectional=True),
    LSTM(3),
    LSTM(3, return_sequences=True),
    LSTM(3, bidirectional=True),
    LSTM(3, return_sequences=True, bidirectional=True),
    GRU(3),
    GRU(3, return_sequences=True, bidirectional=True),
    MultiHeadAttention(2, 3),
    MultiHeadAttention(3, 2, causal=True),
    MultiHeadAttention(2, 3, mask_value=0.0),
    TransformerBlock(2, 3, 7, rate=0.0),
    TransformerBlock(3, 2, 7, "relu", rate=0.0, causal=True, norm_first=False),
    PositionalEncoding(),
    PositionalEmbedding(9),
    Residual((Dense(4, "tanh"), Dense(C))),
)
every_sample = pytest.mark.parametrize("layer", SAMPLES, ids=repr)
every_engine = pytest.mark.parametrize("engine", ["numpy", "torch"])
RUN = RunSpec(dtype="float64", loss="mse")


def build(engine, layers, shape=(T, C), seed=0):
    model = ModelSpec("m", shape, layers)
    weights = model.init(seed)
    rng = np.random.default_rng(1)
    moved = {n: a + 0.1 * rng.normal(size=a.shape) for n, a in weights.items()}  # no bias is 0
    return ENGINES[engine].load().build(model, RUN, moved, np.random.default_rng(0)), model


def batch(model, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ROWS, *model.in_shape)), {
        "output": rng.normal(size=(ROWS, *model.out_shape("output")))
    }


def referred(net, layer, x, y):
    """Return output, loss and gradients by torch's module, behind a Dense layer of ours."""
    p = {n: torch.tensor(a, requires_grad=True) for n, a in net.weights().items()}
    own = {n.partition(".")[2]: w for n, w in p.items() if not n.startswith("first.")}
    out = REFERENCES[type(layer)](layer, own, torch.tensor(x) @ p["first.W"] + p["first.b"])
    loss = torch.nn.functional.mse_loss(out, torch.tensor(y["output"]))
    loss.backward()
    return out.detach().numpy(), loss.item(), {n: w.grad.numpy() for n, w in p.items()}


@every_engine
@every_sample
def test_values_and_gradients_are_torchs(engine, layer):
    net, model = build(engine, (Dense(C, name="first"), layer))
    x, y = batch(model)
    out, loss, grads = referred(net, layer, x, y)
    np.testing.assert_allclose(net.predict(x)["output"], out, rtol=0, atol=1e-9)
    found, slopes = net.gradients(x, y)
    assert found == pytest.approx(loss, abs=1e-9)
    assert slopes.keys() == grads.keys()
    for name, slope in slopes.items():
        np.testing.assert_allclose(slope, grads[name], rtol=0, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(net.step(x, y, lr=0.1).outputs["output"], out, rtol=0, atol=1e-9)


def test_a_planted_fault_turns_the_law_red():
    layer = LSTM(3)
    net, model = build("numpy", (Dense(C, name="first"), layer))
    x, y = batch(model)
    swapped = LSTM(3, "relu")  # another curve in the same place
    wrong, _ = build("numpy", (Dense(C, name="first"), swapped))
    out, _, _ = referred(net, layer, x, y)
    assert np.abs(wrong.predict(x)["output"] - out).max() > 1e-3


@every_engine
def test_embedding_is_torchs(engine):
    net, _ = build(engine, (Embedding(7, 4),), (T,))
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 7, (ROWS, T)).astype(float), {"output": rng.normal(size=(ROWS, T, 4))}
    W = torch.tensor(net.weights()["embedding_0.W"], requires_grad=True)
    out = REFERENCES[Embedding](None, {"W": W}, torch.tensor(x))
    torch.nn.functional.mse_loss(out, torch.tensor(y["output"])).backward()
    np.testing.assert_array_equal(net.predict(x)["output"], out.detach().numpy())
    _, slopes = net.gradients(x, y)
    np.testing.assert_allclose(slopes["embedding_0.W"], W.grad.numpy(), atol=1e-12)


@every_engine
def test_gru_with_the_reset_before_is_cho_s_own_formula(engine):
    net, model = build(engine, (GRU(3, reset_after=False),))
    x, _ = batch(model)
    p = {n.partition(".")[2]: w for n, w in net.weights().items()}
    W, U, b = (np.split(p[n], 3, axis=-1) for n in ("W", "U", "b"))
    h = np.zeros((ROWS, 3))
    for t in range(T):
        z, r = (1 / (1 + np.exp(-(x[:, t] @ W[i] + h @ U[i] + b[i]))) for i in (0, 1))
        h = z * h + (1 - z) * np.tanh(x[:, t] @ W[2] + (r * h) @ U[2] + b[2])
    np.testing.assert_allclose(net.predict(x)["output"], h, atol=1e-12)


@every_engine
def test_an_activation_of_rows_sees_the_units_and_not_the_batch(engine):
    net, model = build(engine, (LSTM(3, "softmax"),))
    x, _ = batch(model)
    p = {n.partition(".")[2]: w for n, w in net.weights().items()}
    h, c = np.zeros((ROWS, 3)), np.zeros((ROWS, 3))
    for t in range(T):
        z = np.split(x[:, t] @ p["W"] + h @ p["U"] + p["b"], 4, axis=-1)
        i, f, o = (1 / (1 + np.exp(-v)) for v in z[:3])
        g = np.exp(z[3]) / np.exp(z[3]).sum(-1, keepdims=True)
        c = f * c + i * g
        h = o * np.exp(c) / np.exp(c).sum(-1, keepdims=True)
    np.testing.assert_allclose(net.predict(x)["output"], h, atol=1e-12)


def test_every_activation_of_rows_is_known_to_recurrences():
    curves = (f.name for f in FORMULAS.values() if f.category == "activation")
    assert {name for name in curves if not is_elementwise(book.tree(name)[0])} == OF_ROWS


@every_engine
def test_causal_attention_does_not_see_what_comes_later(engine):
    layers = (TransformerBlock(2, 3, 8, causal=True), LSTM(C, return_sequences=True))
    net, model = build(engine, layers)
    x, _ = batch(model)
    other = x.copy()
    other[:, 3:] += 1.0
    one, two = (net.predict(v)["output"] for v in (x, other))
    np.testing.assert_allclose(one[:, :3], two[:, :3], atol=1e-12)
    assert np.abs(one[:, 3:] - two[:, 3:]).min() > 0


@every_engine
def test_masked_positions_are_seen_by_nobody(engine):
    net, model = build(engine, (MultiHeadAttention(2, 3, mask_value=0.0),))
    x, _ = batch(model)
    padded = x.copy()
    padded[:, 3:] = 0.0
    found = net.predict(padded)["output"][:, :3]
    short, _ = build(engine, (MultiHeadAttention(2, 3),), (3, C))
    np.testing.assert_allclose(found, short.predict(x[:, :3])["output"], atol=1e-12)
    everything = net.predict(np.zeros_like(x))["output"]
    assert np.isfinite(everything).all()


@every_engine
def test_attention_drops_weights_while_training_only(engine):
    net, model = build(engine, (MultiHeadAttention(2, 3, rate=0.5),))
    whole, _ = build(engine, (MultiHeadAttention(2, 3),))
    x, y = batch(model)
    np.testing.assert_allclose(net.predict(x)["output"], whole.predict(x)["output"], atol=1e-12)
    assert (
        np.abs(net.step(x, y, lr=0.0).outputs["output"] - whole.predict(x)["output"]).max() > 1e-3
    )


@every_engine
def test_what_layers_inside_remember_is_remembered(engine):
    inside = (Dense(8, "relu"), BatchNorm(), Dropout(0.2), Dense(C, name="last"))
    net, model = build(engine, (Residual(inside),), (C,))
    assert model.state_names() == ("residual_0.batchnorm_0.mean", "residual_0.batchnorm_0.var")
    assert "residual_0.last.W" in net.weights()
    x, y = batch(model)
    before = net.weights()
    net.step(x, y, lr=0.0)
    after = net.weights()
    W, b = before["residual_0.dense_0.W"], before["residual_0.dense_0.b"]
    mean = np.maximum(x @ W + b, 0).mean(0)
    kept = 0.9 * before["residual_0.batchnorm_0.mean"] + 0.1 * mean
    np.testing.assert_allclose(after["residual_0.batchnorm_0.mean"], kept, atol=1e-12)


def test_a_layer_inside_a_layer_inside_a_layer():
    deep = Residual((Residual((Dense(C, "tanh"), BatchNorm())), Dense(C)))
    nets = [build(e, (deep,), (C,))[0] for e in ("numpy", "torch")]
    x, y = batch(nets[0].model)
    for _ in range(3):
        for net in nets:
            net.step(x, y, lr=0.01)
    one, two = (net.weights() for net in nets)
    assert "residual_0.residual_0.batchnorm_0.var" in one
    for name in one:
        np.testing.assert_allclose(one[name], two[name], atol=1e-9)


@every_engine
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_dense_works_at_every_step_of_a_sequence(engine, shape):
    net, model = build(engine, (Dense(2, "tanh"),), shape)
    x, y = batch(model)
    flat, _ = build(engine, (Dense(2, "tanh"),), (shape[-1],))
    rows = x.reshape(-1, shape[-1])
    np.testing.assert_allclose(
        net.predict(x)["output"], flat.predict(rows)["output"].reshape(*x.shape[:-1], 2), atol=1e-12
    )
    slopes = net.gradients(x, y)[1]
    by_row = flat.gradients(rows, {"output": y["output"].reshape(-1, 2)})[1]
    for name, slope in slopes.items():
        np.testing.assert_allclose(slope, by_row[name], atol=1e-12)


@every_engine
def test_a_sequence_of_one_step_leaves_the_memory_alone(engine):
    net, model = build(engine, (LSTM(3),), (1, C))
    x, y = batch(model)
    assert not net.gradients(x, y)[1]["lstm_0.U"].any()
    before = net.weights()["lstm_0.U"]
    net.step(x, y, lr=0.1)
    np.testing.assert_array_equal(net.weights()["lstm_0.U"], before)


def test_long_sequences_cost_in_proportion():
    """The lines of a recorded step grow with the steps; whole-sized arrays do not."""
    lines, whole = [], []
    for steps in (20, 40):
        net, model = build("numpy", (LSTM(4), Dense(1)), (steps, 3))
        x, y = batch(model)
        net.step(x, y, lr=0.01)
        (program,) = net._programs.values()
        lines.append(len(program.replay.calls))
        whole.append(sum(e.out.size >= steps * ROWS * 16 for e in program.replay.entries))
    assert lines[1] < 2.1 * lines[0]
    assert whole[0] == whole[1] <= 4


def test_first_weights():
    weights = LSTM(8).init((T, C), np.random.default_rng(0))
    np.testing.assert_array_equal(weights["b"], np.repeat([0.0, 1.0, 0.0, 0.0], 8))
    assert not LSTM(8, unit_forget_bias=False).init((T, C), np.random.default_rng(0))["b"].any()
    np.testing.assert_allclose(weights["U"] @ weights["U"].T, np.eye(8), atol=1e-12)
    limit = (6 / (C + 32)) ** 0.5
    assert 0.9 * limit < np.abs(weights["W"]).max() <= limit


@pytest.mark.parametrize("layer", [*SAMPLES, Embedding(7, 4)], ids=repr)
def test_layers_survive_json_and_describe_themselves(layer):
    shape = (T,) if isinstance(layer, Embedding) else (T, C)
    model = ModelSpec("m", shape, (layer,))
    assert ModelSpec.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    (found,) = describe(model)
    assert found.forward.startswith("a1 = ")
    assert found.latex.count("{") == found.latex.count("}")
    assert "= 0" not in "".join(found.backward)


def test_what_is_shown_of_a_recurrence_is_one_step():
    lstm, rnn = describe(ModelSpec("m", (T, C), (LSTM(3, return_sequences=True), SimpleRNN(2))))
    assert lstm.forward.split("; ") == [
        "a1 = sigmoid(z_o) ⊙ tanh(c)",
        "c = sigmoid(z_f) ⊙ c_prev + sigmoid(z_i) ⊙ tanh(z_g)",
        "[z_i, z_f, z_o, z_g] = x·W1 + h_prev·U1 + b1",
    ]
    assert rnn.forward == "a2 = tanh(a1·W2 + h_prev·U2 + b2)"
    assert rnn.backward == (
        "∂L/∂(W2, U2, b2): summed over the steps, each through all that follow it",
        "∂L/∂a1: likewise",
    )


def test_a_residual_is_shown_as_x_plus_what_is_inside():
    first, second = describe(ModelSpec("m", (C,), (SAMPLES[-1], SAMPLES[-1])))
    assert first.forward == "a1 = x + (tanh(x·W1a + b1a)·W1b + b1b)"
    assert second.backward[-1] == "∂L/∂a1 = δ2 + (δ2·W2bᵀ ⊙ tanh′(z2))·W2aᵀ"


def test_models_of_sequences_are_told_in_80_columns(capsys):
    mb = ModelBuilder()
    handles = [mb.Embedding(7, C, input_shape=(T,))]
    handles += [layer for layer in SAMPLES if layer.out_shape((T, C)) == (T, C)]
    model = mb.Sequential(
        [
            *handles,
            LSTM(4, return_sequences=True),
            mb.GRU(4, bidirectional=True),
            mb.Dense(1, "sigmoid"),
        ]
    )
    model.summary()
    model.explain_architecture()
    told = capsys.readouterr().out.splitlines()
    headings = re.compile(r"\d+\. ")  # a layer as Python writes it
    assert not [line for line in told if len(line) > 80 and not headings.match(line)]
    assert any("c = sigmoid(z_f) ⊙ c_prev" in line for line in told)


def test_handles_stand_inside_handles():
    mb = ModelBuilder()
    model = mb.Sequential(
        [mb.Residual([mb.Dense(8, "relu"), mb.Dense(4)], input_shape=(4,)), mb.Dense(1)]
    )
    made = model.spec.layers[0]
    assert made == Residual((Dense(8, "relu"), Dense(4)))
    assert "Residual(layers=[Dense(units=8, activation='relu'), Dense(units=4)])" in repr(
        mb.Residual([mb.Dense(8, "relu"), mb.Dense(4)])
    )


def spec(*layers, shape=(5, 4)):
    return lambda: ModelSpec("m", shape, layers)


WRONG = [
    (spec(Embedding(1, 4), shape=(5,)), "layers[0].input_dim: expected int ≥ 2"),
    (spec(MultiHeadAttention(2, 0)), "layers[0].key_dim: expected int ≥ 1"),
    (spec(MultiHeadAttention(2, 3, mask_value="0")), "mask_value: expected a number or None"),
    (spec(LSTM(3), shape=(5,)), "steps and features: (T, C), got (5,); put Embedding before"),
    (spec(PositionalEmbedding(3)), "expected at most max_len = 3 steps, got 5"),
    (spec(Residual((Dense(3),))), "expected layers that give the shape (5, 4) back, got (5, 3)"),
    (spec(Residual(())), "layers[0].layers: expected at least one layer"),
    (spec(Residual((Dense(0),))), "layers[0].layers[0].units: expected int ≥ 1"),
    (
        spec(Residual((LSTM(4), LSTM(4)))),
        "expected steps and features: (T, C) for lstm_1, got (4,)",
    ),
    (spec(LSTM(3, bidirectional=1)), "layers[0].bidirectional: expected True or False"),
]


@pytest.mark.parametrize(("make", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_wrong_settings_are_one_sentence(make, sentence):
    with pytest.raises(BadValue) as caught:
        make()
    assert sentence in str(caught.value)


@every_engine
@pytest.mark.parametrize("token", [7.0, -1.0, 2.5, np.nan])
def test_what_is_no_token_is_refused(engine, token):
    net, _ = build(engine, (Embedding(7, 4), GRU(2), Dense(1)), (T,))
    x = np.zeros((ROWS, T))
    x[1, 2] = token
    for verb in (net.predict, lambda v: net.step(v, {"output": np.zeros((ROWS, 1))}, lr=0.1)):
        with pytest.raises(BadValue, match=r"x: expected tokens, whole numbers from 0 to 6, got"):
            verb(x)
