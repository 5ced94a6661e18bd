"""Text that people see: nothing of a user acts on a screen, and numbers are short and true."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogebra.observatory.events import LayerInfo
from neurogebra.observatory.render import (
    ascii_math,
    count,
    duration,
    inert,
    many,
    metric,
    number,
    percent,
    scientific,
    shape,
    sizes,
    summary,
)


@given(st.text(), st.integers(1, 40))
def test_inert_text_is_one_printable_line_within_its_limit(text, limit):
    shown = inert(text, limit)
    assert len(shown.splitlines()) <= 1
    assert all(c.isprintable() or c.isspace() for c in shown)
    assert not any(0 <= ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    if len(text) <= limit and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[red]x[/red]", "[red]x[/red]"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\r\nb", r"a\r\nb"),
        ("\u2028\x85\x9b\u202e", r"\u2028\x85\x9b\u202e"),
        ("größe ŷ 日本", "größe ŷ 日本"),
        ("z" * 600, "z" * 499 + "…"),
        (ValueError("bad"), "bad"),
    ],
)
def test_inert(text, shown):
    assert inert(text) == shown


@pytest.mark.parametrize(
    ("function", "x", "text"),
    [
        (number, 0, "0"),
        (number, 12345, "12,345"),
        (number, 0.0312, "0.0312"),
        (number, -0.5, "-0.5"),
        (number, 1234.5678, "1,235"),
        (number, 3.1e-7, "3.1e-7"),
        (number, 1e-4, "1e-4"),
        (number, 2.5e9, "2.5e9"),
        (number, math.nan, "NaN"),
        (number, -math.inf, "-inf"),
        (scientific, 0.0312, "3.1e-2"),
        (scientific, 0.0, "0"),
        (scientific, math.inf, "inf"),
        (metric, 0.08912, "0.0891"),
        (metric, 1.0, "1.0000"),
        (metric, 1234.5678, "1,234.57"),
        (metric, 1e-5, "1.00e-5"),
        (metric, math.nan, "NaN"),
        (percent, 48.2, "48 %"),
        (percent, 0.4, "0.4 %"),
        (percent, 0.001, "<0.01 %"),
        (percent, 99.97, "99.9 %"),
        (percent, 100.0, "100 %"),
        (percent, 0.0, "0 %"),
        (percent, math.nan, "NaN"),
        (count, 4097, "4,097"),
        (shape, (32, 64), "(32, 64)"),
        (shape, (5,), "(5,)"),
        (sizes, (28, 28, 1), "28×28×1"),
        (sizes, (), "1"),
        (duration, 0.0, "0 µs"),
        (duration, 8.5e-5, "85 µs"),
        (duration, 0.0034, "3.4 ms"),
        (duration, 0.99996, "1.0 s"),
        (duration, 59.99, "1 min 00 s"),
        (duration, 125.0, "2 min 05 s"),
        (duration, 7300.0, "2 h 01 min"),
        (ascii_math, "∂L/∂W1 = xᵀ·δ1 → ŷ²", "dL/dW1 = x^T*delta1 -> y_hat^2"),
        (ascii_math, "größe 日", r"grosse \u65e5".replace("ss", "\\xdf")),
    ],
)
def test_short_forms(function, x, text):
    assert function(x) == text


@given(st.floats(-1e300, 1e300))
def test_a_number_reads_back_to_its_digits(x):
    assert float(number(x).replace(",", "")) == pytest.approx(x, rel=1e-3)


@given(st.floats(0, 100))
def test_a_share_is_only_nothing_or_everything_when_it_is(share):
    assert (percent(share) == "0 %") == (share == 0)
    assert (percent(share) == "100 %") == (share == 100)


def test_many():
    assert (many(1, "epoch"), many(1200, "step")) == ("1 epoch", "1,200 steps")


def layer(i, **changed):
    base = {"name": f"dense_{i}", "type": "Dense", "formula": f"a{i} = relu(x·W{i} + b{i})"}
    base |= {"gradient": (), "in_shape": (30,), "out_shape": (64,), "params": 1984}
    return LayerInfo(**(base | changed))


def test_the_summary_shows_formula_shapes_and_parameters():
    flat = layer(2, name="flatten", type="Flatten", formula="a2 = flatten(a1)", params=0)
    text = summary("net", (layer(1), flat), 1984)
    lines = text.splitlines()
    assert lines[0] == "net"
    assert "a1 = relu(x·W1 + b1)" in text
    assert any(line.split()[-3:] == ["→", "64", "1,984"] for line in lines)
    assert lines[-1].split() == ["Total", "1,984"]
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)


def test_the_summary_of_a_hostile_model_is_plain():
    text = summary("\x1b[2J[bold]m[/bold]", (layer(1, name="[red]\r\nx", formula="z" * 999),), 1)
    assert "\x1b" not in text
    assert "[bold]m[/bold]" in text
    assert r"[red]\r\nx" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_very_deep_model_is_shortened_and_says_so():
    text = summary("deep", [layer(i) for i in range(1000)], 1_984_000)
    assert "940 more layers" in text
    assert "dense_999" in text
    assert len(text.splitlines()) < 100
    assert text.splitlines()[-1].split()[-1] == "1,984,000"
