"""The scalar tape against PyTorch, and the promises of its documentation."""

import gc
import itertools
import math
import operator
import random

import numpy as np
import pytest
import torch

from neurogebra.core.autograd import Tensor, Value
from neurogebra.errors import BadValue
from neurogebra.ops import ALPHABET, apply

OPERATORS = (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow)


def test_documented_block():
    x, w, b = Value(2.0), Value(-3.0), Value(1.0)
    z = (w * x + b).relu()
    z.backward()
    assert (z.data, x.grad, w.grad, b.grad) == (0.0, 0.0, 0.0, 0.0)


def test_documented_block_where_the_unit_fires():
    x, w, b = Value(2.0), Value(3.0), Value(1.0)
    z = (w * x + b).relu()
    z.backward()
    assert (z.data, x.grad, w.grad, b.grad) == (7.0, 3.0, 2.0, 1.0)


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("kinds", ["VV", "Vf", "fV", "Vi", "iV", "Vn", "nV"])
def test_operators_with_numbers_on_either_side(op, kinds):
    make = {"V": Value, "f": float, "i": int, "n": np.float64}
    a, b = (make[k](n) for k, n in zip(kinds, (3, 2), strict=True))
    leaves = [torch.tensor(n, dtype=torch.float64, requires_grad=k == "V")
              for k, n in zip(kinds, (3.0, 2.0), strict=True)]  # fmt: skip
    y, wanted = op(a, b), op(*leaves)
    y.backward()
    wanted.backward()
    assert y.data == pytest.approx(wanted.item(), rel=1e-15)
    for ours, theirs in ((v, t) for v, t in zip((a, b), leaves, strict=True) if t.requires_grad):
        assert ours.grad == pytest.approx(theirs.grad.item(), rel=1e-14)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu",
                                  "softplus", "erf", "abs"])  # fmt: skip
def test_functions_are_methods(name):
    x = Value(0.7)
    y = getattr(x, name)()
    y.backward()
    t = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    wanted = getattr(torch, name, torch.nn.functional.softplus)(t)
    wanted.backward()
    assert (y.data, x.grad) == pytest.approx((wanted.item(), t.grad.item()), rel=1e-14)


def test_random_expressions_agree_with_torch():
    """Deep random graphs in which every node is used again."""
    agreed = 0
    for seed in range(20):
        rng = random.Random(seed)
        start = [rng.uniform(-2, 2) for _ in range(4)]
        ours, theirs = (grow(random.Random(seed), [make(s) for s in start])
                        for make in (Value, leaf))  # fmt: skip
        ours[-1].backward()
        theirs[-1].backward()
        for v, t in zip(ours[:4], theirs[:4], strict=True):
            assert v.grad == pytest.approx(t.grad.item() if t.grad is not None else 0.0, rel=1e-10)
            agreed += v.grad != 0
    assert agreed > 40


