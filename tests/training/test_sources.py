"""Batches from any iterable and rows in mapped files train as the same arrays in memory would."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import BadValue, DataError, RunError
from neurogebra.layers import Dense, Dropout
from neurogebra.observatory.events import BatchEnd, TrainStart
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training import sources
from neurogebra.training.control import Wish
from neurogebra.training.data import prepare
from neurogebra.training.loop import train
from neurogebra.training.session import Session
from neurogebra.training.sources import Feed, Mapped, Stream

builder = ModelBuilder()
rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)).astype(np.float32)
y = (X.sum(1) > 0).astype(np.int64)
BATCHES = [(X[i : i + 8], y[i : i + 8]) for i in range(0, 50, 8)]


def model(units=1):
    last = "sigmoid" if units == 1 else "softmax"
    loss = "binary_crossentropy" if units == 1 else "categorical_crossentropy"
    made = builder.Sequential([builder.Dense(4, "tanh"), builder.Dense(units, last)])
    made.compile(loss=loss, learning_rate=0.05)
    return made


def fit(*data, **options):
    made, seen = model(), []
    made.fit(*data, epochs=3, verbose=False, seed=1, callbacks=[seen.append], **options)
    return made, seen


class Loader:
    """Batches with a length, as torch's DataLoader has it, of things that are no arrays yet."""

    class Tensor:
        def __init__(self, array):
            self.array = array

        def detach(self):
            return self

        cpu = detach

        def numpy(self):
            return self.array

    def __len__(self):
        return len(BATCHES)

    def __iter__(self):
        return iter([[self.Tensor(a), self.Tensor(b)] for a, b in BATCHES])


@pytest.mark.parametrize(
    ("batches", "options"),
    [
        (BATCHES, {}),
        (tuple(BATCHES), {}),
        (Loader(), {}),
        (lambda: iter(BATCHES), {}),
        (lambda epoch: iter(BATCHES), {}),
        ((b for _ in range(3) for b in BATCHES), {"steps_per_epoch": 7}),
    ],
    ids=["list", "tuple", "loader", "factory", "of an epoch", "generator"],
)
def test_batches_in_order_are_the_rows_in_order(batches, options):
    whole, _ = fit(X, y, batch_size=8, shuffle=False, validation_split=0)
    made, seen = fit(batches, **options)
    assert np.array_equal(made.predict(X), whole.predict(X))
    assert made.history == whole.history
    assert [e.rows for e in seen if isinstance(e, BatchEnd)] == [8, 8, 8, 8, 8, 8, 2] * 3


def test_a_torch_loader_trains():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    made, _ = fit(torch.utils.data.DataLoader(data, batch_size=8))
    whole, _ = fit(BATCHES)
    assert np.array_equal(made.predict(X), whole.predict(X))


def test_a_function_is_handed_the_epochs_number():
    asked = []

    def shuffled(epoch):
        asked.append(epoch)
        order = np.random.default_rng(epoch).permutation(len(BATCHES))
        return (BATCHES[i] for i in order)

    made = model()
    made.fit(shuffled, epochs=4, verbose=False, seed=0)
    assert asked[-4:] == [0, 1, 2, 3]


def test_weights_in_a_batch_count():
    half = [(a, b, np.where(b == 0, 0.25, 1.0)) for a, b in BATCHES]
    weighted, _ = fit(half)
    in_memory, _ = fit(
        X, y, batch_size=8, shuffle=False, validation_split=0,
        sample_weight=np.where(y == 0, 0.25, 1.0),
    )  # fmt: skip
    plain, _ = fit(BATCHES)
    assert np.array_equal(weighted.predict(X), in_memory.predict(X))
    assert not np.array_equal(weighted.predict(X), plain.predict(X))


def test_an_epoch_may_be_some_batches_of_a_pass():
    _, seen = fit(BATCHES, steps_per_epoch=3)
    assert [e.batch for e in seen if isinstance(e, BatchEnd)] == [0, 1, 2] * 3


