"""The form of printed source: what is asked for, in which words, and what is refused."""

import ast

import numpy as np
import pytest

from neurogebra.core.code import TARGETS, source
from neurogebra.core.expression import Expression
from neurogebra.errors import BadValue, FormulaError, UnknownName
from neurogebra.ops import ALPHABET
from neurogebra.repository import FORMULAS


def of(text, target="numpy", gradient=None, **options):
    return Expression("f", text, **options).to_code(target, gradient)


def run(text):
    space = {}
    exec(compile(text, "printed", "exec"), space)
    return space[next(n.name for n in reversed(ast.parse(text).body))]


def last(text):
    return text.rstrip().rsplit("\n", 1)[-1].strip()


def book(name, target="numpy", gradient=None):
    return Expression(name, FORMULAS[name]).to_code(target, gradient)


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("numpy", "return np.maximum(x, 0)"),
        ("torch", "return torch.relu(x)"),
        ("jax", "return jax.nn.relu(x)"),
        ("tensorflow", "return tf.nn.relu(x)"),
        ("sympy", "return sp.Max(x, 0)"),
        ("python", "return max(x, 0)"),
    ],
)
def test_relu_reads_as_its_library_writes_it(target, line):
    assert last(book("relu", target)) == line


def test_a_whole_function():
    assert of("exp(-x / tau) * x", params={"tau": 2.0}) == (
        "import numpy as np\n\n\n"
        "def f(x, tau=2.0):\n"
        '    """f.\n\n'
        "    f(x) = exp(−x / τ)·x\n\n"
        "    Takes numbers and NumPy arrays; float32 stays float32.\n"
        '    """\n'
        "    return np.exp(-x / tau) * x\n"
    )


def test_the_record_is_in_the_docstring():
    text = book("softplus")
    words = ast.get_docstring(ast.parse(text).body[-1])
    record = FORMULAS["softplus"]
    assert words.startswith(record.summary)
    assert "log(1 + exp(x))" in words
    assert "Source: " + record.source.split()[0] in words
    assert "# By definition log(1 + exp(x)); the form below neither overflows nor cancels." in text
    assert last(text) == "return np.logaddexp(x, 0)"


def test_the_definition_is_not_repeated_where_it_runs():
    assert "By definition" not in book("mse")


def test_sympy_shows_the_definition():
    text = book("softplus", "sympy")
    assert last(text) == "return sp.log(1 + sp.exp(x))"
    assert "By definition" not in text


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("(a + b) + c", "return a + b + c"),
        ("a + (b + c)", "return a + (b + c)"),
        ("a * b + c / (a * b2)", "return a * b + c / (a * b2)"),
        ("-(a ** 2)", "return -a ** 2"),
        ("(-a) ** 2", "return (-a) ** 2"),
        ("(a + b) ** (c - 1)", "return (a + b) ** (c - 1)"),
        ("a - (b - c)", "return a - (b - c)"),
        ("a / b / c", "return a / b / c"),
        ("mean(a + b)", "return np.mean(a + b)"),
        ("exp(-a)", "return np.exp(-a)"),
        ("matmul(a, b) + c", "return a @ b + c"),
        ("where(a > 0, b, c)", "return np.where(a > 0, b, c)"),
        ("where(0 < a, b, c)", "return np.where(a > 0, b, c)"),
        ("where((a > 0) * (b >= c), a, b)", "return np.where((a > 0) & (b >= c), a, b)"),
        ("a / sqrt(2 * pi)", "return a / math.sqrt(2 * np.pi)"),
        ("sum(a, -1, 1)", "return np.sum(a, axis=-1, keepdims=True)"),
    ],
)
def test_brackets_are_where_they_are_needed(formula, line):
    assert last(of(formula)) == line


def test_shared_parts_have_a_name():
    text = of("exp(x) / (1 + exp(x))")
    assert "    exp_x = np.exp(x)\n    return exp_x / (1 + exp_x)\n" in text


def test_long_lines_are_cut_up():
    for target in ("numpy", "torch", "jax", "tensorflow"):
        for name in ("focal_loss", "adam_step", "attention", "layer_norm", "normal_pdf"):
            longest = max(map(len, book(name, target).split("\n")))
            assert longest <= 92, f"{name} for {target}: {longest}"


@pytest.mark.parametrize("name", ["np", "lambda_", "math", "sum", "max", "f"])
def test_names_that_clash_are_made_safe(name):
    text = of(f"exp({name}) + sum({name} * x)")
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(run(text)(0.5, x) if name < "x" else 0, np.exp(0.5) + 1.5)
    if name != "lambda_":
        assert f"{name}_ is the formula's {name}." in text


