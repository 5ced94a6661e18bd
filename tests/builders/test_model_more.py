"""What a model answers and keeps: probabilities, scores, heads, versions, copies, wishes."""

from __future__ import annotations

import copy
import json
import pickle
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from neurogebra.builders.model_builder import Head, Model, ModelBuilder
from neurogebra.errors import BadValue, DataError, NotReady
from neurogebra.observatory.events import EpochEnd, TrainEnd

builder = ModelBuilder()
rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
y = (X[:, 0] + 0.3 * rng.normal(size=120) > 0).astype(int)
y3 = np.digitize(X[:, 0], (-0.5, 0.5))


def model(units=1, last="sigmoid", loss="binary_crossentropy", **options):
    made = builder.Sequential([builder.Dense(6, "tanh"), builder.Dense(units, last)])
    made.compile(loss=loss, **{"learning_rate": 0.05, **options})
    return made


def trained(*shape, target=y, epochs=10, **options):
    made = model(*shape, **options)
    made.fit(X, target, epochs=epochs, verbose=False, validation_split=0, seed=0)
    return made


def test_probabilities_of_a_sigmoid_are_two_columns_that_sum_to_one():
    made = trained()
    p = made.predict_proba(X)
    assert p.shape == (120, 2)
    assert np.array_equal(p[:, 1:], made.predict(X))
    assert p.sum(1) == pytest.approx(np.ones(120))


def test_probabilities_of_a_softmax_are_its_outputs():
    made = trained(3, "softmax", "categorical_crossentropy", target=y3)
    assert np.array_equal(made.predict_proba(X), made.predict(X))
    assert made.predict_proba(X).shape == (120, 3)


@pytest.mark.parametrize(
    ("units", "last", "loss", "logits", "target"),
    [
        (1, "sigmoid", "binary_crossentropy", "binary_crossentropy_logits", y),
        (3, "softmax", "categorical_crossentropy", "categorical_crossentropy_logits", y3),
    ],
)
def test_losses_of_logits_give_the_same_probabilities(units, last, loss, logits, target):
    joined = trained(units, last, loss, target=target, dtype="float64")
    apart = trained(units, "linear", logits, target=target, dtype="float64")
    np.testing.assert_allclose(apart.predict_proba(X), joined.predict_proba(X), rtol=1e-9)
    assert apart.score(X, target) == joined.score(X, target) > 0.8
    assert not np.allclose(apart.predict(X), joined.predict(X))


def test_a_model_of_numbers_or_margins_has_no_probabilities():
    for made in (
        trained(1, "linear", "mse", target=X[:, 0]),
        trained(1, "linear", "hinge"),
        trained(3, "linear", "crammer_singer_hinge", target=y3),
    ):
        with pytest.raises(BadValue, match="predict_proba: expected"):
            made.predict_proba(X)
    plain = builder.Sequential([builder.Dense(2, "softmax", input_shape=(3,))])
    assert plain.predict_proba(X).shape == (120, 2)


def test_scores_are_scikit_learns():
    binary = trained()
    assert binary.score(X, y) == accuracy_score(y, binary.predict(X)[:, 0] > 0.5)
    w = rng.random(120)
    assert binary.score(X, y, w) == pytest.approx(
        accuracy_score(y, binary.predict(X)[:, 0] > 0.5, sample_weight=w)
    )
    classes = trained(3, "softmax", "categorical_crossentropy", target=y3)
    assert classes.score(X, y3) == accuracy_score(y3, classes.predict(X).argmax(1))
    assert classes.score(X, np.eye(3)[y3]) == classes.score(X, y3)
    hinge = trained(1, "linear", "hinge")
    assert hinge.score(X, 2 * y - 1) == accuracy_score(y, hinge.predict(X)[:, 0] > 0)
    target = np.stack([X[:, 0] * 2, X[:, 1] - 5], 1)
    numbers = trained(2, "linear", "mse", target=target)
    assert numbers.score(X, target) == pytest.approx(r2_score(target, numbers.predict(X)), rel=1e-5)
    assert numbers.score(X, target, w) == pytest.approx(
        r2_score(target, numbers.predict(X), sample_weight=w), rel=1e-5
    )
    with pytest.raises(DataError, match="all the same"):
        numbers.score(X, np.ones((120, 2)))
    with pytest.raises(NotReady, match="compile"):
        builder.Sequential([builder.Dense(1)]).score(X, y)


