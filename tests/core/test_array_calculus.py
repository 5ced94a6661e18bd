"""Derivatives of formulas of arrays: right against torch and differences, written as one would."""

from __future__ import annotations

import importlib.util
import re
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.mathtext import MathTextParser
from tests.yardstick import SECOND, within

from neurogebra import Expression
from neurogebra.core import array_desk, expression_tidy, matrix_tidy
from neurogebra.core.array_sample import MAX_ELEMENTS, Sample, conventional, of_shapes
from neurogebra.core.array_terms import Terms
from neurogebra.core.derivation import derive
from neurogebra.core.expression_maths import derivative
from neurogebra.core.expression_terms import Term
from neurogebra.core.matrix_tidy import kind_of, tidy_arrays
from neurogebra.core.parse import parse
from neurogebra.core.tree import MAX_WRITTEN, Node, same, substitute, symbol, symbols, written_size
from neurogebra.errors import BadValue, FormulaError
from neurogebra.ops.record import LINEAR
from neurogebra.repository import FORMULAS

TOOL = Path(__file__).parents[2] / "tools" / "derivations.py"
_spec = importlib.util.spec_from_file_location("derivations_tool", TOOL)
tool = importlib.util.module_from_spec(_spec)
sys.modules["derivations_tool"] = tool
_spec.loader.exec_module(tool)

SIZES = {"n": 5, "d": 3, "k": 4, "m": 2, "p": 6}
T = torch


def softmax_kl(x, z):
    return (T.softmax(x, -1) * (T.log_softmax(x, -1) - T.log_softmax(z, -1))).sum()


def gaussian(S, mu, x):
    r = x - mu
    return -(r @ T.linalg.solve(S, r) + T.linalg.slogdet(S)[1] + len(x) * np.log(2 * np.pi)) / 2


def process(K, y, s):
    C = K + s * T.eye(len(K), dtype=T.float64)
    return (y @ T.linalg.solve(C, y) + T.linalg.slogdet(C)[1]) / 2


def layer_norm(G, X, gamma, beta, epsilon):
    normal = T.nn.functional.layer_norm(X, X.shape[-1:], gamma, beta, float(epsilon))
    return (G * normal).sum()


def batch_norm(G, X, gamma, beta, epsilon):
    normal = T.nn.functional.batch_norm(X, None, None, gamma, beta, True, 0.1, float(epsilon))
    return (G * normal).sum()


def convolution(x, k, y):
    return ((T.nn.functional.conv1d(x[None, None], k[None, None])[0, 0] - y) ** 2).mean()


def info_nce(U, V, tau):
    return T.nn.functional.cross_entropy(U @ V.T / tau, T.arange(len(U)))


def attention(Q, K, V, G, d_k):
    return (G * (T.softmax(Q @ K.T / T.sqrt(d_k), -1) @ V)).sum()


def factors(A, U, V, lambda_):
    return ((A - U @ V.T) ** 2).sum() / 2 + lambda_ * ((U**2).sum() + (V**2).sum()) / 2


