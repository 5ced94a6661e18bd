"""Preparation: measured on training rows only, the same afterwards, exact through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurogebra.datasets import Preparation, Table, read_csv
from neurogebra.errors import BadValue, DataError, UnknownName

N = 40


def table(**changes):
    rng = np.random.default_rng(0)
    columns = {
        "age": rng.normal(40, 10, N),
        "city": np.array(["Rome", "Oslo", "Kyiv", "Lima"] * (N // 4), dtype=object),
        "same": np.full(N, 7.0),
        "member": np.array(["no", "yes"] * (N // 2), dtype=object),
        "y": np.array(["b", "a"] * (N // 2), dtype=object),
    }
    columns.update(changes)
    kinds = tuple("numeric" if c.dtype.kind == "f" else "categorical" for c in columns.values())
    return Table(tuple(columns), tuple(columns.values()), kinds)


def with_gap(column, row=3):
    values = table().column(column).copy()
    values[row] = np.nan if values.dtype.kind == "f" else ""
    return table(**{column: values})


def test_features_are_standardised_and_one_hot():
    whole, rows = table(), np.arange(30)
    fitted = Preparation.fit(whole, "y", rows=rows)
    X = fitted.apply(whole)
    assert fitted.feature_names == (
        "age",
        *(f"city={c}" for c in ("Kyiv", "Lima", "Oslo", "Rome")),
        "same",
        "member=no",
        "member=yes",
    )
    age = whole.column("age")
    np.testing.assert_array_equal(X[:, 0], (age - age[rows].mean()) / age[rows].std())
    np.testing.assert_array_equal(X[:, 4], whole.column("city") == "Rome")
    assert not X[:, 5].any()
    assert fitted.notes == ("same: constant (7) in the training rows, passed as 0",)


def test_only_training_rows_are_measured():
    rows = np.arange(30)
    age = table().column("age").copy()
    age[30:] += 1e6
    inside = table().column("age").copy()
    inside[0] += 1e6
    fitted = Preparation.fit(table(), "y", rows=rows)
    assert Preparation.fit(table(age=age), "y", rows=rows) == fitted
    assert Preparation.fit(table(age=inside), "y", rows=rows) != fitted, "the law would be vacuous"
    assert Preparation.fit(table(), "y", rows=np.arange(N) < 30) == fitted


@pytest.mark.parametrize("column", ["age", "city"])
def test_a_gap_is_refused_with_its_place(column):
    with pytest.raises(DataError) as caught:
        Preparation.fit(with_gap(column), "y")
    assert f"row 4, column {column!r}: the value is missing" in str(caught.value)
    fitted = Preparation.fit(table(), "y")
    with pytest.raises(DataError, match="the value is missing"):
        fitted.apply(with_gap(column))


def test_a_gap_is_filled_when_allowed():
    whole = with_gap("age")
    fitted = Preparation.fit(whole, "y", allow_missing=True)
    median = float(np.nanmedian(whole.column("age")))
    age = fitted.columns[0]
    assert (age.median, age.n_missing) == (median, 1)
    assert fitted.apply(whole)[3, 0] == (median - age.mean) / age.std
    assert fitted.notes[0] == f"age: 1 missing value filled with the training median {median:g}"
    assert fitted.gaps(whole) == {"age": 1}
    assert fitted.gaps(table()) == {}


def test_a_missing_word_has_no_category():
    fitted = Preparation.fit(with_gap("city"), "y", allow_missing=True)
    X = fitted.apply(with_gap("city"))
    city = X[:, [i for i, n in enumerate(fitted.feature_names) if n.startswith("city=")]]
    assert city.sum(axis=1).tolist() == [1, 1, 1, 0] + [1] * (N - 4)


def test_an_unseen_word():
    city = table().column("city").copy()
    city[5] = "rome"
    fitted = Preparation.fit(table(), "y")
    with pytest.raises(DataError) as caught:
        fitted.apply(table(city=city))
    assert "row 6, column 'city': the value 'rome' was not seen in training; known: 'Rome'" in str(
        caught.value
    )
    assert not fitted.apply(table(city=city), unseen="zero")[5, 1:5].any()
    assert fitted.gaps(table(city=city)) == {"city": 1}
    with pytest.raises(BadValue, match="unseen: expected one of error, zero"):
        fitted.apply(table(), unseen="ignore")


def test_columns_are_found_by_name():
    fitted = Preparation.fit(table(), "y")
    shuffled = table().select(["member", "y", "city", "same", "age"])
    np.testing.assert_array_equal(fitted.apply(shuffled), fitted.apply(table()))
    without_target = table().select(["age", "city", "same", "member"])
    np.testing.assert_array_equal(fitted.apply(without_target), fitted.apply(table()))


def renamed(old, new):
    whole = table()
    names = tuple(new if n == old else n for n in whole.names)
    return Table(names, whole.columns, whole.kinds, "new.csv")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (table().select(["age", "city", "member"]), "the table lacks the column 'same'"),
        (renamed("age", "Age"), "new.csv lacks the column 'age'; is it 'Age' there?"),
        (table(more=np.ones(N)), "the column 'more' that training did not see"),
        (table(city=np.arange(float(N))), "'city' was categorical in training and is numeric"),
    ],
)
def test_columns_that_do_not_fit(changed, sentence):
    with pytest.raises(DataError) as caught:
        Preparation.fit(table(), "y").apply(changed)
    assert sentence in str(caught.value)


def test_dropped_columns_may_come_back():
    fitted = Preparation.fit(table(), "y", drop=("same",))
    assert "same" not in fitted.feature_names
    assert fitted.apply(table()).shape == (N, 7)
    with pytest.raises(UnknownName, match="did you mean 'same'"):
        Preparation.fit(table(), "y", drop=("sane",))


def test_later_files_are_read_with_the_kinds_of_training(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("code,note,y\n" + "1,7x,0\n2b,8,1\n3c,9,0\n4,x,1\n" * 5)
    fitted = Preparation.fit(read_csv(path, kinds={"note": "categorical"}), "y", drop=("note",))
    path.write_text("code\n1\n4\n")
    with pytest.raises(DataError, match=r"kinds=preparation\.kinds"):
        fitted.apply(read_csv(path))
    assert fitted.apply(read_csv(path, kinds=fitted.kinds))[:, [0, 3]].tolist() == [[1, 0], [0, 1]]


def test_classes_and_back():
    fitted = Preparation.fit(table(), "y")
    assert (fitted.task, fitted.classes, fitted.target.n_outputs) == ("binary", ("a", "b"), 1)
    y = fitted.encode_target(table())
    assert y.dtype == np.int64
    assert y[:3].tolist() == [1, 0, 1]
    for predictions in (y, y[:, np.newaxis] * 0.4 + 0.3, np.stack([1 - y, y], axis=1)):
        assert fitted.decode(predictions).tolist() == table().column("y").tolist()


def test_several_classes_are_ordered_as_numbers():
    y = np.array(["10", "2", "1", "9"] * (N // 4), dtype=object)
    fitted = Preparation.fit(table(y=y), "y")
    assert fitted.classes == ("1", "2", "9", "10")
    assert fitted.target.n_outputs == 4
    scores = np.eye(4)[fitted.encode_target(table(y=y))]
    assert fitted.decode(scores).tolist() == y.tolist()


def test_whole_numbers_name_classes():
    y = np.array([1.0, -1.0] * (N // 2))
    fitted = Preparation.fit(table(y=y), "y")
    assert fitted.classes == ("-1", "1")
    assert fitted.encode_target(table(y=y))[:2].tolist() == [1, 0]


def test_a_number_is_standardised_over_training_rows_and_back():
    y = np.random.default_rng(1).normal(1000, 50, N)
    whole, rows = table(y=y), np.arange(30)
    fitted = Preparation.fit(whole, "y", rows=rows)
    scaled = fitted.encode_target(whole)
    assert fitted.task == "regression"
    np.testing.assert_allclose([scaled[rows].mean(), scaled[rows].std()], [0, 1], atol=1e-12)
    np.testing.assert_allclose(fitted.decode(scaled[:, np.newaxis]), y, rtol=1e-14)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (np.arange(N) % 20.0, "multiclass"),
        (np.arange(N) % 2.0, "binary"),
        (np.arange(N) % 21.0, "regression"),
        (np.arange(N) % 20 / 2, "regression"),
        (np.array(["x", "y", "z", "x"] * (N // 4), dtype=object), "multiclass"),
    ],
)
def test_the_task_follows_from_the_target(values, task):
    assert Preparation.fit(table(y=values), "y").task == task


def test_training_rows_of_one_class():
    with pytest.raises(DataError, match=r"only one value, 'b'; .* these training rows"):
        Preparation.fit(table(), "y", rows=np.arange(0, N, 2))
    with pytest.raises(DataError, match="no training rows"):
        Preparation.fit(table(), "y", rows=[])


def test_the_task_may_be_given():
    few = table(y=np.arange(N) % 5.0)
    assert Preparation.fit(few, "y", task="regression").task == "regression"
    assert Preparation.fit(few, "y", task="classification").task == "multiclass"


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [(np.ones((3, 3)), "(rows, 1)"), (np.float64(1), "(rows, 1)"), ([np.nan], "finite numbers")],
)
def test_predictions_of_the_wrong_form(predictions, expected):
    with pytest.raises(BadValue) as caught:
        Preparation.fit(table(), "y").decode(predictions)
    assert expected in str(caught.value)


def test_targets_that_training_did_not_know():
    fitted = Preparation.fit(table(), "y")
    y = table().column("y").copy()
    y[2] = "c"
    with pytest.raises(DataError, match="row 3, column 'y': no class called 'c'; known: 'a', 'b'"):
        fitted.encode_target(table(y=y))


def test_a_value_out_of_all_reach():
    tiny = np.zeros(N)
    tiny[0] = 1e-150
    fitted = Preparation.fit(table(same=tiny), "y")
    with pytest.raises(DataError, match="row 1, column 'same': 1e\\+300 is too far"):
        fitted.apply(table(same=np.full(N, 1e300)))


@pytest.mark.parametrize("y", [table().column("y"), np.random.default_rng(2).normal(size=N)])
def test_json_gives_back_an_equal_record(y):
    fitted = Preparation.fit(table(y=y), "y", drop=("same",), rows=np.arange(33))
    read = Preparation.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False)))
    assert read == fitted
    assert read.apply(table(y=y)).tobytes() == fitted.apply(table(y=y)).tobytes()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.pop("target"), "preparation.target"),
        (lambda d: d.update(extra=1), "preparation"),
        (lambda d: d.update(allow_missing="no"), "preparation.allow_missing"),
        (lambda d: d.update(dropped=[1]), "preparation.dropped"),
        (lambda d: d["columns"].append(3), "preparation.columns[4]"),
        (lambda d: d["columns"][0].pop("mean"), "preparation.columns[0].mean"),
        (lambda d: d["columns"][0].update(std="1"), "preparation.columns[0].std"),
        (lambda d: d["columns"][0].update(std=float("nan")), "preparation.columns[0].std"),
        (lambda d: d["columns"][0].update(kind="x"), "preparation.columns[0].kind"),
        (lambda d: d["columns"][1].update(categories="ab"), "preparation.columns[1].categories"),
        (lambda d: d["target"].update(classes=["a"]), "preparation.target.classes"),
        (lambda d: d["target"].update(std=0), "preparation.target.std"),
    ],
)
def test_json_is_read_strictly(change, where):
    raw = Preparation.fit(table(), "y").to_dict()
    change(raw)
    with pytest.raises(BadValue) as caught:
        Preparation.from_dict(raw)
    assert caught.value.where == where
