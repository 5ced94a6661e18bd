"""Sample weights and class weights: scikit-learn's formula, Keras's divisor, sentences."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.errors import BadValue, DataError
from neurogebra.layers import Dense
from neurogebra.spec import Head, ModelSpec, RunSpec
from neurogebra.training.data import Data, prepare, with_class_weight
from neurogebra.training.session import Session
from neurogebra.training.sources import open_rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 2))
LABELS = np.array([0, 1, 2, 2, 2, 2, 2, 1, 0, 2, 2, 2])
FLAGS = (LABELS == 2).astype(int)
MANY = ModelSpec("m", (2,), (Dense(3, "softmax"),))
FLAG = ModelSpec("m", (2,), (Dense(1, "sigmoid"),))
LINE = ModelSpec("m", (2,), (Dense(1),))
STEPS = ModelSpec("m", (4, 2), (Dense(3, "softmax"),))
CLASSES = RunSpec(loss="categorical_crossentropy", dtype="float64")
BINARY = RunSpec(loss="binary_crossentropy", dtype="float64")


def weights(model, run, y, **given) -> np.ndarray:
    x = np.zeros((len(y), *model.in_shape))
    return prepare(model, run, x, y, **given).weights["output"]


@pytest.mark.parametrize(
    ("model", "run", "y"),
    [
        (MANY, CLASSES, LABELS),
        (MANY, CLASSES, np.where(LABELS == 1, 0, LABELS)),
        (FLAG, BINARY, FLAGS),
        (LINE, RunSpec(loss="hinge", dtype="float64"), 2 * FLAGS - 1),
    ],
)
def test_balanced_is_scikit_learns(model, run, y):
    sk = pytest.importorskip("sklearn.utils.class_weight")
    found = weights(model, run, y, class_weight="balanced")
    want = sk.compute_sample_weight("balanced", y)
    np.testing.assert_allclose(found.ravel(), want, rtol=1e-12)


def test_both_weights_are_multiplied_and_steps_count_by_themselves():
    w = RNG.uniform(0.1, 2, 12)
    found = weights(MANY, CLASSES, LABELS, sample_weight=w, class_weight={0: 3, 2: 0.5})
    np.testing.assert_allclose(found, w * np.array([3, 1, 0.5])[LABELS])
    y = LABELS.reshape(3, 4)
    table = np.array([3, 1, 0.5])
    found = weights(STEPS, CLASSES, y, class_weight={0: 3, 2: 0.5})
    np.testing.assert_allclose(found, table[y])
    found = weights(STEPS, CLASSES, y, sample_weight=w[:3], class_weight={0: 3, 2: 0.5})
    np.testing.assert_allclose(found, w[:3, None] * table[y])
    found = weights(STEPS, CLASSES, y, sample_weight=w.reshape(3, 4))
    np.testing.assert_allclose(found, w.reshape(3, 4))


def test_weights_go_with_their_rows():
    w = np.arange(1.0, 13)
    run = RunSpec(loss="mse", batch_size=5, dtype="float64")
    data = prepare(LINE, run, X, X[:, 0], sample_weight=w)
    for batch in data.epoch(0, run):
        for x, weight in zip(batch.x, batch.weights["output"], strict=True):
            assert weight[0] == w[np.flatnonzero((x == X).all(1))[0]]
    assert prepare(LINE, run, X, X[:, 0]).weights is None
    assert data.at(np.array([3, 1])).weights["output"].ravel().tolist() == [4, 2]


def test_the_loss_is_divided_by_the_rows_and_metrics_count_all_alike():
    run = RunSpec(loss="mse", dtype="float64", batch_size=5)
    y, w = RNG.normal(size=12), RNG.uniform(0, 3, 12)
    data = prepare(LINE, run, X, y, sample_weight=w)
    session = Session(LINE, run, data)
    e = y - session.network.predict(data.x)["output"][:, 0]
    found = session.evaluate(data)
    assert found["loss"] == pytest.approx((w * e**2).sum() / 12)
    assert found["mae"] == pytest.approx(np.abs(e).mean())


@pytest.mark.parametrize("engine", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_rows_of_weight_0_teach_nothing(engine):
    run = RunSpec(loss="mse", dtype="float64", engine=engine, epochs=3, batch_size=None)
    y, w = X[:, 0].copy(), np.ones(12)
    w[:4] = 0
    plain = prepare(LINE, run, X, y, sample_weight=w)
    y[:4] = 1e6
    spoilt = prepare(LINE, run, X, y, sample_weight=w)
    found = []
    for data in (plain, spoilt):
        session = Session(LINE, run, data)
        for _ in range(5):
            for batch in data.epoch(0, run):
                session.step(batch)
        found.append(session.network.weights())
    for name, array in found[0].items():
        np.testing.assert_array_equal(array, found[1][name])


def test_each_head_has_its_own():
    heads = (
        Head("kind", layers=(Dense(3, "softmax"),), loss="categorical_crossentropy"),
        Head("size", layers=(Dense(1),), loss="mse"),
    )
    model = ModelSpec("two", (2,), (Dense(4),), heads)
    y = {"kind": LABELS, "size": X[:, 0]}
    w = np.arange(1.0, 13)
    data = prepare(model, CLASSES, X, y, sample_weight={"size": w})
    assert list(data.weights) == ["size"]
    data = prepare(model, CLASSES, X, y, sample_weight=w, class_weight={"kind": {0: 2}})
    np.testing.assert_array_equal(data.weights["kind"], w * np.where(LABELS == 0, 2, 1))
    np.testing.assert_array_equal(data.weights["size"][:, 0], w)
    for given, words in (
        ({"sample_weight": {"sise": w}}, "no head 'sise'; did you mean 'size'"),
        ({"class_weight": "balanced"}, "a model of 2 heads takes head → weights"),
        ({"class_weight": {"size": "balanced"}}, r"class_weight\['size'\]: mse has no classes"),
    ):
        with pytest.raises(DataError, match=words):
            prepare(model, CLASSES, X, y, **given)


ONES = np.ones(12)
DICE = RunSpec(loss="dice_loss", dtype="float64")
SHARES = np.full((12, 3), 1 / 3)
REFUSED = [
    (LINE, RunSpec(), X[:, 0], {"sample_weight": ONES[:5]}, r"expected shape \(12,\) or \(12, 1\)"),
    (LINE, RunSpec(), X[:, 0], {"sample_weight": -ONES}, "weight 0 is -1; weights are at least 0"),
    (LINE, RunSpec(), X[:, 0], {"sample_weight": 0 * ONES}, "every weight is 0"),
    (LINE, RunSpec(), X[:, 0], {"sample_weight": np.inf * ONES}, "sample_weight: row 0 is inf"),
    (LINE, RunSpec(), X[:, 0], {"sample_weight": ["a"] * 12}, "expected numbers"),
    (LINE, RunSpec(), X[:, 0], {"sample_weight": 2.0}, "single value"),
    (LINE, RunSpec(), X[:, 0], {"class_weight": {0: 1}}, "mse has no classes; use sample_weight"),
    (FLAG, DICE, FLAGS, {"sample_weight": ONES}, "dice_loss: its value is not a mean over rows"),
    (MANY, CLASSES, LABELS, {"class_weight": {3: 1}}, "there is no class 3, there are 0 to 2"),
    (MANY, CLASSES, LABELS, {"class_weight": {"a": 1}}, "classes are whole numbers, got 'a'"),
    (MANY, CLASSES, LABELS, {"class_weight": {0: "x"}}, "a finite number for class 0, got 'x'"),
    (MANY, CLASSES, LABELS, {"class_weight": {0: -1}}, "weight 0 is -1"),
    (MANY, CLASSES, LABELS, {"class_weight": {0: 0, 1: 0, 2: 0}}, "every weight is 0"),
    (MANY, CLASSES, LABELS, {"class_weight": "even"}, "class → weight or 'balanced', got 'even'"),
    (MANY, CLASSES, SHARES, {"class_weight": "balanced"}, "the targets are shares of classes"),
]


@pytest.mark.parametrize(("model", "run", "y", "given", "words"), REFUSED)
def test_what_cannot_weigh_is_refused(model, run, y, given, words):
    with pytest.raises(DataError, match=words):
        prepare(model, run, X, y, **given)


def test_a_part_of_many_rows_may_weigh_nothing():
    data = prepare(LINE, RunSpec(), X, X[:, 0], sample_weight=0 * ONES, part=True)
    assert not data.weights["output"].any()
    assert isinstance(open_rows(LINE, RunSpec(), X, X[:, 0], sample_weight=ONES), Data)


def test_class_weights_come_on_top_of_what_is_there():
    data = prepare(FLAG, BINARY, X, FLAGS, sample_weight=2 * ONES)
    again = with_class_weight(FLAG, BINARY, data, {1: 3})
    np.testing.assert_array_equal(again.weights["output"][:, 0], np.where(FLAGS, 6, 2))
    np.testing.assert_array_equal(data.weights["output"], 2)


TARGETS = [
    (MANY, RunSpec(loss="categorical_crossentropy_logits"), LABELS, "use the loss 'categorical_c"),
    (FLAG, RunSpec(loss="logistic_loss"), FLAGS, "make the last layer linear"),
    (MANY, CLASSES, np.full((12, 3), 0.2), "row 0 sums to 0.6"),
    (STEPS, CLASSES, np.zeros((3, 5)), r"indices \(rows, 4\) or one-hot rows \(rows, 4, 3\)"),
    (STEPS, CLASSES, np.full((3, 4), 3), "row 0, step 0 has the class 3"),
    (LINE, RunSpec(loss="poisson_loss"), X[:, 0], "poisson_loss takes targets that are not neg"),
    (LINE, RunSpec(loss="gamma_deviance_loss"), 0 * ONES, "row 0 is 0; gamma_deviance_loss takes"),
    (LINE, RunSpec(loss="hinge"), LABELS, "row 2 is 2; hinge takes targets of -1 or 1"),
    (LINE, RunSpec(loss="hinge"), LABELS - 1.0, "row 1 is 0; hinge takes targets of -1 or 1"),
    (LINE, RunSpec(loss="iou_loss"), ONES, "iou_loss takes an output of 4 units, got 1"),
    (MANY, RunSpec(loss="lovasz_hinge"), SHARES, "lovasz_hinge takes an output of one unit, got 3"),
    (STEPS, RunSpec(loss="generalized_dice_loss"), np.zeros((3, 4)), "add Flatten"),
    (LINE, CLASSES, FLAGS, "needs an output of at least 2 units, got 1"),
]


@pytest.mark.parametrize(("model", "run", "y", "words"), TARGETS)
def test_targets_that_a_loss_cannot_take_are_refused(model, run, y, words):
    with pytest.raises(DataError, match=words):
        prepare(model, run, np.zeros((len(y), *model.in_shape)), y)


def test_classes_of_steps_as_numbers_and_one_hot_are_the_same():
    y = LABELS.reshape(3, 4)
    x = np.zeros((3, 4, 2))
    found = [prepare(STEPS, CLASSES, x, t).y["output"] for t in (y, y[..., None], np.eye(3)[y])]
    for one in found:
        np.testing.assert_array_equal(one, np.eye(3)[y])


def test_a_run_is_judged_by_any_metric_in_its_own_direction():
    run = RunSpec(loss="mse", metrics=("r2", "mae"), monitor="r2", epochs=3, dtype="float64")
    session = Session(LINE, run, prepare(LINE, run, X, X[:, 0]))
    judged = [session._judge({"r2": value}) for value in (-0.5, 0.2, 0.1, 0.9)]
    assert judged == [True, True, False, True]
    run = RunSpec(loss="mse", monitor="val_mae", dtype="float64")
    data = prepare(LINE, run, X, X[:, 0])
    session = Session(LINE, run, data, data)
    judged = [session._judge({"val_mae": value}) for value in (0.5, 0.7, 0.4)]
    assert judged == [True, False, True]
    with pytest.raises(BadValue, match=r"monitor: .* got 'val_f1'; there are val_loss, val_acc"):
        Session(FLAG, RunSpec(loss="bce", monitor="val_f1"), prepare(FLAG, BINARY, X, FLAGS))


def test_a_stopped_epoch_goes_on_with_scores_that_were_kept():
    asked = ("roc_auc", "f1", "accuracy", "log_loss")
    run = RunSpec(loss="binary_crossentropy", metrics=asked, batch_size=5, dtype="float64")
    data = prepare(FLAG, run, X, FLAGS, class_weight="balanced")

    def session(steps: int) -> Session:
        made = Session(FLAG, run, data)
        for batch in data.epoch(0, run):
            if batch.index < steps:
                made.step(batch)
        return made

    whole, stopped, again = session(3), session(1), session(0)
    again.restore(*stopped.state())
    for batch in data.epoch(0, run, start=1):
        again.step(batch)
    found = again.end_epoch()[0]
    assert found == whole.end_epoch()[0]
    assert set(found) == {"loss", *asked}
