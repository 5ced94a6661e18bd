"""What a run is fed with is checked: the message names the array, the row and the column."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.errors import DataError
from neurogebra.layers import Dense
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.baseline import baseline
from neurogebra.training.data import prepare

X = np.arange(12.0).reshape(6, 2)


def model(units=1, activation="sigmoid"):
    return ModelSpec("m", (2,), (Dense(units, activation),))


BINARY = RunSpec(loss="binary_crossentropy")
CLASSES = RunSpec(loss="categorical_crossentropy")


@pytest.mark.parametrize(
    ("spec", "run", "x", "y", "sentence"),
    [
        (model(), BINARY, X[:, :1], [0] * 6, r"X: dense_0 expects shape \(rows, 2\), got \(6, 1\)"),
        (model(), BINARY, X[:0], [], "no rows"),
        (model(), BINARY, X, [0] * 5, "5 targets for 6 rows"),
        (model(), BINARY, X, [0, 1, 2, 0, 1, 0], "row 2 is 2"),
        (model(), BINARY, X, np.zeros((6, 2)), r"the output has shape \(rows, 1\)"),
        (model(), BINARY, X, ["a"] * 6, "expected numbers, got <U1"),
        (model(), BINARY, np.where(X == 5, np.nan, X), [0] * 6, "X: row 2, column 1 is nan"),
        (model(), BINARY, np.where(X == 5, 1e300, X), [0] * 6, r"1e\+300.*in float32"),
        (model(), BINARY, X, [0, 1, np.inf, 0, 1, 0], "y: row 2 is inf"),
        (model(), BINARY, 3.0, [0], "single value"),
        (model(3, "softmax"), CLASSES, X, [0, 1, 2, 3, 0, 1], "row 3 has the class 3"),
        (model(3, "softmax"), CLASSES, X, [0, 1, 2, -1, 0, 1], "classes 0 to 2"),
        (model(3, "softmax"), CLASSES, X, [0, 1, 1.5, 0, 0, 1], "row 2 has the class 1.5"),
        (model(1), CLASSES, X, [0] * 6, "at least 2 units"),
        (model(1, "linear"), RunSpec(loss="hinge"), X, [0, 1, 2, 0, 1, 0], "-1 or 1"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_a_sentence(spec, run, x, y, sentence):
    with pytest.raises(DataError, match=sentence):
        prepare(spec, run, x, y)


def test_one_unit_makes_a_column_so_that_nothing_broadcasts():
    data = prepare(model(), BINARY, X, [0, 1, 0, 1, 0, 1])
    assert data.y["output"].shape == (6, 1)
    assert data.x.dtype == np.float32


def test_integer_and_one_hot_labels_are_the_same():
    labels = np.array([0, 2, 1, 1, 0, 2])
    a = prepare(model(3, "softmax"), CLASSES, X, labels)
    b = prepare(model(3, "softmax"), CLASSES, X, np.eye(3)[labels])
    np.testing.assert_array_equal(a.y["output"], b.y["output"])


def test_an_epoch_deals_every_row_once_and_the_last_batch_is_smaller():
    run = RunSpec(loss="mse", batch_size=4, seed=3)
    data = prepare(model(1, "linear"), run, X, X[:, 0])
    batches = list(data.epoch(0, run))
    assert [len(b.x) for b in batches] == [4, 2]
    assert sorted(np.concatenate([b.x[:, 0] for b in batches])) == list(X[:, 0])
    for b in batches:
        np.testing.assert_array_equal(b.x[:, :1], b.y["output"])
    later = list(data.epoch(0, run, start=1))
    np.testing.assert_array_equal(later[0].x, batches[1].x)
    assert not np.array_equal(next(data.epoch(1, run)).x, batches[0].x)


def test_the_baseline_is_the_loss_of_the_best_constant():
    y = np.array([0, 0, 0, 1, 0, 1])
    found = baseline(model(), BINARY, prepare(model(), BINARY, X, y))
    p = 1 / 3
    assert found["trivial_loss"] == pytest.approx(-(p * np.log(p) + (1 - p) * np.log(1 - p)))
    assert found["majority"] == pytest.approx(2 / 3)
    regression = ModelSpec("m", (2,), (Dense(1),))
    run = RunSpec(loss="mse", dtype="float64")
    found = baseline(regression, run, prepare(regression, run, X, X[:, 0]))
    assert found["trivial_loss"] == pytest.approx(np.var(X[:, 0]))
