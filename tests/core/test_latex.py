"""Formulas as one writes them: LaTeX and one line of Unicode."""

from __future__ import annotations

import pytest
from matplotlib.mathtext import MathTextParser

from neurogebra.core.expression import Expression
from neurogebra.core.latex import latex, unicode
from neurogebra.core.parse import parse
from neurogebra.core.tree import in_order, symbol
from neurogebra.repository import FORMULAS

WRITTEN = {
    "x": ("x", "x"),
    "2*x": ("2 x", "2·x"),
    "0.5*x": ("0.5 x", "0.5·x"),
    "x*2*3": ("6 x", "6·x"),
    "x - (y - z)": ("x - (y - z)", "x − (y − z)"),
    "x - (y + z)": ("x - (y + z)", "x − (y + z)"),
    "x + (y - z)": ("x + (y - z)", "x + (y − z)"),
    "-(x + y)": ("-(x + y)", "−(x + y)"),
    "(x + y)*z": ("(x + y) z", "(x + y)·z"),
    "x*(-3)": ("-3 x", "−3·x"),
    "x**2": ("x^{2}", "x²"),
    "x*x": ("x^{2}", "x²"),
    "(x + 1)**10": ("(x + 1)^{10}", "(x + 1)¹⁰"),
    "x**y": ("x^{y}", "x^y"),
    "x**-0.5": ("x^{-0.5}", "x^(−0.5)"),
    "(x**2)**3": ("(x^{2})^{3}", "(x²)³"),
    "1/(1 + exp(-x))": (r"\frac{1}{1 + e^{-x}}", "1 / (1 + exp(−x))"),
    "x/y/z": (r"\frac{\frac{x}{y}}{z}", "x / y / z"),
    "x/(y*z)": (r"\frac{x}{y z}", "x / (y·z)"),
    "x/y**2": (r"\frac{x}{y^{2}}", "x / y²"),
    "sqrt(x + 1)": (r"\sqrt{x + 1}", "√(x + 1)"),
    "abs(x - y)": (r"\left|x - y\right|", "|x − y|"),
    "log(x)": (r"\ln x", "log(x)"),
    "log(x + 1)": (r"\ln(x + 1)", "log(x + 1)"),
    "log(x/y)": (r"\ln \frac{x}{y}", "log(x / y)"),
    "log(x)*y": (r"\ln(x) \, y", "log(x)·y"),
    "y*log(x)": (r"y \, \ln x", "y·log(x)"),
    "tanh(x)**2": (r"\tanh^{2} x", "tanh(x)²"),
    "sum(x*y)": (r"\sum x y", "sum(x·y)"),
    "sum(x + y)": (r"\sum (x + y)", "sum(x + y)"),
    "sum(x)*y": (r"\left(\sum x\right) y", "sum(x)·y"),
    "sum(x, 0)": (r"\sum_{i} x", "sum(x, axis=0)"),
    "mean(X, 0)": (r"\operatorname{mean}_{i}(X)", "mean(X, axis=0)"),
    "softmax(x, 0)": (r"\operatorname{softmax}_{i}(x)", "softmax(x, axis=0)"),
    "norm(x, 0)": (r"\left\|x\right\|_{i}", "norm(x, axis=0)"),
    "slice(x, 0, 1)": ("x_{1:}", "x[1:]"),
    "slice(x, -1, 1, -1)": (r"x_{\ldots,1:-1}", "x[…, 1:-1]"),
    "slice(x0, -2, 0, 3)": (r"(x_{0})_{\ldots,:3,:}", "x0[…, :3, :]"),
    "slice(W, 1, 2)": ("W_{:,2:}", "W[:, 2:]"),
    "slice(matmul(W, x) + b, 0, 2, 3)": ("(W x + b)_{2:3}", "(W·x + b)[2:3]"),
    "take(E, i, 0)": ("E_{i}", "E[i]"),
    "take_along(x, i, 0)": (
        r"\operatorname{take\_along}_{i}(x, i)",
        "take_along(x, i, axis=0)",
    ),
    "pad(x, 0, 1, 2)": (r"\operatorname{pad}_{i, 1, 2}(x)", "pad(x, 1, 2, axis=0)"),
    "windows(x, -1, 3, 2)": (
        r"\operatorname{windows}_{3, \mathrm{stride}\ 2}(x)",
        "windows(x, 3, stride 2)",
    ),
    "reshape(x, 0, 2, -1)": (
        r"\operatorname{reshape}_{: \times 2 \times -1}(x)",
        "reshape(x, :×2×−1)",
    ),
    "permute(x, 1, 0, 2)": (r"\operatorname{permute}_{1, 0, 2}(x)", "permute(x, 1, 0, 2)"),
    "polygamma(x, 2)": (r"\psi^{(2)}(x)", "ψ⁽²⁾(x)"),
    "digamma(x)": (r"\psi(x)", "ψ(x)"),
    "positions(x, 0)": (r"\operatorname{positions}_{i}(x)", "positions(x, axis=0)"),
    "concat(x, y, 0)": (r"[x;\, y]", "[x; y]"),
    "concat(x, y, -1)": (r"[x,\, y]", "[x, y]"),
    "expand_dims(x, 1) - expand_dims(y, 0)": (
        r"x_{:,\mathrm{new}} - y_{\mathrm{new}}",
        "x[:, new] − y[new]",
    ),
    "abs(y - y_pred) <= delta": (r"[\left|y - \hat{y}\right| \leq \delta]", "[|y − ŷ| ≤ δ]"),
    "(x < 0)*x": ("[x < 0] x", "[x < 0]·x"),
    "x >= delta": (r"[x \geq \delta]", "[x ≥ δ]"),
    "mean((x - y)**2)": (r"\frac{1}{n} \sum (x - y)^{2}", "mean((x − y)²)"),
    "mean(x) + n": (r"\bar{x} + n", "mean(x) + n"),
    "mean(x*y) + n": (r"\operatorname{mean}(x y) + n", "mean(x·y) + n"),
    "x/size(x)": (r"\frac{x}{n}", "x / n"),
    "max(x, 0)": (r"\max(x, 0)", "max(x, 0)"),
    "max(x)": (r"\max x", "max(x)"),
    "x > 0": ("[x > 0]", "[x > 0]"),
    "(x > 0)*x": ("[x > 0] x", "[x > 0]·x"),
    "where(x > 0, x, a*x)": (
        r"\begin{cases} x & x > 0 \\ a x & \text{otherwise} \end{cases}",
        "{x if x > 0; a·x otherwise}",
    ),
    "where(x > 1, 1, where(x > 0, x, 0))": (
        r"\begin{cases} 1 & x > 1 \\ x & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        "{1 if x > 1; x if x > 0; 0 otherwise}",
    ),
    "matmul(X, w) + b": (r"X w + b", "X·w + b"),
    "matmul(X, w)*y": (r"(X w) \odot y", "X·w ⊙ y"),
    "matmul(transpose(X), y)": (r"X^\top y", "Xᵀ·y"),
    "outer(x, y)": (r"x y^\top", "x·yᵀ"),
    "dot(x, y)": (r"x^\top y", "dot(x, y)"),
    "transpose(inverse(A))": (r"A^{-\top}", "A⁻ᵀ"),
    "inverse(transpose(A))": (r"(A^\top)^{-1}", "(Aᵀ)⁻¹"),
    "solve(A, b)": ("A^{-1} b", "A⁻¹·b"),
    "solve(transpose(A), x)": (r"A^{-\top} x", "A⁻ᵀ·x"),
    "solve(A + B, x + y)": ("(A + B)^{-1} (x + y)", "(A + B)⁻¹·(x + y)"),
    "matmul(x*y, A)": (r"(x \odot y) A", "(x ⊙ y)·A"),
    "2*matmul(A, x)/3": (r"\frac{2 A x}{3}", "2·A·x / 3"),
    "norm(x)": (r"\left\|x\right\|", "‖x‖"),
    "sum((matmul(A, x) - y)**2)": (r"\left\|A x - y\right\|^{2}", "sum((A·x − y)²)"),
    "A*eye_like(A)": ("A I", "A·I"),
    "softmax(x)": (r"\operatorname{softmax}(x)", "softmax(x)"),
    "1e-8*x": (r"10^{-8} x", "1e-8·x"),
    "6.02e23": (r"6.02 \cdot 10^{23}", "6.02e+23"),
    "pi*x": (r"\pi x", "π·x"),
    "2*pi*x": (r"2 \pi x", "2π·x"),
    "2": ("2", "2"),
    "-2": ("-2", "−2"),
    "exp(sum(x)/2)": (r"\exp\left(\frac{\sum x}{2}\right)", "exp(sum(x) / 2)"),
}


