"""Every documented name takes the documented inputs and parameters, but for a list with reasons."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest

from neurogebra.core.expression import Expression
from neurogebra.repository import FORMULAS
from neurogebra.repository.record import Interval

from .deviations import DEVIATIONS

NAMES = Path(__file__).parents[3] / "shared" / "spec" / "formula-names.csv"
MISSING = pytest.mark.skipif(not NAMES.exists(), reason="the list of documented names is not here")


def documented():
    """Return name → (inputs, parameters with defaults) of the documents."""
    if not NAMES.exists():
        return {}
    with NAMES.open(encoding="utf-8") as lines:
        return {row["name"]: _row(row) for row in csv.DictReader(lines)}


def _row(row):
    inputs = [{"y_true": "y"}.get(v, v) for v in row["variables"].split()]
    pairs = (p.split("=") for p in row["parameters"].split())
    return inputs, {name: float(value) for name, value in pairs}


def differences(formula, inputs, params):
    """Return what of the documented call a formula does not take, or wants besides.

    Where the documents give no input at all, their parameters may be inputs.
    """
    has = dict(formula.params)
    found = {f"-{v}" for v in inputs if v not in formula.inputs}
    for name, default in params.items():
        if name in formula.inputs:
            found |= {f"{name} as input"} if inputs else set()
        elif name not in has:
            found.add(f"-{name}")
        elif has[name] != default:
            found.add(f"{name}={has[name]:g}")
    return found | {f"+{v}" for v in formula.inputs if v not in inputs and v not in params}


DOCUMENTED = documented()


@MISSING
def test_every_documented_name_is_there():
    assert len(DOCUMENTED) == 285
    assert [n for n in DOCUMENTED if n not in FORMULAS] == []


@MISSING
@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_name_takes_what_is_documented(name):
    wanted, _ = DEVIATIONS.get(name, (set(), ""))
    assert differences(FORMULAS[name], *DOCUMENTED[name]) == wanted


@MISSING
def test_deviations_are_documented_names_with_a_reason():
    assert DEVIATIONS.keys() <= DOCUMENTED.keys()
    assert all(what and len(why) > 20 for what, why in DEVIATIONS.values())


@MISSING
def test_documented_calls_have_a_value():
    called = 0
    for name, (inputs, params) in DOCUMENTED.items():
        formula = FORMULAS[name]
        numbers = all(isinstance(d, Interval) for _, d in formula.domain)
        if name in DEVIATIONS or not numbers:
            continue
        given = {**params, **dict.fromkeys(inputs, 0.5)}
        assert math.isfinite(Expression(name, formula).eval(**given)) or name == "arccosh"
        called += 1
    assert called >= 220


def test_a_difference_is_seen():
    gaussian = FORMULAS["gaussian"]
    params = {"A": 1.0, "mu": 0.0, "sigma": 1.0}
    assert differences(gaussian, ["x"], params) == set()
    assert differences(gaussian, ["x", "y"], params) == {"-y"}
    assert differences(gaussian, [], params) == {"+x"}
    assert differences(gaussian, ["x"], {**params, "sigma": 2.0}) == {"sigma=1"}
    assert differences(gaussian, ["x"], {**params, "b": 2.0}) == {"-b"}
    assert differences(replace(gaussian, inputs=("x", "A")), ["x"], params) == {"A as input"}
