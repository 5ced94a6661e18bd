"""Update rules as formulas and as pure functions; what they compute is held in tests/laws."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from neurogebra.core.differentiate import gradient
from neurogebra.core.tree import Node, in_order, symbol, symbols
from neurogebra.ops import ALPHABET
from neurogebra.optim import OPTIMIZERS

every_rule = pytest.mark.parametrize("name", OPTIMIZERS)


def run(name, w, slope, steps, *, lr, **options):
    """Return the weights of each step, from w against slope(w)."""
    row, slots, path = OPTIMIZERS[name], {}, []
    for t in range(1, steps + 1):
        more = {"w": w} if row.takes_weights else {}
        change, slots = row.rule(slope(w), slots, t, lr=lr, **options, **more)
        w = w + change
        path.append(w)
    return path


# The defaults of the papers, or of torch where a paper leaves them open.
USUAL = {"mu": 0.9, "rho": 0.9, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "decay": 0.01}
PAPERS = {
    **{name: {"lr": 0.01} for name in ("sgd", "momentum", "nesterov")},
    "adagrad": {"lr": 0.01, "eps": 1e-10},
    "adadelta": {"lr": 1.0, "eps": 1e-6},
    "adamax": {"lr": 0.002},
    "nadam": {"lr": 0.002, "psi": 0.004},
    "lion": {"lr": 1e-4, "b2": 0.99, "decay": 0.0},
    "lamb": {"eps": 1e-6},
    "muon": {"mu": 0.95, "decay": 0.1},
}


@every_rule
def test_defaults_are_those_of_the_papers(name):
    row = OPTIMIZERS[name]
    own = PAPERS.get(name, {})
    assert row.options == {key: {**USUAL, **own}[key] for key in row.options}
    assert row.learning_rate == own.get("lr", 0.001)
    assert OPTIMIZERS[name].source
    assert inspect.getdoc(OPTIMIZERS[name].rule)


@every_rule
def test_rules_are_formulas_too(name):
    """Fed with symbols a rule prints itself, and the formula gives the same numbers."""
    row, values = OPTIMIZERS[name], {"g": 0.3, "t": 3.0, "lr": 0.1, "w": 2.0}
    more = row.roles(symbol("w"), ())
    g, t, lr = symbol("g"), symbol("t"), symbol("lr")
    names = list(row.rule(g, {}, t, lr=lr, **more)[1])
    slots = {n: symbol(f"s_{n}") for n in names}
    change, new = row.rule(g, slots, t, lr=lr, **more)
    assert isinstance(change, Node)
    assert {"g", "lr"} <= set(symbols(change))
    values |= {f"s_{n}": 0.2 + 0.1 * i for i, n in enumerate(names)}
    plain = row.roles(values["w"], ())
    before = {n: values[f"s_{n}"] for n in names}
    want, after = row.rule(values["g"], before, values["t"], lr=values["lr"], **plain)
    assert number(change, values) == pytest.approx(want, rel=1e-14)
    for n in names:
        assert number(new[n], values) == pytest.approx(after[n], rel=1e-14)
    assert number(gradient(change, [lr])[0], values) == pytest.approx(want / values["lr"])


def number(root: Node, values: dict[str, float]) -> float:
    memo: dict[int, object] = {}
    for node in in_order(root):
        args = [memo[id(a)] for a in node.args]
        leaf = values[node.value] if node.is_symbol else node.value
        memo[id(node)] = ALPHABET[node.op].value(*args) if args else leaf
    return float(memo[id(root)])  # type: ignore[arg-type]


def test_decay_acts_on_the_weights_and_not_on_the_gradient():
    (after,) = run("adamw", np.array([2.0]), lambda w: 0 * w, 1, lr=0.1, decay=0.5)
    assert after[0] == pytest.approx(2.0 - 0.1 * 0.5 * 2.0)


def test_slots_of_the_caller_are_left_alone():
    slots = {"m": np.ones(2), "v": np.ones(2)}
    OPTIMIZERS["adam"].rule(np.ones(2), slots, 1)
    assert slots["m"].tolist() == slots["v"].tolist() == [1.0, 1.0]
