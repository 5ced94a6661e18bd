"""Statistics of one array against NumPy, and the shares that tell death from rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurogebra.errors import BadValue, NotReady, UnknownName
from neurogebra.observatory import stats
from neurogebra.observatory.stats import (
    ActivationMonitor,
    GradientMonitor,
    PerformanceMonitor,
    WeightMonitor,
)

RNG = np.random.default_rng(0)
ARRAYS = {
    "float64": RNG.normal(size=(32, 8)),
    "float32": RNG.normal(size=(32, 8)).astype(np.float32),
    "float16": RNG.normal(size=(32, 8)).astype(np.float16),
    "transposed": RNG.normal(size=(32, 8)).T,
    "strided": RNG.normal(size=(64, 8))[::2],
    "images": RNG.normal(size=(4, 3, 5, 5)),
    "integers": np.arange(-5, 20),
    "bools": np.array([True, False, True]),
    "one": np.array(3.0),
    "far from 0": 1e4 + 1e-2 * RNG.normal(size=1000).astype(np.float32),
    "huge": RNG.normal(size=50).astype(np.float32) * np.float32(1e30),
    "very huge": RNG.normal(size=50) * 1e200,
    "constant": np.full(100, 0.1),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_statistics_agree_with_numpy(name):
    x = ARRAYS[name]
    with np.errstate(over="ignore"):
        wide = np.asarray(x, np.longdouble)
        seen = stats.of(x)
    assert seen.size == x.size
    assert seen.mean == pytest.approx(float(wide.mean()), rel=1e-5, abs=1e-6)
    if name != "very huge":
        assert seen.std == pytest.approx(float(wide.std()), rel=1e-4, abs=1e-12)
    assert (seen.min, seen.max) == (float(x.min()), float(x.max()))
    assert seen.norm == pytest.approx(float(np.sqrt((wide**2).sum())), rel=1e-5)
    assert seen.zero_pct == pytest.approx(100 * float(np.mean(x == 0)))
    assert seen.nonfinite == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_finite_is_counted_and_left_out_without_a_warning(dtype):
    x = np.array([1.0, np.nan, -2.0, np.inf, 0.0, -np.inf], dtype)
    seen = stats.of(x, "relu")
    assert (seen.size, seen.nonfinite) == (6, 3)
    assert (seen.min, seen.max) == (-2.0, 1.0)
    assert seen.mean == pytest.approx(-1 / 3)
    assert seen.norm == pytest.approx(5**0.5)


@pytest.mark.parametrize("x", [np.array([]), np.array([np.nan, np.inf])])
def test_an_array_without_a_finite_number_has_no_mean(x):
    seen = stats.of(x)
    assert (seen.size, seen.nonfinite) == (x.size, x.size)
    assert math.isnan(seen.mean)
    assert math.isnan(seen.norm)


def test_a_unit_is_dead_when_it_fires_on_no_row():
    x = np.maximum(RNG.normal(size=(32, 10)), 0)
    assert stats.of(x, "relu").zero_pct == pytest.approx(50, abs=10)
    assert stats.of(x, "relu").dead_pct == 0
    x[:, :3] = 0
    assert stats.of(x, "relu").dead_pct == pytest.approx(30)
    assert stats.of(x, "tanh").dead_pct == 0


def test_units_may_lie_on_another_axis():
    maps = np.ones((4, 5, 3, 3))
    maps[:, 0] = 0
    assert stats.of(maps, "relu", axis=1).dead_pct == pytest.approx(20)
    assert stats.of(maps, "relu").dead_pct == 0


def test_saturated_is_far_in_the_tail_of_a_bounded_unit():
    z = np.array([-6.0, -5.0, 0.0, 1.0, 6.0])
    assert stats.of(np.tanh(z), "tanh").saturated_pct == pytest.approx(60)
    assert stats.of(1 / (1 + np.exp(-z)), "sigmoid").saturated_pct == pytest.approx(60)
    assert stats.of(np.tanh(z), "relu").saturated_pct == 0
    assert stats.of(np.tanh(z)).saturated_pct == 0


@pytest.mark.parametrize("x", [np.array([1j]), np.array(["a"]), np.array([None])])
def test_what_is_not_real_is_refused(x):
    with pytest.raises(BadValue, match="real numbers"):
        stats.of(x)


def test_the_array_is_left_as_it_was():
    x = RNG.normal(size=(8, 4))
    before = x.copy()
    stats.of(x, "relu")
    assert np.array_equal(x, before)


def test_gradient_monitor_remembers_a_window():
    monitor = GradientMonitor(window=2)
    for scale in (1.0, 2.0, 3.0):
        monitor.record("dense_0", scale * np.ones(4))
    assert [s.norm for s in monitor.history("dense_0")] == [4.0, 6.0]
    assert monitor.norms() == {"dense_0": 6.0}
    assert monitor.latest("dense_0").mean == 3.0
    with pytest.raises(UnknownName, match="did you mean 'dense_0'"):
        monitor.history("dense_O")
    monitor.reset()
    assert monitor.summary() == {}
    with pytest.raises(BadValue):
        GradientMonitor(window=0)


def test_weight_monitor_measures_the_way_even_of_a_buffer_reused_in_place():
    monitor, W = WeightMonitor(), np.zeros(4)
    monitor.record("W", W)
    assert monitor.deltas() == {}
    W += 2.0
    monitor.record("W", W)
    assert monitor.deltas() == {"W": 4.0}


def test_activation_monitor_knows_the_activation():
    assert ActivationMonitor().record("a", np.zeros((4, 2)), "relu").dead_pct == 100


def test_performance_monitor_by_a_clock_of_ours():
    monitor = PerformanceMonitor(clock=iter([0.0, 1.0, 5.0, 8.0]).__next__)
    assert monitor.summary() == {"steps": 0}
    for rows in (10, 30):
        monitor.start()
        monitor.stop(rows)
    summary = monitor.summary()
    assert (summary["seconds"], summary["median_seconds"]) == (4.0, 2.0)
    assert summary["rows_per_second"] == 10
    with pytest.raises(NotReady):
        monitor.stop()
