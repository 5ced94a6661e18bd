"""`Datasets` and `open_data`: finding sets, telling what they are, opening them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from neurogebra.datasets import Datasets, catalog, open_data, read_csv
from neurogebra.errors import BadValue, DataError, UnknownName


def test_list_and_search():
    assert Datasets.list_all() == list(catalog())
    made = [d.id for d in catalog().values() if d.draw]
    assert {"moons", "friedman1"} < set(Datasets.list_all("synthetic")) < set(made)
    assert Datasets.list_all("nothing") == []
    assert Datasets.search("iris")[0] == "iris"
    assert Datasets.search("cancer") == ["breast_cancer", "haberman"]
    assert set(Datasets.search("missing values")) >= {"titanic", "penguins", "auto_mpg"}
    assert {"iris", "wine"} <= set(Datasets.search("Classification"))
    assert Datasets.search("") == Datasets.list_all()
    assert Datasets.search("zzz") == []


def test_get_info_prints_and_returns(capsys):
    record = Datasets.get_info("titanic_full")
    shown = capsys.readouterr().out
    assert record is catalog()["titanic"]
    for part in ("Titanic passengers", "observed", "1,309 rows", "caution", record.licence):
        assert part in shown


@pytest.mark.parametrize("name", list(catalog()))
def test_every_record_can_be_described(name, capsys):
    record = Datasets.get_info(name)
    shown = capsys.readouterr().out
    assert record.origin in shown
    assert all(caution in shown for caution in record.cautions)


def test_loading_prints_only_when_asked(capsys):
    Datasets.load_wine()
    assert capsys.readouterr().out == ""
    Datasets.load_wine(verbose=True)
    Datasets.load_moons(10, verbose=True)
    shown = capsys.readouterr().out
    assert "Wine" in shown
    assert "Two moons" in shown


def test_loaders_exist_for_every_name_and_alias():
    for name in (*catalog(), "titanic_full", "linear_regression"):
        assert callable(getattr(Datasets, f"load_{name}"))
    assert "load_iris" in dir(Datasets)
    assert Datasets.load_iris.__name__ == "load_iris"
    assert "split" in Datasets.load_iris.__doc__


def test_unknown_names():
    assert not hasattr(Datasets, "load_nothing")
    with pytest.raises(AttributeError, match="no attribute 'fetch'"):
        Datasets.fetch("iris")
    with pytest.raises(UnknownName, match="no dataset called 'irris'; did you mean 'iris'"):
        Datasets.load_irris()
    for call in (Datasets.load, Datasets.get_info, open_data):
        with pytest.raises(UnknownName, match="did you mean 'iris'"):
            call("irris")


@pytest.mark.parametrize("split", [0, 1, -0.2, 1.5, True, "half", [0.5], float("nan")])
def test_splits_that_are_none(split):
    with pytest.raises(BadValue, match="split: expected None"):
        Datasets.load_iris(split=split)


def test_a_named_source():
    source = open_data("titanic")
    assert (source.target, source.task, source.origin) == ("survived", "binary", "observed")
    assert source.features == ("pclass", "sex", "age", "sibsp", "parch", "fare", "embarked")
    assert source.dropped == ("name", "ticket", "cabin", "home_dest", "boat", "body")
    assert open_data("titanic", drop=("age",)).features == tuple(
        n for n in source.features if n != "age"
    )


def test_another_target_of_a_named_set():
    source = open_data("breast_cancer", "mean_radius")
    assert source.task == "regression"
    assert "diagnosis" in source.features
    assert "mean_radius" not in source.features
    with pytest.raises(UnknownName, match="did you mean 'diagnosis'"):
        open_data("breast_cancer", "diagnosys")
    with pytest.raises(BadValue, match="kinds"):
        open_data("iris", kinds={"species": "categorical"})


def test_a_generated_source():
    source = open_data("moons", seed=3)
    assert (source.task, source.origin, source.table.n_rows) == ("binary", "generated", 1000)
    X, y = Datasets.load_moons(random_state=3)
    np.testing.assert_array_equal(source.table.column("x1"), X[:, 0])
    prepared = source.prepare()
    np.testing.assert_array_equal(prepared.encode_target(source.table), y)
    assert open_data("sine").task == "regression"


def test_a_file_is_learned_and_predicted_alike(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"p{i}", float(rng.normal()), "fm"[i % 2]) for i in range(100)]
    lines = [f"{name},{x!r},{sex},{'ill' if x > 0 else 'well'}" for name, x, sex in rows]
    path = tmp_path / "patients.csv"
    path.write_text("\n".join(["name,marker,sex,state", *lines]))
    source = open_data(path, "state", drop=("name",))
    assert (source.origin, source.record, source.title) == ("file", None, "patients.csv")
    assert source.features == ("marker", "sex")
    prepared = source.prepare(source.split(seed=0)[0])
    X = prepared.apply(source.table)
    path.write_text("\n".join(["sex,marker", *(f"{sex},{x!r}" for _, x, sex in rows[:5])]))
    later = prepared.apply(read_csv(path, kinds=prepared.kinds))
    np.testing.assert_array_equal(later, X[:5])
    assert prepared.classes == ("ill", "well")


def test_a_dropped_column_is_not_looked_into(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("a,b,y\n" + "1,2,0\n2,3,1\n3,x,0\n4,5,1\n" * 3)
    with pytest.raises(DataError, match="'b'"):
        open_data(path, "y")
    source = open_data(path, "y", drop=("b",))
    assert source.prepare().kinds == {"a": "numeric", "b": "categorical", "y": "numeric"}
    as_words = open_data(path, "y", kinds={"b": "categorical"})
    assert as_words.prepare().feature_names == ("a", "b=2", "b=3", "b=5", "b=x")


def test_importing_is_light():
    code = (
        "import sys, neurogebra.datasets; "
        "heavy = {'torch', 'sympy', 'matplotlib', 'scipy', 'sklearn', 'pandas'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
