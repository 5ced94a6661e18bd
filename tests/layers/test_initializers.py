"""First weights have the variance that their papers derive."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.layers import INITIALIZERS, Dense

FAN_IN, FAN_OUT = 300, 100
# The variance of each draw [He 2015; Glorot & Bengio 2010; LeCun 1998].
VARIANCES = {
    "normal": 1.0,
    "he_normal": 2 / FAN_IN,
    "he_uniform": 2 / FAN_IN,
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "lecun_normal": 1 / FAN_IN,
    "lecun_uniform": 1 / FAN_IN,
}


def draw(name: str, shape: tuple[int, ...] = (FAN_IN, FAN_OUT), seed: int = 0) -> np.ndarray:
    return INITIALIZERS[name].draw(np.random.default_rng(seed), shape, shape[0], shape[1])


def test_every_initializer_is_measured():
    assert set(INITIALIZERS) == {*VARIANCES, "orthogonal", "zeros", "ones"}


@pytest.mark.parametrize("name", VARIANCES)
def test_variances(name):
    W = draw(name)
    assert W.var() == pytest.approx(VARIANCES[name], rel=0.03)
    assert W.mean() == pytest.approx(0, abs=4 * (VARIANCES[name] / W.size) ** 0.5)


@pytest.mark.parametrize("name", [n for n in VARIANCES if n.endswith("uniform")])
def test_uniform_draws_reach_their_limit_and_not_further(name):
    limit = (3 * VARIANCES[name]) ** 0.5
    assert 0.99 * limit < np.abs(draw(name)).max() <= limit


@pytest.mark.parametrize("name", [n for n in VARIANCES if n.endswith("normal")])
def test_normal_draws_are_normal(name):
    W = draw(name) / VARIANCES[name] ** 0.5
    assert (np.abs(W) < 1).mean() == pytest.approx(0.6827, abs=0.01)
    assert (np.abs(W) < 2).mean() == pytest.approx(0.9545, abs=0.01)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (1, 1)])
def test_orthogonal_draws_keep_lengths(shape):
    W = draw("orthogonal", shape)
    small = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-12)


def test_orthogonal_draws_have_no_favourite_direction():
    signs = [np.linalg.det(draw("orthogonal", (3, 3), seed)) for seed in range(60)]
    assert 15 < sum(s > 0 for s in signs) < 45
    first = np.array([draw("orthogonal", (3, 3), seed)[:, 0] for seed in range(400)])
    np.testing.assert_allclose(first.mean(0), 0, atol=0.12)


@pytest.mark.parametrize(("name", "value"), [("zeros", 0.0), ("ones", 1.0)])
def test_constants(name, value):
    assert np.all(draw(name) == value)


def test_dense_draws_by_its_initializer_and_starts_with_a_bias_of_0():
    p = Dense(FAN_OUT, initializer="lecun_uniform").init((FAN_IN,), np.random.default_rng(0))
    np.testing.assert_array_equal(p["W"], draw("lecun_uniform"))
    assert not p["b"].any()
    assert INITIALIZERS["xavier"] is INITIALIZERS["glorot_normal"]
