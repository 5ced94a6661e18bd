"""Curves in bounded memory keep their extremes, and axes hold whatever they are given."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogebra.observatory.sinks.dashboard_curve import Curve
from neurogebra.observatory.sinks.dashboard_svg import across, decades, upwards


class EveryKth(Curve):
    """What a curve must not be: full, it keeps every second sample."""

    def add(self, x, y):
        super().add(x, y)
        if len(self.buckets) >= self.limit:
            self.buckets, self.width = self.buckets[::2], 1


def extremes_kept(kind, values, limit):
    curve = kind(limit)
    for i, y in enumerate(values):
        curve.add(i, y)
    points = curve.points()
    finite = [(i, y) for i, y in enumerate(values) if y is not None and isfinite(y)]
    assert len(points) <= 2 * limit + 2
    assert all(a[0] <= b[0] for a, b in pairwise(points))
    assert {p for p in points if p[1] is not None} <= set(finite), "every point is a sample"
    if finite:
        shown = [y for _, y in points if y is not None]
        assert min(shown) == min(y for _, y in finite)
        assert max(shown) == max(y for _, y in finite)
    return curve


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), max_size=200),
    st.integers(2, 20),
)
def test_a_curve_keeps_its_lowest_and_highest_sample(values, limit):
    extremes_kept(Curve, values, limit)


def test_sampling_every_kth_point_would_lose_them():
    values = [0.0] * 1000
    values[501] = 9.0
    curve = extremes_kept(Curve, values, 50)
    assert curve.highest() == (501, 9.0)
    assert (0, 0.0) in curve.points()
    assert curve.points()[-1] == (999, 0.0)
    with pytest.raises(AssertionError):
        extremes_kept(EveryKth, values, 50)


def test_bars_are_the_means_of_their_epochs():
    curve = Curve(4)
    for x in range(8):
        curve.add(x, float(x))
    assert curve.means() == [(0, 0.5), (2, 2.5), (4, 4.5), (6, 6.5)]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_axes_hold_every_value_whatever_its_size(values):
    for axis in (upwards(values), upwards(values, from_zero=True)):
        assert axis.low < axis.high
        assert 2 <= len(axis.ticks) <= 12
        assert list(axis.ticks) == sorted(set(axis.ticks))
    axis = decades([abs(v) or 1.0 for v in values])
    assert 2 <= len(axis.ticks) <= 7
    assert across([1.0, 40.0]).ticks == (1.0, 10.0, 20.0, 30.0, 40.0)
