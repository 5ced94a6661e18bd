"""Laws over every bundled set: bytes, shape, counts, gaps, and that its labels can be learned."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import neurogebra.datasets
from neurogebra.datasets import Datasets, Preparation, catalog, open_data, split_rows
from neurogebra.datasets.catalog import check_bytes, read_table
from neurogebra.datasets.record import Dataset
from neurogebra.errors import BadValue, Corrupt

DATA = Path(neurogebra.datasets.__file__).parent / "data"
BUNDLED = [d for d in catalog().values() if d.draw is None]
every_set = pytest.mark.parametrize("record", BUNDLED, ids=lambda d: d.id)


def raw_json(record):
    return json.loads((DATA / f"{record.id}.json").read_text(encoding="utf-8"))


def test_the_folder_holds_the_records_and_their_files_only():
    wanted = {f"{d.id}.json" for d in BUNDLED} | {f.name for d in BUNDLED for f in d.files}
    assert {p.name for p in DATA.iterdir()} == wanted
    assert len(BUNDLED) >= 12


@every_set
def test_origin_and_rights_are_stated(record):
    assert record.origin == "observed" or record.id == "servo"
    assert record.licence
    assert record.rights_note
    assert record.provenance.who
    assert record.provenance.year > 1900


@every_set
def test_rows_columns_gaps_ranges_and_counts(record):
    table, raw = read_table(record), raw_json(record)
    assert table.names == tuple(c.name for c in record.columns)
    assert (table.n_rows, len(table.names)) == (raw["n_samples"], raw["n_columns"])
    for column in record.columns:
        values = table.column(column.name)
        assert int(table.missing(column.name).sum()) == column.n_missing
        if column.kind == "numeric":
            assert column.range == (np.nanmin(values), np.nanmax(values))
        elif column.categories:
            assert set(values) - {""} == set(column.categories)
    if record.classes:
        words = table.column(record.target.name)
        assert {c: int((words == c).sum()) for c in record.classes} == raw["target"]["classes"]


@every_set
def test_a_changed_byte_is_noticed(record):
    file = record.files[0]
    data = bytearray((DATA / file.name).read_bytes())
    assert len(data) == file.bytes
    check_bytes(bytes(data), file.name, file.sha256)
    data[len(data) // 2] ^= 1
    with pytest.raises(Corrupt, match=f"{file.name} is not the file that was shipped"):
        check_bytes(bytes(data), file.name, file.sha256)


def test_a_changed_record_is_noticed():
    iris = catalog()["iris"]
    file = dataclasses.replace(iris.files[0], sha256="0" * 64)
    with pytest.raises(Corrupt, match="expected SHA-256 0000"):
        read_table(dataclasses.replace(iris, files=(file,)))


@every_set
def test_arrays_have_the_promised_form(record):
    X, y = Datasets.load(record.id, split=None)
    assert X.shape[0] == len(y) == record.n_samples
    assert X.dtype == np.float32
    assert y.dtype == (np.int64 if record.classes else np.float32)
    inputs = [c for c in record.inputs if c.n_missing]
    assert bool(np.isnan(X).any()) == any(
        c.kind == "numeric" or len(c.categories) == 2 for c in inputs
    )
    if record.classes:
        assert np.bincount(y).tolist() == list(record.target.counts)


@every_set
def test_default_split_is_whole_and_repeatable(record):
    (X, _), (V, _) = Datasets.load(record.id)
    assert len(X) + len(V) == record.n_samples
    if record.official is None:
        assert len(V) == round(0.2 * record.n_samples)
    again = Datasets.load(record.id)
    assert X.tobytes() == again[0][0].tobytes()
    other = Datasets.load(record.id, split=0.2, random_state=7)
    assert X.tobytes() != other[0][0].tobytes()


def score(record, shuffled):
    """Ridge on one-hot answers, closed form: R² or balanced accuracy on held-out rows."""
    source = open_data(record.id)
    train, test = source.split(seed=0, fractions=(0.7, 0.3))
    prepared = source.prepare(train, allow_missing=True)
    X = prepared.apply(source.table, unseen="zero")
    y = prepared.encode_target(source.table)
    if shuffled:
        y = np.random.default_rng(1).permutation(y)
    X = np.column_stack([X, np.ones(len(X))])
    Y = np.eye(len(prepared.classes))[y] if prepared.classes else y[:, np.newaxis]
    gram = X[train].T @ X[train] + np.eye(X.shape[1])
    guess = X @ np.linalg.solve(gram, X[train].T @ Y[train])
    if not prepared.classes:
        error, spread = guess[test, 0] - y[test], y[test] - y[train].mean()
        return 1 - (error @ error) / (spread @ spread)
    hits = guess[test].argmax(axis=1) == y[test]
    recall = np.mean([hits[y[test] == k].mean() for k in np.unique(y[test])])
    chance = 1 / len(prepared.classes)
    return (recall - chance) / (1 - chance)


@every_set
def test_real_labels_are_learned_and_shuffled_ones_are_not(record):
    assert score(record, shuffled=False) > 0.3
    assert score(record, shuffled=True) < 0.2


@every_set
def test_the_way_to_a_network(record):
    source = open_data(record.id)
    train, val, test = source.split(seed=0)
    assert len({*train, *val, *test}) == record.n_samples
    prepared = source.prepare(train, allow_missing=True)
    X = prepared.apply(source.table, unseen="zero")
    assert np.isfinite(X).all()
    numeric = [i for i, c in enumerate(prepared.feature_names) if "=" not in c]
    np.testing.assert_allclose(X[train][:, numeric].mean(axis=0), 0, atol=1e-9)
    assert Preparation.from_dict(prepared.to_dict()) == prepared
    assert prepared.classes == record.classes
    assert source.origin == record.origin
    assert prepared.task == source.task


def test_loading_leaves_the_global_generator_alone():
    state = np.random.get_state()[1].tobytes()
    for record in BUNDLED:
        Datasets.load(record.id, random_state=0)
    assert np.random.get_state()[1].tobytes() == state


def test_official_parts_are_those_of_the_source():
    (X, y), (V, w) = Datasets.load_vowel()
    whole, labels = Datasets.load_vowel(split=None)
    assert (len(X), len(V)) == (528, 462)
    np.testing.assert_array_equal(np.concatenate([X, V]), whole)
    np.testing.assert_array_equal(np.concatenate([y, w]), labels)
    with pytest.raises(BadValue, match="iris has no official parts"):
        Datasets.load_iris(split="official")


def test_agrees_with_scikit_learn():
    from sklearn import datasets

    for name in ("iris", "wine", "breast_cancer", "digits"):
        X, y = Datasets.load(name, split=None)
        theirs = getattr(datasets, f"load_{name}")()
        np.testing.assert_array_equal(X, theirs.data.astype(np.float32))
        same = theirs.target if name != "breast_cancer" else 1 - theirs.target
        np.testing.assert_array_equal(y, same)
    X, y = Datasets.load_diabetes(split=None)
    theirs = datasets.load_diabetes(scaled=False)
    np.testing.assert_array_equal(y, theirs.target.astype(np.float32))
    np.testing.assert_array_equal(X[:, 2:], theirs.data[:, 2:].astype(np.float32))


def test_two_rows_of_one_class_keep_their_class_in_training():
    y = Datasets.load_digits(split=None)[1][:40]
    assert set(y[split_rows(y, seed=0, stratify=True)[0]]) == set(y)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.pop("licence"), "x.licence"),
        (lambda d: d.update(licens="x"), "x"),
        (lambda d: d.update(origin="invented"), "x.origin"),
        (lambda d: d.update(task="guessing"), "x.task"),
        (lambda d: d.update(n_samples="many"), "x.n_samples"),
        (lambda d: d.update(n_samples=-1), "x.n_samples"),
        (lambda d: d.update(cautions="none"), "x.cautions"),
        (lambda d: d["features"][1].update(kind="odd"), "x.features[1].kind"),
        (lambda d: d["features"][1].update(range=[1]), "x.features[1].range"),
        (lambda d: d["features"].append("x"), "x.features[4]"),
        (lambda d: d["target"]["classes"].update(setosa="50"), "x.target.classes.setosa"),
        (lambda d: d["provenance"].pop("who"), "x.provenance.who"),
        (
            lambda d: d["splits"].update(official={"train": [[0, 9]], "test": [[9, 2]]}),
            "x.splits.official.test[0]",
        ),
    ],
)
def test_records_are_read_strictly(change, where):
    raw = raw_json(catalog()["iris"])
    assert Dataset.from_json(raw, "x").id == "iris"
    change(raw)
    with pytest.raises(BadValue) as caught:
        Dataset.from_json(raw, "x")
    assert caught.value.where == where


@pytest.mark.parametrize("raw", [None, [], "iris", {}])
def test_a_record_that_is_none(raw):
    with pytest.raises(BadValue):
        Dataset.from_json(raw)


def test_every_record_to_come_can_be_read():
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the collection is not here")
    paths = [p for p in folder.glob("*.json") if p.name != "downloads.json"]
    records = [Dataset.from_json(json.loads(p.read_text(encoding="utf-8")), p.name) for p in paths]
    assert len({d.id for d in records}) == len(paths) > 100


def test_gzip_files_carry_no_name_and_no_time():
    for record in BUNDLED:
        data = (DATA / record.files[0].name).read_bytes()
        assert data[3:8] == bytes(5)
        assert gzip.decompress(data).endswith(b"\n")
