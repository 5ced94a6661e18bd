"""Bundled sets as their loaders give them: splits, samples, series, images, texts, frames."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import neurogebra.datasets
from neurogebra.datasets import Datasets, catalog, open_data
from neurogebra.datasets.bundled import check_bytes, read_idx
from neurogebra.datasets.catalog import NotOffered, bundled_record, read_table
from neurogebra.datasets.record import Dataset
from neurogebra.errors import BadValue, Corrupt, DataError, MissingExtra, UnknownName

DATA = Path(neurogebra.datasets.__file__).parent / "data"


def test_a_changed_byte_is_refused():
    file = catalog()["iris"].files[0]
    data = bytearray((DATA / file.name).read_bytes())
    check_bytes(bytes(data), file.name, file.sha256)
    data[len(data) // 2] ^= 1
    with pytest.raises(Corrupt, match=r"iris\.csv\.gz is not the file that was shipped"):
        check_bytes(bytes(data), file.name, file.sha256)


def test_a_record_of_another_file_is_refused():
    iris = catalog()["iris"]
    file = dataclasses.replace(iris.files[0], sha256="0" * 64)
    with pytest.raises(Corrupt, match="expected SHA-256 0000"):
        read_table(dataclasses.replace(iris, files=(file,)))
    file = dataclasses.replace(iris.files[0], name="gone.csv.gz")
    with pytest.raises(Corrupt, match=r"gone\.csv\.gz is missing from"):
        read_table(dataclasses.replace(iris, files=(file,)))
    for change in ({"n_samples": 149}, {"features": iris.features[:3]}):
        with pytest.raises(Corrupt, match="does not hold the rows and columns"):
            read_table(dataclasses.replace(iris, **change))


def test_an_image_file_of_another_shape_is_refused():
    labels = catalog()["mnist"].files[3]
    out = np.empty(10_000, np.int64)
    read_idx(labels, out)
    assert np.bincount(out).tolist()[:2] == [980, 1135]
    for shape in ((9_999,), (100, 100)):
        with pytest.raises(Corrupt, match="does not hold"):
            read_idx(labels, np.empty(shape, np.int64))


def test_mnist_is_whole_and_in_one_piece():
    (X, y), (V, w) = Datasets.load_mnist()
    assert (X.shape, V.shape, X.dtype) == ((60_000, 28, 28), (10_000, 28, 28), np.float32)
    assert (y.shape, w.shape, y.dtype) == ((60_000,), (10_000,), np.int64)
    assert (X.min(), X.max()) == (0, 255)
    assert y[:5].tolist() == [5, 0, 4, 1, 9]
    assert X.base is V.base is not None  # parts of one array, which is never copied
    assert not np.shares_memory(X, V)


def test_a_sample_of_mnist_keeps_classes_and_parts():
    (X, y), (V, w) = Datasets.load_mnist(n_samples=700)
    assert X.dtype == np.float32
    assert abs(len(V) - 100) <= 5
    assert len(X) + len(V) == 700
    assert np.bincount(y).min() >= 50
    assert set(w) == set(range(10))


def test_official_parts_are_those_of_the_source():
    (X, y), (V, w) = Datasets.load_vowel()
    whole, labels = Datasets.load_vowel(split=None)
    assert (len(X), len(V)) == (528, 462)
    np.testing.assert_array_equal(np.concatenate([X, V]), whole)
    np.testing.assert_array_equal(np.concatenate([y, w]), labels)
    (X, _), (V, _) = Datasets.load_occupancy("official")  # its test rows stand in two places
    assert (len(X), len(V)) == (8143, 12417)
    with pytest.raises(BadValue, match="iris has no official parts"):
        Datasets.load_iris(split="official")


def test_a_sample_is_dealt_before_the_split():
    (X, y), (V, w) = Datasets.load_iris(n_samples=60)
    assert np.bincount(y).tolist() == [16, 16, 16]
    assert np.bincount(w).tolist() == [4, 4, 4]
    again = Datasets.load_iris(n_samples=60)
    assert again[0][0].tobytes() == X.tobytes()
    assert Datasets.load_iris(n_samples=60, random_state=1)[1][0].tobytes() != V.tobytes()
    X, y = Datasets.load_diabetes(split=None, n_samples=1)
    assert X.shape == (1, 10)
    X, _ = Datasets.load_iris(None, n_samples=150)
    np.testing.assert_array_equal(X, Datasets.load_iris(None)[0])


@pytest.mark.parametrize("n", [0, -1, 151, 1.5, True, "ten"])
def test_samples_that_are_none(n):
    with pytest.raises(BadValue, match="n_samples"):
        Datasets.load_iris(n_samples=n)


def test_series_come_as_t_and_y_in_order():
    t, y = Datasets.load_sunspots(split=None)
    assert (t[0], t[-1], y[0]) == (1700, 2008, 5)
    t, y = Datasets.load_macrodata(split=None)  # quarters
    assert t[:5].tolist() == [0, 90, 181, 273, 365]
    (t, _), (later, _) = Datasets.load_nile()
    assert (len(t), len(later)) == (80, 20)
    assert t[-1] + 1 == later[0]
    (t, _), (later, _) = Datasets.load_nile(0.5, n_samples=10, random_state=3)
    assert t.tolist() == [1961, 1962, 1963, 1964, 1965]
    assert later.tolist() == [1966, 1967, 1968, 1969, 1970]
    t, y = Datasets.load_beijing_pm(split=None)  # hours, with gaps
    assert np.isnan(y).sum() == 2067
    assert np.diff(t).min() > 0.04
    with pytest.raises(DataError, match="too few to split"):
        Datasets.load_nile(0.2, n_samples=1)


def test_texts_come_as_strings():
    X, y = Datasets.load_sentences_imdb(split=None)
    assert (X.shape, X.dtype, y.dtype) == ((1000,), object, np.int64)
    assert all(isinstance(text, str) and text for text in X)
    (X, _), (V, w) = Datasets.load_womens_clothing()
    assert len(X) + len(V) == 1618
    assert set(w) == {0, 1}


@pytest.mark.parametrize(
    ("alias", "name"),
    [("spam", "spambase"), ("adult_income", "adult"), ("german_uci", "german_credit"),
     ("image_segments", "segment"), ("yacht_raw", "yacht"), ("credit_g", "german_credit")],
)  # fmt: skip
def test_documented_aliases(alias, name):
    assert catalog()[alias] is catalog()[name]
    assert getattr(Datasets, f"load_{alias}").__name__ == f"load_{name}"


@pytest.mark.parametrize("name", ["boston", "boston_housing"])
def test_boston_is_refused_with_the_reason_and_the_alternative(name):
    calls = (Datasets.load, Datasets.get_info, open_data, lambda n: getattr(Datasets, f"load_{n}"))
    for call in calls:
        with pytest.raises(NotOffered, match=r"residents .* 'california_housing' instead") as found:
            call(name)
        assert isinstance(found.value, UnknownName)
        assert catalog()[found.value.instead].supply == "bundled"
    assert name not in catalog()
    assert not hasattr(Datasets, f"load_{name}")


def test_a_wrong_name_of_another_set_is_refused():
    with pytest.raises(NotOffered, match="use 'monks3' instead"):
        Datasets.load_monks2()


def test_only_tables_are_opened_for_training():
    for name, word in (("nile", "time series"), ("sotu", "texts"), ("mnist", "images")):
        with pytest.raises(DataError, match=rf"{name} .*{word}.*Datasets\.load_{name}\(\) has it"):
            open_data(name)
    with pytest.raises(DataError, match="mnist holds images, not a table"):
        read_table(catalog()["mnist"])


def test_loaders_say_what_they_give():
    for name, words in (
        ("mnist", "grey levels"),
        ("nile", "the last 20%"),
        ("sotu", "of str"),
        ("adult", "the parts of the source"),
    ):
        load = getattr(Datasets, f"load_{name}")
        assert words in load.__doc__
        assert {"split", "random_state", "n_samples", "return_frame", "verbose"} == set(
            inspect.signature(load).parameters
        )


def test_cautions_are_told_on_request(capsys):
    Datasets.load_spambase(n_samples=100, verbose=True)
    shown = capsys.readouterr().out
    assert all(caution in shown for caution in catalog()["spambase"].cautions)
    Datasets.get_info("tecator")
    assert catalog()["tecator"].notice in capsys.readouterr().out


def test_frames_need_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"neurogebra\[data\]"):
        Datasets.load_iris(return_frame=True)


def test_frames_hold_the_columns_of_the_file():
    pd = pytest.importorskip("pandas")
    X, y = Datasets.load_titanic(split=None, return_frame=True)
    assert list(X.columns) == [c.name for c in catalog()["titanic"].features]
    assert (y.name, list(y.cat.categories)) == ("survived", ["0", "1"])
    assert int(X["age"].isna().sum()) == 263
    assert X["embarked"].isna().sum() == 2
    (X, y), (V, _) = Datasets.load_iris(return_frame=True)
    array = Datasets.load_iris()[0][0]
    np.testing.assert_array_equal(X.to_numpy(np.float32), array)
    assert V.shape == (30, 4)
    t, y = Datasets.load_macrodata(split=None, return_frame=True)
    assert t["t"][1] == pd.Timestamp("1959-04-01")
    X, y = Datasets.load_moons(20, random_state=0, return_frame=True)
    assert (X.shape, y.name) == ((20, 2), catalog()["moons"].target.name)


def test_images_make_no_frame():
    with pytest.raises(BadValue, match="return_frame: expected False for images"):
        Datasets.load_mnist(return_frame=True)


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


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        ("iris", lambda d: d.pop("licence"), "x.licence"),
        ("iris", lambda d: d.update(licens="x"), "x"),
        ("iris", lambda d: d.update(origin="invented"), "x.origin"),
        ("iris", lambda d: d.update(task="guessing"), "x.task"),
        ("iris", lambda d: d.update(n_samples="many"), "x.n_samples"),
        ("iris", lambda d: d.update(n_samples=-1), "x.n_samples"),
        ("iris", lambda d: d.update(cautions="none"), "x.cautions"),
        ("iris", lambda d: d.update(survey_id=7), "x.survey_id"),
        ("iris", lambda d: d["features"][1].update(kind="odd"), "x.features[1].kind"),
        ("iris", lambda d: d["features"][1].update(range=[1]), "x.features[1].range"),
        ("iris", lambda d: d["features"].append("x"), "x.features[4]"),
        ("iris", lambda d: d["target"]["classes"].update(setosa="50"), "x.target.classes.setosa"),
        ("iris", lambda d: d["provenance"].pop("who"), "x.provenance.who"),
        ("iris", lambda d: d["baseline"].update(hi=1), "x.baseline"),
        ("iris", lambda d: d["baseline"].update(separates_from_shuffled=1),
         "x.baseline.separates_from_shuffled"),
        ("iris", lambda d: d["splits"].update(best={}), "x.splits"),
        ("iris", lambda d: d["splits"]["default"].update(sed=1), "x.splits.default"),
        ("iris", lambda d: d["via"].update(by="x"), "x.via"),
        ("iris", lambda d: d["via"]["sources"][0].pop("version"), "x.via.sources[0].version"),
        ("iris", lambda d: d["checked"][0].pop("result"), "x.checked[0].result"),
        ("nile", lambda d: d.update(period="one"), "x.period"),
        ("mnist", lambda d: d["files"][0].update(shape=[28.5]), "x.files[0].shape"),
        ("mnist", lambda d: d["files"][0].update(sha="x"), "x.files[0]"),
        ("mnist", lambda d: d["features"][0].update(shape="28x28"), "x.features[0].shape"),
        ("iris", lambda d: d["splits"].update(official={"train": [[0, 9]], "test": [[9, 2]]}),
         "x.splits.official.test[0]"),
    ],
)  # fmt: skip
def test_records_are_read_strictly(name, change, where):
    raw = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    assert Dataset.from_json(raw, "x") == bundled_record(name)
    change(raw)
    with pytest.raises(BadValue) as caught:
        Dataset.from_json(raw, "x")
    assert caught.value.where == where


@pytest.mark.parametrize("raw", [None, [], "iris", {}])
def test_a_record_that_is_none(raw):
    with pytest.raises(BadValue):
        Dataset.from_json(raw)
