"""Update rules against torch.optim, as formulas, and on a bowl."""

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


# Ours and torch's settings for the same rule. torch's RMSprop and Adam have eps where ours has.
TWINS = {
    "sgd": ("SGD", {}, {}),
    "momentum": ("SGD", {"mu": 0.8}, {"momentum": 0.8}),
    "nesterov": ("SGD", {"mu": 0.8}, {"momentum": 0.8, "nesterov": True}),
    "rmsprop": ("RMSprop", {"rho": 0.95, "eps": 1e-6}, {"alpha": 0.95, "eps": 1e-6}),
    "adam": ("Adam", {"b1": 0.8, "b2": 0.95, "eps": 1e-6}, {"betas": (0.8, 0.95), "eps": 1e-6}),
    "adamw": (
        "AdamW",
        {"b1": 0.8, "b2": 0.95, "eps": 1e-6, "decay": 0.1},
        {"betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1},
    ),
}


@every_rule
def test_steps_are_those_of_torch(name):
    torch = pytest.importorskip("torch")
    kind, ours, theirs = TWINS[name]
    rng = np.random.default_rng(0)
    first, A = rng.normal(size=6), rng.normal(size=(6, 6))
    w = torch.tensor(first, requires_grad=True)
    twin = getattr(torch.optim, kind)([w], lr=0.03, **theirs)
    path = run(name, first, lambda w: A @ np.sin(w), 8, lr=0.03, **ours)
    for t, mine in enumerate(path, 1):
        w.grad = torch.tensor(A) @ torch.sin(w.detach())
        twin.step()
        np.testing.assert_allclose(mine, w.detach(), rtol=1e-10, err_msg=f"step {t}")


@every_rule
def test_defaults_are_those_of_the_papers(name):
    found = OPTIMIZERS[name].options
    usual = {"mu": 0.9, "rho": 0.9, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "decay": 0.01}
    assert found == {key: usual[key] for key in found}
    assert OPTIMIZERS[name].learning_rate == (0.01 if TWINS[name][0] == "SGD" else 0.001)
    assert OPTIMIZERS[name].source
    assert inspect.getdoc(OPTIMIZERS[name].rule)


@every_rule
def test_rules_are_formulas_too(name):
    """Fed with symbols a rule prints itself, and the formula gives the same numbers."""
    row, values = OPTIMIZERS[name], {"g": 0.3, "t": 3.0, "lr": 0.1, "w": 2.0}
    more = {"w": symbol("w")} if row.takes_weights else {}
    g, t, lr = symbol("g"), symbol("t"), symbol("lr")
    names = list(row.rule(g, {}, t, lr=lr, **more)[1])
    slots = {n: symbol(f"s_{n}") for n in names}
    change, new = row.rule(g, slots, t, lr=lr, **more)
    assert isinstance(change, Node)
    assert {"g", "lr"} <= set(symbols(change))
    values |= {f"s_{n}": 0.2 + 0.1 * i for i, n in enumerate(names)}
    plain = {"w": values["w"]} if row.takes_weights else {}
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


RATES = {"sgd": 0.1, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.02, "adam": 0.1, "adamw": 0.1}


@every_rule
def test_rules_go_down_a_bowl(name):
    """½ wᵀ A w, condition number 20: the distance to the bottom falls a hundredfold."""
    A, first = np.diag([1.0, 4.0, 10.0, 20.0]) / 2, np.array([3.0, -2.0, 1.0, 2.0])
    options = {"decay": 0.0} if name == "adamw" else {}
    path = run(name, first, lambda w: A @ w, 400, lr=RATES[name], **options)
    assert np.linalg.norm(path[-1]) < 0.01 * np.linalg.norm(first)


@every_rule
def test_an_uphill_rule_would_turn_the_law_red(name):
    first = np.array([3.0, -2.0])
    path = run(name, first, lambda w: -w, 50, lr=RATES[name])
    assert np.linalg.norm(path[-1]) > np.linalg.norm(first)


def test_decay_acts_on_the_weights_and_not_on_the_gradient():
    (after,) = run("adamw", np.array([2.0]), lambda w: 0 * w, 1, lr=0.1, decay=0.5)
    assert after[0] == pytest.approx(2.0 - 0.1 * 0.5 * 2.0)


def test_slots_of_the_caller_are_left_alone():
    slots = {"m": np.ones(2), "v": np.ones(2)}
    OPTIMIZERS["adam"].rule(np.ones(2), slots, 1)
    assert slots["m"].tolist() == slots["v"].tolist() == [1.0, 1.0]
