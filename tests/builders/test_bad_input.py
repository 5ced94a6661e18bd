"""What cannot be learned from is a sentence that says where, and leaves the model as it was."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.builders.estimators import NeurogebraClassifier, NeurogebraRegressor
from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import BadValue, DataError
from neurogebra.observatory.events import Note
from neurogebra.observatory.sinks.ndjson import TieredStorage

builder = ModelBuilder()
X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


def model(units=1, last="sigmoid", loss="binary_crossentropy", **options):
    made = builder.Sequential([builder.Dense(4, "tanh"), builder.Dense(units, last)])
    made.compile(loss=loss, **options)
    return made


def with_value(value, row=3, column=1):
    changed = X.copy()
    changed[row, column] = value
    return changed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y": y * 4}, r"row \d+ .*4.*from 0 to 1"),
        ({"y": y - 7}, r"row \d+ .*-"),
        ({"X": X[:0], "y": y[:0]}, "no rows"),
        ({"X": X[:1], "y": y[:1]}, "1 row cannot be divided; give validation_split=0"),
        ({"X": with_value(np.nan)}, "row 3, column 1 is nan"),
        ({"X": with_value(-np.inf)}, "row 3, column 1 is -inf"),
        ({"X": with_value(1e300)}, "row 3, column 1 is 1e.300.*float32"),
        ({"y": np.where(y == 1, np.nan, 0)}, r"y: row \d+"),
        ({"y": y[:-1]}, "39 targets for 40 rows"),
        ({"y": np.array(["yes", "no"] * 20)}, "numbers"),
        ({"X": [[1, 2, 3], [4, 5]], "y": [0, 1]}, "different lengths"),
        ({"X": np.full((40, 3), None)}, "numbers"),
        ({"y": {"output": y, "other": y}}, "other"),
        ({"sample_weight": np.ones(3)}, "sample_weight"),
        ({"sample_weight": -np.ones(40)}, "sample_weight"),
        ({"class_weight": {5: 1.0}}, "class_weight"),
    ],
)
def test_a_fit_says_what_is_wrong_and_changes_nothing(given, words):
    made = model()
    before = made.predict(X)
    with pytest.raises((DataError, BadValue), match=words):
        made.fit(**{"X": X, "y": y, "verbose": False, "epochs": 2, **given})
    assert np.array_equal(made.predict(X), before)
    assert made.history == {}


def test_a_class_outside_the_outputs_is_said():
    with pytest.raises(DataError, match=r"row 0 has the class 3.*classes 0 to 2"):
        model(3, "softmax", "categorical_crossentropy").fit(X, np.full(40, 3), verbose=False)


def test_one_row_is_learned_from_where_nothing_is_held_back():
    history = model().fit(X[:1], y[:1], epochs=3, validation_split=0, verbose=False)
    assert len(history["loss"]) == 3


def test_targets_that_are_all_the_same_are_remarked(capsys):
    for target, told in ((np.ones(40), True), (y, False)):
        seen = []
        model().fit(X, target, epochs=1, verbose=False, callbacks=[seen.append])
        notes = [e.message for e in seen if isinstance(e, Note)]
        assert bool(notes) is told
    model().fit(X, np.ones(40), epochs=1)
    assert "there is nothing to learn" in " ".join(capsys.readouterr().out.split())


def test_a_rate_that_diverges_is_a_sentence_with_what_to_try(tmp_path, capsys):
    def steep():
        return model(1, "linear", "mse", optimizer="sgd", learning_rate=1e20)

    with pytest.warns(RuntimeWarning, match=r"diverged: at update \d.*learning rate of 1e\+19"):
        steep().fit(X, X[:, 0], epochs=20, verbose=False, seed=0)
    storage = TieredStorage(tmp_path)
    steep().fit(X, X[:, 0], epochs=20, seed=0, callbacks=[storage])
    text = capsys.readouterr().out
    assert "Training diverged" in text
    assert "Lower the learning rate" in text
    assert "diverged" in storage.read_basic()[-2]["message"]
    for kind in (NeurogebraRegressor, NeurogebraClassifier):
        with pytest.raises(DataError, match="training diverged"):
            kind(optimizer="sgd", learning_rate=1e200, batch_size=4).fit(1e3 * X, y)
    flat = model(1, "linear", "mse", optimizer="sgd", learning_rate=1e-3)
    flat.fit(X, X[:, 0], epochs=2, verbose=False, seed=0)  # a rate that is right says nothing
