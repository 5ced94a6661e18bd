"""Every metric, gathered in batches of uneven sizes, is scikit-learn's over all rows."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurogebra.errors import BadValue, DataError
from neurogebra.layers import Dense
from neurogebra.losses import METRICS, metrics_classes, metrics_numbers
from neurogebra.spec import Head, ModelSpec, RunSpec
from neurogebra.training.measures import Measures

sk = pytest.importorskip("sklearn.metrics")
UNEVEN = (1, 7, 2, 30, 5, 1, 55)
ENDS = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "mse": "linear",
}


def measured(name: str, loss: str, y: np.ndarray, p: np.ndarray, sizes=UNEVEN) -> float:
    """The metric of outputs p, (rows, …, units), gathered batch by batch."""
    model = ModelSpec("m", y.shape[1:], (Dense(y.shape[-1], ENDS.get(loss, "linear")),))
    measures = Measures(model, RunSpec(loss=loss, metrics=(name,)))
    start = 0
    for size in (*sizes, len(y)):
        part = slice(start, min(start + size, len(y)))
        if part.start < part.stop:
            measures.add(0.0, {"output": y[part]}, {"output": p[part]})
        start += size
    return measures.values()[METRICS[name].name]


def silent(function):
    """Scikit-learn's value without its warnings; NaN where it refuses."""

    def call(*args):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return function(*args)
            except ValueError:
                return np.nan

    return call


def averages(name, function):
    return {f"{name}_{w}": partial(function, average=w) for w in ("macro", "micro", "weighted")}


# Of labels: (true, answered). For many classes, for yes and no, and for several yes and no.
RATES = {
    **averages("precision", sk.precision_score),
    **averages("recall", sk.recall_score),
    **averages("f1", sk.f1_score),
    **averages("jaccard", sk.jaccard_score),
}
ONE_LABEL = {
    "accuracy": sk.accuracy_score,
    "subset_accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "mcc": sk.matthews_corrcoef,
    "cohen_kappa": sk.cohen_kappa_score,
    **RATES,
}
TWO = {
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "jaccard": sk.jaccard_score,
    "specificity": partial(sk.recall_score, pos_label=0),
    **ONE_LABEL,
}
SEVERAL = {
    "subset_accuracy": sk.accuracy_score,
    "accuracy": lambda y, p: 1 - sk.hamming_loss(y, p),
    **RATES,
}
# Of chances: (true, chances).
TWO_CHANCES = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": partial(sk.log_loss, labels=[0, 1]),
    "brier": sk.brier_score_loss,
}
SEVERAL_CHANCES = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "brier": sk.mean_squared_error,
    "log_loss": lambda y, p: np.mean(
        [sk.log_loss(*c, labels=[0, 1]) for c in zip(y.T, p.T, strict=True)]
    ),
}


def many_chances(k):
    labels = list(range(k))
    one_hot = np.eye(k)
    return {
        "roc_auc": partial(sk.roc_auc_score, multi_class="ovr", labels=labels),
        "average_precision": lambda y, p: sk.average_precision_score(one_hot[y], p),
        "log_loss": partial(sk.log_loss, labels=labels),
        "brier": lambda y, p: ((one_hot[y] - p) ** 2).sum(-1).mean(),
        **{
            f"top_{t}": partial(sk.top_k_accuracy_score, k=t, labels=labels)
            for t in (2, 3, 5, 10)
            if t < k
        },
    }


NUMBERS = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "mape": sk.mean_absolute_percentage_error,
    "smape": lambda y, p: (2 * np.abs(y - p) / (np.abs(y) + np.abs(p))).mean(),
    "msle": sk.mean_squared_log_error,
    "rmsle": sk.root_mean_squared_log_error,
    "r2": sk.r2_score,
    "explained_variance": sk.explained_variance_score,
    "median_absolute_error": sk.median_absolute_error,
    "max_error": lambda y, p: sk.max_error(y.ravel(), p.ravel()),
    "pearson": lambda y, p: np.mean(
        [np.corrcoef(y[:, i], p[:, i])[0, 1] for i in range(y.shape[1])]
    ),
}


def test_every_metric_is_measured_here():
    known = {**TWO, **TWO_CHANCES, **many_chances(12), **NUMBERS}
    assert set(known) == set(METRICS)


