"""Long sums made short: the same numbers as the program as it was, with and without overlaps."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.core.program import program
from neurogebra.core.tree import build, symbol
from neurogebra.engines import homes, long
from neurogebra.engines.fuse import PLACE, PRODUCT, STACK, fused
from neurogebra.engines.kernels import LOWERED
from neurogebra.engines.long import Unlike
from neurogebra.engines.recorder import Recorder
from neurogebra.errors import BadValue

RNG = np.random.default_rng(0)
GIVEN = {name: RNG.normal(size=(3, 4)) for name in "abcd"}
GIVEN |= {"x": RNG.normal(size=(6, 4)), "w": RNG.normal(size=(4, 4)), "v": RNG.normal(size=4)}
GIVEN["q"] = RNG.normal(size=(3, 3))
s = {name: symbol(name) for name in GIVEN}


def op(name, *args, **attrs):
    return build(name, args, attrs)


def back(g, start, stop, axis=0):
    return op("slice_back", g, s["x"], axis=axis, start=start, stop=stop)


def total(g):
    return op("sum_to", g, s["v"])


def left(g, b):
    """Return g bᵀ as the derivative of a product with w on the left makes it."""
    return op("matmul_left", g, b, s["q"])


def right(a, g):
    return op("matmul_right", a, g, s["w"])


a, b, c, d = (op("tanh", s[n]) for n in "abcd")
h1 = op("slice", s["x"], axis=0, start=0, stop=3)
PROGRAMS = {
    "parts that fill the whole": ([back(a, 0, 3) + back(b, 3, None)], {PLACE}),
    "parts out of order": ([back(a, 3, 6) + back(b, 0, 3)], {PLACE}),
    "a gap": ([back(op("slice", a, axis=0, start=0, stop=2), 0, 2) + back(b, 3, 6)], {PLACE}),
    "an overlap": ([back(a, 0, 3) + back(b, 1, 4) + back(c, 3, 6)], {PLACE}),
    "one part": ([back(a, 2, 5)], {PLACE}),
    "parts that are read besides": ([back(a, 0, 3) + back(b, 3, 6), a * b, op("sum", a)], {PLACE}),
    "a part twice": ([back(a, 0, 3) + back(a, 3, 6)], {PLACE}),
    "a part among others": ([back(a, 0, 3) + s["x"] + back(b, 3, 6)], {PLACE}),
    "columns": (
        [op("slice_back", op("slice", a, axis=1, start=0, stop=2), s["b"], axis=1, start=0, stop=2)
         + op("slice_back", op("slice", b, axis=1, start=0, stop=2), s["b"], axis=1, start=2)],
        {PLACE},
    ),
    "products": ([right(a, b) + right(b, c) + right(c, d) + right(d, a)], {PRODUCT, STACK}),
    "few products": ([right(a, b) + right(b, c)], {PRODUCT}),
    "products for what is no weight": (
        [op("matmul_right", a, b, e) + op("matmul_right", b, c, e) for e in [op("exp", s["w"])]],
        set(),
    ),

    "mixtures": ([left(a, b) + left(b, c) + left(c, d) + left(d, a)], {STACK}),
    "products of parts": (
        [right(a, c) + right(b, d) + right(c, c) + right(d, d), back(c, 0, 3) + back(d, 3, 6)],
        {PRODUCT, STACK, PLACE},
    ),
    "sums": ([total(a * b) + total(c * d) + total(a * c) + total(b * d)], {STACK}),
    "a pile": (
        [op("concat", op("expand_dims", a, axis=0), op("expand_dims", b * c, axis=0), axis=0)],
        {STACK},
    ),
    "a join that is no pile": ([op("concat", a, b, axis=0)], set()),
    "a plain sum": ([a + b + c + d], set()),
    "an output inside a sum": ([(e := a + b), e + c + d], set()),
}  # fmt: skip


def run(found, times=2):
    replay = Recorder(found, GIVEN, np.dtype(np.float64)).record()
    for _ in range(times):  # what a run leaves behind must not change the next
        replay.run()
    return [np.array(replay.arrays[r]) for r in found.outputs]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_numbers(name):
    outputs, ops = PROGRAMS[name]
    plain = program(outputs, LOWERED.__contains__)
    short = fused(plain)
    assert {line.op for line in short.lines} & {PLACE, PRODUCT, STACK} == ops
    for one, two in zip(run(short), run(plain), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["parts that fill the whole", "a gap", "columns"])
def test_a_part_in_the_wrong_place_is_seen(name, monkeypatch):
    """The tooth of the test above."""
    plain = program(PROGRAMS[name][0], LOWERED.__contains__)
    right = homes.cut

    def wrong(whole, line, index):
        return right(whole, line, len(line.args) - 2 - index)

    for module in (homes, long):
        monkeypatch.setattr(module, "cut", wrong)
    found = fused(plain)
    if name == "a gap":
        with pytest.raises((ValueError, BadValue)):
            run(found)
    else:
        assert not np.allclose(run(found)[0], run(plain)[0])


def test_parts_are_written_where_they_belong():
    plain = program([back(a, 0, 3) + back(b, 3, 6)])
    replay = Recorder(fused(plain), GIVEN, np.dtype(np.float64)).record()
    assert len(replay.calls) == 2  # two tanh, and nothing is moved


def test_terms_of_different_shapes_are_no_product_at_once():
    e = op("slice", a, axis=0, start=0, stop=2)
    plain = program([right(a, b) + right(e, e) + right(b, c) + right(c, d)], LOWERED.__contains__)
    with pytest.raises(Unlike):
        run(fused(plain))


def test_many_terms_take_a_line_each():
    steps = [op("tanh", s["a"] * float(i)) for i in range(2, 302)]
    like = symbol("long")
    total = None
    for i, step in enumerate(steps):
        row = op("expand_dims", step, axis=0)
        part = op("slice_back", row, like, axis=0, start=i, stop=i + 1)
        total = part if total is None else total + part
    found = fused(program([total]))
    given = {**GIVEN, "long": np.zeros((300, 3, 4))}
    replay = Recorder(found, given, np.dtype(np.float64)).record()
    replay.run()
    assert len(replay.calls) == 600
    expected = np.stack([np.tanh(GIVEN["a"] * i) for i in range(2, 302)])
    np.testing.assert_allclose(replay.arrays[found.outputs[0]], expected)
