"""Large arrays in pieces: the same numbers as in one, whatever the threads, in little memory."""

import threading
import tracemalloc

import numpy as np
import pytest

from neurogebra.core import block_plan, blocks
from neurogebra.core.expression import Expression
from neurogebra.core.forge import MathForge
from neurogebra.core.parse import parse
from neurogebra.ops import into
from neurogebra.repository import FORMULAS
from neurogebra.repository.record import Interval, Rows

ODD = (1 << 17) + 4_321  # the last piece is a short one


def given(formula, size=ODD, dtype=np.float64):
    """Return numbers inside a formula's domain; None where it takes more than numbers."""
    rng = np.random.default_rng(len(formula.name))
    domains = dict(formula.domain)
    found = {}
    for name in formula.inputs:
        d = domains.get(name, Interval())
        if isinstance(d, Rows):
            if d.shape != ("n",) or d.simplex or d.one_hot:
                return None
            d = d.of
        low, high = max(d.low, -5.0), min(d.high, max(5.0, d.low + 3))
        x = rng.uniform(low + 1e-3 * d.low_open, high - 1e-3 * d.high_open, size)
        found[name] = (np.round(x) if d.whole else x).astype(dtype)
    return found


def by_pieces(expression, values):
    names = (*expression.maths.inputs, *expression.params)
    known = {**expression.params, **values}
    return blocks.evaluate(expression.maths.runs, names, [known[n] for n in names])


def plainly(expression, values, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "LARGE", 1 << 60)
        return expression.eval(**values)


def test_every_formula_of_numbers_is_the_same_in_pieces(monkeypatch):
    taken = 0
    for name, formula in FORMULAS.items():
        values = given(formula)
        if values is None:
            continue
        expression = Expression(name, formula)
        found = by_pieces(expression, values)
        if found is None:
            continue
        wanted = plainly(expression, values, monkeypatch)
        assert np.shape(found) == np.shape(wanted), name
        assert np.asarray(found).dtype == np.asarray(wanted).dtype, name
        largest = max(np.max(np.abs(v)) for v in values.values())
        scale = 1e-15 * np.max(np.abs(wanted), initial=largest, where=np.isfinite(wanted))
        np.testing.assert_allclose(found, wanted, rtol=2e-14, atol=scale, err_msg=name)
        taken += 1
    assert taken >= 150, f"only {taken} formulas were computed in pieces"


@pytest.mark.parametrize("name", ["gelu", "huber", "mse", "elu", "sigmoid", "rmse"])
def test_narrow_floats_stay_narrow_and_gradients_go_in_pieces_too(name, monkeypatch):
    formula = FORMULAS[name]
    values = given(formula, dtype=np.float32)
    for expression in (
        Expression(name, formula),
        Expression(name, formula).gradient(formula.inputs[-1]),
    ):
        found = by_pieces(expression, values)
        assert found is not None
        assert found.dtype == np.float32
        wanted = plainly(expression, values, monkeypatch)
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-10)


def test_the_bits_do_not_depend_on_the_threads(monkeypatch):
    expression, values = MathForge().get("log_cosh"), given(FORMULAS["log_cosh"], 1_000_003)
    found = []
    for count in (1, 2, 5):
        monkeypatch.setattr(blocks, "threads", lambda count=count: count)
        found.append(by_pieces(expression, values))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["sigmoid", "relu", "huber", "gelu", "clamp", "elu"])
def test_what_is_no_number_goes_through(name, bad, monkeypatch):
    expression, values = MathForge().get(name), given(FORMULAS[name])
    first = FORMULAS[name].inputs[0]
    values[first][[3, 70_000, -1]] = bad
    found = by_pieces(expression, values)
    np.testing.assert_allclose(found, plainly(expression, values, monkeypatch), rtol=1e-14)


def test_the_far_left_of_a_sigmoid_keeps_its_digits():
    x = np.linspace(-745.0, -700.0, blocks.LARGE)
    np.testing.assert_array_equal(MathForge().get("sigmoid").eval(x=x), into.kernels.sigmoid(x))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x + y", {"x": np.ones((400, 500)), "y": np.ones(500)}),
        ("x + y", {"x": np.ones(200_000), "y": np.ones(200_000, np.float32)}),
        ("x * 2", {"x": np.ones((900, 300)).T}),
        ("x * 2", {"x": np.ones(200_000, np.int64)}),
        ("softmax(x)", {"x": np.ones(200_000)}),
        ("sum(x, -1)", {"x": np.ones((400, 500))}),
    ],
)
def test_what_does_not_fit_into_pieces_is_left_to_numpy(text, values):
    expression = Expression("f", text)
    assert by_pieces(expression, values) is None
    assert np.all(np.isfinite(expression.eval(**values)))


