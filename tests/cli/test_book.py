"""`formula`, `search`, `datasets`, help: what can be looked up, and what looking up costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from neurogebra import __version__
from neurogebra.datasets import catalog
from neurogebra.repository import FORMULAS


def test_a_card_has_the_formula_its_latex_its_inputs_and_derivatives(run):
    found = run("formula", "leaky_relu")
    assert found.code == 0
    lines = {line[:11].strip(): line[11:].strip() for line in found.out.splitlines()}
    assert "α" in lines["formula"]
    assert r"\alpha" in lines["LaTeX"]
    assert lines["inputs"] == "x  any number"
    assert lines["parameters"] == "alpha = 0.01"
    assert "α" in lines["∂/∂x"]
    assert lines["source"].startswith("Maas")


def test_a_card_as_json(run):
    told = json.loads(run("formula", "sigmoid", "--json").out)
    assert told["name"] == "sigmoid"
    assert told["inputs"] == ["x"]
    assert told["latex"] == r"\frac{1}{1 + e^{-x}}"
    assert told["computed"] != told["formula"], "the definition is shown, the stable form runs"
    assert set(told["gradient"]) == {"x"}


def test_every_formula_has_a_card(run):
    for name in FORMULAS:
        found = run("formula", name)
        assert (found.code, found.err) == (0, "")
        assert found.out.startswith(f"{name}  {FORMULAS[name].category}")


def test_a_search_finds_by_word_best_first(run):
    found = run("search", "binary", "crossentropy")
    assert found.out.splitlines()[2].startswith("binary_crossentropy")
    told = json.loads(run("search", "binary crossentropy", "--json").out)
    assert told["found"][0] == {**told["found"][0], "name": "binary_crossentropy", "score": 1.0}
    scores = [f["score"] for f in told["found"]]
    assert scores == sorted(scores, reverse=True)


def test_every_data_set_is_listed_and_described(run):
    listed = run("datasets").out
    for record in catalog().values():
        assert f"\n{record.id} " in listed
    assert max(map(len, listed.splitlines())) <= 80
    told = run("datasets", "info", "breast_cancer").out
    assert "observed" in told
    assert "Wisconsin" in told


def test_help_and_version(run):
    assert run("--version").out == f"neurogebra {__version__}\n"
    for words in ((), ("--help",), ("-h",)):
        found = run(*words)
        assert found.code == 0
        for command in ("train", "predict", "formula", "search", "datasets", "assets"):
            assert f" {command} " in found.out
    assert run("assets").code == 0
    assert "--target" in run("train", "--help").out


def test_assets_that_are_there_are_not_fetched(run, monkeypatch, tmp_path):
    home = "neurogebra.observatory.render.assets.install_assets"
    monkeypatch.setattr(home, list)
    assert run("assets", "install").out == "nothing is missing\n"
    monkeypatch.setattr(home, lambda: [tmp_path / "chart.umd.min.js"])
    assert run("assets", "install").out == f"{tmp_path / 'chart.umd.min.js'}\n"


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--help"], {"torch", "sympy", "matplotlib", "numpy", "safetensors"}),
        (["train", "--help"], {"torch", "sympy", "matplotlib", "numpy", "safetensors"}),
        (["formula", "gelu"], {"torch", "sympy", "matplotlib", "safetensors"}),
        (["search", "entropy"], {"torch", "sympy", "matplotlib", "safetensors"}),
        (["datasets"], {"torch", "sympy", "matplotlib"}),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(words, absent):
    code = (
        "import sys; from neurogebra.cli import main; assert not main(sys.argv[1:]); "
        f"print({{*sys.modules}} & {absent!r}, file=sys.stderr)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert found.stderr == "set()\n"
