"""`neurogebra predict`: answers in the target's own words, scored where the truth is there."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from neurogebra.builders.predictions import certainty, predict
from neurogebra.cli_tables import as_csv


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def trained(run, flowers):
    """A run that knows `flowers`."""
    assert run("train", flowers, "--target", "answer", "--out", "r", "--quiet").code == 0
    return flowers


@pytest.fixture
def priced(run, table):
    """A run that predicts a number, and its file."""
    rows = [[i % 11, i % 3, 100 + 3 * (i % 11) - (i % 3)] for i in range(150)]
    path = table("price.csv", ["x", "z", "price"], rows)
    words = ("--target", "price", "--task", "regression", "--quiet")
    assert run("train", path, *words, "--out", "p").code == 0
    return path


def test_classes_with_their_probability_and_a_score(run, trained):
    found = run("predict", "r", trained)
    assert found.code == 0
    rows = rows_of(found.out)
    assert [r["row"] for r in rows] == [str(i) for i in range(1, 106)]
    assert {r["prediction"] for r in rows} == {"yes", "no"}
    assert all(0.5 <= float(r["probability"]) <= 1 for r in rows)
    share = np.mean([r["prediction"] == r["actual"] for r in rows])
    assert share > 0.9
    assert found.err.startswith(f"accuracy {share:.4g}"), found.err
    assert "over 105 rows that hold answer" in found.err


def test_without_the_truth_there_is_no_score(run, trained, table):
    path = table("new.csv", ["colour", "z", "x"], [["red", 1, 6], ["blue", 0, 0]])
    found = run("predict", "r", path)
    assert (found.code, found.err) == (0, "")
    assert [r["prediction"] for r in rows_of(found.out)] == ["yes", "no"]
    assert "actual" not in found.out


def test_the_truth_of_some_rows_scores_those(run, trained, table):
    path = table(
        "some.csv", ["x", "z", "colour", "answer"], [[6, 1, "red", ""], [0, 0, "blue", "no"]]
    )
    found = run("predict", "r", path)
    assert "over 1 of 2 rows that hold" in found.err or "over 1 of 2 row that holds" in found.err
    assert [r["actual"] for r in rows_of(found.out)] == ["", "no"]


def test_numbers_come_in_their_own_unit_with_their_errors(run, priced):
    found = run("predict", "p", priced, "--json")
    told = json.loads(found.out)
    assert found.err == ""
    answers = np.array([p["prediction"] for p in told["predictions"]])
    truth = np.array([p["actual"] for p in told["predictions"]])
    assert np.abs(answers - truth).mean() < 1.0
    assert truth.min() == 98
    assert told["scores"]["mae"] == pytest.approx(np.abs(answers - truth).mean())
    r2 = 1 - np.square(answers - truth).sum() / np.square(truth - truth.mean()).sum()
    assert told["scores"]["r2"] == pytest.approx(r2)
    assert r2 > 0.95
    assert "probability" not in told["predictions"][0]


def test_the_answers_are_those_of_the_trained_network(run, trained, tmp_path):
    score = json.loads((tmp_path / "r" / "result.json").read_text())["scores"]
    found = predict(tmp_path / "r", trained)
    assert found.scores["accuracy"] >= min(s["accuracy"] for s in score.values()) - 0.05
    again = predict(tmp_path / "r", trained)
    assert again.outputs.tobytes() == found.outputs.tobytes()


def test_several_classes(run, tmp_path):
    assert run("train", "iris", "--quiet", "--out", "i").code == 0
    path = tmp_path / "three.csv"
    path.write_text(
        "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n"
    )
    rows = rows_of(run("predict", "i", path).out)
    assert [r["prediction"] for r in rows] == ["setosa", "virginica"]


def test_certainty_is_of_the_class_that_is_named():
    assert certainty(np.array([[0.2], [0.9], [0.5]])).tolist() == [0.8, 0.9, 0.5]
    assert certainty(np.array([[0.2, 0.7, 0.1]])).tolist() == [0.7]


def test_a_file_is_written_once(run, refused, trained, tmp_path):
    found = run("predict", "r", trained, "--out", "answers.csv")
    assert found.out.startswith("105 predictions written to answers.csv\naccuracy ")
    assert len(rows_of((tmp_path / "answers.csv").read_text())) == 105
    assert "never overwritten" in refused("predict", "r", trained, "--out", "answers.csv")
    assert "never overwritten" in refused("predict", "r", trained, "--out", trained)
    assert "cannot be written" in refused("predict", "r", trained, "--out", "no/where.csv")


def test_texts_that_a_spreadsheet_would_run_are_disarmed_and_numbers_stay_numbers():
    cells = ["=1+1", "+x", "-no", "@SUM(A1)", "\tx", "\rx", "plain", "-1", "+2.5e3", "-1-1", "a=b"]
    text = as_csv(["c"], [[c] for c in cells]).decode()
    found = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    harmless = {"plain", "-1", "+2.5e3", "a=b"}
    assert found == [c if c in harmless else f"'{c}" for c in cells]
    assert as_csv(["n", "m"], [[-1.5, 3], [None, 0.1]]) == b"n,m\n-1.5,3\n,0.1\n"


def test_a_class_that_is_a_formula_is_disarmed_on_its_way_out(run, table):
    rows = [[i % 9, '=HYPERLINK("x")' if i % 9 > 4 else "-1"] for i in range(90)]
    path = table("evil.csv", ["x", "y"], rows)
    words = ("--target", "y", "--categorical", "y", "--quiet")
    assert run("train", path, *words, "--out", "e").code == 0
    found = {r["prediction"] for r in rows_of(run("predict", "e", path).out)}
    assert found == {'\'=HYPERLINK("x")', "-1"}


@pytest.mark.parametrize(
    ("header", "row", "sentence"),
    [
        (["x", "colour"], [1, "red"], "lacks the column 'z'"),
        (["x", "zz", "colour"], [1, 2, "red"], "lacks the column 'z'; is it 'zz' there?"),
        (["x", "z", "colour", "w"], [1, 2, "red", 3], "the column 'w' that training did not see"),
        (["x", "z", "colour"], [1, "two", "red"], "column 'z': expected a number, got 'two'"),
        (["x", "z", "colour"], [1, "", "red"], "column 'z': the value is missing"),
        (["x", "z", "colour"], [1, 2, "green"], "'green'"),
        (["x", "z", "colour", "answer"], [1, 2, "red", "maybe"], "no class called 'maybe'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(refused, trained, table, header, row, sentence):
    assert sentence in refused("predict", "r", table("other.csv", header, [row]))


def test_a_model_that_was_damaged_is_refused(refused, trained, tmp_path):
    path = tmp_path / "r" / "model" / "weights.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(raw)
    assert "the contents differ from what" in refused("predict", "r", trained)