def test_a_name_of_an_expression_that_is_no_identifier():
    text = Expression("2 x + 1?", "2 * x + 1").to_code("python")
    assert "def _2_x_1(x):" in text
    assert run(text)(3) == 7


def test_parameters_that_functions_take_become_arrays_first():
    text = of("exp(-k) * x", params={"k": 0.1})
    assert "k = _float(k, x)" in text
    assert run(text)(np.float32([1, 2])).dtype == np.float32
    assert "_float" not in of("x / k", params={"k": 0.1})


def test_array_parameters_are_written_out():
    w = np.array([0.5, 2.0], np.float32)
    text = of("sum(w * x)", params={"w": w})
    assert "w=np.array([0.5, 2.0], np.float32)" in text
    assert run(text)(np.array([2.0, 1.0])) == 3.0
    with pytest.raises(BadValue, match=r"params\['w'\]: expected a number, as python takes"):
        of("w * x", "python", params={"w": w})
    with pytest.raises(BadValue, match="at most 64 numbers"):
        of("w * x", params={"w": np.zeros(65)})


def test_a_derivative():
    text = book("relu", gradient="x")
    assert "def d_relu_d_x(x):" in text
    assert '"""The derivative of relu by x.' in text
    np.testing.assert_array_equal(run(text)(np.array([-1.0, 0.0, 2.0])), [0, 0, 1])


def test_a_constant_derivative_has_the_shape_of_its_input():
    x = np.ones(3, np.float32)
    found = run(of("2 * x", gradient="x"))(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [2, 2, 2])


def test_python_computes_a_branch_only_where_it_is_chosen():
    text = of("where(x > 0, log(x) * log(x), 0)", "python")
    assert run(text)(-1.0) == 0
    assert run(text)(np.e) == pytest.approx(1.0)


def test_numbers_and_conditions_keep_nan():
    nan = float("nan")
    assert np.isnan(run(of("step(x)", "python"))(nan))
    assert np.isnan(run(of("max(x, y)", "python"))(1.0, nan))
    assert np.isnan(run(of("min(x, y)", "python"))(nan, 1.0))
    assert np.isnan(run(of("step(x)"))(nan))
    assert run(of("step(x)"))(0.0) == 0
    assert run(of("xlogy(x, y)", "python"))(0.0, 0.0) == 0
    assert run(of("sigmoid(x)", "python"))(-1000.0) == 0


def test_an_unknown_target_is_refused_with_a_hint():
    with pytest.raises(
        UnknownName, match="no target of code called 'pytorch'; did you mean 'torch"
    ):
        of("x", "pytorch")
    with pytest.raises(BadValue, match="expected one of x, got 'z'"):
        of("x + 1", gradient="z")


@pytest.mark.parametrize("target", ["python", "sympy"])
def test_what_a_target_cannot_express_is_refused(target):
    able = "numpy, torch, jax, tensorflow can"
    with pytest.raises(FormulaError, match=f"{target} cannot express matmul of f; {able}"):
        of("matmul(a, b)", target)
    with pytest.raises(FormulaError, match=f"{target} cannot express sum of f; {able}"):
        of("mean(x)", target)


def test_torch_needs_an_input_for_a_parameter_to_be_like():
    with pytest.raises(FormulaError, match="torch needs an array"):
        of("exp(k)", "torch", params={"k": 1.0})


@pytest.mark.parametrize("target", ["torch", "jax", "tensorflow", "numpy"])
def test_array_targets_write_every_operation(target):
    known = {"neg", "add", "sub", "mul", "div", "pow", "where", "greater", "greater_equal", "equal"}
    rows = TARGETS[target].rows
    lacking = {n for n, op in ALPHABET.items() if n not in rows and op.lower is None} - known
    assert not lacking


