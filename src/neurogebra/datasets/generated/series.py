"""Series of a stated law: a signal with noise, or a process that makes its own way."""

from __future__ import annotations

import numpy as np

from neurogebra.datasets.generated.bayes import noise_variance
from neurogebra.datasets.generated.options import positive, real, reals, spread, whole
from neurogebra.datasets.generated.recipe import (
    Drawn,
    Floats,
    series,
    single,
)
from neurogebra.errors import BadValue


def sine_wave(
    rng: np.random.Generator,
    n_samples: int = 500,
    noise: float = 0.1,
    period: float = 50.0,
    amplitude: float = 1.0,
    phase: float = 0.0,
) -> Drawn:
    """A wave: y = amplitude sin(2π t / period + phase) + N(0, noise²), t = 0, 1, 2 …

    t: (n,), y: (n,).
    """
    t = _times(n_samples)
    angle = 2 * np.pi * t / positive("period", period) + real("phase", phase)
    return _signal(rng, t, real("amplitude", amplitude) * np.sin(angle), noise)


def damped(
    rng: np.random.Generator,
    n_samples: int = 500,
    noise: float = 0.02,
    period: float = 50.0,
    decay: float = 0.01,
) -> Drawn:
    """A wave that dies away: y = e^(−decay t) cos(2π t / period) + N(0, noise²), t = 0, 1, 2 …

    t: (n,), y: (n,).
    """
    t = _times(n_samples)
    wave = np.cos(2 * np.pi * t / positive("period", period))
    return _signal(rng, t, np.exp(-spread("decay", decay) * t) * wave, noise)


def chirp(
    rng: np.random.Generator,
    n_samples: int = 500,
    noise: float = 0.05,
    start: float = 0.005,
    end: float = 0.05,
) -> Drawn:
    """A wave that grows faster: y = sin(2π (start t + (end − start) t² / 2n)) + N(0, noise²).

    Its frequency goes from `start` to `end` turns a step; t = 0, 1 … n − 1. t: (n,), y: (n,).
    """
    t = _times(n_samples)
    first, last = spread("start", start), spread("end", end)
    turns = first * t + (last - first) * t * t / (2 * len(t))
    return _signal(rng, t, np.sin(2 * np.pi * turns), noise)


def pulse(
    rng: np.random.Generator,
    n_samples: int = 500,
    noise: float = 0.05,
    period: int = 50,
    width: int = 10,
) -> Drawn:
    """A train of pulses: y = 1 where t mod period < width, else 0; + N(0, noise²), t = 0, 1 …

    t: (n,), y: (n,).
    """
    t, every = _times(n_samples), whole("period", period, 2)
    return _signal(rng, t, 1.0 * (t % every < whole("width", width, 1, every - 1)), noise)


def seasonal_trend(
    rng: np.random.Generator,
    n_samples: int = 240,
    noise: float = 1.0,
    slope: float = 0.1,
    amplitude: float = 5.0,
    period: float = 12.0,
) -> Drawn:
    """A trend with a season: y = slope t + amplitude sin(2π t / period) + N(0, noise²), t = 0, 1 …

    t: (n,), y: (n,).
    """
    t = _times(n_samples)
    season = np.sin(2 * np.pi * t / positive("period", period))
    trend = real("slope", slope) * t
    return _signal(rng, t, trend + real("amplitude", amplitude) * season, noise)


def random_walk(
    rng: np.random.Generator, n_samples: int = 500, noise: float = 1.0, drift: float = 0.0
) -> Drawn:
    """A sum of steps: y_0 = 0, y_t = y_(t−1) + N(drift, noise²), t = 0, 1, 2 …

    t: (n,), y: (n,).
    """
    t = _times(n_samples)
    steps = real("drift", drift) + rng.normal(0, spread("noise", noise), len(t) - 1)
    return single(t), single(np.concatenate([[0.0], np.cumsum(steps)]))


def ar_process(
    rng: np.random.Generator,
    n_samples: int = 500,
    noise: float = 1.0,
    coefficients: tuple[float, ...] = (0.6, -0.3),
) -> Drawn:
    """An autoregressive process: y_t = Σ a_i y_(t−i) + N(0, noise²) for a = `coefficients`.

    The first values are drawn from its stationary law; BadValue where it has none, which is
    where a root of zᵖ − a_1 zᵖ⁻¹ − … − a_p has a size of 1 or more. t: (n,), y: (n,).
    """
    t, sigma = _times(n_samples), spread("noise", noise)
    a = np.array(reals("coefficients", coefficients, 20))
    y = np.empty(len(a) + len(t))
    y[: len(a)] = _stationary_root(a) @ rng.normal(size=len(a))
    y[len(a) :] = rng.normal(size=len(t))
    for i in range(len(a), len(y)):
        y[i] += a @ y[i - len(a) : i][::-1]
    return single(t), single(sigma * y[len(a) :])