def test_weights_of_classes_and_rows_reach_the_loss():
    def share(**weights):
        made = model()
        made.fit(X, rng_y, epochs=20, verbose=False, seed=0, validation_split=0, **weights)
        return (made.predict(X) > 0.5).mean()

    rng_y = np.random.default_rng(1).integers(0, 2, 120)
    plain = share()
    assert share(class_weight={1: 30.0}) > plain + 0.2
    assert share(sample_weight=np.where(rng_y == 1, 30.0, 1.0)) > plain + 0.2
    assert share(class_weight={0: 30.0}) < plain - 0.2


def test_all_rows_at_once_and_one_row_at_a_time():
    seen = []
    for size, steps in ((None, 1), (1, 120)):
        seen.clear()
        model().fit(X, y, epochs=1, batch_size=size, validation_split=0, verbose=False,
                    callbacks=[seen.append])  # fmt: skip
        assert sum(e.kind == "batch_end" for e in seen) == steps


def test_patience_and_best_weights_can_be_asked_of_a_fit():
    noise = np.random.default_rng(2).integers(0, 2, 120)
    seen, made = [], model(learning_rate=0.2)
    made.fit(X, noise, epochs=500, verbose=False, seed=0, callbacks=[seen.append],
             patience=4, monitor="val_loss", restore_best=True)  # fmt: skip
    end = next(e for e in seen if isinstance(e, TrainEnd))
    assert end.reason == "early_stopping"
    curve = made.history["val_loss"]
    assert len(curve) == end.best_epoch + 1 + 4 < 500
    assert end.best_epoch == int(np.argmin(curve))
    last = model(learning_rate=0.2)
    last.fit(X, noise, epochs=len(curve), verbose=False, seed=0)
    best = model(learning_rate=0.2)
    best.fit(X, noise, epochs=end.best_epoch + 1, verbose=False, seed=0)
    assert np.array_equal(made.predict(X), best.predict(X))
    assert not np.array_equal(made.predict(X), last.predict(X))
    plain = model(learning_rate=0.2)
    assert len(plain.fit(X, noise, epochs=40, verbose=False, seed=0)["loss"]) == 40


@pytest.mark.parametrize(
    ("verb", "given", "words"),
    [
        ("compile", {"scedule": "cosine"}, "did you mean 'schedule'"),
        ("compile", {"epochs": 3}, "compile.epochs"),
        ("compile", {"clip_norm": -1.0}, "clip_norm"),
        ("compile", {"dtype": "float16"}, "dtype"),
        ("fit", {"patiense": 3}, "did you mean 'patience'"),
        ("fit", {"patience": -3}, "patience"),
        ("fit", {"optimizer": "sgd"}, "fit.optimizer"),
    ],
)
def test_unknown_settings_are_refused(verb, given, words):
    made = model()
    call = {"compile": made.compile, "fit": partial(made.fit, X, y, 1, verbose=False)}[verb]
    with pytest.raises(BadValue, match=words):
        call(**given)


def test_compile_takes_every_other_field_of_a_run():
    made = model(clip_norm=0.5, options={"b1": 0.5}, dtype="float64", weight_decay=0.01)
    made.fit(X, y, epochs=2, verbose=False, seed=0)
    assert made.predict(X).dtype == np.float64
    plain = model(dtype="float64")
    plain.fit(X, y, epochs=2, verbose=False, seed=0)
    assert not np.allclose(made.predict(X), plain.predict(X))


def two_heads():
    made = builder.Sequential(
        [builder.Dense(8, "tanh", name="body")],
        heads=[
            Head("kind", layers=(builder.Dense(3, "softmax"),), loss="categorical_crossentropy"),
            Head("size", "body", (builder.Dense(1),), "mse", weight=0.5, metrics=("mae",)),
        ],
    )
    made.compile(learning_rate=0.03)
    return made


