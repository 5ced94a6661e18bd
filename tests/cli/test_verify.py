"""`neurogebra verify`: its page, its JSON, its exit codes, what it refuses."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("mpmath")


def test_an_unstable_text_is_told_and_answered(run):
    told = run("verify", "log(1+exp(x))")
    assert told.code == 1
    assert "709.78" in told.out
    assert "softplus(x)" in told.out.replace("\n", " ")
    assert max(map(len, told.out.splitlines())) <= 80


def test_what_is_well_ends_with_zero(run):
    told = run("verify", "tanh")
    assert told.code == 0
    assert told.out.splitlines()[1] == "ok"


def test_json_is_one_object(run):
    told = json.loads(run("verify", "1 - cos(x)", "--json", "--domain", "x=-1:1").out)
    assert told["ok"] is False
    assert {"domain", "digits", "instead"} <= {f["kind"] for f in told["findings"]}


def test_a_domain_keeps_trouble_out(run):
    assert run("verify", "log(1+exp(x))", "--domain", "x=0:700").code == 0
    assert run("verify", "sum(x*y)", "--shape", "x=3", "--shape", "y=3").code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify", "relux"], "no formula called 'relux'; did you mean"),
        (["verify", "log(1+"], "column"),
        (["verify", "x**2", "--domain", "x"], "--domain: expected a name and two numbers"),
        (["verify", "x**2", "--domain", "z=0:1"], "expected one of the inputs, x"),
        (["verify", "x**2", "--domain", "x=2:1"], "low below high"),
        (["verify", "sum(x)", "--shape", "x=a"], "--shape: expected a name and sizes"),
        (["verify", "matmul(X, w)", "--shape", "X=3,2", "--shape", "w=5"], "fit together"),
    ],
)
def test_what_is_refused_is_one_sentence(refused, words, sentence):
    assert sentence in refused(*words)
