"""`neurogebra diagnose`: what is wrong with a stored run, as text, JSON and SARIF."""

from __future__ import annotations

import json

import pytest

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