def hold(name, found, want):
    want = silent(lambda: want)()
    assert found == pytest.approx(want, rel=1e-9, abs=1e-12, nan_ok=True), name


def chances_of(rng, n, k, ties):
    p = rng.dirichlet(np.ones(k), n)
    if ties:  # few levels, so that scores meet
        p = rng.integers(1, 4, (n, k)).astype(float)
        p /= p.sum(-1, keepdims=True)
    return p


shape = {
    "seed": st.integers(0, 10**6),
    "n": st.integers(1, 40),
    "k": st.integers(2, 6),
    "there": st.integers(1, 6),
    "ties": st.booleans(),
}


@settings(max_examples=40, deadline=None)
@given(**shape)
@example(seed=0, n=101, k=4, there=4, ties=False)
@example(seed=1, n=101, k=12, there=12, ties=True)
@example(seed=2, n=30, k=5, there=1, ties=True)
def test_one_class_of_many(seed, n, k, there, ties):
    rng = np.random.default_rng(seed)
    there = min(there, k)
    true = rng.permutation(k)[:there][rng.integers(0, there, n)]
    p = chances_of(rng, n, k, ties)
    of_chances = many_chances(k)
    for name, reference in ONE_LABEL.items():
        found = measured(name, "categorical_crossentropy", np.eye(k)[true], p)
        hold(name, found, silent(reference)(true, p.argmax(-1)))
    for name, reference in of_chances.items():
        if k == 2 and name in ("roc_auc", "average_precision"):
            continue  # scikit-learn takes one column there: below
        if name in ("roc_auc", "average_precision") and len(set(true)) < k:
            found = measured(name, "categorical_crossentropy", np.eye(k)[true], p)
            assert np.isnan(found)
            continue
        found = measured(name, "categorical_crossentropy", np.eye(k)[true], p)
        want = silent(reference)(true, p)
        hold(name, found, want / 2 if name == "brier" and k == 2 else want)


@settings(max_examples=40, deadline=None)
@given(**shape)
@example(seed=0, n=101, k=2, there=2, ties=False)
@example(seed=3, n=9, k=2, there=1, ties=False)
def test_yes_and_no(seed, n, k, there, ties):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, n) if there > 1 else np.full(n, seed % 2)
    p = chances_of(rng, n, 2, ties)
    for name, reference in {**TWO, **TWO_CHANCES}.items():
        ranks = name in ("roc_auc", "average_precision")
        if ranks and (len(set(true)) < 2 or not true.any()):
            want = np.nan
        else:
            given_p = p[:, 1] if name in TWO_CHANCES else (p[:, 1] > 0.5).astype(int)
            want = silent(reference)(true, given_p)
        if name == "average_precision" and true.all():
            want = 1.0
        ways = {"binary_crossentropy": (true[:, None].astype(float), p[:, 1:])}
        if not (p == 0.5).any():  # argmax and "above ½" part at a tie
            ways["categorical_crossentropy"] = (np.eye(2)[true], p)
        for loss, (y, out) in ways.items():
            hold(f"{name} of {loss}", measured(name, loss, y, out), want)


@settings(max_examples=30, deadline=None)
@given(**shape)
@example(seed=0, n=101, k=4, there=4, ties=False)
def test_several_yes_and_no(seed, n, k, there, ties):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, (n, k))
    p = rng.integers(1, 6, (n, k)) / 6 if ties else rng.uniform(size=(n, k))
    for name, reference in SEVERAL.items():
        found = measured(name, "binary_crossentropy", true.astype(float), p)
        hold(name, found, silent(reference)(true, (p > 0.5).astype(int)))
    for name, reference in SEVERAL_CHANCES.items():
        if name in ("roc_auc", "average_precision") and not (true.sum(0) > 0).all():
            continue
        if name == "roc_auc" and (true.sum(0) == n).any():
            continue
        found = measured(name, "binary_crossentropy", true.astype(float), p)
        hold(name, found, silent(reference)(true, p))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 60),
    units=st.integers(1, 4),
    far=st.sampled_from([0.0, 1e3, 1e6]),
)
@example(seed=0, n=101, units=3, far=0.0)
def test_numbers(seed, n, units, far):
    rng = np.random.default_rng(seed)
    y, p = far + rng.uniform(0.1, 3, (n, units)), far + rng.uniform(0.1, 3, (n, units))
    for name, reference in NUMBERS.items():
        found = measured(name, "mse", y, p)
        assert found == pytest.approx(reference(y, p), rel=1e-9 if far < 1e5 else 1e-6), name