# What each entry of the page is, written for torch.
TORCH = {
    "Least squares": lambda X, w, y: ((X @ w - y) ** 2).mean(),
    "Ridge regression": lambda X, w, y, lambda_: ((X @ w - y) ** 2).mean() + lambda_ * w @ w,
    "Logistic regression": lambda X, w, y: T.nn.functional.softplus(-y * (X @ w)).mean(),
    "Softmax cross-entropy": lambda X, W, b, Y:
        (T.logsumexp(X @ W + b, -1) - (Y * (X @ W + b)).sum(-1)).mean(),
    "Log-sum-exp": lambda x: T.logsumexp(x, 0),
    "Softmax, weighted": lambda g, x: (g * T.softmax(x, -1)).sum(),
    "Sum of absolute values": lambda x: x.abs().sum(),
    "Length of a vector": lambda x: T.linalg.vector_norm(x),
    "Frobenius norm": lambda A: T.linalg.matrix_norm(A, "fro"),
    "Nuclear norm": lambda A: T.linalg.matrix_norm(A, "nuc"),
    "Quadratic form": lambda A, b, x: x @ A @ x / 2 - b @ x,
    "Bilinear form": lambda A, x, y: x @ A @ y,
    "Rayleigh quotient": lambda A, x: x @ A @ x / (x @ x),
    "Trace of a product": lambda A, B: T.trace(A @ B),
    "Trace of a quadratic form": lambda A, X: T.trace(X.T @ A @ X),
    "Log-determinant": lambda A: T.linalg.slogdet(A)[1],
    "Determinant": lambda A: T.linalg.det(A),
    "Inverse, weighted": lambda A, G: (G * T.linalg.inv(A)).sum(),
    "Solution of a linear system": lambda A, b, c: c @ T.linalg.solve(A, b),
    "Gaussian log-likelihood": gaussian,
    "Mahalanobis distance": lambda S, mu, x: T.sqrt((x - mu) @ T.linalg.solve(S, x - mu)),
    "Marginal likelihood of a Gaussian process": process,
    "Network of two layers": lambda X, W, b, u, y: ((T.tanh(X @ W + b) @ u - y) ** 2).mean(),
    "Chain of rectified products": lambda X, A, B, C, G:
        (G * (T.relu(T.relu(X @ A) @ B) @ C)).sum(),
    "Attention": attention,
    "Layer norm": layer_norm,
    "RMS norm": lambda G, X, gamma, epsilon:
        (G * T.nn.functional.rms_norm(X, X.shape[-1:], gamma, float(epsilon))).sum(),
    "Batch norm": batch_norm,
    "Convolution": convolution,
    "Max pooling": lambda x, g: (g * T.nn.functional.max_pool1d(x[None], 2)[0]).sum(),
    "Cosine similarity": lambda a, b: T.nn.functional.cosine_similarity(a, b, dim=0),
    "Divergence of two softmaxes": softmax_kl,
    "InfoNCE": info_nce,
    "Variance": lambda x: T.var(x, correction=0),
    "Dropout mask": lambda X, w, y, M: (((M * X) @ w - y) ** 2).mean(),
    "Best outer product": lambda A, u, z: ((A - T.outer(u, z)) ** 2).sum() / 2,
    "Matrix factorisation": factors,
    "Running sum": lambda g, x: (g * T.cumsum(x, 0)).sum(),
}  # fmt: skip

ENTRIES = {e.title: e for e in tool.ENTRIES}
DERIVED = {title: e.derivations() for title, e in ENTRIES.items()}
EACH = [
    pytest.param(title, i, id=f"{title} by {d.by}{' twice' if d.v else ''}")
    for title, found in DERIVED.items()
    for i, d in enumerate(found)
]


def values_of(entry, seed=7):
    """Random values; square matrices are not symmetric, but far from singular."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, shape in entry.shapes.items():
        size = tuple(SIZES.get(s, s) for s in shape)
        value = rng.normal(size=size)
        if len(size) == 2 and shape[0] == shape[1]:
            value = 0.3 * value + 2 * np.eye(size[0])
        made[name] = value if size else float(rng.uniform(0.5, 2))
    return made


def slopes(title, by, values, v=None):
    """Torch's gradient, or its Hessian times v."""
    tensors = {n: T.tensor(a, dtype=T.float64) for n, a in values.items() if n != "v_"}
    leaf = tensors[by].requires_grad_()
    found = T.autograd.grad(TORCH[title](**tensors), leaf, create_graph=v is not None)[0]
    if v is None:
        return found.numpy()
    twice = T.autograd.grad((found * T.tensor(v)).sum(), leaf, allow_unused=True)[0]
    return twice.numpy()


