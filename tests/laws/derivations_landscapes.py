"""Second derivations of landscapes: loops, expanded polynomials, complex exponentials."""

import cmath
import math
from functools import reduce

import numpy as np

POLY = np.polynomial.polynomial.polyval2d


def _each(one):
    """Return a function of arrays from one of two Python numbers."""

    def rows(v):
        return np.array([one(*map(float, row)) for row in zip(*v.values(), strict=True)])

    return rows


def _of(one):
    return lambda v: one([float(x) for x in v["x"]])


def _levy(x):
    w = [(t + 3) / 4 for t in x]
    waves = [(t - 1) ** 2 * (6 - 5 * math.cos(2 * (math.pi * t + 1))) for t in w[:-1]]
    last = (w[-1] - 1) ** 2 * (1.5 - math.cos(4 * math.pi * w[-1]) / 2)
    return (1 - math.cos(2 * math.pi * w[0])) / 2 + sum(waves) + last


def _zakharov(x):
    s = sum(i * t for i, t in enumerate(x, 1)) / 2
    return math.fsum([t * t for t in x]) + s * s * (1 + s * s)


def _dixon_price(x):
    total = (x[0] - 1) ** 2
    for i in range(1, len(x)):
        total += (i + 1) * (2 * x[i] * x[i] - x[i - 1]) ** 2
    return total


def _trid(x):
    n = len(x)
    a = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    return np.array(x) @ a @ x / 2 - 2 * sum(x) + n


def _goldstein_price(x, y):
    """The same with both inner quadratics completed around x + y and 2x - 3y."""
    s, d = x + y, 2 * x - 3 * y
    return (1 + (s + 1) ** 2 * (19 - 14 * s + 3 * s * s)) * (30 + d * d * (18 - 16 * d + 3 * d * d))


def _cross(x, y):
    a = abs(100 - abs(complex(x, y)) / math.pi)
    return -1e-4 * (abs(math.sin(x) * math.sin(y)) * math.exp(a) + 1) ** 0.1


def _eggholder(x, y):
    up = y + 47
    return -math.fsum(
        a * cmath.sin(cmath.sqrt(abs(b))).real for a, b in ((up, x / 2 + up), (x, x - up))
    )


