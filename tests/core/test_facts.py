"""Facts of a formula in words: domains, measured ranges, values and slopes."""

import math

import pytest

from neurogebra import Expression
from neurogebra.core.facts import domain_words, measured_range, operations, values_at
from neurogebra.core.forge import MathForge
from neurogebra.repository.record import (
    BINARY,
    DEFINITE,
    MATRIX,
    POSITIVE,
    PROBABILITY,
    REAL,
    SHARES,
    Interval,
    Rows,
)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (REAL, "any number"),
        (POSITIVE, "number > 0"),
        (PROBABILITY, "number in [0, 1]"),
        (BINARY, "0 or 1"),
        (Interval(-1.0, 1.0, low_open=True), "number in (-1, 1]"),
        (Interval(1.0, 10_000.0, whole=True), "whole number ≥ 1, proven up to 10000"),
        (Interval(-1e3, 1e3), "any number, proven up to 1000"),
        (MATRIX, "matrix (n × m)"),
        (DEFINITE, "positive definite matrix (n × n)"),
        (SHARES, "vector of shares (n), each row sums to 1"),
        (Rows(("n",), of=BINARY), "vector (n), each 0 or 1"),
        (Rows(("n", "m"), one_hot=True), "one-hot matrix (n × m)"),
    ],
)
def test_a_domain_in_words(domain, words):
    assert domain_words(domain) == words


def test_a_range_is_measured_over_the_domain():
    forge = MathForge()
    assert measured_range(forge.get("sigmoid")) == (0.0, 1.0)
    assert measured_range(forge.get("relu")) == (0.0, math.inf)
    assert measured_range(forge.get("leaky_relu")) == (-math.inf, math.inf)
    assert measured_range(forge.get("gelu"))[0] == pytest.approx(-0.17, abs=1e-3)
    assert measured_range(forge.get("mse")) is None
    assert measured_range(forge.get("softmax")) is None


def test_values_slopes_and_operations():
    square = Expression("square", "x**2")
    assert values_at(square, (-2.0, 3.0)) == [(4.0, -4.0), (9.0, 6.0)]
    assert values_at(Expression("two", "x*y"), (1.0,)) is None
    assert operations(square) == 1
    assert operations(Expression("f", "exp(x) + exp(x)*2")) == 3
