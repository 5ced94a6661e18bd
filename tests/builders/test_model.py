"""The model a user keeps: true words, real learning, weights that go on and come back."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from neurogebra.builders.model_builder import Model, ModelBuilder
from neurogebra.errors import BadValue, DataError, NotReady, RunError, UnknownName
from neurogebra.observatory.events import Level

builder = ModelBuilder()


def rings(n=200, seed=0):
    """Points inside (1) and outside (0) of a circle, in random order."""
    X = np.random.default_rng(seed).normal(size=(n, 2))
    return X, (np.square(X).sum(1) < 1.4).astype(int)


def network(*hidden, out=1, last="sigmoid", name="rings", **first):
    layers = [
        builder.Dense(n, "tanh", **({} if i else first)) for i, n in enumerate(hidden or (16,))
    ]
    return builder.Sequential([*layers, builder.Dense(out, last)], name=name)


def compiled(*hidden, loss="binary_crossentropy", rate=0.02, optimizer="adam", **kw):
    model = network(*hidden, **kw)
    model.compile(loss=loss, optimizer=optimizer, learning_rate=rate)
    return model


def test_fit_learns_and_says_so():
    X, y = rings(400)
    model = compiled()
    history = model.fit(X, y, epochs=30, verbose=False, seed=0)
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(curve) == 30 for curve in history.values())
    assert history is model.history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    fresh, labels = rings(400, seed=1)
    found = model.evaluate(fresh, labels)
    assert found["accuracy"] > 0.9
    assert np.mean((model.predict(fresh)[:, 0] > 0.5) == labels) == pytest.approx(found["accuracy"])


def test_random_labels_are_not_learned():
    X = np.random.default_rng(0).normal(size=(400, 5))
    y = np.random.default_rng(1).integers(0, 2, 400)
    model = compiled(64)
    for seed in range(3):  # again and again: the rows that check must stay unseen
        history = model.fit(X, y, epochs=30, verbose=False, seed=seed)
    assert history["accuracy"][-1] > 0.8, "it should know its own rows by heart"
    assert max(history["val_accuracy"]) < 0.65


def test_shuffled_labels_would_turn_the_first_test_red():
    X, y = rings(400)
    model = compiled()
    model.fit(X, np.random.default_rng(3).permutation(y), epochs=30, verbose=False, seed=0)
    fresh, labels = rings(400, seed=1)
    assert model.evaluate(fresh, labels)["accuracy"] < 0.7


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_integer_and_one_hot_labels_are_the_same_run(loss):
    X, y = rings()
    runs = []
    for labels in (y, y.astype(float), y[:, None], np.eye(2)[y]):
        model = compiled(out=2, last="softmax", loss=loss)
        runs.append(model.fit(X, labels, epochs=3, verbose=False, seed=5)["loss"])
    assert runs[0] == runs[1] == runs[2] == runs[3]
    assert runs[0][-1] < runs[0][0]


def test_a_seed_makes_a_run_and_none_draws_another():
    X, y = rings()
    runs = [compiled().fit(X, y, epochs=2, verbose=False, seed=s)["loss"] for s in (7, 7, 8)]
    assert runs[0] == runs[1] != runs[2]
    one, two = compiled(), compiled()
    found = one.fit(X, y, epochs=2, verbose=False)
    assert found != two.fit(X, y, epochs=2, verbose=False)
    assert one.seed != two.seed
    assert compiled().fit(X, y, epochs=2, verbose=False, seed=one.seed) == found


def test_the_seed_drawn_is_shown(capsys):
    X, y = rings()
    model = compiled()
    model.fit(X, y, epochs=1)
    assert f"seed {model.seed}" in capsys.readouterr().out


def test_untrained_predictions_are_those_of_a_seed():
    X, y = rings()
    model = network(input_shape=(2,))
    first = model.predict(X)
    assert model.seed == 0
    assert np.array_equal(first, network().predict(X))
    assert np.array_equal(first, model.predict(X))
    model.compile(loss="binary_crossentropy", learning_rate=1e-30, optimizer="sgd")
    model.fit(X, y, epochs=1, verbose=False)  # goes on from the weights that were shown
    assert model.seed == 0
    assert np.array_equal(first, model.predict(X))


def test_asking_first_does_not_change_a_seeded_run():
    X, y = rings()
    asked, plain = compiled(), compiled()
    asked.predict(X)
    asked.evaluate(X, y)
    both = [m.fit(X, y, epochs=2, verbose=False, seed=3)["loss"] for m in (asked, plain)]
    assert both[0] == both[1]


def test_a_second_fit_goes_on():
    X, y = rings()
    model = compiled()
    first = model.fit(X, y, epochs=5, validation_split=0, verbose=False, seed=0)
    before = model.predict(X)
    again = model.evaluate(X, y)["loss"]
    second = model.fit(X, y, epochs=5, validation_split=0, verbose=False, seed=1)
    assert again < first["loss"][0]
    assert second["loss"][0] < first["loss"][0] / 1.2
    assert not np.array_equal(before, model.predict(X))
    assert model.history is second


def test_a_second_fit_keeps_the_optimizers_memory_until_compile():
    X, y = rings()

    def two_fits(again):
        model = compiled()
        model.fit(X, y, epochs=2, verbose=False, seed=0)
        if again:
            model.compile(loss="binary_crossentropy", learning_rate=0.02)
        return model.fit(X, y, epochs=2, verbose=False, seed=1)["loss"]

    assert two_fits(again=False) != two_fits(again=True)


def test_validation_split_zero_and_validation_data():
    X, y = rings()
    history = compiled().fit(X, y, epochs=2, validation_split=0, verbose=False, seed=0)
    assert history["val_loss"] == history["val_accuracy"] == []
    assert np.isfinite(history["loss"]).all()
    fresh = rings(50, seed=1)
    given = compiled().fit(X, y, epochs=2, validation_data=fresh, verbose=False, seed=0)
    assert given["loss"] == history["loss"], "validation data must not take rows away"
    assert len(given["val_loss"]) == 2


def test_the_last_partial_batch_is_used():
    seen = []
    X, y = rings(10)
    compiled().fit(X, y, epochs=1, batch_size=4, validation_split=0, verbose=False,
                   callbacks=[seen.append])  # fmt: skip
    assert [e.rows for e in seen if e.kind == "batch_end"] == [4, 4, 2]


@pytest.mark.parametrize(("rows", "share", "held"), [(10, 0.2, 2), (7, 0.2, 2), (1000, 0.2, 200)])
def test_how_many_rows_check(rows, share, held):
    seen = []
    X, y = rings(rows)
    compiled().fit(X, y, epochs=1, validation_split=share, verbose=False, callbacks=[seen.append])
    assert (seen[0].train_rows, seen[0].val_rows) == (rows - held, held)


def test_rows_in_order_of_their_class_are_divided_fairly():
    X, y = rings(400)
    order = np.argsort(y)
    model = compiled()
    history = model.fit(X[order], y[order], epochs=30, verbose=False, seed=0)
    assert history["val_accuracy"][-1] > 0.85


def test_regression_with_one_input():
    x = np.linspace(-1, 1, 64)
    model = compiled(last="linear", loss="mse", rate=0.05, name="line")
    history = model.fit(x, 2 * x + 1, epochs=40, validation_split=0, verbose=False, seed=0)
    assert history["accuracy"] == []
    assert history["mae"][-1] < 0.1
    assert model.predict([0.5]).shape == (1, 1)
    assert model.predict([[0.5]])[0, 0] == pytest.approx(2.0, abs=0.2)


def test_metrics_are_those_asked_for():
    X, y = rings()
    model = network()
    model.compile(loss="mse", metrics=["acc", "mae"])
    history = model.fit(X, y, epochs=1, verbose=False, seed=0)
    assert len(history["accuracy"]) == len(history["mae"]) == len(history["val_mae"]) == 1
    assert set(model.evaluate(X, y)) == {"loss", "accuracy", "mae"}


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "adamw", "nag"])
def test_optimizers_in_any_capitals_train(name):
    X, y = rings()
    model = compiled(optimizer=name, rate=0.01)
    before = model.predict(X)
    model.fit(X, y, epochs=1, verbose=False)
    assert np.abs(model.predict(X) - before).max() > 1e-4
    assert model.optimizer == {"nag": "nesterov"}.get(name, name.lower())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": "Adaam"}, "did you mean 'adam'"),
        ({"optimizer": None}, "an optimizer by name"),
        ({"loss": "binary_crossentropi"}, "did you mean 'binary_crossentropy'"),
        ({"loss": "my_loss"}, "a loss by name"),
        ({"metrics": ["accurracy"]}, "did you mean 'accuracy'"),
        ({"learning_rate": 0}, "learning_rate: expected a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"log_level": "expertt"}, "did you mean 'expert'"),
        ({"log_config": "verbose"}, "a LogConfig"),
        ({"engine": "nunpy"}, "did you mean 'numpy'"),
    ],
)
def test_compile_refuses_what_is_not_there(given, words):
    model = network()
    with pytest.raises((BadValue, UnknownName), match=words):
        model.compile(**given)
    assert not model.is_compiled


def test_what_compile_settled_can_be_read():
    model = network()
    assert (model.is_compiled, model.loss_name, model.optimizer) == (False, None, None)
    model.compile(loss="BCE", optimizer="SGD", learning_rate=0.5, log_level="expert")
    assert (model.is_compiled, model.loss_name) == (True, "binary_crossentropy")
    assert (model.optimizer, model.learning_rate) == ("sgd", 0.5)
    assert model.log_level is Level.EXPERT


def test_verbs_before_the_one_they_need():
    X, y = rings()
    model = network()
    for verb in (model.fit, model.evaluate):
        with pytest.raises(RuntimeError, match="compile"):
            verb(X, y)
    with pytest.raises(NotReady, match="fit first"):
        model.plot_history()
    with pytest.raises(NotReady, match="input size"):
        model.spec  # noqa: B018
    with pytest.raises(NotReady, match="input size"):
        model.save("anywhere")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"y": np.zeros(199)}, DataError, "199 targets for 200 rows"),
        ({"X": np.full((200, 2), np.nan)}, DataError, "X: row 0, column 0 is nan"),
        ({"y": np.full(200, 3)}, DataError, "targets from 0 to 1"),
        ({"X": np.zeros((0, 2)), "y": np.zeros(0)}, DataError, "no rows"),
        ({"X": np.array([["a", "b"]] * 200)}, DataError, "expected numbers"),
        ({"validation_split": 1.0}, BadValue, "validation_split"),
        ({"validation_split": 0.999}, DataError, "cannot be divided"),
        ({"validation_data": np.zeros((4, 2))}, BadValue, "validation_data"),
        ({"epochs": 0}, BadValue, "epochs"),
        ({"batch_size": 0}, BadValue, "batch_size"),
        ({"seed": -1}, BadValue, "seed"),
        ({"callbacks": [3]}, BadValue, r"callbacks\[0\]"),
    ],
)
def test_fit_refuses_what_cannot_be_learned_from(given, error, words):
    X, y = rings()
    model = compiled()
    with pytest.raises(error, match=words):
        model.fit(**{"X": X, "y": y, "verbose": False, **given})
    model.fit(X, y, epochs=1, verbose=False)  # the refusal left nothing behind


def test_other_columns_than_those_learned_from_are_refused():
    X, y = rings()
    model = compiled()
    model.fit(X, y, epochs=1, verbose=False)
    with pytest.raises(DataError, match=r"expects shape \(rows, 2\), got \(3, 5\)"):
        model.predict(np.zeros((3, 5)))


def test_summary_counts_exactly_or_says_that_it_cannot(capsys):
    model = builder.Sequential(
        [builder.Dense(8, "relu"), builder.BatchNorm(), builder.Dropout(), builder.Dense(3)]
    )
    model.summary()
    text = capsys.readouterr().out
    assert "not known yet" in text
    assert not any(char.isdigit() for char in text.replace("Dense(units=8", "").split("Dropout:")[0]
                   .replace("units=3", ""))  # fmt: skip
    model.predict(np.zeros((1, 5)))
    model.summary()
    text = capsys.readouterr().out
    drawn = model.spec.init(0)
    kept = sum(drawn[name].size for name in model.spec.state_names())
    trained = sum(a.size for a in drawn.values()) - kept
    assert (trained, kept) == (5 * 8 + 8 + 16 + 8 * 3 + 3, 16)
    assert f"Total {trained}" in " ".join(text.split())
    assert f"{kept} numbers that the layers keep untrained" in text
    assert "Every input feeds every unit" in text
    model.summary(educational=False)
    assert "Every input feeds every unit" not in capsys.readouterr().out


def test_the_architecture_is_explained(capsys):
    network(4, input_shape=(3,)).explain_architecture()
    text = capsys.readouterr().out
    for part in ("a1 = tanh(x·W1 + b1)", "∂L/∂W2", "3×4 (W) + 4 (b) = 16 numbers", "21 numbers"):
        assert part in text
    network(4).explain_architecture()
    assert "not known yet" in capsys.readouterr().out


def test_the_crafts_words_are_shown_where_there_is_one(capsys):
    class Craft:
        def get(self, name):
            return self

        def explain(self, level="beginner"):
            return "A curve like a stretched S."

    model = ModelBuilder(craft=Craft()).Sequential([builder.Dense(2, "tanh", input_shape=(1,))])
    model.explain_architecture()
    assert "stretched S" in capsys.readouterr().out


def test_batchnorm_uses_running_statistics_at_inference():
    X, y = rings()
    model = builder.Sequential(
        [builder.Dense(8, "relu"), builder.BatchNorm(), builder.Dense(1, "sigmoid")]
    )
    model.compile(loss="binary_crossentropy", learning_rate=0.01)
    model.fit(X, y, epochs=3, verbose=False, seed=0)
    alone = np.concatenate([model.predict(X[i : i + 1]) for i in range(8)])
    np.testing.assert_allclose(alone, model.predict(X)[:8], rtol=1e-5)


def test_a_saved_model_comes_back_the_same(tmp_path):
    X, y = rings()
    model = compiled()
    model.fit(X, y, epochs=2, verbose=False, seed=9)
    folder = model.save(tmp_path / "model")
    loaded = Model.load(folder)
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded.layers == model.layers or loaded.layers[0].input_shape == (2,)
    assert loaded.spec == model.spec
    assert (loaded.name, loaded.seed, loaded.loss_name) == ("rings", 9, "binary_crossentropy")
    assert loaded.evaluate(X, y) == model.evaluate(X, y)
    before = loaded.evaluate(X, y)["loss"]
    loaded.fit(X, y, epochs=5, verbose=False, seed=1)
    assert loaded.evaluate(X, y)["loss"] < before
    with pytest.raises(RunError, match="holds a model already"):
        model.save(folder)
    assert json.loads((folder / "model.json").read_text())["model"]["name"] == "rings"


def test_an_untrained_uncompiled_model_is_saved_as_it_is(tmp_path):
    X, _ = rings()
    model = builder.from_template("regression", {"input_shape": (2,)})
    loaded = Model.load(model.save(tmp_path / "m"))
    assert not loaded.is_compiled
    assert loaded.template_info["name"] == "regression"
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_a_deep_copy_has_numbers_of_its_own():
    X, y = rings()
    model = compiled()
    model.fit(X, y, epochs=2, verbose=False, seed=0)
    copied, before = copy.deepcopy(model), model.predict(X)
    assert np.array_equal(copied.predict(X), before)
    both = [m.fit(X, y, epochs=2, verbose=False, seed=1)["loss"] for m in (copied, model)]
    assert both[0] == both[1], "the optimiser's memory was copied too"
    copied.fit(X, y, epochs=2, verbose=False, seed=2)
    assert not np.array_equal(copied.predict(X), model.predict(X))


def test_loading_nothing_is_refused(tmp_path):
    with pytest.raises(RunError, match="no such file"):
        Model.load(tmp_path / "nothing")


def test_the_history_is_drawn(tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    X, y = rings()
    model = compiled()
    model.fit(X, y, epochs=3, verbose=False, visualize=True)
    figure = model.plot_history(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["training", "validation"]
    assert list(lines[0].get_ydata()) == model.history["loss"]
    plt.close("all")


def test_without_matplotlib_the_way_to_it_is_named(monkeypatch):
    monkeypatch.setattr("neurogebra.builders.plot.find_spec", lambda name: None)
    X, y = rings()
    model = compiled()
    with pytest.raises(ImportError, match=r"neurogebra\[viz\]"):
        model.fit(X, y, verbose=False, visualize=True)
    assert model.seed is None, "refused before anything was trained"


@pytest.mark.torch
def test_engines_agree_and_can_be_changed():
    pytest.importorskip("torch")
    X, y = rings()
    losses = []
    for engine in ("numpy", "torch"):
        model = network()
        model.compile(loss="binary_crossentropy", learning_rate=0.01, engine=engine)
        losses.append(model.fit(X, y, epochs=3, verbose=False, seed=4)["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    before = model.predict(X)
    model.compile(loss="binary_crossentropy", learning_rate=0.01, engine="numpy")
    np.testing.assert_allclose(model.predict(X), before, atol=1e-5)
    assert model.fit(X, y, epochs=1, verbose=False, seed=5)["loss"][0] < losses[1][0]