def test_validation_by_batches_is_that_of_the_rows():
    by_rows, _ = fit(BATCHES, validation_data=(X[:20], y[:20]))
    by_batches, _ = fit(BATCHES, validation_data=[(X[:8], y[:8]), (X[8:20], y[8:20])])
    for name in ("val_loss", "val_accuracy"):
        assert by_rows.history[name] == pytest.approx(by_batches.history[name], rel=1e-6)
        assert len(by_rows.history[name]) == 3


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"X": iter(BATCHES)}, BadValue, "steps_per_epoch.*gone through only once"),
        ({"X": iter(BATCHES), "steps_per_epoch": 5}, DataError,
         r"epoch 1 ended after 2 batches of the 5"),
        ({"X": BATCHES, "steps_per_epoch": 9}, DataError, "epoch 0 ended after 7 batches of the 9"),
        ({"X": []}, DataError, "yields no batches"),
        ({"X": [X, y]}, DataError, r"batch 0: expected \(x, y\)"),
        ({"X": [(X, y, y, y)]}, DataError, "got 4 things"),
        ({"X": 3}, BadValue, "an iterable of batches"),
        ({"X": X}, BadValue, "the targets of X"),
        ({"X": [(X, y), (X[:, :2], y)]}, DataError, r"epoch 0, batch 1.*expects shape"),
        ({"X": [(X, y), (np.where(X > 1, np.nan, X), y)]}, DataError, "epoch 0, batch 1.*nan"),
        ({"X": [(X, y + 3)]}, DataError, "targets from 0 to 1"),
        ({"X": BATCHES, "validation_split": 0.5}, BadValue, "0 for batches"),
        ({"X": BATCHES, "sample_weight": np.ones(50)}, BadValue, "batches bring theirs"),
        ({"X": BATCHES, "class_weight": "balanced"}, BadValue, "counted"),
        ({"X": BATCHES, "validation_data": iter(BATCHES)}, BadValue, "gone through again"),
        ({"X": X, "y": y, "steps_per_epoch": 3}, BadValue, "batch_size decides"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_said(given, error, words):
    with pytest.raises(error, match=words):
        model().fit(epochs=3, verbose=False, seed=0, **given)


SPEC = ModelSpec("m", (3,), (Dense(4, "tanh"), Dropout(0.3), Dense(1, "sigmoid")))
RUN = RunSpec(loss="binary_crossentropy", epochs=2, batch_size=8, seed=2)


def by_epoch(epoch):
    order = np.random.default_rng(epoch).permutation(len(BATCHES))
    return [BATCHES[i] for i in order]


def session(batches):
    return Session(
        SPEC, RUN, Stream(SPEC, RUN, Feed(batches, 7 if hasattr(batches, "send") else None))
    )


def go(s, until=10**9):
    for event in train(s, lambda level: False):
        if isinstance(event, BatchEnd) and event.step >= until:
            break
    return s.network.weights()


@pytest.mark.parametrize("at", [1, 6, 7, 8, 13, 14])
def test_a_run_on_batches_is_resumed_bit_for_bit(at):
    whole = go(session(by_epoch))
    first = session(by_epoch)
    go(first, at)
    arrays, rest = first.state()
    second = session(by_epoch)
    second.restore(arrays, json.loads(json.dumps(rest)))
    found = go(second)
    assert all(np.array_equal(found[n], whole[n]) for n in whole)


def test_other_batches_than_those_seen_are_refused():
    first = session(BATCHES)
    go(first, 3)
    arrays, rest = first.state()
    for other in (BATCHES[::-1], [(a + (i == 1), b) for i, (a, b) in enumerate(BATCHES)]):
        second = session(other)
        second.restore(arrays, rest)
        with pytest.raises(RunError, match="not those that the run saw"):
            go(second)
    changed_later = session([(a + (i == 5), b) for i, (a, b) in enumerate(BATCHES)])
    changed_later.restore(arrays, rest)
    go(changed_later)  # the teeth: what comes after the stop was not seen before
    once = session(b for b in BATCHES)
    with pytest.raises(RunError, match="cannot be gone through again"):
        once.restore(arrays, rest)


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "x.npy", X.astype(np.float64))
    np.save(tmp_path / "y.npy", y)
    return tmp_path / "x.npy", tmp_path / "y.npy"


@pytest.mark.parametrize("kind", ["path", "mapped", "part", "text"])
def test_mapped_rows_are_the_same_run_as_rows_in_memory(files, kind):
    a, b = files
    data = {
        "path": (a, b),
        "text": (str(a), y),
        "mapped": (np.load(a, mmap_mode="r"), y),
        "part": (np.load(a, mmap_mode="r")[:], np.load(b, mmap_mode="r")),
    }[kind]
    whole, _ = fit(X, y, batch_size=8)
    made, seen = fit(*data, batch_size=8)
    assert np.array_equal(made.predict(a), whole.predict(X))
    assert made.history == whole.history
    assert made.evaluate(*data) == whole.evaluate(X, y)
    start = next(e for e in seen if isinstance(e, TrainStart))
    assert (start.train_rows, start.val_rows) == (40, 10)


def test_mapped_rows_really_are_mapped(files, monkeypatch):
    made = []
    real = Mapped.__init__
    monkeypatch.setattr(
        Mapped, "__init__", lambda self, *a, **k: (made.append(1), real(self, *a, **k))[1]
    )
    fit(*files)
    assert made
    made.clear()
    fit(X, y)
    assert not made


