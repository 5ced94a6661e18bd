"""L-BFGS against SciPy, momentum against torch, slopes counted, verdicts held to the truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neurogebra import Expression
from neurogebra.core.trainer import Trainer
from neurogebra.errors import BadValue, UnknownName
from neurogebra.optim.lbfgs import lbfgs
from neurogebra.training import expression_objective
from neurogebra.training.expression_objective import Objective, flat, unflat
from neurogebra.training.expression_verdict import verdict

optimize = pytest.importorskip("scipy.optimize")

x = np.linspace(0, 10, 100)
rng = np.random.default_rng(0)
noise = rng.normal(0, 0.05, 100)
outliers = np.where(np.arange(100) % 10 == 0, 30.0, 0.0)
X3 = rng.normal(size=(100, 3))
# formula, first parameters, X, y, loss, the same prediction in NumPy
PROBLEMS = {
    "line": ("m*x + b", {"m": 0.0, "b": 0.0}, x, 2 * x + 1 + noise, "mse",
             lambda p, x: p[0] * x + p[1]),
    "decay": ("a*exp(-k*x)", {"a": 1.0, "k": 0.1}, x, 3 * np.exp(-0.7 * x) + noise, "mse",
              lambda p, x: p[0] * np.exp(-p[1] * x)),
    "logistic": ("L/(1 + exp(-k*(x - c)))", {"L": 1.0, "k": 1.0, "c": 3.0}, x,
                 4 / (1 + np.exp(-1.5 * (x - 5))) + noise, "mse",
                 lambda p, x: p[0] / (1 + np.exp(-p[1] * (x - p[2])))),
    "Rosenbrock": ("where(x > 0, 10*(b - a**2), 1 - a)", {"a": -1.2, "b": 1.0},
                   np.array([0.0, 1.0]), np.zeros(2), "mse",
                   lambda p, x: np.where(x > 0, 10 * (p[1] - p[0] ** 2), 1 - p[0])),
    "robust": ("m*x + b", {"m": 0.0, "b": 0.0}, x, 2 * x + 1 + noise + outliers, "huber",
               lambda p, x: p[0] * x + p[1]),
    "vector": ("tanh(matmul(X, w)) + b", {"w": np.zeros(3), "b": 0.0}, X3,
               np.tanh(X3 @ [0.5, -0.4, 0.2]) + 1 + noise, "mse",
               lambda p, X: np.tanh(X @ p[:3]) + p[3]),
}  # fmt: skip
LOSSES = {
    "mse": lambda e: np.mean(e**2),
    "huber": lambda e: np.mean(np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5)),
}


def fitted(text, params, X, y, optimizer="lbfgs", rate=0.01, epochs=200, **options):
    e = Expression("f", text, params, list(params))
    trainer = Trainer(e, rate, optimizer)
    trainer.fit(X, y, epochs=epochs, verbose=False, **options)
    return e, trainer


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_minimum_is_scipys(problem):
    text, params, X, y, loss, predict = PROBLEMS[problem]
    e, trainer = fitted(text, params, X, y, loss_fn=loss)
    start = np.concatenate([np.ravel(v) for v in params.values()])
    target = lambda p: LOSSES[loss](predict(p, X) - y)  # noqa: E731
    theirs = optimize.minimize(target, start, method="L-BFGS-B", tol=1e-14)
    ours = np.concatenate([np.ravel(e.params[n]) for n in params])
    assert trainer.history["loss"][-1] == pytest.approx(target(ours), rel=1e-9, abs=1e-15)
    assert trainer.history["loss"][-1] <= theirs.fun * (1 + 1e-8) + 1e-12
    np.testing.assert_allclose(ours, theirs.x, rtol=2e-4, atol=2e-5)
    assert trainer.converged, trainer.history["why"]
    losses = trainer.history["loss"]
    assert all(b < a for a, b in itertools.pairwise(losses))
    assert len(losses) <= 60


@pytest.mark.parametrize("name", ["rosen", "quartic"])
def test_the_pure_function_against_scipy_in_many_dimensions(name):
    quartic = (lambda w: float(np.sum((w - 1) ** 4 + w**2)), lambda w: 4 * (w - 1) ** 3 + 2 * w)
    f, g = {"rosen": (optimize.rosen, optimize.rosen_der), "quartic": quartic}[name]
    start = np.linspace(-1, 2, 30)
    *_, last = lbfgs(lambda w: (float(f(w)), g(w)), start)
    theirs = optimize.minimize(f, start, jac=g, method="L-BFGS-B", tol=1e-14)
    assert last.value <= theirs.fun + 1e-9
    np.testing.assert_allclose(last.at, theirs.x, atol=1e-4)


def test_a_wrong_slope_does_not_reach_the_minimum():
    """The tooth: the tests above see a slope that is not the tree's."""
    wrong = lambda w: np.array([1.0, 1.3]) * optimize.rosen_der(w) + 0.1  # noqa: E731
    points = list(lbfgs(lambda w: (float(optimize.rosen(w)), wrong(w)), np.array([-1.2, 1.0])))
    assert not points or points[-1].value > 1e-3


