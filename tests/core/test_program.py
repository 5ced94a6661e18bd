"""Straight-line programs: what runs is what the tree says, equal parts once."""

import numpy as np
import pytest

from neurogebra.core.program import lowered, program
from neurogebra.core.tree import in_order, symbol
from neurogebra.ops import ALPHABET, apply

x, y = symbol("x"), symbol("y")
# Those on images need attributes; check_lower in tests/ops holds all of them.
LOWERED = [n for n, op in ALPHABET.items() if op.lower and op.arity < 3 and not op.required]


def op(name, *args, **attrs):
    return apply(name, args, attrs)


def run(made, values):
    registers = dict(made.numbers)
    registers.update({r: values[name] for r, name in made.inputs.items()})
    for line in made.lines:
        args = [registers[r] for r in line.args]
        registers[line.out] = ALPHABET[line.op].value(*args, **dict(line.attrs))
    return [registers[r] for r in made.outputs]


def test_it_computes_the_formula():
    a, b = np.linspace(-1, 1, 5), np.linspace(0.5, 2, 5)
    made = program([op("tanh", x * y) + x / y, op("sum", x * y)])
    first, second = run(made, {"x": a, "y": b})
    np.testing.assert_allclose(first, np.tanh(a * b) + a / b)
    np.testing.assert_allclose(second, np.sum(a * b))


def test_equal_parts_are_computed_once():
    made = program([op("exp", x * y) + op("exp", x * y), op("exp", x * y) * 3])
    assert [line.op for line in made.lines].count("exp") == 1
    assert [line.op for line in made.lines].count("mul") == 2


def test_numbers_of_different_kinds_are_not_one():
    made = program([x + 1, x + 1.0, op("where", x, 1, 2)])
    assert sorted(map(repr, made.numbers.values())) == ["1", "1.0", "2"]


def test_attributes_keep_operations_apart():
    made = program([op("sum", x, axis=0), op("sum", x, axis=1), op("sum", x, axis=0)])
    assert len(made.lines) == 2
    assert made.outputs[0] == made.outputs[2]


def test_every_line_comes_after_what_it_needs():
    made = program([op("softplus", op("sin", x) * y) - x])
    known = {*made.numbers, *made.inputs}
    for line in made.lines:
        assert set(line.args) <= known
        known.add(line.out)
    assert made.registers == len(known)


@pytest.mark.parametrize("name", LOWERED)
def test_lowering_removes_an_operation_and_keeps_its_value(name):
    args = (x, y)[: ALPHABET[name].arity]
    root = op(name, *args) * 2 + op(name, *args)
    low = lowered(root, name.__eq__)
    assert name not in {n.op for n in in_order(low)}
    a, b = np.array([[0.3, -1.2], [2.0, 0.1]]), np.array([[1.0, 0.5], [0.2, 3.0]])
    (found,) = run(program([root], name.__eq__), {"x": a, "y": b})
    (wanted,) = run(program([root]), {"x": a, "y": b})
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_lowering_goes_through_what_it_made():
    names = {"log_softmax", "logsumexp", "mean"}
    low = lowered(op("mean", op("log_softmax", x) + op("logsumexp", x)), names.__contains__)
    assert names.isdisjoint(n.op for n in in_order(low))


def test_without_lowering_the_tree_stays_the_same_object():
    root = op("tanh", x) * y
    assert lowered(root, lambda name: False) is root