def differences(f, values, by, step=1e-6):
    """Central differences of a function of named arrays."""
    x = np.asarray(values[by], float)
    found = np.zeros_like(x)
    for at in np.ndindex(*x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[at] += sign * step
            ends.append(f(**{**values, by: moved if x.ndim else float(moved)}))
        found[at] = (ends[0] - ends[1]) / (2 * step)
    return found


def derived(title, i):
    """The expression of an entry's derivative, its values, and what torch finds."""
    entry, d = ENTRIES[title], DERIVED[title][i]
    values = values_of(entry)
    e = Expression("f", entry.text)
    if d.v is None:
        return e.gradient(d.by), values, slopes(title, d.by, values)
    v = np.random.default_rng(3).normal(size=np.shape(values[d.by]))
    wanted = slopes(title, d.by, values, v)
    return e.hessian_vector(d.by, d.v), {**values, d.v: v}, wanted


def test_the_page_has_thirty_and_torch_knows_them_all():
    assert len(ENTRIES) >= 30
    assert set(TORCH) == set(ENTRIES)
    assert sum(len(e.second) for e in tool.ENTRIES) >= 10


@pytest.mark.parametrize("title", ENTRIES)
def test_the_function_is_torchs(title):
    entry = ENTRIES[title]
    values = values_of(entry)
    wanted = TORCH[title](**{n: T.tensor(a, dtype=T.float64) for n, a in values.items()})
    assert Expression("f", entry.text).eval(**values) == pytest.approx(wanted.item(), rel=1e-11)


@pytest.mark.parametrize(("title", "i"), EACH)
def test_derivatives_are_torchs(title, i):
    e, values, wanted = derived(title, i)
    found = e.eval(**values)
    assert np.shape(found) == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("title", "i"), EACH)
def test_derivatives_are_those_of_central_differences(title, i):
    e, values, _ = derived(title, i)
    d = DERIVED[title][i]
    f = Expression("f", ENTRIES[title].text)
    if d.v is None:
        wanted = differences(f.eval, values, d.by)
    else:
        slope = f.gradient(d.by)
        v = values.pop(d.v)
        wanted = differences(lambda **at: np.sum(slope.eval(**at) * v), values, d.by)
        values[d.v] = v
    np.testing.assert_allclose(e.eval(**values), wanted, rtol=1e-5, atol=1e-6)


def gap(d, entry):
    """How far what is written is from what was made, at random values."""
    values = values_of(entry)
    if d.v is not None:
        values[d.v] = np.random.default_rng(3).normal(size=np.shape(values[d.by]))
    at = Sample({**SIZES, **values})
    found, wanted = at.value(d.tidied), at.value(d.made)
    assert np.shape(found) == np.shape(wanted)
    return np.max(np.abs(found - wanted)) / (1 + np.max(np.abs(wanted)))


@pytest.mark.parametrize(("title", "i"), EACH)
def test_what_is_written_has_the_value_of_what_was_made(title, i):
    assert gap(DERIVED[title][i], ENTRIES[title]) < 1e-12


@pytest.mark.parametrize(("title", "i"), EACH)
def test_letters_stand_for_what_they_are_said_to(title, i):
    d = DERIVED[title][i]
    whole = d.short
    for name, part in d.parts:
        assert name in symbols(whole)
        whole = substitute(whole, {name: part})
    np.testing.assert_allclose(d.sample.value(whole), d.sample.value(d.made), 1e-10, 1e-12)


BOOKKEEPING = re.compile(
    r"expand|sum_?to|like|matmul|reshape|columns|\\_|_back|_along|size|axis|unwindow"
)


@pytest.mark.parametrize(("title", "i"), EACH)
def test_what_is_written_is_mathematics(title, i):
    d = DERIVED[title][i]
    tex, line = d.latex(), d.unicode()
    assert not BOOKKEEPING.search(tex)
    assert len(tex) <= 360
    assert len(line) <= 260
    assert tex.count("{") == tex.count("}")
    assert tex.count(r"\left") == tex.count(r"\right")
    assert "))))" not in tex.replace(" ", "")
    rows = tex.removeprefix(r"\begin{aligned} ").removesuffix(r" \end{aligned}").split(r" \\ ")
    for row in (*rows, d.function()):
        MathTextParser("path").parse(f"${row.replace('&', '')}$")


