"""Generated series: exact formulas, known moments and correlations, and solvers as references."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import beta as beta_law
from scipy.stats import ks_1samp, norm

from neurogebra.datasets import Datasets
from neurogebra.datasets.generated.dynamics import lorenz_path, mackey_glass_path
from neurogebra.errors import BadValue, DataError

CONSTANTS = (10.0, 28.0, 8 / 3)


def correlation(y, lag):
    centered = y.astype(float) - y.mean()
    return (centered[lag:] * centered[:-lag]).mean() / centered.var()


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("sine_wave", lambda t: 2 * np.sin(2 * np.pi * t / 20 + 1)),
        ("damped", lambda t: np.exp(-0.05 * t) * np.cos(2 * np.pi * t / 20)),
        ("seasonal_trend", lambda t: 0.3 * t + 2 * np.sin(2 * np.pi * t / 20)),
    ],
)
def test_signals_without_noise_are_their_formulas(name, truth):
    given = {
        "sine_wave": {"period": 20, "amplitude": 2, "phase": 1},
        "damped": {"period": 20, "decay": 0.05},
        "seasonal_trend": {"period": 20, "slope": 0.3, "amplitude": 2},
    }[name]
    t, y = Datasets.load(name, 300, noise=0.0, **given)
    np.testing.assert_array_equal(t, np.arange(300))
    np.testing.assert_allclose(y, truth(t.astype(float)), atol=1e-5)
    assert np.abs(y - truth(t + 1.0)).max() > 0.1, "a shift must be noticed"


def test_a_chirp_turns_faster_and_faster():
    t, y = Datasets.load_chirp(20_000, noise=0.0, start=0.002, end=0.02)
    ups = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
    frequency = 1 / np.diff(ups)
    middle = 0.002 + 0.018 * (ups[1:] + ups[:-1]) / 2 / len(t)
    np.testing.assert_allclose(frequency, middle, rtol=0.03)
    assert frequency[-1] > 5 * frequency[0]


def test_pulses_have_their_width_and_period():
    _, y = Datasets.load_pulse(120, noise=0.0, period=12, width=3)
    assert y.reshape(10, 12).tolist() == [[1.0] * 3 + [0.0] * 9] * 10


def test_the_noise_of_a_signal_is_normal():
    _, y = Datasets.load_sine_wave(5000, noise=0.3, amplitude=0, random_state=0)
    assert ks_1samp(y / 0.3, norm.cdf).pvalue > 1e-3
    assert ks_1samp(y / 0.33, norm.cdf).pvalue < 1e-3
    assert abs(correlation(y, 1)) < 0.06


def test_a_random_walk_has_independent_steps():
    _, y = Datasets.load_random_walk(5001, noise=2.0, drift=0.5, random_state=0)
    steps = np.diff(y.astype(float))
    assert y[0] == 0
    assert ks_1samp((steps - 0.5) / 2, norm.cdf).pvalue > 1e-3
    assert abs(correlation(steps, 1)) < 0.06
    assert correlation(y, 1) > 0.99


def test_an_autoregressive_process_has_its_correlations():
    a, b = 0.6, -0.3
    _, y = Datasets.load_ar_process(60_000, noise=2.0, coefficients=(a, b), random_state=0)
    first = a / (1 - b)
    second = a * first + b
    variance = 4 / (1 - a * first - b * second)
    found = [correlation(y, lag) for lag in (1, 2, 3)]
    np.testing.assert_allclose(found, [first, second, a * second + b * first], atol=0.02)
    assert abs(y.var() / variance - 1) < 0.03
    assert abs(found[0] - a) > 0.1, "lags taken the wrong way round must be noticed"


def test_an_autoregressive_process_starts_in_its_own_law():
    a, b = 0.2, -0.7
    given = {"coefficients": (a, b)}
    starts = np.array([Datasets.load_ar_process(2, **given, random_state=s)[1] for s in range(600)])
    first = a / (1 - b)
    spread = (1 - a * first - b * (a * first + b)) ** -0.5
    assert ks_1samp(starts[:, 0] / spread, norm.cdf).pvalue > 1e-3
    assert ks_1samp(starts[:, 0], norm.cdf).pvalue < 1e-3, "a start from noise must be noticed"
    assert abs(np.corrcoef(starts.T)[0, 1] - first) < 0.1


@pytest.mark.parametrize("coefficients", [(1.0,), (0.5, 0.5), (0.0, 0.0, -1.2), (2.0,)])
def test_processes_without_a_stationary_law_are_refused(coefficients):
    with pytest.raises(BadValue, match="stationary"):
        Datasets.load_ar_process(coefficients=coefficients)


def test_garch_shocks_come_in_swarms():
    a, b = 0.15, 0.5
    _, y = Datasets.load_garch(100_000, alpha=a, beta=b, random_state=0)
    square = y.astype(float) ** 2
    kurtosis = 3 * (1 - (a + b) ** 2) / (1 - (a + b) ** 2 - 2 * a * a)
    first = a * (1 - a * b - b * b) / (1 - 2 * a * b - b * b)
    assert abs(square.mean() - 1) < 0.03
    assert abs(np.mean(square**2) - kurtosis) < 0.15
    found = [correlation(square, lag) for lag in (1, 2)]
    np.testing.assert_allclose(found, [first, (a + b) * first], atol=0.025)
    assert abs(correlation(y, 1)) < 0.015
    with pytest.raises(BadValue, match="alpha"):
        Datasets.load_garch(alpha=0.5, beta=0.5)


def test_logarithms_of_stock_like_prices_are_a_walk():
    given = {"start": 50.0, "drift": 0.13, "volatility": 0.5, "steps_per_year": 2}
    t, y = Datasets.load_stock_like(2001, **given, random_state=0)
    growth = np.diff(np.log(y.astype(float)))
    assert y[0] == 50
    assert t[-1] == 1000
    sigma = 0.5 / 2**0.5
    assert ks_1samp((growth - (0.13 - 0.125) / 2) / sigma, norm.cdf).pvalue > 1e-3
    assert ks_1samp((growth - 0.13 / 2) / sigma, norm.cdf).pvalue < 1e-3
    with pytest.raises(DataError, match="beyond float32"):
        Datasets.load_stock_like(drift=1e6)


def flow(t, state, sigma=10.0, rho=28.0, beta=8 / 3):
    x, y, z = state
    return [sigma * (y - x), x * (rho - z) - y, x * y - beta * z]


def lorenz_end(step, time=1.0, constants=CONSTANTS):
    steps = round(time / step)
    return np.array(next(islice(lorenz_path((1.0, 1.0, 1.0), step, constants), steps, None)))


def test_the_lorenz_system_is_solved_to_fourth_order():
    exact = solve_ivp(flow, (0, 1), [1, 1, 1], rtol=1e-12, atol=1e-12, method="DOP853").y[:, -1]
    errors = [np.abs(lorenz_end(step) - exact).max() for step in (0.005, 0.0025, 0.00125)]
    assert errors[0] < 1e-5
    ratios = np.divide(errors[:-1], errors[1:])
    assert ((ratios > 12) & (ratios < 20)).all()
    other = lorenz_end(0.005, constants=(10.0, 28.0, 2.6))
    assert np.abs(other - exact).max() > 0.1, "another constant must be noticed"


def test_the_rows_of_lorenz_follow_one_another():
    parts = {
        axis: Datasets.load_lorenz(300, component=axis, random_state=1)[1].astype(float)
        for axis in "xyz"
    }
    start = [parts[axis][0] for axis in "xyz"]
    t, _ = Datasets.load_lorenz(300, random_state=1)
    np.testing.assert_allclose(np.diff(t), 0.02, rtol=1e-4)
    later = solve_ivp(flow, (0, 0.5), start, t_eval=t[:26], rtol=1e-10, atol=1e-10).y
    found = np.array([parts[axis][:26] for axis in "xyz"])
    np.testing.assert_allclose(found, later, atol=2e-3)


def test_a_calm_lorenz_system_rests_at_its_fixed_point():
    _, x = Datasets.load_lorenz(10, rho=10.0, random_state=0)
    np.testing.assert_allclose(np.abs(x), (8 / 3 * 9) ** 0.5, rtol=1e-4)
    _, z = Datasets.load_lorenz(10, rho=10.0, component="z", random_state=0)
    np.testing.assert_allclose(z, 9, rtol=1e-4)


def test_mackey_glass_within_its_first_delays():
    beta, gamma, power, tau, past = 0.2, 0.1, 10.0, 17, 0.8
    inflow = beta * past / (1 + past**power)

    def first(t):  # a constant past: a linear equation
        return inflow / gamma + (past - inflow / gamma) * np.exp(-gamma * t)

    path = np.array(mackey_glass_path(past, 34, tau, (beta, gamma, power)))
    t = np.arange(340) / 10
    np.testing.assert_allclose(path[:170], first(t[:170]), atol=1e-9)

    def slope(s, y):
        before = first(s - tau)
        return beta * before / (1 + before**power) - gamma * y

    second = solve_ivp(slope, (17, 34), [first(17.0)], t_eval=t[170:], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(path[170:], second.y[0], atol=1e-8)
    other = mackey_glass_path(past, 34, tau + 1, (beta, gamma, power))
    assert np.abs(path - other).max() > 1e-3, "another delay must be noticed"


def test_mackey_glass_is_solved_to_fourth_order():
    finest = mackey_glass_path(0.9, 61, 17, (0.2, 0.1, 10.0), 32)[60 * 32]
    errors = [
        abs(mackey_glass_path(0.9, 61, 17, (0.2, 0.1, 10.0), part)[60 * part] - finest)
        for part in (2, 4, 8)
    ]
    ratios = np.divide(errors[:-1], errors[1:])
    assert ((ratios > 10) & (ratios < 24)).all()


def test_mackey_glass_with_a_short_delay_settles():
    _, y = Datasets.load_mackey_glass(50, delay=2, random_state=0)
    np.testing.assert_allclose(y, 1, atol=1e-4)  # where inflow and outflow balance
    _, y = Datasets.load_mackey_glass(400, random_state=0)
    assert (y.min() > 0.2, y.max() < 1.4, y.std() > 0.15) == (True, True, True)


def test_the_logistic_map_is_its_parabola_and_has_its_invariant_law():
    _, y = Datasets.load_logistic_map(60_000, random_state=0)
    y = y.astype(float)
    np.testing.assert_allclose(y[1:], 4 * y[:-1] * (1 - y[:-1]), atol=1e-6)
    assert ks_1samp(y[::20], beta_law(0.5, 0.5).cdf).pvalue > 1e-3
    assert ks_1samp(y[::20], beta_law(1, 1).cdf).pvalue < 1e-3


def test_a_calm_logistic_map_goes_back_and_forth():
    r = 3.2
    _, y = Datasets.load_logistic_map(10, rate=r, random_state=0)
    both = (r + 1 + np.array([-1, 1]) * ((r - 3) * (r + 1)) ** 0.5) / (2 * r)
    np.testing.assert_allclose(np.sort(y[:2]), both, rtol=1e-5)
    np.testing.assert_allclose(y[2:], y[:-2], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sine_wave", {"period": 0}),
        ("pulse", {"width": 50}),
        ("chirp", {"start": -0.1}),
        ("lorenz", {"component": "w"}),
        ("lorenz", {"step": 0.1}),
        ("mackey_glass", {"delay": 0}),
        ("mackey_glass", {"power": 30}),
        ("logistic_map", {"rate": 4.1}),
        ("stock_like", {"start": 0}),
    ],
)
def test_options_that_cannot_be(name, options):
    with pytest.raises(BadValue) as caught:
        Datasets.load(name, **options)
    assert caught.value.where in options


def test_a_series_splits_in_time():
    (t, y), (later, z) = Datasets.load_lorenz(100, random_state=0, split=0.2)
    assert (len(t), len(y), len(later), len(z)) == (80, 80, 20, 20)
    assert t.max() < later.min()