def test_the_memory_is_worth_its_place():
    def iterations(memory):
        points = enumerate(lbfgs(_bowl, np.ones(20), memory=memory))
        return next(i for i, point in points if point.value < 1e-9)

    assert iterations(20) < iterations(1) / 2


def _bowl(w):
    scale = np.logspace(0, 4, len(w))
    return float(scale @ w**2), 2 * scale * w


@pytest.mark.parametrize("count", [2, 40])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "lbfgs"])
def test_slopes_come_from_the_tree_however_many_parameters(optimizer, count, monkeypatch):
    """Finite differences would take a pass a parameter."""
    made = []
    monkeypatch.setattr(
        "neurogebra.training.expression_trainer.Objective",
        lambda *a: made.append(Objective(*a)) or made[0],
    )
    X = np.random.default_rng(1).normal(size=(200, count))
    y = X @ np.arange(count) + 1
    _, trainer = fitted("matmul(X, w)", {"w": np.zeros(count)}, X, y, optimizer, 0.01, 10)
    epochs = len(trainer.history["loss"])
    passes = made[0].runs
    assert passes <= 3 * epochs + 3 if optimizer == "lbfgs" else passes == 10 * 20 + 10 + 2


def test_the_slope_is_exact_where_differences_are_not():
    e = Expression("f", "a*exp(-k*x)", {"a": 2.0, "k": 0.5}, ["a", "k"])
    y = np.zeros(100)
    loss, slopes = Objective(e.maths, "mse")(e.params, {"x": x}, y)
    f = 2 * np.exp(-0.5 * x)
    assert loss == pytest.approx(np.mean(f**2), rel=1e-14)
    assert slopes["a"] == pytest.approx(np.mean(2 * f * f / 2), rel=1e-14)
    assert slopes["k"] == pytest.approx(np.mean(-2 * f * x * f), rel=1e-14)


def test_momentum_is_torchs():
    torch = pytest.importorskip("torch")
    y = 2 * x + 1 + noise
    e, trainer = fitted("m*x + b", {"m": 0.3, "b": 0.0}, x, y, "momentum", 0.001, 25,
                        batch_size=100)  # fmt: skip
    w = torch.tensor([0.3, 0.0], dtype=torch.float64, requires_grad=True)
    rule = torch.optim.SGD([w], lr=0.001, momentum=0.9)
    losses = []
    for _ in range(25):
        rule.zero_grad()
        loss = torch.mean((w[0] * torch.tensor(x) + w[1] - torch.tensor(y)) ** 2)
        loss.backward()
        rule.step()
        losses.append(loss.item())
    np.testing.assert_allclose([e.params["m"], e.params["b"]], w.detach().numpy(), rtol=1e-11)
    np.testing.assert_allclose(trainer.history["loss"][:-1], losses[1:], rtol=1e-11)


@pytest.mark.parametrize("name", ["lbfgs", "l-bfgs"])
def test_batches_are_refused(name):
    with pytest.raises(BadValue, match=r"batch_size: expected none: L-BFGS looks at all rows"):
        fitted("m*x", {"m": 0.0}, x, x, name, batch_size=10)


@pytest.mark.parametrize("name", ["lbgfs", "l-bfg", "LBFGS"])
def test_a_misspelt_name_is_answered(name):
    with pytest.raises(UnknownName, match="bfgs"):
        fitted("m*x", {"m": 0.0}, x, x, name)
    with pytest.raises(BadValue, match="optimizer: expected a name"):
        fitted("m*x", {"m": 0.0}, x, x, None)


