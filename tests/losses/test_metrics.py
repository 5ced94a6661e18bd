"""Metrics are scikit-learn's, whatever the batches."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.losses import METRICS

sklearn = pytest.importorskip("sklearn.metrics")
RNG = np.random.default_rng(0)
CLASSES, SCORES = RNG.integers(0, 4, 101), RNG.dirichlet(np.ones(4), 101)
FLAGS, CHANCES = RNG.integers(0, 2, 101), RNG.uniform(size=101)
Y, Y_PRED = RNG.normal(size=(101, 3)), RNG.normal(size=(101, 3))


def in_batches(name: str, y: np.ndarray, y_pred: np.ndarray, size: int) -> float:
    starts = range(0, len(y), size)
    total = METRICS[name].total
    return sum(total(y[i : i + size], y_pred[i : i + size]) for i in starts) / len(y)


@pytest.mark.parametrize("size", [1, 7, 32, 101])
def test_metrics_are_scikit_learns(size):
    assert set(METRICS) == {"accuracy", "mae", "mse"}, "measure the new one here"
    hits = sklearn.accuracy_score(CLASSES, SCORES.argmax(1))
    assert in_batches("accuracy", np.eye(4)[CLASSES], SCORES, size) == pytest.approx(hits)
    hits = sklearn.accuracy_score(FLAGS, CHANCES > 0.5)
    assert in_batches("acc", FLAGS[:, None], CHANCES[:, None], size) == pytest.approx(hits)
    mae = sklearn.mean_absolute_error(Y, Y_PRED)
    assert in_batches("mean_absolute_error", Y, Y_PRED, size) == pytest.approx(mae)
    mse = sklearn.mean_squared_error(Y, Y_PRED)
    assert in_batches("mse", Y, Y_PRED, size) == pytest.approx(mse)


def test_no_score_is_a_hit_by_chance_alone():
    shuffled = RNG.permutation(CLASSES)
    assert in_batches("accuracy", np.eye(4)[shuffled], SCORES, 10) < 0.5
    perfect = np.eye(4)[CLASSES]
    assert in_batches("accuracy", perfect, perfect, 10) == 1.0


def test_totals_are_plain_numbers():
    for metric in METRICS.values():
        assert type(metric.total(np.eye(3, dtype="f4"), np.eye(3, dtype="f4"))) is float
        assert metric.better in ("higher", "lower")
