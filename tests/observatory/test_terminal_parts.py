"""The small decisions of the terminal: which epochs are told, which formula is of what."""

import pytest

from neurogebra.observatory.sinks.spread import evenly
from neurogebra.observatory.sinks.terminal_layers import paired


@pytest.mark.parametrize(
    ("formulas", "params", "pairs"),
    [
        (("∂L/∂W2 = a", "∂L/∂b2 = b"), "Wb", ["W", "b"]),
        (("dL/dW2 = a", "δ2 = c", "∂L/∂b₂ = b"), "bW", ["W", "", "b"]),
        (("∂L/∂γ1 = a", "∂L/∂β1 = b", "∂L/∂x = c"), ("beta", "gamma"), ["gamma", "beta", ""]),
        (("∂L/∂W_price1 = a",), ("W",), ["W"]),
        (("∂L/∂Wx1 = a", "∂L/∂W1 = b"), ("W", "Wx"), ["Wx", "W"]),
        (("∂L/∂x = a",), ("W", "b"), ["", "W", "b"]),
        ((), ("W",), ["W"]),
    ],
)
def test_gradient_formulas_find_their_parameters(formulas, params, pairs):
    found = paired(formulas, list(params))
    assert [param for _, param in found] == pairs
    assert [formula for formula, _ in found][: len(formulas)] == list(formulas)


@pytest.mark.parametrize(
    ("first", "end", "most"), [(0, 3, 10), (0, 1000, 9), (7, 9, 20), (5, 500, 10), (0, 11, 10)]
)
def test_evenly_keeps_both_ends(first, end, most):
    chosen = evenly(first, end, most)
    assert {first, end - 1} <= chosen <= set(range(first, end))
    assert len(chosen) == min(most, end - first)
