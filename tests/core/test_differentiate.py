"""Derivatives as formulas: shapes, broadcasting, sharing; the values are laws of the alphabet."""

import numpy as np
import pytest
import torch

from neurogebra.core.differentiate import gradient, leaves
from neurogebra.core.tree import in_order, number, same, symbol
from neurogebra.ops import ALPHABET, apply

RNG = np.random.default_rng(5)
W, X, y, b = (symbol(n) for n in ("W", "X", "y", "b"))


def op(name, *args, **attrs):
    return apply(name, args, attrs)


def evaluate(root, values):
    made = {}
    for node in in_order(root):
        args = [made[id(a)] for a in node.args]
        leaf = values[node.value] if node.is_symbol else node.value
        made[id(node)] = ALPHABET[node.op].value(*args, **dict(node.attrs)) if args else leaf
    return made[id(root)]


FORMULAS = {
    "least squares": (op("mean", (op("matmul", X, W) + b - y) ** 2), lambda X, W, b, y:
                      ((X @ W + b - y) ** 2).mean()),
    "softmax regression": (-op("mean", op("sum", y * op("log_softmax", op("matmul", X, W) + b),
                                          axis=-1)), lambda X, W, b, y:
                           -(y * torch.log_softmax(X @ W + b, -1)).sum(-1).mean()),
    "network": (op("sum", op("tanh", op("matmul", X, W) + b) * y ** 2), lambda X, W, b, y:
                (torch.tanh(X @ W + b) * y**2).sum()),
    "normalised": (op("sum", y * (op("matmul", X, W) - op("mean", op("matmul", X, W), axis=0,
                   keepdims=True)) / op("sqrt", op("var", op("matmul", X, W), axis=0,
                   keepdims=True) + b * b)), lambda X, W, b, y:
                   (y * (X @ W - (X @ W).mean(0, keepdim=True))
                    / torch.sqrt((X @ W).var(0, keepdim=True, correction=0) + b * b)).sum()),
    "array root": (op("exp", op("matmul", X, W) * b) + y, lambda X, W, b, y:
                   (torch.exp(X @ W * b) + y).sum()),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("shapes", [((5, 3), (3, 2), (2,), (5, 2)), ((5, 3), (3, 2), (), (1, 2))])
def test_gradients_have_the_shape_and_value_of_torchs(name, shapes):
    tree, theirs = FORMULAS[name]
    arrays = [RNG.normal(size=s) for s in shapes]
    values = dict(zip(("X", "W", "b", "y"), arrays, strict=True))
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    wanted = torch.autograd.grad(theirs(*tensors), tensors)
    for found, a, w in zip(gradient(tree, [X, W, b, y]), arrays, wanted, strict=True):
        value = evaluate(found, values)
        assert np.shape(value) == a.shape
        np.testing.assert_allclose(value, w.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("left", "right"), [((3,), (3,)), ((4, 3), (3,)), ((3,), (3, 4))])
def test_vectors_in_matrix_products(left, right):
    a, c = RNG.normal(size=left), RNG.normal(size=right)
    tree = op("sum", op("exp", op("matmul", X, W)))
    t, u = torch.tensor(a, requires_grad=True), torch.tensor(c, requires_grad=True)
    torch.exp(t @ u).sum().backward()
    for found, w in zip(gradient(tree, [X, W]), (t.grad, u.grad), strict=True):
        value = evaluate(found, {"X": a, "W": c})
        assert np.shape(value) == tuple(w.shape)
        np.testing.assert_allclose(value, w.numpy(), rtol=1e-12)


def test_an_elementwise_formula_has_an_elementwise_derivative():
    d = gradient(op("tanh", X * b), [X])[0]
    assert {n.op for n in in_order(d)}.isdisjoint({"sum", "sum_to", "expand_like"})


def test_what_does_not_matter_has_derivative_zero():
    assert same(gradient(X * 2, [y])[0], number(0))
    assert same(gradient(op("sign", X), [X])[0], number(0))
    assert same(gradient(op("sum", X), [y])[0], number(0))


def test_a_symbol_is_its_own_derivative():
    assert same(gradient(X, [X])[0], number(1))


def test_shared_parts_are_differentiated_once():
    """Every step uses the last one twice: paths double, nodes do not."""
    node = X
    for _ in range(40):
        node = op("sin", node) * node
    size = len(in_order(gradient(node, [X])[0]))
    assert size < 40 * 20


def test_depth_needs_no_recursion():
    node = X
    for _ in range(3_000):
        node = op("sin", node)
    assert len(in_order(gradient(node, [X])[0])) > 3_000


def test_a_constant_power_has_a_clean_derivative():
    assert same(gradient(X**3, [X])[0], 3 * X**2)
    assert same(gradient(X**2, [X])[0], 2 * X)


def test_leaves_finds_every_node_of_a_name():
    other = symbol("X")
    assert leaves(X * other + y, "X") == [X, other]