def test_sample_and_class_weights_of_mapped_rows(files):
    given = {"sample_weight": rng.random(50) + 0.1, "class_weight": {0: 2.0}, "batch_size": 8}
    whole, _ = fit(X, y, **given)
    made, _ = fit(*files, **given)
    assert np.array_equal(made.predict(X), whole.predict(X))


def test_a_bad_value_in_a_file_is_said_with_its_row(files):
    bad = X.astype(np.float64)
    bad[33, 2] = np.inf
    np.save(files[0], bad)
    with pytest.raises(DataError, match=r"row 33 of the file: X: row 0, column 2 is inf"):
        fit(*files, validation_split=0)
    np.save(files[0], X)
    X_path = files[0]
    with pytest.raises(DataError, match=r"row \d+ of the file: y"):
        fit(X_path, y * 9, validation_split=0)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.write_bytes(b"nothing of the kind"), "not a .npy file"),
        (lambda p: p.write_bytes(b""), "not a .npy file"),
        (lambda p: np.save(p, np.array([{}], object)), "not a .npy file"),
        (lambda p: p.write_bytes(header((10**15, 3)) + b"\0" * 64), "not a .npy file"),
        (lambda p: np.save(p, X[:, :2]), "expects shape"),
        (lambda p: np.save(p, X[:7]), "50 rows for 7 rows"),
    ],
)
def test_a_file_that_cannot_be_mapped_is_refused(tmp_path, write, words):
    path = tmp_path / "a.npy"
    write(path)
    made = builder.Sequential([builder.Dense(1, "sigmoid", input_shape=(3,))])
    made.compile(loss="binary_crossentropy")
    with pytest.raises(DataError, match=words):
        made.fit(path, y, epochs=1, verbose=False)


def header(shape):
    """A .npy header that claims what is not there."""
    text = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_a_file_larger_than_what_is_read_is_never_copied_whole(tmp_path):
    path, rows = tmp_path / "large.npy", 2**17
    np.lib.format.open_memmap(path, "w+", np.float64, (rows, 200))  # 200 MiB, all holes
    labels = np.zeros(rows, np.int8)
    labels[::2] = 1
    made = model()
    tracemalloc.start()
    try:
        given = {"epochs": 1, "batch_size": 2048, "verbose": False, "seed": 0}
        tenth = [lambda e: Wish(stop=isinstance(e, BatchEnd) and e.step == 9)]
        made.fit(path, labels, validation_split=0, callbacks=tenth, **given)
        made.predict(np.load(path, mmap_mode="r")[:20000])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        prepare(
            made.spec, made._run, np.load(path, mmap_mode="r")[: rows // 4], labels[: rows // 4]
        )
        _, whole = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 2**20, f"{peak / 2**20:.0f} MiB for a file of 200"
    assert whole > 24 * 2**20, "the teeth: a quarter of it read at once is seen"


def test_every_kind_of_source_keeps_the_protocol():
    names = [n for n in vars(sources.Source) if not n.startswith("_") or n == "__len__"]
    for kind in (sources.Mapped, sources.Stream, type(prepare(SPEC, RUN, X, y))):
        assert all(hasattr(kind, n) for n in names), kind


def test_nothing_is_said_of_rows_that_nobody_has_counted(capsys):
    made = model()
    made.compile(loss="binary_crossentropy", log_level="detailed")
    made.fit(lambda: iter(BATCHES), epochs=2, seed=0)
    text = capsys.readouterr().out
    assert "rows by the batch" in text
    assert "2 epochs  loss" in text
    assert not any(words in text for words in ("0 training rows", " 0 steps", "/0"))
    made.fit(Loader(), epochs=2, seed=0)
    assert "2 epochs of 7 steps" in capsys.readouterr().out


def test_rows_of_one_batch_may_all_weigh_nothing(files):
    weights = np.r_[np.zeros(8), np.ones(42)]
    given = {"batch_size": 8, "shuffle": False, "validation_split": 0}
    whole, _ = fit(X, y, sample_weight=weights, **given)
    made, _ = fit(*files, sample_weight=weights, **given)
    batches, _ = fit([(a, b, weights[i * 8 : i * 8 + 8]) for i, (a, b) in enumerate(BATCHES)])
    assert np.array_equal(made.predict(X), whole.predict(X))
    assert np.array_equal(batches.predict(X), whole.predict(X))
    with pytest.raises(DataError, match="nothing to learn from"):
        fit(*files, sample_weight=0 * weights)
