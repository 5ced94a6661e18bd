"""What `to_code` prints computes what the formula does, for every formula and target."""

import importlib.util
import types
from functools import cache

import numpy as np
import pytest

from neurogebra.core.code import TARGETS, source
from neurogebra.core.code.numpy_table import NUMPY
from neurogebra.core.code.torch_table import TORCH
from neurogebra.core.expression import Expression
from neurogebra.errors import FormulaError
from neurogebra.repository import CATEGORIES, FORMULAS

from .points import cases, elementwise

# Beyond this the rest of a number is noise: of differences, bells, tails that cancel.
CLOSE, NOISE, SLOPES = 1e-12, 1e-9, 1e-8
EVERY = {"python": 3, "sympy": 10}  # of forty points, taken one by one
NUDGE = 1e-9
LIBRARIES = {"torch": "torch", "jax": "jax", "tensorflow": "tensorflow", "sympy": "sympy"}

every_category = pytest.mark.parametrize("category", CATEGORIES)


def members(category):
    return [f for f in FORMULAS.values() if f.category == category]


@cache
def expression(formula):
    return Expression(formula.name, formula)


def function(text):
    """Run printed source and return the function it defines last."""
    space = {}
    exec(compile(text, "printed", "exec"), space)
    found = [v for v in space.values() if isinstance(v, types.FunctionType)]
    return [f for f in found if f.__module__ is None or f.__globals__ is space][-1]


def giver(target):
    """Return what makes an input of a target from a number or an array; skip where it is absent."""
    if target in LIBRARIES and importlib.util.find_spec(LIBRARIES[target]) is None:
        pytest.skip(f"{target} is not installed")
    if target == "torch":
        import torch

        return lambda v: torch.tensor(np.asarray(v, float))
    if target == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return lambda v: jax.numpy.asarray(np.asarray(v, float))
    if target == "tensorflow":
        import tensorflow as tf

        return lambda v: tf.constant(np.asarray(v, float))
    return float if target in EVERY else lambda v: v


@cache
def gradient(formula, name):
    return expression(formula).gradient(name)


@cache
def printed(formula, target):
    return source(expression(formula), target)


def places(formula):
    return [c.values for c in cases(formula) if c.inner]


def few(formula):
    """Return some of the places: numbers come first, arrays last."""
    found = places(formula)
    return found if len(found) < 4 else [*found[:2], *found[-2:]]


def tolerance(formula):
    return NOISE if formula.sensitive or formula.floor else CLOSE


def check(formula, text, own, give, within, at=places):
    """Hold the printed function to our values; return how many were compared."""
    run, compared = function(text), 0
    for values in at(formula):
        with np.errstate(all="ignore"):
            wanted = np.asarray(own.eval(**values), float)
            found = np.asarray(run(*(give(values[n]) for n in formula.inputs)), float)
        assert found.shape == wanted.shape, f"{found.shape}, not {wanted.shape}"
        size = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0)
        least = 0.0 if elementwise(formula) and within == CLOSE else within * size
        least = within * (1 + size) if within == SLOPES else least
        np.testing.assert_allclose(found, wanted, rtol=within, atol=least)
        compared += int(np.sum(np.isfinite(wanted)))
    return compared


def at_digits(symbolic, names):
    """Return the function of SymPy symbols as one of numbers, computed with 50 digits."""
    import mpmath
    import sympy

    symbols = [sympy.Symbol(n, real=True) for n in names]
    run = sympy.lambdify(symbols, symbolic(*symbols), "mpmath")

    def at(*values):
        with mpmath.workdps(50):
            found = run(*(mpmath.mpf(v) for v in values))
            return mpmath.re(found) if abs(mpmath.im(found)) < mpmath.mpf(10) ** -30 else mpmath.nan

    return at


def check_one_by_one(formula, text, give, target):
    """The same for numbers; a point without a finite value in Python or SymPy is none."""
    run, compared, own = function(text), 0, expression(formula)
    if target == "sympy":
        run = at_digits(run, formula.inputs)
    for values in places(formula):
        for i in range(0, len(next(iter(values.values()))), EVERY[target]):
            given = {n: float(v[i]) for n, v in values.items()}
            try:
                found = float(run(*(give(given[n]) for n in formula.inputs)))
            except (ValueError, OverflowError, ZeroDivisionError):
                continue
            wanted = own.eval(**given)
            if np.isfinite(wanted):
                # SymPy computes the definition with more digits than we have.
                within = NOISE if target == "sympy" else tolerance(formula)
                assert found == pytest.approx(wanted, rel=within, abs=within * 1e-6)
                compared += 1
    return compared


def gathered(formulas, law, enough):
    """Apply a law to every formula and report all that break it."""
    wrong = []
    for formula in formulas:
        try:
            if law(formula) < enough:
                wrong.append(f"{formula.name}: too few checks, vacuous")
        except Exception as error:
            text = " ".join(str(error).split())
            wrong.append(f"{formula.name}: {type(error).__name__}: {text[:300]}")
    assert formulas
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("target", ["numpy", "torch", "jax", "tensorflow"])
@every_category
def test_arrays(target, category):
    give = giver(target)

    def law(formula):
        own = expression(formula)
        return check(formula, printed(formula, target), own, give, tolerance(formula))

    gathered(members(category), law, 2)