def leaf(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def grow(rng, nodes):
    for _ in range(60):
        a, b = rng.choice(nodes), rng.choice(nodes)
        kind = rng.randrange(6)
        nodes.append((a + b, a * b * 0.5, a - 2.0 * b, a.tanh(), a.sigmoid() * b, a / 2)[kind])
    return [*nodes, sum(nodes[-5:])]


def test_a_second_backward_adds_in_every_node_once():
    x = Value(3.0)
    h = x * x
    y = h * h
    y.backward()
    first = (x.grad, h.grad, y.grad)
    assert first == (4 * 27.0, 18.0, 1.0)
    y.backward()
    assert (x.grad, h.grad, y.grad) == tuple(2 * g for g in first)


def test_gradients_accumulate_over_rebuilt_graphs_until_forgotten():
    x = Value(3.0)
    for n in (1, 2, 3):
        (x * x).backward()
        assert x.grad == 6.0 * n
    x.zero_grad()
    (x * x).backward(0.5)
    assert x.grad == 3.0


def test_two_results_that_share_a_part():
    x = Value(2.0)
    h = x * x
    (h + 1).backward()
    (3 * h).backward()
    assert (h.grad, x.grad) == (4.0, 16.0)


def test_a_leaf_is_its_own_derivative():
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0


def test_what_a_graph_was_computed_with_counts_when_data_change_later():
    x, w = Value(2.0), Value(5.0)
    y = w * x
    w.data = 100.0
    y.backward()
    assert x.grad == 5.0


def test_depth_of_a_million_needs_no_recursion():
    x = Value(0.5)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert (y.data, x.grad) == (1_000_000.5, 1.0)
    del y
    gc.collect()


def test_reuse_costs_no_more_than_its_edges():
    """Paths double at every step: an engine that walks paths would never end."""
    x = Value(1.0)
    y = x
    for _ in range(200):
        y = y + y
    y.backward()
    assert x.grad == 2.0**200


@pytest.mark.parametrize(("op", "a", "b"), [
    *((o, a, b) for o, a, b in itertools.product(
        OPERATORS, (0.0, -0.0, -1.5, 1e300, -1e300, math.inf, math.nan), (0.0, -1.0, 0.5, 1e300))),
])  # fmt: skip
def test_corners_raise_nothing_and_agree_with_the_array_tape(op, a, b):
    va, vb, ta, tb = Value(a), Value(b), Tensor(a, True), Tensor(b, True)
    y, t = op(va, vb), op(ta, tb)
    y.backward()
    t.backward()
    np.testing.assert_allclose([y.data, va.grad, vb.grad], [t.item(), ta.grad, tb.grad], rtol=1e-15)


def test_every_scalar_operation_applies():
    done = 0
    for name, op in ALPHABET.items():
        if op.scalar is None:
            continue
        args = tuple(Value(0.5 + i) for i in range(op.arity))
        assert type(apply(name, args, {})) is Value
        done += 1
    assert done >= 40


def test_values_are_members_of_sets_and_read_like_numbers():
    a, b = Value(1), Value(1)
    assert len({a, b, a}) == 2
    assert a != b
    assert (type(a.data), float(a), a.item()) == (float, 1.0, 1.0)
    assert repr(a) == "Value(data=1.0, grad=0.0)"
    y = (a * b).detach()
    y.backward()
    assert a.grad == 0.0


@pytest.mark.parametrize("bad", ["3", None, [1.0], 1j, np.ones(2)])
def test_only_real_numbers(bad):
    with pytest.raises(BadValue, match="a real number"):
        Value(bad)
    with pytest.raises(TypeError):
        Value(1.0) + bad
    with pytest.raises(TypeError):
        bad * Value(1.0)


def test_operations_of_arrays_are_refused():
    with pytest.raises(BadValue, match="single numbers"):
        apply("matmul", (Value(1.0), Value(2.0)), {})
    with pytest.raises(TypeError):
        Value(1.0) + Tensor([1.0])


def test_explain_shows_numbers_local_derivatives_and_the_chain():
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    text = (w * x + 1.0).relu().explain()
    assert text.splitlines() == [
        "x = 2.0",
        "w = -3.0",
        "v1 = w · x = (-3.0) · 2.0 = -6.0",
        "    ∂v1/∂w = 2.0",
        "    ∂v1/∂x = -3.0",
        "v2 = v1 + 1.0 = (-6.0) + 1.0 = -5.0",
        "    ∂v2/∂v1 = 1.0",
        "y = relu(v2) = relu(-5.0) = 0.0",
        "    ∂y/∂v2 = 0.0",
        "chain rule, from y back:",
        "    dy/dv2 = ∂y/∂v2 = 0.0",
        "    dy/dv1 = dy/dv2 · ∂v2/∂v1 = 0.0 · 1.0 = 0.0",
        "    dy/dw = dy/dv1 · ∂v1/∂w = 0.0 · 2.0 = 0.0",
        "    dy/dx = dy/dv1 · ∂v1/∂x = 0.0 · (-3.0) = 0.0",
    ]


def test_explain_adds_up_over_all_uses_and_leaves_gradients_alone():
    x = Value(3.0, "x")
    text = (x * x + x).explain()
    assert "dy/dx = ∂y/∂x + dy/dv1 · ∂v1/∂x + dy/dv1 · ∂v1/∂x" in text
    assert text.endswith("= 7.0")
    assert x.grad == 0.0
    assert Value(2.0, "a").explain() == "a = 2.0"


def test_explain_of_a_long_computation_stays_short():
    y = Value(1.0)
    for _ in range(100):
        y = y * 1.01
    text = y.explain()
    assert "… 76 earlier operations" in text
    assert len(text.splitlines()) < 90
