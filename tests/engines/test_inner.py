"""Slopes of a padded image, gathered where the image was: the numbers of the whole, cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurogebra.core.program import program
from neurogebra.core.tree import build, symbol
from neurogebra.engines import inner as module
from neurogebra.engines.inner import INNER, inner
from neurogebra.engines.numpy_engine import record
from neurogebra.ops import ALPHABET

# images, rows, columns, channels; kernel; how the image is padded: before, after, by axis
CASES = {
    "same": ((3, 4, 5, 2), (3, 3), ((1, 1), (1, 1))),
    "even kernel": ((2, 5, 4, 3), (2, 4), ((0, 1), (1, 2))),
    "one side more": ((2, 4, 4, 1), (3, 3), ((2, 1), (0, 2))),
    "rows only": ((2, 4, 4, 2), (3, 1), ((1, 1), (0, 0))),
    "wider than the kernel": ((2, 3, 3, 2), (2, 2), ((2, 2), (1, 1))),  # is spread, not gathered
}


def cut(node, axis, before, after):
    if before == after == 0:
        return node
    stop = {"stop": -after} if after else {}
    return build("slice", (node,), {"axis": axis, "start": before, **stop})


def made(case):
    """Return the program of the cut slopes, what it reads, and its numbers."""
    (n, h, w, c), (kh, kw), pads = CASES[case]
    rng = np.random.default_rng(0)
    padded = (n, h + sum(pads[0]), w + sum(pads[1]), c)
    attrs = {"height": kh, "width": kw, "groups": 1}
    given = {
        "w": rng.normal(size=(kh, kw, c, 3)),
        "x": rng.normal(size=padded),
        "g": rng.normal(size=(n, padded[1] - kh + 1, padded[2] - kw + 1, 3)),
    }
    whole = build("conv2d_left", [symbol(name) for name in "gwx"], attrs)
    root = cut(cut(whole, 1, *pads[0]), 2, *pads[1])
    wanted = ALPHABET["conv2d_left"].value(given["g"], given["w"], given["x"], **attrs)
    (top, bottom), (left, right) = pads
    wanted = wanted[:, top : padded[1] - bottom, left : padded[2] - right]
    return program([root]), given, wanted


def replayed(found, given):
    """Return what a replay writes the second time, over other numbers than it was recorded on."""
    arrays = {name: np.zeros_like(a) for name, a in given.items()}
    replay = record(found, arrays, np.dtype("f8"), {}, np.random.default_rng(0))
    for name, a in given.items():
        arrays[name][...] = a
    for _ in range(2):
        replay.run()
    return replay.arrays[found.outputs[0]]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("most", [module.GATHERED, 0], ids=["gathered", "spread"])
def test_the_inner_part_is_that_of_the_whole(case, most, monkeypatch):
    monkeypatch.setattr(module, "GATHERED", most)
    found, given, wanted = made(case)
    assert [line.op for line in inner(found).lines] == [INNER]
    np.testing.assert_allclose(replayed(found, given), wanted, rtol=1e-13, atol=1e-13)


def test_few_pixels_are_gathered_and_wide_padding_is_not():
    for case, (_, _, pads) in CASES.items():
        _, given, wanted = made(case)
        at = (pads[0][0], pads[1][0])
        found = module.gathering(given["g"], given["w"], wanted.shape, at)
        assert (found is None) == (case == "wider than the kernel")


def test_a_convolution_that_leaves_pixels_out_stays_as_it_was():
    found, _, _ = made("same")
    lines = [
        replace(line, attrs=(*line.attrs, ("down", 2))) if line.op == "conv2d_left" else line
        for line in found.lines
    ]
    assert inner(replace(found, lines=tuple(lines))).lines == tuple(lines)


def test_a_window_off_by_one_is_noticed(monkeypatch):
    monkeypatch.setattr(module, "_offset", lambda whole, part: (0, 1))
    found, given, wanted = made("same")
    assert not np.allclose(replayed(found, given), wanted)
