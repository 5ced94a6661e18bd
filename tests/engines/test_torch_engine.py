"""The torch engine's own promises: the alphabet's table, one flat tensor, shared states."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from tests.ops.cases import REFUSED, SPECIAL, cases

from neurogebra.engines import ENGINES
from neurogebra.engines.claims import NET, network
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import RunSpec

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from neurogebra.engines.torch_engine import ENGINE, TorchEngine  # noqa: E402
from neurogebra.engines.torch_ops import TABLE, apply  # noqa: E402

POINTS = np.array([[-2.5, -1.0, -0.25, 0.0], [0.25, 1.0, 2.5, 0.5]])
OTHERS = np.array([[2.0, -1.0, 3.0, 0.0], [0.25, 0.5, -1.5, 2.0]])
ARRAYS = (np.ndarray, np.floating)
ROW = np.array([1.5, -0.5, 0.25, 2.0])


def arguments(name: str) -> list[tuple[tuple, dict]]:
    """Return arguments and attributes on which to try an operation."""
    op, a, b = ALPHABET[name], POINTS, OTHERS
    if op.domain[0] == 0.0 or name == "log1p":
        a, b = np.abs(a) + 0.1, (np.abs(b) + 0.1 if name == "xlogy" else b)
    if name == "where":
        return [((c := np.array([[1.0, 0, 1, 0], [0, 1, 1, 0]]), a, b), {}), ((c, 1.0, 0.0), {})]
    if name == "dot":
        return [((ROW, ROW + 1), {})]
    if name in ("matmul", "matmul_left", "matmul_right"):
        return [(args, {}) for args in products(name)]
    if name in ("expand_like", "sum_to", "reshape_like"):
        return spreads(name)
    if name == "flatten":
        return [((np.arange(24.0).reshape(2, 3, 4),), {}), ((ROW,), {})]
    if name in SPECIAL and op.attrs != ("axis", "keepdims"):
        return [(tuple(arrays), attrs) for arrays, attrs in cases(name)]
    if op.arity == 2:
        return [((a, b), {}), ((a, ROW if name != "xlogy" else ROW**2), {}), ((a, 2.0), {})]
    if "keepdims" in op.attrs:
        some = ({}, {"axis": 0}, {"axis": -1}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)})
        return [((a,), attrs) for attrs in some]
    if op.attrs:
        return [((a,), {"axis": 0}), ((a,), {"axis": -1})]
    return [((a,), {})] + ([] if op.kind == ELEMENTWISE else [((ROW,), {})])


def products(name: str) -> list[tuple]:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    v, stack = np.arange(3.0), np.arange(24.0).reshape(4, 2, 3)
    pairs = [(a, b), (v, b), (a, v), (v, v), (stack, b)]
    if name == "matmul":
        return pairs
    triples = [(x, np.matmul(x, z) + 1.0, z) for x, z in pairs]
    return [(x, g, z) if name == "matmul_right" else (g, z, x) for x, g, z in triples]


def spreads(name: str) -> list[tuple[tuple, dict]]:
    row, column = POINTS.sum(0), POINTS.sum(1, keepdims=True)
    if name == "expand_like":
        some = ((row, {"axis": 0}), (column, {"axis": 1, "keepdims": True}), (2.0, {}))
        return [((g, POINTS), attrs) for g, attrs in some]
    if name == "sum_to":
        return [((POINTS, like), {}) for like in (row, column, POINTS)] + [((row, POINTS), {})]
    return [((POINTS, np.zeros(8)), {}), ((POINTS, np.zeros((4, 2))), {})]


def tensors(args: tuple, *, grad: bool = False) -> list:
    return [torch.tensor(a, requires_grad=grad) if isinstance(a, ARRAYS) else a for a in args]


def test_the_table_has_a_line_for_every_operation():
    assert set(TABLE) == set(ALPHABET)


@pytest.mark.parametrize("name", ALPHABET)
def test_values_are_the_alphabets(name):
    for args, attrs in arguments(name):
        with np.errstate(divide="ignore", invalid="ignore"):
            want = np.asarray(ALPHABET[name].value(*args, **attrs))
        found = apply(name, *tensors(args), **attrs)
        got = np.asarray(found)
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)
        if isinstance(found, torch.Tensor) and name != "argmax":
            assert found.dtype == torch.float64


@pytest.mark.parametrize("name", [n for n, op in ALPHABET.items() if op.vjp and n not in REFUSED])
def test_derivatives_are_the_alphabets_at_ties_too(name):
    """torch's own autograd against the alphabet's rule, kinks and ties included."""
    for args, attrs in arguments(name):
        leaves = tensors(args, grad=True)
        y = apply(name, *leaves, **attrs)
        if not y.requires_grad:
            continue  # made of numbers
        g = np.cos(np.arange(y.numel(), dtype=float)).reshape(tuple(y.shape))
        y.backward(torch.tensor(g))
        with np.errstate(all="ignore"):
            value = ALPHABET[name].value(*args, **attrs)
            wanted = ALPHABET[name].vjp(g, value, *args, **attrs)
        for leaf, arg, want in zip(leaves, args, wanted, strict=True):
            if want is None or not isinstance(arg, np.ndarray):
                continue
            want = ALPHABET["sum_to"].value(np.broadcast_to(want, np.shape(want)), arg)
            np.testing.assert_allclose(leaf.grad, want, rtol=1e-12, atol=1e-14, err_msg=name)


def test_relu_is_flat_at_0_however_it_is_written():
    for op, args in (("relu", ()), ("maximum", (0,)), ("maximum", (0.0,)), ("minimum", (0,))):
        x = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        apply(op, x, *args).sum().backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_nan_stays_nan_and_float32_stays_float32():
    x = torch.tensor([float("nan"), 1.0])
    for op, args in (("maximum", (0,)), ("minimum", (0,)), ("relu", ()), ("where", (x, 0.5))):
        found = apply(op, x, *args)
        assert found.isnan()[0]
        assert found.dtype == torch.float32
    assert apply("greater", 0.5, x).dtype == torch.float32


def test_parameters_look_into_one_flat_tensor():
    net, (x, y) = network(ENGINE, optimizer="rmsprop")
    trained = {n: p for n, p in net.p.items() if p.requires_grad}
    assert sum(p.numel() for p in trained.values()) == net.w.numel() == NET.count()
    net.step(x, y, lr=0.1)
    before = {n: p.grad.data_ptr() for n, p in trained.items()}
    for _ in range(2):
        net.step(x, y, lr=0.1)
    start, size = net.w.data_ptr(), net.w.element_size()
    for name, p in trained.items():
        assert p.is_leaf
        assert p.data_ptr() == start
        assert p.grad.data_ptr() == before[name] == net.g.data_ptr() + (start - net.w.data_ptr())
        start += p.numel() * size
    assert all(slot.shape == net.w.shape for slot in net.update.slots.values())


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_gradients_that_stay_where_they_fell_make_the_same_update(optimizer):
    loose, (x, y) = network(ENGINE, optimizer=optimizer)
    flat, _ = network(ENGINE, optimizer=optimizer)
    assert loose._loose
    flat._loose = False
    for step in range(4):
        losses = [net.step(x, y, lr=0.1, probe=step == 2).loss for net in (loose, flat)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    for name, array in flat.state().items():
        np.testing.assert_allclose(loose.state()[name], array, rtol=1e-11, atol=1e-13)


FLAT = ({"clip_norm": 1.0}, {"accumulate": 2}, {"optimizer": "sgd"}, {"mixed": "float16"})


@pytest.mark.parametrize("run", FLAT, ids=str)
def test_what_reads_the_flat_gradient_gets_it(run):
    run = RunSpec(**{"optimizer": "adam", **run})
    net = ENGINE.build(NET, run, first_weights(NET, 0), np.random.default_rng(0))
    assert not net._loose
    x, y = first_batch(NET, "mse", 6, 0)
    net.step(x.astype("f4"), {h: a.astype("f4") for h, a in y.items()}, lr=0.1)
    assert (net.g != 0).any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("one", "other"), [("numpy", "torch"), ("torch", "numpy")])
def test_a_run_may_move_between_engines(one, other, optimizer):
    run = RunSpec(optimizer=optimizer, dtype="float64")
    batch = first_batch(NET, "mse", 6, 0)
    rng, later_rng = np.random.default_rng(1), np.random.default_rng(2)
    net = ENGINES[one].load().build(NET, run, first_weights(NET, 0), rng)
    later = ENGINES[other].load().build(NET, run, first_weights(NET, 9), later_rng)
    for _ in range(3):
        net.step(*batch, lr=0.05)
    state = net.state()
    later.load(state)
    later_rng.bit_generator.state = rng.bit_generator.state
    for name, array in later.state().items():
        np.testing.assert_array_equal(array, state[name])
        assert array.dtype == state[name].dtype
    for _ in range(3):
        there, here = later.step(*batch, lr=0.05).loss, net.step(*batch, lr=0.05).loss
        assert there == pytest.approx(here, rel=0, abs=1e-12)


def test_a_device_is_an_argument():
    with pytest.raises(RuntimeError, match="nowhere"):
        network(TorchEngine("nowhere"))


def test_the_callers_arrays_are_not_touched_whatever_their_layout():
    net, (x, y) = network(ENGINE)
    x = np.ascontiguousarray(x[::-1])[::-1]
    x.flags.writeable = False
    first = net.evaluate(x, y).loss
    assert first == net.evaluate(x.copy(), y).loss


def test_torch_is_imported_when_the_engine_is_asked_for_and_not_before():
    code = (
        "import sys, neurogebra.engines, neurogebra.engines.conformance as c; c.suite();"
        "assert 'torch' not in sys.modules;"
        "neurogebra.engines.ENGINES['pytorch'].load(); assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