def test_constant_targets_are_as_scikit_learn_has_them():
    y, p = np.full((6, 1), 3.0), np.arange(6.0)[:, None]
    for name in ("r2", "explained_variance"):
        assert measured(name, "mse", y, y) == NUMBERS[name](y, y) == 1.0
        assert measured(name, "mse", y, p) == NUMBERS[name](y, p) == 0.0
    assert np.isnan(measured("pearson", "mse", y, p))
    assert np.isnan(measured("r2", "mse", y[:1], p[:1]))


@pytest.mark.parametrize("name", ["accuracy", "f1_macro", "roc_auc", "log_loss", "brier"])
def test_logits_are_measured_by_their_chances(name):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(60, 3)), np.eye(3)[rng.integers(0, 3, 60)]
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    want = measured(name, "categorical_crossentropy", y, p)
    assert measured(name, "categorical_crossentropy_logits", y, z) == pytest.approx(want)
    y, z = y[:, :1], z[:, :1]
    want = measured(name, "binary_crossentropy", y, 1 / (1 + np.exp(-z)))
    assert measured(name, "binary_crossentropy_logits", y, z) == pytest.approx(want)
    assert measured(name, "logistic_loss", 2 * y - 1, z) == pytest.approx(want)
    if name not in ("log_loss", "brier"):
        assert measured(name, "hinge", 2 * y - 1, z) == pytest.approx(want)


@pytest.mark.parametrize("name", ["accuracy", "f1_macro", "log_loss", "mae"])
def test_every_step_of_a_sequence_counts(name):
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(3), 60), np.eye(3)[rng.integers(0, 3, 60)]
    want = measured(name, "categorical_crossentropy", y, p)
    steps = (y.reshape(12, 5, 3), p.reshape(12, 5, 3))
    assert measured(name, "categorical_crossentropy", *steps, sizes=(5,)) == pytest.approx(want)


@pytest.mark.parametrize("name", METRICS)
def test_sums_are_saved_and_restored_bit_for_bit(name):
    metric = METRICS[name]
    classes = metric.needs != metrics_numbers.NUMBER_METRICS[0].needs
    rng = np.random.default_rng(0)
    k = 12 if metric.least > 1 else 2 if classes else 3
    y = np.eye(k)[rng.integers(0, k, 40)] if classes else rng.uniform(0.1, 1, (40, k))
    p = rng.dirichlet(np.ones(k), 40)
    loss = "categorical_crossentropy" if classes else "mse"
    model = ModelSpec("m", (k,), (Dense(k, ENDS[loss]),))
    run = RunSpec(loss=loss, metrics=(name,))
    whole, first, second = (Measures(model, run) for _ in range(3))
    for part in (slice(0, 11), slice(11, 19)):
        for m in (whole, first):
            m.add(0.25, {"output": y[part]}, {"output": p[part]})
    second.restore({n: a.copy() for n, a in first.arrays().items()})
    for m in (whole, second):
        m.add(0.125, {"output": y[19:]}, {"output": p[19:]})
    assert whole.values() == second.values()
    del (lost := first.arrays())[f"output/{metric.tally.name}"]
    with pytest.raises(BadValue, match="the sums of"):
        second.restore(lost)


def test_batches_own_values_are_the_light_ones():
    model = ModelSpec("m", (3,), (Dense(3, "softmax"),))
    asked = ("accuracy", "f1_macro", "roc_auc", "log_loss")
    measures = Measures(model, RunSpec(loss="cross_entropy", metrics=asked))
    y = np.eye(3)
    own = measures.add(1.5, {"output": y}, {"output": y})
    assert set(own) == {"accuracy", "log_loss"}
    assert own["accuracy"] == 1.0
    assert set(measures.values()) == {"loss", *asked}
    assert measures.values()["loss"] == 1.5