def test_a_formula_of_reductions_of_reductions():
    x = np.random.default_rng(0).normal(3.0, 2.0, 300_000)
    expression = Expression("z", "(x - mean(x)) / sqrt(mean((x - mean(x)) ** 2)) + amax(abs(x))")
    found = by_pieces(expression, {"x": x})
    np.testing.assert_allclose(found, (x - x.mean()) / x.std() + np.abs(x).max(), rtol=1e-12)


def test_the_result_is_the_callers_own():
    x = np.zeros(200_000)
    found = Expression("id", "x").eval(x=x)
    found += 1
    assert not x.any()


def test_memory_stays_under_twice_the_input():
    x = np.random.default_rng(0).normal(size=2_000_000)
    expression = MathForge().get("mish")
    expression.eval(x=x)
    tracemalloc.start()
    expression.eval(x=x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2 * x.nbytes


def test_what_goes_wrong_in_a_thread_is_told(monkeypatch):
    def fail(*args):
        raise MemoryError("no room in " + threading.current_thread().name)

    monkeypatch.setitem(into.INTO, "exp", fail)
    monkeypatch.setattr(blocks, "threads", lambda: 3)
    with pytest.raises(MemoryError, match="no room"):
        by_pieces(Expression("f", "exp(x) + 1"), {"x": np.ones(400_000)})


def test_a_wrong_kernel_would_be_seen(monkeypatch):
    values = given(FORMULAS["leaky_relu"])
    right = by_pieces(MathForge().get("leaky_relu"), values)
    monkeypatch.setitem(into.INTO, "where", lambda c, a, b, out: out.__setitem__(..., a))
    assert not np.array_equal(by_pieces(MathForge().get("leaky_relu"), values), right)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_choice_by_bits_is_numpys(dtype):
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=1000).astype(dtype) for _ in range(2))
    a[:4], b[:4] = [np.nan, np.inf, -0.0, 1.0], [1.0, np.nan, 0.0, -np.inf]
    for c in (a > b, (a > b).astype(dtype), rng.normal(size=1000).astype(dtype)):
        for left, right in ((a, b), (a, 0), (2.5, b), (1, 0)):
            out = np.empty(1000, dtype)
            into.where(c, left, right, out)
            wanted = np.where(c != 0, np.asarray(left, dtype), np.asarray(right, dtype))
            np.testing.assert_array_equal(
                out.view(f"i{out.itemsize}"), wanted.view(f"i{out.itemsize}")
            )


def test_buffers_are_used_again():
    made = block_plan.plan(parse("tanh(exp(sin(cos(x + 1) + 2) * 3) - 4)"), ("x",))
    assert [len(p.lines) for p in made.passes] == [8]
    assert made.passes[0].buffers == 1


def operations(text, names):
    (made,) = block_plan.plan(parse(text), names).passes
    return [line.op for line in made.lines], list(made.reduced.values())


@pytest.mark.parametrize(
    ("text", "lines", "reduced"),
    [
        ("x * sigmoid(y)", ["gate"], []),
        ("sigmoid(x) * sigmoid(y)", ["sigmoid", "gate"], []),
        ("x * sigmoid(y) + sigmoid(y)", ["sigmoid", "mul", "add"], []),
        ("sigmoid(y) * sigmoid(y)", ["sigmoid", "mul"], []),
        ("sum((x - y) ** 2)", ["sub"], ["sum_of_products"]),
        ("sum(x * y)", [], ["sum_of_products"]),
        ("sum(x * 3)", ["mul"], ["sum"]),
        ("sum(x ** 3)", ["pow"], ["sum"]),
        ("amax(x * y)", ["mul"], ["amax"]),
        ("exp(-(3 * x)) / 4", ["mul", "exp", "mul"], []),
        ("exp(-(x / 2))", ["mul", "exp"], []),
        ("exp(-x) / 3", ["neg", "exp", "div"], []),
    ],
)
def test_fewer_passes_where_the_result_is_the_same(text, lines, reduced, monkeypatch):
    names = tuple(n for n in "xy" if n in text.replace("exp", "").replace("amax", ""))
    assert operations(text, names) == (lines, reduced)
    rng = np.random.default_rng(0)
    expression, values = Expression("f", text), {n: rng.normal(size=ODD) for n in names}
    found = by_pieces(expression, values)
    np.testing.assert_allclose(found, plainly(expression, values, monkeypatch), rtol=1e-13)


def test_a_division_by_a_power_of_two_keeps_every_bit(monkeypatch):
    x = np.random.default_rng(0).normal(size=ODD) * 10.0 ** np.linspace(-310, 300, ODD)
    expression = Expression("f", "-(x * 0.1) / 8")
    found = by_pieces(expression, {"x": x})
    np.testing.assert_array_equal(found, plainly(expression, {"x": x}, monkeypatch))
