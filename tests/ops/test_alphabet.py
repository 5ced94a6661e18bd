"""Laws over every operation of the alphabet; each one is shown to fail on a planted fault."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import torch

from neurogebra.core.autograd import Tensor, Value
from neurogebra.core.differentiate import gradient
from neurogebra.core.tree import number, symbol
from neurogebra.errors import FormulaError
from neurogebra.ops import ALPHABET, apply
from neurogebra.ops.kernels import sum_to
from neurogebra.ops.record import ELEMENTWISE, LINEAR, REDUCTION

from .cases import REFUSED, cases, edges, evaluate, shapes_of
from .references import REFERENCES, torch_value

SMOOTH = [n for n, op in ALPHABET.items() if op.vjp and not op.kinks and n not in ("amax", "amin")]
DIFFERENTIABLE = [n for n, op in ALPHABET.items() if op.vjp and n not in REFUSED]
MATRIX_PARTS = ("matmul_left", "matmul_right")
WHOLE_NUMBERS = ("size", "argmax")  # counts and places, whatever the dtype of the array


def torch_gradients(name, arrays, attrs, g):
    """Return torch's vector–Jacobian product, zeros where an argument does not matter."""
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    y = torch_value(name, leaves, attrs)
    return torch.autograd.grad(
        y, leaves, torch.as_tensor(g), allow_unused=True, materialize_grads=True
    )


def cotangents(name, arrays, attrs, g):
    """Return the operation's own vector–Jacobian product, broadcasting undone."""
    op = ALPHABET[name]
    parts = op.vjp(g, op.value(*arrays, **attrs), *arrays, **attrs)
    assert len(parts) == len(arrays)
    if op.kind == ELEMENTWISE:
        parts = [p if p is None else sum_to(p, a) for p, a in zip(parts, arrays, strict=True)]
    return parts


def close(found, wanted, rtol=1e-12, atol=1e-13):
    wanted = wanted.detach().numpy() if isinstance(wanted, torch.Tensor) else np.asarray(wanted)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)
    return wanted.size


def weights_like(y):
    return np.random.default_rng(7).normal(size=np.shape(y))


# The laws. Each returns how many numbers it compared.


def check_value(name):
    n = 0
    for arrays, attrs in cases(name):
        found = ALPHABET[name].value(*arrays, **attrs)
        wanted = torch_value(name, [torch.tensor(a) for a in arrays], attrs)
        assert np.shape(found) == tuple(wanted.shape)
        n += close(found, wanted)
    return n


def check_vjp(name):
    n = 0
    for arrays, attrs in cases(name):
        g = weights_like(ALPHABET[name].value(*arrays, **attrs))
        wanted = torch_gradients(name, arrays, attrs, g)
        for found, a, w in zip(cotangents(name, arrays, attrs, g), arrays, wanted, strict=True):
            if found is None:
                assert not np.any(w.numpy()), "an argument with a derivative got none"
            else:
                assert np.shape(found) == np.shape(a)
                n += close(found, w)
    return n


def check_differences(name):
    n, h, rng = 0, 1e-6, np.random.default_rng(3)
    for arrays, attrs in cases(name):
        value = ALPHABET[name].value
        g = weights_like(value(*arrays, **attrs))
        for i, part in enumerate(cotangents(name, arrays, attrs, g)):
            if part is None:
                continue
            d = rng.normal(size=arrays[i].shape)
            ends = [value(*arrays[:i], arrays[i] + s * d, *arrays[i + 1 :], **attrs)
                    for s in (h, -h)]  # fmt: skip
            n += close(np.sum(part * d), np.sum(g * (ends[0] - ends[1])) / (2 * h), 1e-6, 1e-7)
    return n


def check_dtype(name):
    n = 0
    for dtype in (np.float32, np.float64):
        for arrays, attrs in cases(name, dtype):
            op = ALPHABET[name]
            y = op.value(*arrays, **attrs)
            found = [y]
            if name in DIFFERENTIABLE:
                found += [
                    p for p in cotangents(name, arrays, attrs, np.asarray(y)) if p is not None
                ]
            if op.lower and name not in MATRIX_PARTS:
                found.append(op.lower(*arrays, **attrs))
            if op.kind == ELEMENTWISE and op.arity == 2:
                found.append(op.value(arrays[0], 2.0))
            assert all(f.dtype == dtype for f in found), [f.dtype for f in found]
            n += len(found)
    return n


