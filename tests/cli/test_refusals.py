"""Whatever cannot be done is one sentence on stderr and exit code 2, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from neurogebra import cli
from neurogebra.engines import table as engine_table


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train iriss", "no dataset called 'iriss'; did you mean 'iris'"),
        ("train iris --target specie", "no column called 'specie'; did you mean 'species'?"),
        ("train iris --drop sepal_lenght", "did you mean 'sepal_length"),
        ("train iris --layers 64:rleu", "layers[0].activation: expected an activation by name, "),
        ("train iris --layers 64:rleu", "did you mean 'relu'"),
        ("train iris --layers 64:relu,x", "layers[1]: expected units and an activation"),
        ("train iris --layers 64:relu,", "layers[1]: expected units and an activation"),
        ("train iris --layers 6.5:relu", "got '6.5:relu'"),
        ("train iris --layers ٣", "layers[0]: expected units"),
        ("train iris --layers 0:relu", "layers[0].units: expected int"),
        ("train iris --layers 1000000,1000000", "parameters"),
        ("train iris --loss hubr", "loss: expected a loss by name, got 'hubr'; did you mean"),
        ("train iris --loss hinge", "expected one that fits a multiclass task, got 'hinge'"),
        ("train iris --optimizer addam", "did you mean 'adam'"),
        ("train iris --engine numppy", "no engine called 'numppy'; did you mean 'numpy'?"),
        ("train iris --dtype float3", "dtype: expected a dtype by name, got 'float3'"),
        ("train iris --log-level exprt", "no log level called 'exprt'; did you mean 'expert'?"),
        ("train iris --task multiclas", "task: expected classification, binary"),
        ("train iris --epochs 0", "epochs: expected int"),
        ("train iris --epochs ten", "'--epochs'"),
        ("train iris --batch-size -1", "batch_size: expected int"),
        ("train iris --seed -1", "seed: expected int"),
        ("train iris --lr nan", "learning_rate: expected a number above 0"),
        ("train iris --lr 0", "learning_rate: expected a number above 0"),
        ("train iris --patience -1", "patience: expected int"),
        ("train iris --epoch 3", "no option called '--epoch'; did you mean '--epochs'?"),
        ("train iris more", "more"),
        ("trian iris", "'trian'. Did you mean 'train'?"),
        ("train", "expected a data set's name, a CSV file, or --resume RUN"),
        ("train titanic", "missing (missing in all: 263 in 'age'"),
        ("train no/such.csv", "no file 'no/such.csv'"),
        ("train no.csv", "no file 'no.csv'"),
        ("train .", "'.' cannot be read"),
        ("train iris --resume r", "--resume: expected a run that goes on as it began"),
        ("train --resume r --epochs 9", "got '--epochs'; leave it out"),
        ("train --resume nowhere", "nowhere: not a run folder, it has no run.json"),
        ("predict nowhere x.csv", "nowhere: not a run folder"),
        ("predict nowhere", "DATA.CSV"),
        ("formula relo", "no formula called 'relo'; did you mean 'relu'"),
        ("search zzzzzz", "no formula called 'zzzzzz'"),
        ("datasets iriss", "no dataset called 'iriss'; did you mean 'iris'"),
        ("assets instal", "Did you mean 'install'?"),
    ],
)
def test_a_wrong_word_is_refused_with_what_was_expected(refused, tmp_path, words, sentence):
    assert sentence in refused(*words.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "target", "sentence"),
    [
        ("x,y\n", "y", "has a header and no rows"),
        ("", "y", "is empty"),
        ("x,y\n" + "1,a\n" * 50, "y", "the target 'y' has only one value, 'a'"),
        ("x,y\n" + "1,0\n2,1\n" * 30 + "one,1\n", "y", "row 61 (line 62), column 'x': expected a"),
        ("x,y\n" + "1,0\n2,1\n" * 30 + ",1\n", "y", "row 61 (line 62), column 'x': the value is"),
        ("x,y\n" + "1,0\n2,1\n" * 30 + "nan,1\n", "y", "row 61 (line 62), column 'x': the value"),
        ("x,y\n" + "1,0\n2,1\n" * 30 + "3,\n", "y", "row 61 (line 62), column 'y': the target"),
        ("x,y\n" + "1,0\n2,1\n" * 30 + "inf,1\n", "y", "'inf' is not a finite number"),
        ("x,y\n" + "1,0\n" * 30, "z", "no column called 'z'"),
        ("x,y\n" + "1,0\n2,1\n" * 30, None, "name the column to predict, one of 'x', 'y'"),
        ("x,y\n1,0\n2,1\n", "y", "too few"),
        ("y\n" + "1\n0\n" * 30, "y", "no column is left to learn 'y' from"),
        (",".join(f"c{i}" for i in range(100_000)) + "\n", "c1", "has 100,000 columns"),
        ("x,y\n" + "1,0\n2\n", "y", "line 3: 1 field, but the header names 2"),
    ],
)
def test_a_table_that_cannot_be_learned_from(refused, tmp_path, text, target, sentence):
    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    words = ("--target", target) if target else ()
    assert sentence in refused("train", path, *words)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_no_text(refused, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(bytes(range(256)) * 9)
    assert "not UTF-8 text" in refused("train", path, "--target", "y")


def test_an_engine_whose_library_is_absent_names_the_extra(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(engine_table, "find_spec", lambda name: None)
    sentence = refused("train", "iris", "--engine", "torch", "--out", "r")
    assert "pip install 'neurogebra[torch]'" in sentence
    assert not (tmp_path / "r").exists()


def test_an_existing_folder_is_never_overwritten(run, refused, tmp_path):
    kept = tmp_path / "r" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    assert "never overwritten" in refused("train", "iris", "--out", "r", "--quiet")
    assert [p.name for p in kept.parent.iterdir()] == ["mine.txt"]
    (tmp_path / "file").write_text("mine")
    assert "never overwritten" in refused("train", "iris", "--out", "file", "--quiet")
    (tmp_path / "empty").mkdir()
    words = ("--epochs", 1, "--quiet")
    assert run("train", "iris", "--out", "empty", *words).code == 0, "an empty folder may be used"


def test_a_finished_run_does_not_go_on_and_changed_data_are_noticed(run, refused, flowers):
    words = ("--target", "answer", "--epochs", 2, "--quiet")
    assert run("train", flowers, *words, "--out", "r").code == 0
    assert "r: this run is over (completed)" in refused("train", "--resume", "r")
    changed = flowers.read_text("utf-8").replace("0,-2,blue", "0,-2,red", 1)
    flowers.write_text(changed, "utf-8")
    assert "are not those that the run began with" in refused("train", "--resume", "r")


@pytest.mark.parametrize(
    "harm",
    [
        lambda record: record.pop("data"),
        lambda record: record["data"].update(sorce="x"),
        lambda record: record.update(run={"epochs": 0}),
        lambda record: record.update(model=[1]),
        lambda record: record.update(preparation={}),
    ],
)
def test_a_record_that_somebody_changed_is_refused(run, refused, tmp_path, harm):
    assert run("train", "iris", "--epochs", 1, "--quiet", "--out", "r").code == 0
    path = tmp_path / "r" / "run.json"
    record = json.loads(path.read_text())
    harm(record)
    path.write_text(json.dumps(record))
    assert refused("train", "--resume", "r")
    path.write_text("{")
    assert "not valid JSON" in refused("train", "--resume", "r")


def test_what_users_type_is_inert_in_the_sentence(refused):
    sentence = refused("train", "[bold]\x1b[31mx\n[/]")
    assert r"[bold]\x1b[31mx\n[/]" in sentence


def test_an_error_of_our_own_keeps_its_traceback(monkeypatch):
    def broken(name, **options):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("neurogebra.cli_book.tell_formula", broken)
    with pytest.raises(ZeroDivisionError, match="planted"):
        cli.main(["formula", "relu"])


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path):
    code = "import sys; from neurogebra.cli import main; sys.exit(main(['datasets']))"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 1
