"""What a loss and its derivative share is the plain program, to a few units in the last place."""

import numpy as np
import pytest

from neurogebra.core.differentiate import gradient
from neurogebra.core.program import program
from neurogebra.core.tree import Node, build, symbol
from neurogebra.engines import book, share
from neurogebra.engines.kernels import LOWERED, MEAN
from neurogebra.engines.recorder import Recorder

RNG = np.random.default_rng(5)
ROWS = 7
EXTREME = np.array([[0.0], [-0.0], [1e-20], [60.0], [-60.0], [900.0], [-900.0]])
BINARY = {"z": EXTREME, "y": np.array([[1.0], [0.0], [1.0], [1.0], [0.0], [1.0], [0.0]])}
MANY = {"z": RNG.normal(size=(ROWS, 4)) * 9, "y": np.eye(4)[RNG.integers(0, 4, ROWS)]}
WEIGHT = {"w": RNG.uniform(size=(ROWS, 1))}

CASES = {
    "labels": ("binary_crossentropy", "sigmoid", BINARY, {}),
    "wrong labels": ("binary_crossentropy", "sigmoid", {**BINARY, "y": 1 - BINARY["y"]}, {}),
    "chances": ("binary_crossentropy", "sigmoid", {**BINARY, "y": WEIGHT["w"]}, {}),
    "smooth": ("binary_crossentropy", "sigmoid", BINARY, {"label_smoothing": 0.2}),
    "weighted": ("binary_crossentropy", "sigmoid", {**BINARY, **WEIGHT}, {}),
    "classes": ("categorical_crossentropy", "softmax", MANY, {}),
    "weighted classes": (
        "categorical_crossentropy", "softmax", {**MANY, "w": WEIGHT["w"][:, 0]}, {},
    ),
    "no logits": ("mse", "linear", MANY, {}),
}  # fmt: skip


def outputs(name, rewrite):
    """Return the nodes of a head's output, its loss and dL/dz, and the arrays they read."""
    loss, activation, given, options = CASES[name]
    z = symbol("z")
    weighted = "w" in given
    root, _ = book.loss_formula(loss, activation, tuple(options.items()), weighted=weighted)
    values = {"y_pred": z, **{n: symbol(n) for n in given if n != "z"}}

    def call(op, *args, **attrs):
        return build(op, args, attrs)

    total = book.evaluate(rewrite(root), values, call)
    head = z if activation == "linear" else book.evaluate(book.tree(activation)[0], {"x": z}, call)
    return [head, total, *gradient(total, [z])], given


def computed(name, short):
    nodes, given = outputs(name, share.joined if short else lambda root: root)
    found = program(nodes, LOWERED.__contains__)
    if short:
        found = share.shared(found, {n: a.shape for n, a in given.items()})
    replay = Recorder(found, given, np.dtype(np.float64)).record()
    with np.errstate(all="ignore"):
        replay.run()
    return [np.array(replay.arrays[r]) for r in found.outputs], found


def hold(name):
    (plain, long), (found, short) = computed(name, False), computed(name, True)
    assert len(short.lines) < len(long.lines)
    rows = len(CASES[name][2]["z"])
    for kind, one, two in zip(("output", "loss", "gradient"), found, plain, strict=True):
        # A gradient is c·(p − y): what may round is a unit of p, of which there is 1 at most.
        atol = 2 * np.finfo(float).eps / rows if kind == "gradient" else 0.0
        np.testing.assert_allclose(one, two, rtol=2e-15, atol=atol, err_msg=kind)


@pytest.mark.parametrize("name", CASES)
def test_the_same_numbers(name):
    hold(name)


@pytest.mark.parametrize("name", ["labels", "wrong labels", "chances", "smooth"])
def test_the_same_numbers_of_many(name, monkeypatch):
    """Of few numbers the softplus is one call, of many the calls that it is made of."""
    assert "logaddexp" in {line.op for line in computed(name, True)[1].lines}
    monkeypatch.setattr(share, "FEW_LOGS", 0)
    assert "logaddexp" not in {line.op for line in computed(name, True)[1].lines}
    hold(name)