WRITTEN = {
    ("Least squares", 0): r"\nabla_{w} f = \frac{2}{n} X^\top (X w - y)",
    ("Least squares", 2): r"\nabla_{w}^2 f \, v = \frac{2}{n} X^\top X v",
    ("Log-determinant", 0): r"\nabla_{A} f = A^{-\top}",
    ("Log-determinant", 1): r"\nabla_{A}^2 f \, V = -A^{-\top} V^\top A^{-\top}",
    ("Trace of a product", 0): r"\nabla_{A} f = B^\top",
    ("Inverse, weighted", 0): r"\nabla_{A} f = -A^{-\top} G A^{-\top}",
    ("Quadratic form", 0): r"\nabla_{x} f = \frac{1}{2} (A + A^\top) x - b",
    ("Bilinear form", 2): r"\nabla_{A} f = x y^\top",
    ("Nuclear norm", 0): r"\nabla_{A} f = U V^\top",
    ("Length of a vector", 0): r"\nabla_{x} f = \frac{x}{\left\|x\right\|}",
    ("Log-sum-exp", 0): r"\nabla_{x} f = \operatorname{softmax}(x)",
    ("Softmax, weighted", 0): r"\begin{aligned} \nabla_{x} f &= s \odot \left(g - \sum "
    r"(g \odot s)\right) \\ \text{where}\quad s &= \operatorname{softmax}(x) \end{aligned}",
    ("Softmax cross-entropy", 0):
        r"\nabla_{W} f = \frac{1}{n} X^\top (\operatorname{softmax}(X W + b) - Y)",
    ("Divergence of two softmaxes", 0):
        r"\nabla_{z} f = \operatorname{softmax}(z) - \operatorname{softmax}(x)",
}  # fmt: skip


@pytest.mark.parametrize(("title", "i"), WRITTEN)
def test_textbook_derivatives_are_written_as_in_the_textbook(title, i):
    assert DERIVED[title][i].latex() == WRITTEN[title, i]


def test_an_expression_writes_least_squares_without_being_told_shapes():
    e = Expression("f", "mean((matmul(X, w) - y)**2)")
    assert e.gradient("w").formula == r"\frac{2}{n} X^\top (X w - y)"
    assert str(e.gradient("w")).endswith("= (2 / n)·Xᵀ·(X·w − y)")
    assert e.hessian_vector("w").formula == r"\frac{2}{n} X^\top X v"


def test_unicode_names_its_parts():
    d = derive("sum(g * softmax(x))", "x", {"g": ("n",), "x": ("n",)})
    assert d.unicode() == "∇_x f = s ⊙ (g − sum(g ⊙ s)), where s = softmax(x)"


def test_the_page_is_fresh():
    assert tool.main(["--check"]) == 0


def test_a_stale_page_is_noticed(tmp_path, monkeypatch, capsys):
    old = tmp_path / "derivations.md"
    old.write_text(tool.page().replace("Least", "Most"), "utf-8")
    monkeypatch.setattr(tool, "PAGE", old)
    assert tool.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert tool.main(["--chekc"]) == 2


# -- teeth: a wrong rule is noticed ----------------------------------------------------------------


def worst_gap():
    worst = 0.0
    for entry in tool.ENTRIES:
        for d in entry.derivations():
            try:
                worst = max(worst, gap(d, entry))
            except (AssertionError, ValueError, IndexError):
                return np.inf
    return worst


def test_a_forgotten_transpose_is_noticed(monkeypatch):
    right = matrix_tidy._transposed
    monkeypatch.setattr(
        matrix_tidy,
        "_transposed",
        lambda desk, node, args: (
            args[0] if len(set(desk.shape(node))) == 1 else right(desk, node, args)
        ),
    )
    assert worst_gap() > 1e-3


def test_a_lost_sign_is_noticed(monkeypatch):
    right = Terms.product
    monkeypatch.setattr(
        Terms, "product", lambda self, t: right(self, Term(abs(t.number), t.powers))
    )
    assert worst_gap() > 1e-3