@pytest.mark.parametrize("formula", WRITTEN)
def test_a_formula_is_written(formula):
    tree = parse(formula)
    assert (latex(tree), unicode(tree)) == WRITTEN[formula]


NAMES = {
    "alpha": (r"\alpha", "α"),
    "beta1": (r"\beta_{1}", "β1"),
    "Omega": (r"\Omega", "Ω"),
    "lambda_": (r"\lambda", "λ"),
    "lambda_reg": (r"\lambda_{\mathrm{reg}}", "λ_reg"),
    "d_k": ("d_{k}", "d_k"),
    "x0": ("x_{0}", "x0"),
    "y_pred": (r"\hat{y}", "ŷ"),
    "grad": (r"\mathrm{grad}", "grad"),
    "log_likelihood": (r"\mathrm{log\_likelihood}", "log_likelihood"),
    "w1_a_b": (r"\mathrm{w1\_a\_b}", "w1_a_b"),
    "δ2": (r"\delta_{2}", "δ2"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_written(name):
    assert (latex(symbol(name)), unicode(symbol(name))) == NAMES[name]


DERIVED = {
    ("sigmoid", "x"): (r"\frac{e^{-x}}{(1 + e^{-x})^{2}}", "exp(−x) / (1 + exp(−x))²"),
    ("tanh", "x"): (r"1 - \tanh^{2} x", "1 − tanh(x)²"),
    ("softplus", "x"): (r"\frac{e^{x}}{1 + e^{x}}", "exp(x) / (1 + exp(x))"),
    ("mse", "y_pred"): (r"-\frac{2 (y - \hat{y})}{n}", "−2·(y − ŷ) / n"),
    ("hinge", "y_pred"): (r"-\frac{[1 - y \hat{y} > 0] y}{n}", "−[1 − y·ŷ > 0]·y / n"),
}


@pytest.mark.parametrize(("name", "var"), DERIVED)
def test_a_derivative_is_written_as_one_would(name, var):
    found = Expression(name, FORMULAS[name]).gradient(var).tree
    assert (latex(found), unicode(found)) == DERIVED[name, var]


LEAST_SQUARES = r"\frac{2}{n} X^\top (X w - y)"


def test_the_gradient_of_least_squares_is_the_textbooks():
    e = Expression("f", "mean((matmul(X, w) - y)**2)")
    assert e.gradient("w").formula == LEAST_SQUARES


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_and_derivative_is_balanced(name):
    e = Expression(name, FORMULAS[name])
    trees = [e.tree, *(e.gradient(n).tree for n in e.inputs)]
    for tree in trees:
        shown, line = latex(tree), unicode(tree)
        plain = shown.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
        assert plain.count(r"\left") == plain.count(r"\right")
        assert shown.count(r"\begin") == shown.count(r"\end")
        assert line.count("(") == line.count(")")
        assert "  " not in line
        assert "\n" not in line


def test_matplotlib_reads_the_latex_of_the_book():
    """One formula for every set of operations; mathtext has neither cases nor rows."""
    kinds = {}
    for name, formula in FORMULAS.items():
        tree = parse(formula.expr)
        kinds.setdefault(frozenset((n.op, n.attrs) for n in in_order(tree)), (name, latex(tree)))
    texts = [(n, t) for n, t in kinds.values() if r"\begin" not in t and len(t) < 200]
    assert len(texts) > 300
    parser = MathTextParser("path")
    for _, text in texts:
        parser.parse(f"${text}$")


def test_mathtext_refuses_what_is_no_latex():
    with pytest.raises(ValueError, match="Expected"):
        MathTextParser("path").parse(r"$\frac{x}{$")
