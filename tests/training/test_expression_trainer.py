"""`Trainer`: the tree's own gradient, several inputs, honest ends, refusals that name the cause."""

from __future__ import annotations

import numpy as np
import pytest
from tests.yardstick import SECOND, within

from neurogebra import Expression, MathForge
from neurogebra.core.trainer import Trainer
from neurogebra.errors import BadValue, DataError, NotReady, UnknownName
from neurogebra.optim import OPTIMIZERS


def line(m=0.0, b=0.0):
    return Expression("fit_line", "m*x + b", {"m": m, "b": b}, ["m", "b"])


def data(seed=0, noise=0.5):
    X = np.linspace(0, 10, 100)
    return X, 2 * X + 1 + np.random.default_rng(seed).normal(0, noise, 100)


@pytest.mark.parametrize("seed", range(3))
def test_the_documented_line_lands_on_least_squares_in_a_second(seed):
    X, y = data(seed)
    m, b = np.polyfit(X, y, 1)
    e = line()
    trainer = Trainer(e, learning_rate=0.01, optimizer="adam")
    fit = trainer.fit
    history = within(2 * SECOND, lambda: fit(X, y, epochs=200, verbose=False))
    assert e.params["m"] == pytest.approx(m, abs=0.02)
    assert e.params["b"] == pytest.approx(b, abs=0.03)
    assert trainer.converged
    assert set(history) == {"loss", "params", "converged", "why"}
    assert len(history["loss"]) == len(history["params"]) == 200
    assert history["params"][-1] == e.params
    assert history["loss"][-1] == pytest.approx(np.mean((m * X + b - y) ** 2), rel=1e-2)
    assert trainer.history is history


def test_without_noise_the_line_is_found():
    X, y = data(noise=0.0)
    e = line()
    Trainer(e, 0.01, "adam").fit(X, y, epochs=300, verbose=False)
    assert f"m={e.params['m']:.2f}, b={e.params['b']:.2f}" == "m=2.00, b=1.00"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss(optimizer):
    X, y = data(noise=0.0)
    trainer = Trainer(line(), OPTIMIZERS[optimizer].learning_rate / 10, optimizer)
    losses = trainer.fit(X / 10, y / 10, epochs=30, verbose=False)["loss"]
    assert losses[-1] < losses[0]


def test_a_step_is_the_rule_on_the_true_gradient():
    X, y = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 2.0])
    e = line(0.5, -1.0)
    Trainer(e, 0.1, "sgd").fit(X, y, epochs=1, batch_size=3, verbose=False)
    error = 0.5 * X - 1.0 - y
    assert e.params["m"] == pytest.approx(0.5 - 0.1 * np.mean(2 * error * X), rel=1e-12)
    assert e.params["b"] == pytest.approx(-1.0 - 0.1 * np.mean(2 * error), rel=1e-12)


@pytest.mark.parametrize(("loss", "center"), [("mse", 4.0), ("mae", 2.0)])
def test_the_loss_decides_what_is_learned(loss, center):
    """Squares lead to the mean, absolute values to the median."""
    e = Expression("constant", "c + 0*x", {"c": 0.0}, ["c"])
    y = np.array([0.0, 1.0, 2.0, 3.0, 14.0])
    trainer = Trainer(e, 0.01, "sgd")
    trainer.fit(np.ones(5), y, epochs=2_000, batch_size=5, loss_fn=loss, verbose=False)
    assert e.params["c"] == pytest.approx(center, abs=0.02)


def test_only_trainable_parameters_move():
    X, y = data()
    e = Expression("f", "m*x + b", {"m": 0.5, "b": 3.0}, ["m"])
    Trainer(e, 0.001).fit(X, y, epochs=2, verbose=False)
    assert e.params["b"] == 3.0
    assert e.params["m"] != 0.5


def test_several_inputs_by_name_or_in_order():
    rng = np.random.default_rng(4)
    u, v = rng.normal(size=(2, 50))
    y = 3 * u - 2 * v
    table = {"u": u, "v": v}
    given = {
        "names": {"v": v, "u": u},
        "columns": np.stack([u, v], axis=1),
        "table": type("Table", (), {"columns": ["u", "v"], "__getitem__": lambda s, n: table[n]})(),
    }  # fmt: skip
    found = []
    for X in given.values():
        e = Expression("plane", "a*u + c*v", {"a": 0.0, "c": 0.0}, ["a", "c"])
        Trainer(e, 0.05, "adam").fit(X, y, epochs=60, verbose=False)
        assert e.params["a"] == pytest.approx(3, abs=0.01)
        found.append(dict(e.params))
    assert found[0] == found[1] == found[2]


def test_a_vector_of_parameters():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, -2.0, 0.5]
    e = Expression("linear", "matmul(X, w)", {"w": np.zeros(3)}, ["w"])
    Trainer(e, 0.05, "adam").fit(X, y[:, None], epochs=100, verbose=False)
    np.testing.assert_allclose(e.params["w"], [1, -2, 0.5], atol=0.01)


def test_a_formula_of_the_book_is_trained():
    e = MathForge().get("leaky_relu", params={"alpha": 0.5}, trainable=True)
    x = np.linspace(-2, 2, 40)
    Trainer(e, 0.01, "adam").fit(x, np.where(x > 0, x, 0.1 * x), epochs=100, verbose=False)
    assert e.params["alpha"] == pytest.approx(0.1, abs=1e-3)