def test_a_sum_that_is_not_counted_is_noticed(monkeypatch):
    entry = tool.Entry("sum", "sum(x + b)", {"x": ("n",), "b": ()}, ("b",))
    (d,) = entry.derivations()
    assert d.latex() == r"\frac{\partial f}{\partial b} = n"
    assert gap(d, entry) == 0
    monkeypatch.setattr(
        "neurogebra.core.array_sums._counted", lambda *given: Node("number", value=1)
    )
    assert gap(entry.derivations()[0], entry) > 0.1


def test_products_in_the_wrong_order_are_noticed(monkeypatch):
    right = array_desk.simplified

    def turned(desk, node):
        found = right(desk, node)
        swap = node.op == "transpose" and found.op == "matmul"
        return Node("matmul", found.args[::-1]) if swap else found

    monkeypatch.setattr(matrix_tidy, "linear", matrix_tidy.linear)
    monkeypatch.setattr(array_desk, "simplified", turned)
    A, B = np.random.default_rng(1).normal(size=(2, 3, 3))
    raw = Node("transpose", (Node("matmul", (symbol("A"), symbol("B"))),))
    tidied = tidy_arrays(raw, of_shapes({"A": ("n", "n"), "B": ("n", "n")}))
    at = Sample({"A": A, "B": B})
    assert not np.allclose(at.value(tidied), at.value(raw))


# -- shapes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "by", "shapes"),
    [
        ("sum(x) + sum(sign(z))", "z", {"x": (5, 4), "z": (3,)}),
        ("dot(a, b) + sum(M)", "a", {"a": (3,), "b": (3,), "M": (4, 4)}),
        ("sum(matmul(X, W) + b)", "b", {"X": (5, 3), "W": (3, 2), "b": (2,)}),
        ("matmul(X, w) * (x - mu) / s", "mu", {"X": (5, 3), "w": (3,), "x": (5,), "mu": (1,),
                                               "s": ()}),
        ("gamma * (x - mu) / sqrt(s)", "mu", {"gamma": (3,), "x": (5, 3), "mu": (3,), "s": (3,)}),
        ("sum(softmax(x - mu) * y)", "mu", {"x": (5, 3), "mu": (5, 1), "y": (3,)}),
    ],
)  # fmt: skip
def test_a_gradient_has_the_shape_of_what_it_is_by(text, by, shapes):
    rng = np.random.default_rng(2)
    values = {n: rng.uniform(0.5, 1.5, s) if s else 1.3 for n, s in shapes.items()}
    e = Expression("f", text)
    found = e.gradient(by).eval(**values)
    assert np.shape(found) == shapes[by]
    wanted = differences(lambda **at: np.sum(e.eval(**at)), values, by)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


def test_elementwise_second_derivatives_are_elementwise():
    e = Expression("f", "exp(x) * y").hessian_vector("x")
    x, y, v = np.random.default_rng(2).normal(size=(3, 4))
    np.testing.assert_allclose(e.eval(x=x, y=y, v=v), np.exp(x) * y * v)
    assert e.inputs == ("x", "y", "v")


def test_refusals():
    e = Expression("f", "dot(x, v)")
    with pytest.raises(BadValue, match="a new name for the direction"):
        e.hessian_vector("x", "v")
    with pytest.raises(BadValue, match="did you mean 'x'"):
        e.hessian_vector("X", "h")
    with pytest.raises(BadValue, match="none for v"):
        derive("dot(x, v)", "x", {"x": ("n",)})
    with pytest.raises(BadValue, match="shapes that fit"):
        derive("dot(x, v)", "x", {"x": ("n",), "v": ("d",)})
    with pytest.raises(FormulaError, match="second derivative of singular_values"):
        Expression("f", "sum(singular_values(A))").hessian_vector("A")


MATRIX_FORMULAS = [n for n, f in FORMULAS.items() if kind_of(parse(f.expr)) == LINEAR]


