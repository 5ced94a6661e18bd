"""Series of deterministic chaos: the Lorenz system, the Mackey–Glass equation, the logistic map."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurogebra.datasets.generated.options import between, one_of, whole
from neurogebra.datasets.generated.recipe import Drawn, series, single

State = tuple[float, float, float]
PART = 10  # steps of the Mackey–Glass equation within one unit of time


def lorenz(
    rng: np.random.Generator,
    n_samples: int = 2000,
    step: float = 0.02,
    component: str = "x",
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8 / 3,
) -> Drawn:
    """A coordinate of the Lorenz system: x' = σ (y − x), y' = x (ρ − z) − y, z' = x y − β z.

    Solved by Runge and Kutta's method of order 4 with steps of step / 2, from
    (1, 1, 1) + N(0, I); the first 1000 rows are left out. component: "x", "y" or "z".
    t: (n,), y: (n,). Lorenz (1963).
    """
    n, part = whole("n_samples", n_samples, 2), between("step", step, 0, 0.05) / 2
    axis = "xyz".index(one_of("component", component, ("x", "y", "z")))
    constants = (
        between("sigma", sigma, 0, 100),
        between("rho", rho, 0, 100),
        between("beta", beta, 0, 100),
    )
    x, y, z = (1 + rng.normal(size=3)).tolist()
    path = lorenz_path((x, y, z), part, constants)
    rows = [next(path)[axis] for _ in range(2 * (1000 + n))][2000::2]
    return single(np.arange(n) * 2 * part), single(np.array(rows))


def lorenz_path(at: State, step: float, constants: State) -> Iterator[State]:
    """The states of the Lorenz system, from `at` on."""
    while True:
        yield at
        k1 = _lorenz(at, constants)
        k2 = _lorenz(_moved(at, k1, step / 2), constants)
        k3 = _lorenz(_moved(at, k2, step / 2), constants)
        k4 = _lorenz(_moved(at, k3, step), constants)
        x, y, z = ((a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
        at = _moved(at, (x, y, z), step)


def mackey_glass(
    rng: np.random.Generator,
    n_samples: int = 1000,
    delay: int = 17,
    beta: float = 0.2,
    gamma: float = 0.1,
    power: float = 10.0,
) -> Drawn:
    """The Mackey–Glass equation: y'(t) = β y(t − τ) / (1 + y(t − τ)ᵖ) − γ y(t), at t = 0, 1, 2 …

    Solved by Runge and Kutta's method of order 4 with ten steps a unit, from a past that is
    constant and uniform in [0.5, 1.5]; the first 500 units are left out. delay: τ; power: p.
    t: (n,), y: (n,). Mackey & Glass (1977).
    """
    n, tau = whole("n_samples", n_samples, 2), whole("delay", delay, 1, 1000)
    b, c = between("beta", beta, 0, 10), between("gamma", gamma, 0, 10)
    p = between("power", power, 1, 20, closed=True)
    first = float(rng.uniform(0.5, 1.5))
    y = mackey_glass_path(first, 500 + n, tau, (b, c, p))
    return single(np.arange(n, dtype=np.float64)), single(np.array(y[500 * PART :: PART]))


def mackey_glass_path(
    first: float, units: int, tau: int, constants: State, part: int = PART
) -> list[float]:
    """The solution at t = 0, 1 / part … units − 1 / part, from a past that is constant.

    Half-way between two steps the past is Hermite's cubic, which keeps the order of 4.
    """
    beta, gamma, power = constants
    lag, step = tau * part, 1 / part
    y, slope = [first] * (lag + 1), [0.0] * (lag + 1)
    for i in range(units * part - 1):
        old, new = y[i], y[i + 1]
        bend = 0.0 if i < lag else slope[i] - slope[i + 1]  # before t = 0 it is constant
        middle = (old + new) / 2 + step / 8 * bend
        inflow = [beta * v / (1 + v**power) for v in (old, middle, new)]
        here = y[-1]
        k1 = inflow[0] - gamma * here
        k2 = inflow[1] - gamma * (here + step / 2 * k1)
        k3 = inflow[1] - gamma * (here + step / 2 * k2)
        k4 = inflow[2] - gamma * (here + step * k3)
        slope[-1] = k1
        y.append(here + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
        slope.append(0.0)
    return y[lag:]


def logistic_map(rng: np.random.Generator, n_samples: int = 500, rate: float = 4.0) -> Drawn:
    """A parabola into itself: y_(t+1) = rate y_t (1 − y_t), t = 0, 1, 2 …

    From a start uniform in [0.01, 0.99], and the first 100 values are left out; rate in [0, 4].
    t: (n,), y: (n,). May (1976).
    """
    n, r = whole("n_samples", n_samples, 2), between("rate", rate, 0, 4, closed=True)
    y, values = float(rng.uniform(0.01, 0.99)), []
    for _ in range(n + 100):
        values.append(y)
        y = r * y * (1 - y)
    return single(np.arange(n, dtype=np.float64)), single(np.array(values[100:]))


def _lorenz(at: State, constants: State) -> State:
    (x, y, z), (sigma, rho, beta) = at, constants
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def _moved(at: State, by: State, step: float) -> State:
    return at[0] + step * by[0], at[1] + step * by[1], at[2] + step * by[2]


DYNAMICS = (
    series(
        lorenz,
        "Lorenz system",
        "One coordinate of a chaotic flow around two wings.",
        use_cases=("chaos", "how far ahead a forecast reaches"),
        difficulty=3,
    ),
    series(
        mackey_glass,
        "Mackey–Glass equation",
        "A chaotic rhythm that depends on its own past.",
        use_cases=("chaos", "long memory"),
        difficulty=3,
    ),
    series(
        logistic_map,
        "Logistic map",
        "Chaos from a parabola.",
        use_cases=("chaos", "what looks random and is not"),
        difficulty=2,
    ),
)