@pytest.mark.parametrize("target", ["python", "sympy"])
@every_category
def test_numbers(target, category):
    give = giver(target)
    scalar = [f for f in members(category) if elementwise(f)]
    refused = []

    def law(formula):
        try:
            text = source(expression(formula), target)
        except FormulaError:
            refused.append(formula.name)
            return 2
        return check_one_by_one(formula, text, give, target)

    if scalar:
        gathered(scalar, law, 2)
    assert len(refused) <= 0.1 * len(scalar), refused


def one_input(formula):
    return formula.inputs[sum(map(ord, formula.name)) % len(formula.inputs)]


@every_category
def test_printed_derivatives(category):
    def law(formula):
        name = one_input(formula)
        own = gradient(formula, name)
        text = source(expression(formula), "numpy", gradient=name)
        return check(formula, text, own, giver("numpy"), SLOPES, few)

    gathered(members(category), law, 1)


@pytest.mark.torch
@every_category
def test_autograd_goes_through_the_printed_function(category):
    gathered(members(category), check_autograd, 1)


def check_autograd(formula):
    import torch

    run = function(printed(formula, "torch"))
    name, compared = one_input(formula), 0
    for values in few(formula):
        leaves = {n: torch.tensor(np.asarray(v, float)) for n, v in values.items()}
        leaf = leaves[name].requires_grad_()
        y = run(*(leaves[n] for n in formula.inputs))
        if not y.requires_grad:
            y = y + 0 * leaf.sum()
        (found,) = torch.autograd.grad(y.sum(), [leaf], materialize_grads=True)
        compared += _agree(formula, name, values, found.numpy())
    return compared


def _agree(formula, name, values, found):
    """Compare where the slope is one number: a hair to both sides there is no other."""
    slope = gradient(formula, name)
    with np.errstate(all="ignore"):
        wanted = np.asarray(slope.eval(**values), float)
        size = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0)
        if np.shape(wanted) != found.shape:
            wanted = np.sum(wanted)
        off = ~np.isclose(found, wanted, rtol=SLOPES, atol=SLOPES * (1 + size), equal_nan=True)
        off &= np.isfinite(wanted) & np.isfinite(found)
        if np.any(off):
            left, right = (
                np.asarray(slope.eval(**{**values, name: values[name] + by}), float)
                for by in (-NUDGE, NUDGE)
            )
            off &= np.isclose(left, right, rtol=1e-6, atol=1e-6 * (1 + size))
    assert not np.any(off), f"d/d{name} is {found[off]}, not {wanted[off]}, at {values}"
    return int(np.sum(np.isfinite(wanted)))


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_float32_stays(target):
    kept, wrong = 0, []
    for formula in FORMULAS.values():
        values = {n: np.asarray(v, np.float32) for n, v in places(formula)[0].items()}
        own = expression(formula)
        run = function(printed(formula, target))
        with np.errstate(all="ignore"):
            if np.asarray(own.eval(**values)).dtype != np.float32:
                continue
            if target == "torch":
                import torch

                values = {n: torch.tensor(v) for n, v in values.items()}
            found = run(*(values[n] for n in formula.inputs))
        kept += 1
        if str(found.dtype).removeprefix("torch.") != "float32":
            wrong.append(f"{formula.name}: {found.dtype}")
    assert not wrong, "\n".join(wrong)
    assert kept > 0.9 * len(FORMULAS)


@pytest.mark.parametrize(
    ("target", "operation", "row", "formula"),
    [
        (NUMPY, "exp", "np.exp2({0})", "normal_pdf"),
        (NUMPY, "tanh", "np.tan({0})", "tanh"),
        (NUMPY, "var", "np.var({0}{at}, ddof=1)", "layer_norm"),
        (TORCH, "minimum number", "torch.clamp({0}, min={1})", "relu6"),
        (TORCH, "relu", "torch.abs({0})", "relu"),
    ],
)
def test_a_wrong_row_is_seen(monkeypatch, target, operation, row, formula):
    record = FORMULAS[formula]
    own, give = expression(record), giver(target.name)
    right = source(own, target.name)
    assert check(record, right, own, give, tolerance(record)) > 0
    monkeypatch.setitem(TARGETS[target.name].rows, operation, row)
    wrong = source(own, target.name)
    if wrong == right:
        pytest.fail(f"{operation} is not in {record.name}: the tooth bites nothing")
    with pytest.raises(AssertionError):
        check(record, wrong, own, give, tolerance(record))


@pytest.mark.torch
def test_a_function_that_autograd_does_not_go_through_is_seen(monkeypatch):
    assert check_autograd(FORMULAS["tanh"]) > 0
    monkeypatch.setitem(TORCH.rows, "tanh", "torch.tanh({0}.detach())")
    printed.cache_clear()
    with pytest.raises(AssertionError, match="d/dx is"):
        check_autograd(FORMULAS["tanh"])
    printed.cache_clear()