@pytest.mark.parametrize("name", MATRIX_FORMULAS)
def test_formulas_of_the_book_are_shown_with_the_value_that_runs(name):
    """At the shapes of custom, by which a formula without shapes is tidied."""
    e = Expression(name, FORMULAS[name])
    for n in e.inputs:
        raw = derivative(e.tree, n)
        samples = conventional(raw, tuple(e.params))
        if not samples:
            continue
        sample = samples[0]
        found, wanted = sample.value(tidy_arrays(raw, sample)), sample.value(raw)
        if not np.max(np.abs(wanted)) > 1e10:  # an example that is all but singular
            np.testing.assert_allclose(found + 0 * wanted, wanted, rtol=1e-8, atol=1e-10)


def test_a_record_is_tidied_at_its_own_shapes():
    f = FORMULAS["prelu"]
    by_record = Expression("f", f).gradient("alpha").tree
    by_custom = Expression("f", f.expr).gradient("alpha").tree
    at = Sample({"x": np.array([[-1.0, 2.0], [-3.0, -4.0], [5.0, -6.0]]), "alpha": np.ones(2)})
    np.testing.assert_allclose(at.value(by_record), [-4.0, -10.0])
    assert at.shape(by_custom) == (3, 2)


def test_tidying_that_changes_the_value_is_not_shown(monkeypatch):
    right = expression_tidy.tidy_arrays
    monkeypatch.setattr(expression_tidy, "tidy_arrays", lambda r, s: 2 * right(r, s))
    monkeypatch.setattr(expression_tidy, "_by_element", lambda r, scalars: 3 * r)
    for given in (FORMULAS["free_bits_kl"], "sum(matmul(A, x)**2)"):
        e = Expression("f", given)
        name = e.inputs[0]
        assert same(e.gradient(name).tree, derivative(e.tree, name))


# -- bounds ----------------------------------------------------------------------------------------

HOSTILE = {
    "a chain of products": "sum(" + "matmul(A, " * 30 + "x" + ")" * 31,
    "windows of windows": "sum(" + "windows(" * 8 + "pad(x, 0, 63, 63)" + ", 0, 9)" * 8 + ")",
    "nested softmax": "sum(" + "softmax(" * 30 + "A" + ")" * 31,
    "many products": "sum(" + " + ".join(["matmul(A, x)*softmax(x)"] * 24) + ")",
    "shared squares": "sum(" + "(" * 30 + "matmul(A, x)" + ")**2" * 30 + ")",
    "outer towers": "sum(" + "outer(" * 20 + "x" + ", x)" * 20 + ")",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_formulas_are_tidied_or_refused_in_time(kind):
    e = Expression("f", HOSTILE[kind])

    def written():
        d = e.gradient(e.inputs[-1])
        too_long = written_size(d.tree) > MAX_WRITTEN
        with pytest.raises(FormulaError, match="too long") if too_long else nullcontext():
            assert d.formula

    within(SECOND, written)


def test_a_long_derivation_is_named_in_time():
    text = " + ".join(f"sum(tanh(matmul(A, x) * {i}) * softmax(x + {i}))" for i in range(1, 9))
    assert within(SECOND, lambda: derive(text, "x", {"A": ("n", "n"), "x": ("n",)})).parts


def test_where_an_element_came_from_is_written():
    shapes = {"E": ("n", "d"), "i": ("m",), "G": ("m", "d")}
    d = derive("sum(take(E, i, 0) * G)", "E", shapes, values={"i": np.array([0, 2, 1, 0])})
    assert d.latex() == r"\nabla_{E} f = \operatorname{scatter}(G; i)"
    turned = derive("sum(reshape(x, 2, -1) * A)", "x", {"x": (6,), "A": (2, 3)})
    assert turned.latex() == r"\nabla_{x} f = \operatorname{vec}(A)"


def test_an_example_stays_small():
    with pytest.raises(Exception, match=f"more than {MAX_ELEMENTS}"):
        Sample({"x": np.ones(60)}).value(parse("outer(x, x)"))