def check_scalar(name):
    op, n = ALPHABET[name], 0
    for xs in edges(name):
        found = op.scalar(*xs)
        with np.errstate(all="ignore"):
            wanted = op.value(*map(np.asarray, xs))
        assert isinstance(found, (int, float)), f"{name}{xs} gave a {type(found).__name__}"
        n += close(float(found), wanted, 1e-15, 0)
    return n


def check_quiet(name):
    """No warning where the value is right: none at finite results or where ±∞ or NaN came in."""
    op, n = ALPHABET[name], 0
    for xs in edges(name):
        arrays = list(map(np.asarray, xs))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = float(op.value(*arrays))
        born = not math.isfinite(y) and (all(map(math.isfinite, xs)) or not any(map(same(y), xs)))
        if not born:
            op.value(*arrays)  # a warning here is an error
            n += 1
    return n


def same(y):
    return (lambda x: x != x) if y != y else (lambda x: abs(x) == abs(y))


def edge_value(name, xs):
    if name == "polygamma":  # torch has no value left of 0
        return math.nan if xs == (-math.inf,) else scipy.special.polygamma(1, *xs)
    return torch_value(name, [torch.tensor(x, dtype=torch.float64) for x in xs], {})


def check_edges(name):
    n = 0
    for xs in edges(name):
        with np.errstate(all="ignore"):
            found = ALPHABET[name].value(*map(np.asarray, xs))
            wanted = edge_value(name, xs)
        n += close(found, wanted, 1e-13, 0)
    return n


def check_lower(name):
    n = 0
    for arrays, attrs in cases(name):
        op = ALPHABET[name]
        if name in MATRIX_PARTS and min(a.ndim for a in arrays) < 2:
            continue  # written in matrix products, which drop the axis of a vector
        names = [symbol(f"x{i}") for i in range(len(arrays))]
        values = {s.value: a for s, a in zip(names, arrays, strict=True)}
        y = op.value(*arrays, **attrs)
        n += close(op.lower(*arrays, **attrs), y, 1e-14, 1e-15)
        values["g"] = weights_like(y)
        trees = op.lower(*names, **attrs), apply(name, tuple(names), attrs)
        both = [gradient(apply("sum", (symbol("g") * tree,), {}), names) for tree in trees]
        for a, b in zip(*both, strict=True):
            found, wanted = evaluate(a, values), evaluate(b, values)
            n += close(np.broadcast_to(found, np.shape(wanted)), wanted)
    return n


def symbolic(name, arrays, attrs):
    """Return Σ g·op(x0, x1, …) as a tree, its symbols, and numbers for them."""
    names = [symbol(f"x{i}") for i in range(len(arrays))]
    values = {s.value: a for s, a in zip(names, arrays, strict=True)}
    values["g"] = weights_like(ALPHABET[name].value(*arrays, **attrs))
    y = apply(
        name, tuple(names), {k: v for k, v in attrs.items() if v is not None and v is not False}
    )
    return apply("sum", (symbol("g") * y,), {}), names, values


def check_symbolic(name):
    n = 0
    for arrays, attrs in cases(name):
        root, names, values = symbolic(name, arrays, attrs)
        wanted = torch_gradients(name, arrays, attrs, values["g"])
        for a, d, w in zip(arrays, gradient(root, names), wanted, strict=True):
            found = evaluate(d, values)
            assert np.shape(found) == a.shape or d.is_number
            n += close(np.broadcast_to(found, a.shape), w)
    return n


def check_tensor(name):
    """The array tape, with a second use of every operand so that gradients have to add up."""
    n = 0
    for arrays, attrs in cases(name):
        tensors = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        y = apply(name, tuple(tensors), attrs)
        g = weights_like(y.data)
        ((y * g).sum() + sum((3.0 * t).sum() for t in tensors)).backward()
        for t, w in zip(tensors, torch_gradients(name, arrays, attrs, g), strict=True):
            if t.requires_grad:
                assert t.grad.shape == t.shape
                n += close(t.grad, w + 3.0)
    return n