def test_fits_are_repeatable_and_leave_the_global_generator_alone():
    X, y = data()
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    runs = []
    for seed in (1, 1, 2):
        e = line()
        Trainer(e).fit(X / 10, y, epochs=3, verbose=False, seed=seed)
        runs.append(dict(e.params))
    assert runs[0] == runs[1] != runs[2]
    assert (np.random.get_state()[1] == before).all()


def test_the_callback_sees_each_epoch():
    X, y = data()
    seen = []
    trainer = Trainer(line(), 0.001)
    history = trainer.fit(X, y, epochs=3, verbose=False, callback=lambda *a: seen.append(a))
    assert [epoch for epoch, _, _ in seen] == [0, 1, 2]
    assert [loss for _, loss, _ in seen] == history["loss"]
    assert [params for _, _, params in seen] == history["params"]


def test_reset_begins_again():
    X, y = data()
    e = line(0.25)
    trainer = Trainer(e, 0.01, "adam")
    first = trainer.fit(X, y, epochs=2, verbose=False)
    trainer.reset()
    assert e.params == {"m": 0.25, "b": 0.0}
    assert trainer.history == {
        "loss": [],
        "params": [],
        "converged": False,
        "why": "nothing was fitted",
    }
    assert trainer.fit(X, y, epochs=2, verbose=False) == first


def test_it_says_whether_it_converged(capsys):
    X, y = data()
    trainer = Trainer(line(), 0.0001)
    trainer.fit(X / 10, y, epochs=10)
    told = capsys.readouterr().out
    assert "epoch 10/10" in told
    assert "not converged" in told
    assert "more epochs" in told
    assert not trainer.converged
    assert told.rstrip().endswith(trainer.history["why"])
    trainer = Trainer(line(), 0.01, "adam")
    trainer.fit(X, y, epochs=200)
    assert "\nconverged" in capsys.readouterr().out
    Trainer(line(), 0.001).fit(X, y, epochs=1)
    assert "1 epoch cannot show it" in capsys.readouterr().out
    Trainer(line(), 0.001).fit(X, y, epochs=2, verbose=False)
    assert capsys.readouterr().out == ""


def test_a_diverging_fit_stops_and_keeps_the_last_finite_parameters():
    X, y = data()
    e = line()
    trainer = Trainer(e, 10.0)
    with pytest.raises(BadValue, match=r"learning_rate: .* try 1") as refused:
        trainer.fit(X, y, epochs=500, verbose=False)
    assert "epoch" in str(refused.value)
    assert trainer.history["why"].startswith("diverged at epoch ")
    assert "learning rate 10 is too large; try 1" in trainer.history["why"]
    assert not trainer.converged
    assert all(np.isfinite(v) for v in e.params.values())


@pytest.mark.parametrize(("name", "near"), [("Adam", "adam"), ("adamm", "adam"), ("sdg", "sgd")])
def test_an_unknown_optimizer_names_the_near_ones(name, near):
    with pytest.raises(UnknownName, match=near):
        Trainer(line(), optimizer=name)


def test_an_unknown_loss_names_the_near_ones():
    X, y = data()
    for name in ("msee", "Mse"):
        with pytest.raises(UnknownName, match="did you mean 'mse'"):
            Trainer(line()).fit(X, y, loss_fn=name, verbose=False)
    with pytest.raises(UnknownName):
        Trainer(line()).fit(X, y, loss_fn="relu", verbose=False)


def test_nothing_to_train_is_said():
    with pytest.raises(NotReady, match="trainable=True"):
        Trainer(MathForge().get("leaky_relu"))


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), "0.1"])
def test_a_learning_rate_is_a_number_above_zero(rate):
    with pytest.raises(BadValue, match="learning_rate"):
        Trainer(line(), learning_rate=rate)


GOOD = np.arange(4.0)
BAD_ROWS = {
    "y is not finite in row 2": (GOOD, [0, 1, np.nan, 3]),
    "X is not finite in row 1": ([0, np.inf, 2, 3], GOOD),
    "y is not numbers": (GOOD, ["a", "b", "c", "d"]),
    "x has 3 rows, y has 4": (GOOD[:3], GOOD),
    "no rows": ([], []),
    "X has no column 'x', only X": ({"X": GOOD}, GOOD),
    "no input 'z'": ({"x": GOOD, "z": GOOD}, GOOD),
}


@pytest.mark.parametrize("words", BAD_ROWS)
def test_rows_that_cannot_be_learned_from_are_told(words):
    X, y = BAD_ROWS[words]
    with pytest.raises(DataError, match=words):
        Trainer(line()).fit(X, y, verbose=False)


def test_columns_that_do_not_match_the_inputs_are_told():
    e = Expression("plane", "a*u + v", {"a": 0.0}, ["a"])
    for X in (GOOD, np.ones((4, 3))):
        with pytest.raises(DataError, match="2 columns for the inputs u, v"):
            Trainer(e).fit(X, GOOD, verbose=False)


@pytest.mark.parametrize("options", [{"epochs": 0}, {"batch_size": 0}, {"epochs": 1.5}])
def test_counts_are_whole(options):
    with pytest.raises(BadValue, match="a whole number"):
        Trainer(line()).fit(GOOD, GOOD, verbose=False, **options)


def test_a_prediction_of_another_shape_is_refused():
    e = Expression("f", "a*matmul(X, X)", {"a": 1.0}, ["a"])
    with pytest.raises(DataError, match="one value a row"):
        Trainer(e).fit(np.ones((4, 4)), GOOD, verbose=False)