def garch(
    rng: np.random.Generator,
    n_samples: int = 1000,
    alpha: float = 0.1,
    beta: float = 0.85,
) -> Drawn:
    """Shocks that come in swarms: y_t = s_t N(0, 1), s_t² = ω + α y_(t−1)² + β s_(t−1)².

    α + β < 1 and ω = 1 − α − β, so that the variance is 1 over all; s_0² = 1. t = 0, 1, 2 …;
    t: (n,), y: (n,). Bollerslev (1986).
    """
    a, b = spread("alpha", alpha), spread("beta", beta)
    if a + b >= 1:
        raise BadValue("alpha", f"less than 1 − beta = {1 - b:g}", alpha)
    t, variance, shocks = _times(n_samples), 1.0, []
    for z in rng.normal(size=len(t)).tolist():
        shocks.append(z * variance**0.5)
        variance = 1 - a - b + (a * z * z + b) * variance
    return single(t), single(np.array(shocks))


def stock_like(
    rng: np.random.Generator,
    n_samples: int = 1000,
    start: float = 100.0,
    drift: float = 0.05,
    volatility: float = 0.2,
    steps_per_year: int = 252,
) -> Drawn:
    """A geometric Brownian motion, as prices are often modelled; of no market.

    y_0 = start, y_t = y_(t−1) exp((drift − volatility² / 2) d + volatility √d N(0, 1)), with
    d = 1 / steps_per_year; t in years. t: (n,), y: (n,).
    """
    steps = _times(n_samples)
    d = 1 / whole("steps_per_year", steps_per_year, 1)
    mean, sigma = real("drift", drift), spread("volatility", volatility)
    growth = (mean - sigma**2 / 2) * d + sigma * d**0.5 * rng.normal(size=len(steps) - 1)
    with np.errstate(over="ignore"):  # `single` refuses what is too large
        y = positive("start", start) * np.exp(np.concatenate([[0.0], np.cumsum(growth)]))
    return single(steps * d), single(y)


def _times(n_samples: object) -> Floats:
    return np.arange(whole("n_samples", n_samples, 2), dtype=np.float64)


def _signal(rng: np.random.Generator, t: Floats, y: Floats, noise: float) -> Drawn:
    return single(t), single(y + rng.normal(0, spread("noise", noise), len(t)))


def _stationary_root(a: Floats) -> Floats:
    """A matrix L such that L z has the law of p successive values, for z N(0, I) and noise 1."""
    p = len(a)
    step = np.eye(p, k=1)
    step[-1] = a[::-1]
    if np.abs(np.linalg.eigvals(step)).max() >= 1 - 1e-9:
        raise BadValue("coefficients", "those of a stationary process", tuple(a.tolist()))
    new = np.zeros((p, p))
    new[-1, -1] = 1
    law = np.linalg.solve(np.eye(p * p) - np.kron(step, step), new.ravel()).reshape(p, p)
    return np.asarray(np.linalg.cholesky((law + law.T) / 2))


_CURVE = ("mse", noise_variance)  # of who knows the signal
_NEXT = ("one_step_mse", noise_variance)  # of who forecasts the next value from all before

SERIES = (
    series(
        sine_wave,
        "Sine wave",
        "A wave with noise.",
        use_cases=("a first forecast", "periods"),
        score=_CURVE,
        aliases=("sine_waves",),
    ),
    series(
        damped,
        "Damped oscillation",
        "A wave that dies away, with noise.",
        use_cases=("fitting a decay",),
        score=_CURVE,
        aliases=("damped_oscillation",),
    ),
    series(
        chirp,
        "Chirp",
        "A wave that grows faster, with noise.",
        use_cases=("a frequency that changes",),
        score=_CURVE,
        difficulty=2,
    ),
    series(
        pulse,
        "Pulse train",
        "Equal pulses at equal distances, with noise.",
        use_cases=("jumps", "finding edges"),
        score=_CURVE,
    ),
    series(
        seasonal_trend,
        "Trend with a season",
        "Twenty years of months: a line, a yearly wave and noise.",
        use_cases=("taking a series apart", "a first forecast"),
        score=_CURVE,
        period=12,
        aliases=("seasonal",),
    ),
    series(
        random_walk,
        "Random walk",
        "A sum of steps that know nothing of one another.",
        use_cases=("what cannot be forecast", "differences"),
        score=_NEXT,
    ),
    series(
        ar_process,
        "Autoregressive process",
        "Each value follows from the two before it, with noise.",
        use_cases=("linear forecasting", "autocorrelation"),
        score=_NEXT,
        aliases=("ar",),
    ),
    series(
        garch,
        "Shocks that come in swarms",
        "Changes without direction whose size depends on those before (GARCH).",
        use_cases=("forecasting the spread",),
        difficulty=3,
    ),
    series(
        stock_like,
        "Stock-like series",
        "A geometric Brownian motion, as prices are often modelled.",
        use_cases=("logarithms of a growing series", "what cannot be forecast"),
        cautions=("simulated: it holds the prices of no market",),
        difficulty=2,
        aliases=("stock_prices", "geometric_brownian_motion"),
    ),
)