def check_tapes(name):
    """Both tapes give the same derivatives, at the corners too, and neither raises there."""
    n = 0
    for xs in edges(name):
        values, tensors = [Value(x) for x in xs], [Tensor(x, requires_grad=True) for x in xs]
        a, b = apply(name, tuple(values), {}), apply(name, tuple(tensors), {})
        a.backward()
        b.backward()
        n += close(a.data, b.data, 1e-15, 0)
        for v, t in zip(values, tensors, strict=True):
            n += close(v.grad, 0.0 if t.grad is None else t.grad, 1e-14, 0)
    return n


def check_second(name):
    n = 0
    for arrays, attrs in cases(name):
        root, names, values = symbolic(name, arrays, attrs)
        leaves = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        y = (torch_value(name, leaves, attrs) * torch.as_tensor(values["g"])).sum()
        for i, first in enumerate(gradient(root, names)):
            v = values["v"] = np.random.default_rng(i).normal(size=arrays[i].shape)
            once = apply("sum", (first * symbol("v"),), {})
            (t,) = torch.autograd.grad(y, leaves[i], create_graph=True, allow_unused=True,
                                       materialize_grads=True)  # fmt: skip
            if not t.requires_grad:
                continue
            wanted = torch.autograd.grad((t * torch.as_tensor(v)).sum(), leaves, retain_graph=True,
                                         allow_unused=True, materialize_grads=True)  # fmt: skip
            for a, d, w in zip(arrays, gradient(once, names), wanted, strict=True):
                n += close(np.broadcast_to(evaluate(d, values), a.shape), w, 1e-10, 1e-11)
    return n


ELEMENTS = [n for n, op in ALPHABET.items() if op.kind == ELEMENTWISE]
# Linear in every argument, or with no derivative at all: nothing to differentiate twice.
FLAT = {"neg", "add", "sub", "sum", "mean", "where", "transpose", "flatten", "reshape_like",
        "expand_like", "sum_to", "cumsum", "sort", "flip", "take_along", "put_along", "take",
        "take_back", "expand_dims", "squeeze", "slice", "slice_back", "reshape", "permute",
        "concat", "part_like", "part_back", "pad", "windows", "unwindow", "tril", "diag",
        "diagonal", "diagonal_back", "trace", "columns", "patches", "unpatches", "max_pool",
        "max_pool_at", "max_pool_back"}  # fmt: skip
# Operations whose derivative, or that derivative's, is refused.
LAST = {"singular_values": "second", "singular_back": "second", "eigvalsh": "second",
        "eigen_back": "second", "cofactor": "third", "cofactor_slope": "third"}  # fmt: skip
CURVED = [n for n in SMOOTH if n not in FLAT and n not in LAST]
LAWS = {
    check_value: list(ALPHABET),
    check_vjp: DIFFERENTIABLE,
    check_differences: DIFFERENTIABLE,
    check_dtype: [n for n in ALPHABET if n not in WHOLE_NUMBERS],
    check_scalar: ELEMENTS,
    check_quiet: [n for n in ELEMENTS if hasattr(ALPHABET[n].value, "__code__")],  # not NumPy's own
    check_edges: ELEMENTS,
    check_lower: [n for n, op in ALPHABET.items() if op.lower],
    check_symbolic: DIFFERENTIABLE,
    check_tensor: DIFFERENTIABLE,
    check_tapes: [n for n in DIFFERENTIABLE if n in ELEMENTS],
    check_second: CURVED,
}


@pytest.mark.parametrize(("law", "name"), [(law, n) for law, names in LAWS.items() for n in names])
def test_law(law, name):
    compared = law(name)
    assert compared, "the law compared nothing"


@pytest.mark.parametrize("name", LAST)
def test_a_derivative_that_is_not_offered_is_refused(name):
    arrays, attrs = next(cases(name))
    root, names, _ = symbolic(name, arrays, attrs)

    def twice():
        once = gradient(root, names)[0]
        return gradient(apply("sum", (once * symbol("v"),), {}), names)

    with pytest.raises(FormulaError, match=f"the {LAST[name]} derivative of .* is not offered"):
        twice()


def test_every_operation_has_cases_and_a_reference():
    assert set(REFERENCES) == set(ALPHABET)
    assert all(any(True for _ in shapes_of(name)) for name in ALPHABET)
    assert {k: len(v) for k, v in LAWS.items() if len(v) < 5} == {}


def faulty_vjp(op):
    def vjp(*args, **attrs):
        return tuple(p if p is None else p * 1.001 for p in op.vjp(*args, **attrs))

    return replace(op, vjp=vjp)