def test_heads_are_measured_by_what_suits_them():
    kind = Head("kind", layers=(Dense(3, "softmax"),), loss="categorical_crossentropy")
    size = Head("size", layers=(Dense(1),), loss="mse", metrics=("r2", "max_error"))
    plain = Head("plain", layers=(Dense(1),), loss="mae")
    model = ModelSpec("two", (2,), (Dense(4),), (kind, size, plain))
    own = ["size.r2", "size.max_error"]
    names = [m.name for m in Measures(model, RunSpec()).measured]
    assert names == ["kind.accuracy", *own, "plain.mae"]
    names = [m.name for m in Measures(model, RunSpec(metrics=("f1_macro", "mse"))).measured]
    assert names == ["kind.f1_macro", "kind.mse", *own, "plain.mse"]
    measures = Measures(model, RunSpec())
    measures.require("val_size.r2")
    assert measures.higher_is_better("val_size.r2")
    assert not measures.higher_is_better("val_size.max_error")
    assert not measures.higher_is_better("loss")
    with pytest.raises(BadValue, match=r"monitor: expected .* got 'val_r2'; did you mean"):
        measures.require("val_r2")
    numbers = ModelSpec("numbers", (2,), (Dense(4),), (plain, Head("other", layers=(Dense(1),))))
    with pytest.raises(BadValue, match=r"metrics: expected one that suits a head, got 'f1'"):
        Measures(numbers, RunSpec(metrics=("mae", "f1")))


REFUSED = [
    ("f1", "categorical_crossentropy", 3, "for 3 take f1_macro"),
    ("precision", "binary_crossentropy", 2, "two classes"),
    ("mcc", "binary_crossentropy", 2, "one label a row"),
    ("top_3", "categorical_crossentropy", 3, "of 3 classes it is always 1"),
    ("top_2", "binary_crossentropy", 4, "one class of many"),
    ("log_loss", "hinge", 1, "hinge has no probabilities"),
    ("brier", "mse", 1, "mse has no probabilities"),
]


@pytest.mark.parametrize(("name", "loss", "units", "sentence"), REFUSED)
def test_what_cannot_be_measured_is_refused(name, loss, units, sentence):
    model = ModelSpec("m", (2,), (Dense(units, ENDS.get(loss, "linear")),))
    with pytest.raises(BadValue, match=sentence):
        Measures(model, RunSpec(loss=loss, metrics=(name,)))


def test_accuracy_of_numbers_that_are_no_labels_is_refused():
    y = np.array([[0.0], [1.0], [1.0]])
    assert measured("accuracy", "mse", y, np.array([[0.2], [0.7], [0.4]])) == pytest.approx(2 / 3)
    with pytest.raises(DataError, match=r"labels of 0 and 1, and mse was given 3\.5"):
        measured("accuracy", "mse", y * 3.5, y)


def test_unknown_names_are_refused_with_near_ones():
    with pytest.raises(BadValue, match=r"metrics\[0\].*did you mean 'f1_macro'"):
        RunSpec(metrics=("f1_maco",))
    with pytest.raises(BadValue, match=r"monitor.*did you mean 'val_mcc'"):
        RunSpec(monitor="val_mcx")
    assert RunSpec(monitor="val_auc").monitor == "val_roc_auc"
    assert RunSpec(metrics=("sparse_categorical_accuracy",)).metrics == ("accuracy",)


@pytest.mark.parametrize(
    ("name", "of", "attribute"),
    [
        ("accuracy", metrics_classes.HITS, "hits"),
        ("f1_macro", metrics_classes.CONFUSIONS, "confusions"),
        ("roc_auc", metrics_classes.SCORES, "scores"),
    ],
)
def test_shuffled_answers_are_not_taken_for_right(name, of, attribute):
    """The tooth: rows that do not belong to each other are seen."""
    assert of.name == attribute
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 90)
    right = np.eye(3)[true] * 0.5 + rng.dirichlet(np.ones(3), 90) * 0.5
    assert measured(name, "categorical_crossentropy", np.eye(3)[true], right) > 0.9
    wrong = right[rng.permutation(90)]
    assert measured(name, "categorical_crossentropy", np.eye(3)[true], wrong) < 0.65


def test_a_wrong_way_to_join_batches_is_seen(monkeypatch):
    """The tooth of uneven batches: a mean of means is not the mean."""
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(50, 1)), rng.normal(size=(50, 1))
    for tally, name in ((metrics_numbers.MOMENTS, "r2"), (metrics_numbers.SQUARES, "mse")):
        want = NUMBERS[name](y, p)
        assert measured(name, "mse", y, p) == pytest.approx(want)
        with monkeypatch.context() as m:
            m.setattr(type(tally), "add", lambda self, state, batch: batch)
            assert measured(name, "mse", y, p) != pytest.approx(want)