# formula, parameters, X, y, optimizer, rate, epochs, converged, words that must stand there
ENDS = {
    "exact": ("m*x + b", {"m": 0.0, "b": 0.0}, x, 2 * x + 1, "lbfgs", 0.01, 50, True, "exact"),
    "level": ("m*x", {"m": 0.0}, x, 2 * x + noise, "lbfgs", 0.01, 50, True, "gradient"),
    "settled": ("m*x", {"m": 0.0}, x, 2 * x + 9 * noise, "adam", 0.01, 300, True, "settled"),
    "few epochs": ("m*x + b", {"m": 0.0, "b": 0.0}, x, 2 * x + 1, "sgd", 1e-4, 20, False,
                   "still falling"),
    "snail": ("m*x + b", {"m": 0.0, "b": 0.0}, x, 2 * x + 1 + noise, "sgd", 1e-9, 200, False,
              "larger learning rate"),
    "valley": ("where(x > 0, 10*(b - a**2), 1 - a)", {"a": -1.2, "b": 1.0}, np.array([0.0, 1.0]),
               np.zeros(2), "sgd", 1e-4, 500, False, "still falling"),
    "restless": ("m*x + b", {"m": 0.0, "b": 0.0}, x, 2 * x + 9 * noise, "sgd", 0.03, 200, False,
                 "smaller learning rate"),
    "rising": ("m*x", {"m": 0.0}, x, x, "sgd", 0.031, 10, False, "rose"),
    "a product": ("a*b*x", {"a": 1.0, "b": 0.5}, x, 2 * x + noise, "lbfgs", 0.01, 90, True,
                  "do not determine a, b"),
    "a product by Adam": ("a*b*x", {"a": 1.0, "b": 0.5}, x, 2 * x + 9 * noise, "adam", 0.002, 400,
                          True, "do not determine a, b"),
    "twice one column": ("matmul(X, w)", {"w": np.zeros(2)}, np.stack([x, x], 1), 2 * x + noise,
                         "lbfgs", 0.01, 50, True, "do not determine w"),
    "a saddle": ("a*b*x", {"a": 0.0, "b": 0.0}, x, 2 * x, "lbfgs", 0.01, 50, False,
                 "do not answer to a, b: begin with other values"),
    "saturated": ("sigmoid(w*(x + 1))", {"w": 900.0}, x, 0 * x, "adam", 0.01, 50, False,
                  "do not answer to w"),
    "dead": ("relu(w*x + b)", {"w": -1.0, "b": -1.0}, x, x, "sgd", 0.01, 50, False,
             "do not answer to w, b"),
    "one idle": ("m*x + where(x > 99, c, 0)", {"m": 0.0, "c": 1.0}, x, 2 * x + noise, "lbfgs",
                 0.01, 50, True, "do not answer to c"),
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_it_says_honestly_how_it_ended(end, capsys):
    text, params, X, y, optimizer, rate, epochs, good, words = ENDS[end]
    options = {"batch_size": len(y)} if end in ("snail", "valley", "rising") else {}
    _, trainer = fitted(text, params, X, y, optimizer, rate, epochs, **options)
    why = trainer.history["why"]
    assert trainer.history["converged"] is trainer.converged is good, why
    assert words in why
    determined = end not in ("a product", "a product by Adam", "twice one column")
    assert ("do not determine" not in why) is determined
    assert ("do not answer" in why) is (end in ("a saddle", "saturated", "dead", "one idle"))


def test_the_verdict_does_not_depend_on_units():
    """Losses and slopes times any factor are judged alike."""
    losses = list(3 + np.exp(-np.linspace(0, 3, 60)))
    for factor in (1e-12, 1.0, 1e12):
        scaled = [factor * v for v in losses]
        assert verdict(scaled, factor)[0] is False
        assert "still falling" in verdict(scaled, factor)[1]
        assert verdict(scaled, 1e-9 * factor)[0] is True


def test_a_loss_that_is_no_number_at_the_start_is_refused():
    with pytest.raises(BadValue, match="begin with other values") as refused:
        fitted("log(a*x)", {"a": -1.0}, x + 1, x)
    assert "nan" in str(refused.value)


def test_values_survive_being_laid_flat():
    like = {"w": np.arange(6.0).reshape(2, 3), "b": 7.0}
    laid = flat(like, like, ("w", "b"))
    back = unflat(laid, like, ("w", "b"))
    assert type(back["b"]) is float
    np.testing.assert_array_equal(back["w"], like["w"])


def test_a_response_that_costs_too_much_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(expression_objective, "_MOST_WORK", 10)
    _, trainer = fitted("a*b*x", {"a": 1.0, "b": 0.5}, x, 2 * x + noise)
    assert trainer.converged
    assert "determine" not in trainer.history["why"]