def test_a_model_with_heads_learns_each_of_them(tmp_path, capsys):
    made = two_heads()
    both = {"kind": y3, "size": 3 * X[:, 1]}
    history = made.fit(X, both, epochs=60, verbose=False, seed=0)
    assert len(history["size.mae"]) == len(history["val_size.mae"]) == 60
    kinds = [name for name in history if name.startswith("kind.")]
    assert kinds, history.keys()
    found = made.predict(X)
    assert {h: a.shape for h, a in found.items()} == {"kind": (120, 3), "size": (120, 1)}
    assert accuracy_score(y3, found["kind"].argmax(1)) > 0.85
    assert r2_score(both["size"], found["size"]) > 0.8
    loaded = Model.load(made.save(tmp_path / "m"))
    assert all(np.array_equal(loaded.predict(X)[h], found[h]) for h in found)
    assert loaded.spec == made.spec
    with pytest.raises(DataError, match="size"):
        made.fit(X, {"kind": y3}, epochs=1, verbose=False)
    with pytest.raises(BadValue, match="one head"):
        made.score(X, both)
    with pytest.raises(BadValue, match=r"heads\[0\]: expected a Head"):
        builder.Sequential([builder.Dense(1)], heads=["output"])
    made.summary()
    assert "kind.dense_0" in capsys.readouterr().out


def test_a_loaded_model_goes_on_as_if_it_had_stayed_in_memory(tmp_path):
    made = trained(epochs=4)
    folder = made.save(tmp_path / "with")
    forgetful = made.save(tmp_path / "without", include_optimizer=False)
    for path, same in ((folder, True), (forgetful, False)):
        stayed, loaded = copy.deepcopy(made), Model.load(path)
        for each in (stayed, loaded):
            each.fit(X, y, epochs=3, verbose=False, seed=5)
        assert np.array_equal(stayed.predict(X), loaded.predict(X)) is same


def test_versions_of_a_model(tmp_path):
    made = trained(epochs=1)
    first = made.predict(X)
    assert made.save(tmp_path / "m", version=True).name == "0001"
    made.fit(X, y, epochs=1, verbose=False, seed=1)
    assert made.save(tmp_path / "m", version=True).name == "0002"
    assert np.array_equal(Model.load(tmp_path / "m").predict(X), made.predict(X))
    assert np.array_equal(Model.load(tmp_path / "m", version=1).predict(X), first)


def test_a_saved_folder_says_where_its_numbers_come_from(tmp_path):
    made = trained(epochs=1, patience=3)
    made.preparation = {"columns": ["a", "b", "c"]}
    folder = made.save(tmp_path / "m")
    told = json.loads((folder / "fingerprint.json").read_text())
    assert (told["random_seed"], told["dataset_samples"]) == (0, 120)
    assert len(told["dataset_hash"]) >= 32
    assert {p.name for p in folder.iterdir()} == {
        "model.json", "weights.safetensors", "optimizer.safetensors", "fingerprint.json",
    }  # fmt: skip
    loaded = Model.load(folder)
    assert loaded.preparation == {"columns": ["a", "b", "c"]}
    assert loaded._run.patience == 3


def test_a_model_goes_through_a_pickle_and_trains_on():
    made = trained(epochs=3)
    back = pickle.loads(pickle.dumps(made))
    assert np.array_equal(back.predict(X), made.predict(X))
    both = [m.fit(X, y, epochs=3, verbose=False, seed=2)["loss"] for m in (made, back)]
    assert both[0] == both[1]


def test_callbacks_hear_the_end_of_an_epoch_with_its_rate():
    seen = []
    model().fit(X, y, epochs=2, verbose=False, callbacks=[seen.append])
    assert [e.learning_rate for e in seen if isinstance(e, EpochEnd)] == [0.05, 0.05]


def test_another_fit_of_the_same_run_uses_the_network_again_and_says_the_same():
    def dropped():
        made = builder.Sequential(
            [builder.Dense(6, "tanh"), builder.Dropout(0.3), builder.Dense(1, "sigmoid")]
        )
        made.compile(loss="binary_crossentropy", learning_rate=0.05)
        return made

    again, anew = dropped(), dropped()
    for seed in (0, 1, 2):
        network = again._numbers._network
        again.fit(X, y, epochs=2, batch_size=16 + seed, verbose=False, seed=seed)
        assert (again._numbers._network is network) is (seed > 0)
        anew._numbers._rng = None  # as if it came from elsewhere: the network is built anew
        anew.fit(X, y, epochs=2, batch_size=16 + seed, verbose=False, seed=seed)
        assert again.history == anew.history
    assert np.array_equal(again.predict(X), anew.predict(X))
    again.compile(loss="binary_crossentropy", learning_rate=0.05)
    network = again._numbers._network
    again.fit(X, y, epochs=1, verbose=False)
    assert again._numbers._network is not network, "compile clears the optimiser's memory"