DERIVATIONS = {
    "quadratic_bowl": _each(lambda x, y: abs(complex(x, y)) ** 2),
    "rastrigin_2d": _each(
        lambda x, y: x * x + y * y + 20 - 10 * sum(math.cos(math.tau * t) for t in (x, y))
    ),
    "ackley_2d": _each(
        lambda x, y: (
            20 * (1 - math.exp(-0.2 * math.hypot(x, y) / math.sqrt(2)))
            + math.e
            - math.exp(math.cos(math.pi * (x + y)) * math.cos(math.pi * (x - y)))
        )
    ),
    "sphere_function": lambda v: np.linalg.norm(v["x"]) ** 2,
    "sum_squares_function": _of(lambda x: sum(i * t * t for i, t in enumerate(x, 1))),
    "rotated_hyper_ellipsoid": _of(lambda x: sum(sum(x[: i + 1]) ** 2 for i in range(len(x)))),
    "rastrigin": _of(lambda x: sum(10 + t * t - 10 * math.cos(2 * math.pi * t) for t in x)),
    "ackley": _of(
        lambda x: (
            20
            + math.e
            - 20 * math.exp(-0.2 * math.hypot(*x) / math.sqrt(len(x)))
            - math.exp(math.fsum(cmath.exp(2j * math.pi * t).real for t in x) / len(x))
        )
    ),
    "griewank": _of(
        lambda x: (
            1
            + math.hypot(*x) ** 2 / 4000
            - reduce(lambda p, it: p * math.cos(it[1] / math.sqrt(it[0])), enumerate(x, 1), 1.0)
        )
    ),
    "schwefel_function": _of(
        lambda x: sum(418.9828872724339 - t * math.sin(abs(t) ** 0.5) for t in x)
    ),
    "styblinski_tang": lambda v: np.polyval([0.5, 0, -8, 2.5, 0], v["x"]).sum(),
    "levy_function": _of(_levy),
    "michalewicz": _of(
        lambda x: (
            -sum(
                math.sin(t) * ((1 - math.cos(2 * i * t * t / math.pi)) / 2) ** 10
                for i, t in enumerate(x, 1)
            )
        )
    ),
    "zakharov": _of(_zakharov),
    "dixon_price": _of(_dixon_price),
    "trid_function": _of(_trid),
    "salomon": _of(lambda x: 1 - math.cos(2 * math.pi * math.hypot(*x)) + math.hypot(*x) / 10),
    "alpine_1": _of(lambda x: sum(abs(t) * abs(math.sin(t) + 0.1) for t in x)),
    "booth_function": lambda v: POLY(v["x"], v["y"], [[74, -38, 5], [-34, 8, 0], [5, 0, 0]]),
    "matyas_function": lambda v: 0.01 * (v["x"] + v["y"]) ** 2 + 0.25 * (v["x"] - v["y"]) ** 2,
    "beale_function": _each(
        lambda x, y: sum((c - x * (1 - y**k)) ** 2 for k, c in enumerate((1.5, 2.25, 2.625), 1))
    ),
    "himmelblau": lambda v: POLY(
        v["x"],
        v["y"],
        [[170, -22, -13, 0, 1], [-14, 0, 2, 0, 0], [-21, 2, 0, 0, 0], [0] * 5, [1, 0, 0, 0, 0]],
    ),
    "three_hump_camel": lambda v: (
        np.polyval([1 / 6, 0, -1.05, 0, 1.75, 0, 0], v["x"]) + (v["x"] / 2 + v["y"]) ** 2
    ),
    "six_hump_camel": lambda v: (
        np.polyval([1 / 3, 0, -2.1, 0, 4, 0, 0], v["x"])
        + np.polyval([4, 0, -4, 0, 0], v["y"])
        + v["x"] * v["y"]
    ),
    "easom_function": _each(
        lambda x, y: (
            -math.cos(x) * math.cos(y) * math.exp(-(math.dist((x, y), (math.pi,) * 2) ** 2))
        )
    ),
    "goldstein_price": _each(_goldstein_price),
    "eggholder": _each(_eggholder),
    "mccormick": _each(lambda x, y: cmath.exp(1j * (x + y)).imag + (x - y - 1) ** 2 + (x + y) / 2),
    "cross_in_tray": _each(_cross),
    "bukin_6": _each(lambda x, y: 10 * abs(100 * y - x * x) ** 0.5 + abs(x / 100 + 0.1)),
    "schaffer_2": _each(
        lambda x, y: (
            0.5 - math.cos(2 * (x - y) * (x + y)) / 2 / (1 + abs(complex(x, y)) ** 2 / 1000) ** 2
        )
    ),
    "drop_wave": _each(
        lambda x, y: -4 * math.cos(6 * math.hypot(x, y)) ** 2 / (math.hypot(x, y) ** 2 + 4)
    ),
    "branin": _each(
        lambda x, y: (
            (np.polyval([-5.1 / (2 * math.pi) ** 2, 5 / math.pi, y - 6], x)) ** 2
            + 10 * (1 + math.cos(x))
            - 5 * math.cos(x) / (4 * math.pi)
        )
    ),
    "holder_table": _each(
        lambda x, y: (
            -abs(math.sin(x + y) + math.sin(x - y))
            / 2
            * math.exp(abs(1 - abs(complex(x, y)) / math.pi))
        )
    ),
    "levy_13": _each(
        lambda x, y: (
            (1 - math.cos(6 * math.pi * x)) / 2
            + (x - 1) ** 2 * (1.5 - math.cos(6 * math.pi * y) / 2)
            + (y - 1) ** 2 * (1.5 - math.cos(4 * math.pi * y) / 2)
        )
    ),
    "bohachevsky_1": _each(
        lambda x, y: (
            x * x
            + 2 * y * y
            + 0.3 * (1 - math.cos(3 * math.pi * x))
            + 0.4 * (1 - math.cos(4 * math.pi * y))
        )
    ),
    "forrester_function": _each(lambda x: 4 * (3 * x - 1) ** 2 * math.sin(4 * (3 * x - 1))),
    "gramacy_lee": lambda v: 5 * np.pi * np.sinc(10 * v["x"]) + (1 - v["x"]) ** 4,
}
FLAT = set()