def test_what_is_no_softplus_is_not_taken_for_one(monkeypatch):
    z, y, extra = symbol("z"), symbol("y"), symbol("l")
    node = build("maximum", (z, 0), {}) + build("log1p", (build("exp", (-extra,), {}),), {}) - y * z
    shapes = dict.fromkeys("zyl", (3, 1))
    assert "logaddexp" not in {line.op for line in share.shared(program([node]), shapes).lines}
    right = share._is_soft_part
    monkeypatch.setattr(share, "_is_soft_part", lambda s, register, z: not right(s, register, z))
    assert "logaddexp" in {line.op for line in share.shared(program([node]), shapes).lines}


def test_a_loss_of_labels_is_exact_where_it_is_tiny():
    """softplus(z) − y·z, added up in that order, would leave nothing of e⁻⁶⁰."""
    (_, loss, _), _ = computed("labels", True)
    assert loss == pytest.approx((2 * np.log(2) + np.log(2) + 2 * np.exp(-60.0)) / 7, rel=1e-15)
    z = symbol("z")
    naive = book.evaluate(
        share.joined(book.loss_formula("binary_crossentropy", "sigmoid")[0]),
        {"y_pred": z, "y": symbol("y")},
        lambda op, *args, **attrs: build(op, args, attrs),
    )
    tiny = {"z": np.array([[60.0]]), "y": np.ones((1, 1))}
    for short, right in ((False, False), (True, True)):
        found = program([naive], LOWERED.__contains__)
        found = share.shared(found, dict.fromkeys(tiny, (1, 1))) if short else found
        value = Recorder(found, tiny, np.dtype(float)).record().arrays[found.outputs[0]]
        assert (abs(float(value) / np.exp(-60.0) - 1) < 1e-12) == right


def test_how_many_lines_are_left():
    for name, most in (("labels", 15), ("classes", 16)):
        _, short = computed(name, True)
        assert len(short.lines) <= most, [line.op for line in short.lines]
        assert MEAN in {line.op for line in short.lines}


def test_a_factor_of_the_wrong_sign_is_seen(monkeypatch):
    """The tooth of the first test."""
    right = share._one_factor

    def wrong(s, line):
        found = right(s, line)
        return found and share.replace(found, op="div")

    monkeypatch.setattr(share, "_one_factor", wrong)
    with pytest.raises(AssertionError):
        hold("labels")


def test_a_share_of_another_sum_is_seen(monkeypatch):
    right = share._share_of_all

    def wrong(s, line):
        found = right(s, line)
        return found and share.replace(found, args=found.args[::-1])

    monkeypatch.setattr(share, "_share_of_all", wrong)
    with pytest.raises(AssertionError):
        hold("classes")


def test_only_equal_factors_of_opposite_sign_are_joined():
    a, b, c, d = (symbol(n) for n in "abcd")
    given = {n: RNG.normal(size=(3, 2)) for n in "abcd"}
    for node in (a * b + c * d, a * b + (-c) * d, 2.0 * a + (-3.0) * b):
        plain = program([node])
        short = share.shared(plain, dict.fromkeys(given, (3, 2)))
        assert [line.op for line in short.lines] == [line.op for line in plain.lines]
    node = Node("add", (a * b, Node("mul", (-a, d))))
    short = share.shared(program([node]), dict.fromkeys(given, (3, 2)))
    assert [line.op for line in short.lines] == ["sub", "mul"]


def test_a_row_is_not_taken_for_a_matrix():
    """max(z, 0) + l − y·z with a y that is broadcast stays as it is where shapes would change."""
    z, y, extra = symbol("z"), symbol("y"), symbol("l")
    node = build("maximum", (z, 0), {}) + extra - y * z
    shapes = {"z": (3, 1), "y": (3, 2), "l": (3, 1)}
    plain = program([node])
    assert share.shared(plain, shapes).lines == plain.lines