def shifted(f):
    return lambda *args, **attrs: f(*args, **attrs) * 1.001 + 1e-3


def doubled(f):
    return lambda *args, **attrs: np.asarray(f(*args, **attrs), np.float64)


def loud(f):
    def value(*args):
        warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        return f(*args)

    return value


TEETH = [
    (check_value, "tanh", lambda op: replace(op, value=shifted(op.value))),
    (check_value, "var", lambda op: replace(op, value=lambda a, **at: np.var(a, ddof=1, **at))),
    (check_edges, "sigmoid", lambda op: replace(op, value=lambda a: 1 / (1 + np.exp(-a + 1e-9)))),
    (check_vjp, "tanh", faulty_vjp),
    (check_vjp, "matmul", faulty_vjp),
    (check_vjp, "var", faulty_vjp),
    (check_vjp, "where", lambda op: replace(op, vjp=lambda g, y, c, a, b: (None, g, g))),
    (check_differences, "log", faulty_vjp),
    (check_symbolic, "softmax", faulty_vjp),
    (check_symbolic, "matmul", faulty_vjp),
    (check_tensor, "softmax", faulty_vjp),
    (check_tapes, "sqrt", lambda op: replace(op, scalar=shifted(op.scalar))),
    (check_second, "tanh", lambda op: replace(op, vjp=lambda g, y, a: (g * (1 - a * a),))),
    (check_dtype, "erf", lambda op: replace(op, value=doubled(op.value))),
    (check_scalar, "exp", lambda op: replace(op, scalar=shifted(op.scalar))),
    (check_quiet, "softplus", lambda op: replace(op, value=loud(op.value))),
    (check_value, "windows", lambda op: replace(op, value=lambda a, **at: op.value(a[::-1], **at))),
    (check_value, "solve", lambda op: replace(op, value=shifted(op.value))),
    (check_edges, "gammaln", lambda op: replace(op, value=shifted(op.value))),
    *(
        (law, name, faulty_vjp)
        for law, name in (
            (check_vjp, "unwindow"),
            (check_vjp, "put_along"),
            (check_vjp, "sort"),
            (check_vjp, "concat"),
            (check_vjp, "norm"),
            (check_vjp, "take_back"),
            (check_symbolic, "solve"),
            (check_symbolic, "permute"),
            (check_differences, "digamma"),
            (check_differences, "cholesky"),
            (check_differences, "eigvalsh"),
            (check_tensor, "prod"),
            (check_second, "prod_others"),
            (check_second, "det"),
            (check_second, "inverse"),
            (check_second, "polygamma"),
        )
    ),
    (check_lower, "logsumexp", lambda op: replace(op, lower=shifted(op.lower))),
]


@pytest.mark.parametrize(("law", "name", "fault"), TEETH, ids=lambda x: getattr(x, "__name__", x))
def test_law_has_teeth(law, name, fault, monkeypatch):
    monkeypatch.setitem(ALPHABET._members, name, fault(ALPHABET[name]))
    with pytest.raises((AssertionError, RuntimeWarning)):
        law(name)


def test_every_law_has_a_tooth():
    assert {law for law, *_ in TEETH} == set(LAWS)


@pytest.mark.parametrize("name", ALPHABET)
def test_latex_takes_the_arguments(name):
    op = ALPHABET[name]
    text = op.latex.format(*(f"<{i}>" for i in range(op.arity)))
    assert "{0}" not in text
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("kind", [ELEMENTWISE, REDUCTION, LINEAR])
def test_numbers_stay_python_numbers(kind):
    assert type(apply("exp", (0,), {})) is float
    assert type(apply("greater", (2, 1.0), {})) is int
    assert apply("logsumexp", (3.5,), {}) == 3.5
    assert any(op.kind == kind for op in ALPHABET.values())


def test_a_derivative_of_a_constant_exponent_is_not_computed():
    g, y, a = np.ones(3), np.ones(3), np.array([-1.0, 0.0, 1.0])
    assert ALPHABET["pow"].vjp(g, y, a, 2.0)[1] is None
    assert ALPHABET["pow"].vjp(symbol("g"), number(1), symbol("a"), number(2))[1] is None


def test_dot_takes_vectors_only():
    from neurogebra.errors import BadValue

    with pytest.raises(BadValue, match="two vectors"):
        ALPHABET["dot"].value(np.ones((2, 2)), np.ones(2))
