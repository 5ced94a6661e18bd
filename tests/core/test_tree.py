"""The tree: light simplification, sharing, substitution."""

import numpy as np
import pytest

from neurogebra.core.tree import (
    Node,
    build,
    in_order,
    is_elementwise,
    number,
    same,
    substitute,
    symbol,
    symbols,
)
from neurogebra.ops import apply

x, y = symbol("x"), symbol("y")


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (x + 0, x),
        (0 + x, x),
        (x - 0, x),
        (0 - x, -x),
        (x * 1, x),
        (1 * x, x),
        (x / 1, x),
        (x**1, x),
        (apply("neg", (-x,), {}), x),
        (x * 0, number(0)),
        (x**0, number(1)),
        (x + x, 2 * x),
        (x - (-y), x + y),
        (x + (-y), x - y),
        (x * -1, -x),
        ((-x) * y, -(x * y)),
        ((-x) / y, -(x / y)),
        (2 * (3 * x), 6 * x),
        (x * 2, 2 * x),
        (x + -2, x - 2),
        (number(2) + 3, number(5)),
        (number(2) ** 3, number(8)),
        (apply("transpose", (apply("transpose", (x,), {}),), {}), x),
        (apply("where", (x, y, y), {}), y),
    ],
    ids=lambda n: repr(n),
)
def test_light_simplification(made, wanted):
    assert same(made, wanted)


@pytest.mark.parametrize(("a", "b"), [(x + y, y + x), (x - y, y - x), (x**2, x**3), (x * y, x / y)])
def test_same_tells_formulas_apart(a, b):
    assert not same(a, b)


def test_values_stay_the_same_under_simplification():
    """Every pair of small nodes, combined by every operator, against plain arithmetic."""
    numbers = {"x": 1.7, "y": -0.6}
    parts = [x, y, -x, 2 * x, number(0), number(1), number(-3), x / y, x + 1, -y]
    n = 0
    for a in parts:
        for b in parts:
            for op in ("add", "sub", "mul", "div"):
                wanted_b = value(b, numbers)
                if op == "div" and wanted_b == 0:
                    continue
                plain = Node(op, (a, b))
                assert value(build(op, (a, b), {}), numbers) == pytest.approx(value(plain, numbers))
                n += 1
    assert n > 350


def value(root, numbers):
    made = {}
    for node in in_order(root):
        args = tuple(made[id(a)] for a in node.args)
        leaf = numbers.get(node.value, node.value) if node.is_symbol else node.value
        made[id(node)] = apply(node.op, args, dict(node.attrs)) if args else leaf
    return made[id(root)]


def test_a_quotient_of_whole_numbers_stays_one():
    assert (number(1) / 3).op == "div"
    assert same(number(6) / 3, number(2.0))
    assert (number(1) / 0).op == "div"


def test_order_has_arguments_first_and_shared_parts_once():
    shared = x * y
    root = shared + shared * x
    order = in_order(root)
    place = {id(n): i for i, n in enumerate(order)}
    assert len(place) == len(order) == 5
    assert all(place[id(a)] < place[id(n)] for n in order for a in n.args)


def test_depth_needs_no_recursion():
    node = x
    for _ in range(50_000):
        node = apply("tanh", (node,), {})
    assert len(in_order(node)) == 50_001
    assert symbols(node) == ["x"]
    assert is_elementwise(node)


def test_substitute_replaces_and_keeps_the_rest():
    root = x * y + x
    assert same(substitute(root, {"x": 2}), 2 * y + 2)
    assert same(substitute(root, {"y": x}), x * x + x)
    assert same(substitute(root, {"other": 1}), root)


def test_arrays_do_not_swallow_nodes():
    assert isinstance(np.float64(2) * x, Node)
    with pytest.raises((TypeError, AttributeError, ValueError)):
        np.ones(3) * x


def test_elementwise_ends_at_the_first_reduction():
    assert is_elementwise(x * y)
    assert not is_elementwise(apply("sum", (x,), {}) * y)