# Operations on arrays: x is (4, 3), A (3, 3), S symmetric positive, v (3,), i whole numbers.
OPERATIONS = (
    "sum(x, 0)", "mean(x, -1, 1)", "var(x, 0, 1)", "std(x, -1)", "std(x)", "norm(x)", "norm(x, 0)",
    "max(x, 0)", "min(x)", "prod(x)", "prod(x, 0)", "prod(x, -1, 1)", "logsumexp(x)",
    "logsumexp(x, 0)", "argmax(x, 0) * v", "argmax(x) * v", "cumsum(x, 0)", "cumsum(x, -1)",
    "sort(x, 0)", "sort(x, -1)", "argsort(x, 0) * x", "take_along(x, argsort(x, 0), 0)",
    "take_along(x, i, 0)", "take_along(x, i, -2) * v", "take(x, i, 0)", "take(x, i, -1)",
    "positions(x, 0) * x", "positions(x, -1) * x", "flip(x, 0)", "flip(x, -1)",
    "expand_dims(x, 1)", "expand_dims(x, -1)", "squeeze(expand_dims(x, 1), 1)",
    "slice(x, 0, 1)", "slice(x, 0, 1, 3)", "slice(x, -1, -2)", "slice(x, -2, 0, -1)",
    "slice(x, 1, 1, 2)", "reshape(x, 2, -1)", "reshape(x, 0, 3, 1)", "reshape(x, -1)",
    "permute(x, 1, 0)", "permute(x, -1, -2)", "concat(x, x * x, 0)", "concat(x, A, 0)",
    "pad(x, 0, 1, 2)", "pad(x, -1, 0, 1)", "windows(x, 0, 2)", "windows(x, -2, 2, 2)",
    "windows(x, 0, 2, 1, 2)", "windows(x, -1, 2)", "tril(A)", "diag(v)", "diagonal(A)",
    "diagonal(x)", "eye_like(A) * A", "outer(v, v)", "trace(A)", "det(A)", "logdet(A)",
    "inverse(A)", "solve(A, v)", "solve(A, S)", "cholesky(S)", "singular_values(x)",
    "eigvalsh(S)", "matmul(x, A)", "matmul(x, v)", "matmul(v, A)", "matmul(v, v)", "dot(v, v)",
    "transpose(x) * 2", "flatten(expand_dims(x, 1))", "size(x) * x", "size(x, 0) * x",
    "softmax(x, 0)", "log_softmax(x, -1)", "x + v", "x * v", "gammaln(x * x)", "digamma(x * x)",
    "polygamma(x * x, 1)", "erfinv(tanh(x))", "ndtri(sigmoid(x))", "arcsin(tanh(x))", "ceil(x) * x",
    "round(x) * x", "xlogy(x * x, x * x)", "logaddexp(x, v)", "max(x, v)", "min(x, v)",
    "arctan(x) + sinh(x) + cosh(x)", "step(x) * sign(x) * floor(x)",
)  # fmt: skip


def arrays():
    rng = np.random.default_rng(4)
    x, A = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    i = np.array([[2.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    return {"x": x, "A": A, "S": A @ A.T + np.eye(3), "v": rng.normal(size=3), "i": i}


def giver(target):
    if target == "torch":
        return pytest.importorskip("torch").tensor
    if target == "jax":
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        return jax.numpy.asarray
    if target == "tensorflow":
        return pytest.importorskip("tensorflow").constant
    return np.asarray


@pytest.mark.parametrize("target", ["numpy", "torch", "jax", "tensorflow"])
def test_every_operation_of_arrays_and_its_derivative(target):
    give, given, written, wrong = giver(target), arrays(), set(), []
    for text in OPERATIONS:
        f = Expression("f", text)
        values = {n: given[n] for n in f.inputs}
        flat = Expression("f", f"sum(({text}) * c)")
        c = np.random.default_rng(5).normal(size=np.shape(f.eval(**values)))
        slopes = [n for n in f.inputs if n != "i"]
        cases = [(f, None, values), *((flat, n, {**values, "c": c}) for n in slopes)]
        for own, by, at in cases:
            wanted = own.gradient(by).eval(**at) if by else own.eval(**at)
            try:
                found = run(own.to_code(target, by))(*(give(at[n]) for n in own.inputs))
                np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-9, atol=1e-10)
            except Exception as error:
                wrong.append(f"{text} by {by}: {type(error).__name__} {str(error)[:200]}")
            written.add((text, by))
    assert not wrong, "\n".join(wrong)
    assert len(written) > 2 * len(OPERATIONS)


def test_a_wrong_operation_is_seen(monkeypatch):
    monkeypatch.setitem(TARGETS["numpy"].rows, "slice_back", "_slice_back({0}, {1}, 0, 0, {stop})")
    with pytest.raises(AssertionError, match="slice"):
        test_every_operation_of_arrays_and_its_derivative("numpy")


def test_every_helper_is_used_by_a_row_or_a_helper():
    for target in TARGETS.values():
        rows = [
            r if isinstance(r, str) else getattr(r, "template", "") for r in target.rows.values()
        ]
        text = " ".join([*rows, *target.helpers.values(), target.truth])
        for name in target.helpers:
            assert text.count(name) > 1, f"{target.name}: {name}"


def test_to_latex_and_to_unicode():
    f = Expression("f", "sqrt(x) / 2")
    assert f.to_unicode() == "√x / 2"
    assert f.to_latex() == r"\frac{\sqrt{x}}{2}"


def test_the_same_through_the_function():
    f = Expression("f", "x + 1")
    assert source(f, "torch") == f.to_code("torch")
