"""`neurogebra diagnose`: what is wrong with a stored run, as text, JSON and SARIF."""

from __future__ import annotations

import json
import shutil

import pytest

from neurogebra.builders import prove
from neurogebra.cli import main


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    common = ["train", "iris", "--layers", "8:relu", "-q", "--patience", "0"]
    good, bad = folder / "good", folder / "bad"
    assert main([*common, "--lr", "0.01", "--epochs", "25", "--out", str(good)]) == 0
    main([*common, "--lr", "30", "--epochs", "40", "--out", str(bad)])
    return good, bad


def test_a_healthy_run_exits_with_0(runs, capsys):
    assert main(["diagnose", str(runs[0])]) == 0
    assert capsys.readouterr().out.startswith("healthy")


def test_a_bad_run_exits_with_1_and_says_why(runs, capsys):
    assert main(["diagnose", str(runs[1])]) == 1
    said = capsys.readouterr().out
    assert "learning_rate_too_high" in said
    assert "change" in said


def test_json_and_sarif_say_the_same(runs, capsys, tmp_path):
    assert main(["diagnose", str(runs[1]), "--json", "--sarif", str(tmp_path / "f.sarif")]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["causes"][0]["name"] == "learning_rate_too_high"
    log = json.loads((tmp_path / "f.sarif").read_text())
    assert [r["ruleId"] for r in log["runs"][0]["results"]] == [
        a["rule"] for a in found["findings"]
    ]


def test_a_folder_without_logs_is_refused(tmp_path, capsys):
    assert main(["diagnose", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err.replace("\n", "")


def test_the_proposed_change_is_tried_and_compared(runs, capsys):
    before = {p: p.read_bytes() for p in runs[1].rglob("*") if p.is_file()}
    assert main(["diagnose", str(runs[1]), "--prove-fix"]) == 1
    said = capsys.readouterr().out
    for word in ("tried", "scores", "alerts", "verdict  helped", "took"):
        assert word in said
    assert {p: p.read_bytes() for p in runs[1].rglob("*") if p.is_file()} == before
    assert main(["diagnose", str(runs[1]), "--prove-fix", "--json"]) == 1
    proof = json.loads(capsys.readouterr().out)["proof"]
    assert proof["verdict"] == "helped"
    last = proof["trials"][-1]
    assert last["changes"][0]["field"] == "learning_rate"
    assert last["after"]["loss"] < last["before"]["loss"]


def test_of_a_killed_run_the_log_tells_how_far_it_came(runs, tmp_path):
    whole = prove._length(runs[1])
    shutil.copytree(runs[1], tmp_path / "killed")
    log = tmp_path / "killed" / "basic.log"
    kept = [line for line in log.read_text().splitlines(True) if '"train_end"' not in line]
    log.write_text("".join(kept))
    steps, seconds = prove._length(tmp_path / "killed")
    assert 0 < steps <= whole[0]
    assert 0 < seconds < whole[1] + 1


def test_there_is_nothing_to_try_on_a_healthy_run(runs, capsys):
    assert main(["diagnose", str(runs[0]), "--prove-fix"]) == 0
    assert "nothing to try" in capsys.readouterr().out


def test_without_the_data_nothing_is_tried(tmp_path, capsys):
    rows = [f"{i % 7},{(i * 5) % 11},{'yn'[i % 7 > 3]}" for i in range(60)]
    (tmp_path / "d.csv").write_text("\n".join(["x,z,answer", *rows]) + "\n")
    run = ["train", str(tmp_path / "d.csv"), "--target", "answer", "-q", "--out"]
    main([*run, str(tmp_path / "run"), "--layers", "4:tanh", "--epochs", "30", "--lr", "1e-7"])
    (tmp_path / "d.csv").write_text("\n".join(["x,z,answer", *rows[:-1], "9,9,y"]) + "\n")
    capsys.readouterr()
    assert main(["diagnose", str(tmp_path / "run"), "--prove-fix"]) == 2
    assert "not those that the run began with" in capsys.readouterr().err.replace("\n", " ")
