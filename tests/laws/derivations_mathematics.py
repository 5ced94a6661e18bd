"""Second derivations of algebra, numerics and interpolation, by other routes."""

from itertools import pairwise

import numpy as np
from scipy import (
    constants,
    integrate,
    interpolate,
    linalg,
    optimize,
    signal,
    special,
    stats,
)

FLAT = set()


def _rk4_of_decay(v):
    """One classical Runge-Kutta step of y' = z y from 1, stage by stage."""
    z = v["z"]
    k1 = z
    k2 = z * (1 + k1 / 2)
    k3 = z * (1 + k2 / 2)
    return 1 + (k1 + 2 * k2 + 2 * k3 + z * (1 + k3)) / 6


def _extrapolated(v, slopes):
    """y plus the integral over one step of the polynomial through the last slopes."""
    times = -np.arange(len(slopes))
    lines = np.polynomial.polynomial.polyfit(times, [v[n] for n in slopes], len(slopes) - 1)
    return v["y"] + 0.1 * sum(c / (k + 1) for k, c in enumerate(lines))


def _bdf2(v):
    """The parabola through the last two values that has the given slope at the end of the step."""
    system = np.array([[1, -1, 1], [1, 0, 0], [0, 1, 2]])
    given = np.array([v["y_prev"], v["y"], 0.1 * v["f_next"]])
    return np.linalg.solve(system, given).sum(0)


def _stencil(v, places, h):
    """The slope at 0 of the polynomial through the given points."""
    names, at = list(places), np.array(list(places.values()))
    line = np.polynomial.polynomial.polyfit(at, [v[n] for n in names], len(at) - 1)
    return line[1] / h


def _cotes(v, values):
    weights, _ = integrate.newton_cotes(len(values) - 1, 1)
    return v["h"] * (weights @ [v[n] for n in values])


def _second_order(v):
    """The Taylor polynomial, element by element."""
    d, n = v["x"] - v["x0"], len(v["x"])
    second = sum(v["H"][i, j] * d[i] * d[j] for i in range(n) for j in range(n))
    return v["f0"] + np.vdot(v["grad"], d) + second / 2


_Y = ("y0", "y1", "y2")


def _interpolated(v, made, at="x"):
    return np.array([made(i)(t) for i, t in enumerate(v[at])])


def _de_casteljau(t, points):
    """The point of a Bézier curve by repeated linear interpolation."""
    while len(points) > 1:
        points = [a + (b - a) * t for a, b in pairwise(points)]
    return points[0]


def _keys(v):
    """The pieces of Keys' kernel from what they must be at 0, 1 and 2 and their slopes there."""
    inner = interpolate.CubicHermiteSpline([0, 1, 2], [1, 0, 0], [0, -0.75, 0])
    return np.array([inner(x) if x < 2 else 0.0 for x in np.abs(v["x"])])


def _softmax_vjp(v):
    s = special.softmax(v["x"])
    return (np.diag(s) - np.outer(s, s)) @ v["g"]


def _roots(v):
    return np.array(
        [np.roots([a, b, c]).real for a, b, c in zip(v["a"], v["b"], v["c"], strict=True)]
    )


def _call_by_integration(v):
    """The discounted mean of the pay-off under the log-normal price."""
    found = []
    nodes, weights = np.polynomial.legendre.leggauss(120)
    for s, t in zip(v["S"], v["T"], strict=True):
        spread, drift = 0.2 * np.sqrt(t), (0.05 - 0.02) * t
        start = -(np.log(s) + drift) / spread
        z, w = start + (nodes + 1) * 15, weights * 15
        pays = (s * np.exp(drift + spread * z) - 1) * stats.norm.pdf(z)
        found.append(np.exp(-0.05 * t) * (w @ pays))
    return np.array(found)


DERIVATIONS = {
    "euler_step": lambda v: np.polyval([v["f"], v["y"]], 0.1),
    "heun_step": lambda v: v["y"] + integrate.trapezoid([v["k1"], v["k2"]], dx=0.1, axis=0),
    "rk4_step": lambda v: (
        v["y"] + 0.1 * np.average([v[k] for k in ("k1", "k2", "k3", "k4")], 0, [1, 2, 2, 1])
    ),
    "rk4_stability_function": _rk4_of_decay,
    "adams_bashforth_2": lambda v: _extrapolated(v, ("f", "f_prev")),
    "adams_bashforth_4": lambda v: _extrapolated(v, ("f0", "f1", "f2", "f3")),
    "bdf2_step": _bdf2,
    "backward_euler_decay": lambda v: v["y"] * np.reciprocal(1 + 0.1 * np.abs(v["lam"])),
    "crank_nicolson_decay": lambda v: np.array(
        [
            optimize.brentq(lambda n, y=y, k=k: n - y - 0.05 * k * (y + n), -99, 99, xtol=1e-14)
            for y, k in zip(v["y"], v["lam"], strict=True)
        ]
    ),
    "exponential_euler_step": lambda v: np.array(
        [
            linalg.expm(0.1 * np.array([[k, f], [0, 0]]))[0] @ [y, 1]
            for y, f, k in zip(v["y"], v["f"], v["lam"], strict=True)
        ]
    ),
    "verlet_step": lambda v: v["x"] + (v["x"] - v["x_prev"]) + v["a"] / 100,
    "velocity_verlet_position": lambda v: np.polyval([v["a"] / 2, v["v"], v["x"]], 0.1),
    "euler_maruyama_step": lambda v: (
        v["x"] + np.einsum("i,i...", [0.01, 0.1], [v["drift"], v["spread"] * v["z"]])
    ),
    "milstein_step": lambda v: (
        v["x"]
        + 0.01 * v["drift"]
        + 0.1 * v["spread"] * special.eval_hermitenorm(1, v["z"])
        + 0.005 * v["spread"] * v["slope"] * special.eval_hermitenorm(2, v["z"])
    ),
    "ornstein_uhlenbeck_step": lambda v: (
        np.exp(-0.1) * v["x"]
        + v["z"] * np.sqrt(integrate.quad(lambda s: np.exp(-2 * s), 0, 0.1, epsabs=1e-15)[0])
    ),
    "forward_difference": lambda v: np.diff([v["f"], v["f_plus"]], axis=0) / 1e-5,
    "second_difference": lambda v: np.diff([v["f_minus"], v["f"], v["f_plus"]], 2, axis=0) * 1e4,
    "five_point_stencil": lambda v: _stencil(
        v, {"f_minus2": -2, "f_minus1": -1, "f_plus1": 1, "f_plus2": 2}, 0.01
    ),
    "richardson_extrapolation": lambda v: v["half"] + (v["half"] - v["full"]) / 3,
    "laplacian_stencil_2d": lambda v: (
        100 * sum(v[n] - v["centre"] for n in ("north", "south", "east", "west"))
    ),
    "mixed_difference": lambda v: (
        np.diff(np.diff([[v["f_mm"], v["f_mp"]], [v["f_pm"], v["f_pp"]]], axis=0), axis=1) * 25
    ),
    "divergence_2d": lambda v: (
        np.gradient([v["u_west"], 0 * v["u_west"], v["u_east"]], 0.1, axis=0)[1]
        + np.gradient([v["v_south"], 0 * v["v_south"], v["v_north"]], 0.1, axis=0)[1]
    ),
    "curl_2d": lambda v: (
        np.gradient([v["v_west"], 0 * v["v_west"], v["v_east"]], 0.1, axis=0)[1]
        - np.gradient([v["u_south"], 0 * v["u_south"], v["u_north"]], 0.1, axis=0)[1]
    ),
    "directional_derivative": lambda v: np.einsum(
        "i,i", v["grad"], v["u"] / np.linalg.norm(v["u"])
    ),
    "linear_approximation": lambda v: (
        np.append(v["grad"], v["f0"]) @ np.append(v["x"] - v["x0"], 1)
    ),
    "quadratic_approximation": _second_order,
    "curvature": lambda v: np.abs(v["d2"]) * np.cos(np.arctan(v["d1"])) ** 3,
    "parametric_curvature": lambda v: (
        np.imag((v["dx"] - 1j * v["dy"]) * (v["d2x"] + 1j * v["d2y"]))
        / np.abs(v["dx"] + 1j * v["dy"]) ** 3
    ),
    "newton_root_step": lambda v: np.array(
        [
            optimize.root_scalar(
                lambda t, f=f, d=d: f + d * t, method="newton", x0=0, fprime=lambda t, d=d: d
            ).root
            + x
            for x, f, d in zip(v["x"], v["f"], v["df"], strict=True)
        ]
    ),
    "secant_step": lambda v: (v["x0"] * v["f1"] - v["x1"] * v["f0"]) / (v["f1"] - v["f0"]),
    "halley_step": lambda v: (
        v["x"] - v["f"] / v["df"] / (1 - v["f"] / v["df"] * v["d2f"] / v["df"] / 2)
    ),
    "aitken_delta_squared": lambda v: (
        (v["x0"] * v["x2"] - v["x1"] ** 2) / (v["x0"] + v["x2"] - 2 * v["x1"])
    ),
    "babylonian_sqrt_step": lambda v: (v["x"] ** 2 + v["a"]) / (2 * v["x"]),
    "simpsons_three_eighths": lambda v: _cotes(v, ("f0", "f1", "f2", "f3")),
    "booles_rule": lambda v: _cotes(v, ("f0", "f1", "f2", "f3", "f4")),
    "gauss_legendre_3": lambda v: (
        (v["b"] - v["a"])
        / 2
        * (np.polynomial.legendre.leggauss(3)[1] @ [v["f_left"], v["f_mid"], v["f_right"]])
    ),
    "monte_carlo_integral": lambda v: integrate.trapezoid(
        np.repeat(v["f"], 2), np.repeat(np.linspace(v["a"], v["b"], 6), 2)[1:-1]
    ),
    "lagrange_quadratic": lambda v: _interpolated(
        v, lambda i: interpolate.BarycentricInterpolator([-1, 0, 1], [v[n][i] for n in _Y])
    ),
    "bilinear_interpolation": lambda v: np.array(
        [
            interpolate.RegularGridInterpolator(
                ([0, 1], [0, 1]), [[v["f00"][i], v["f01"][i]], [v["f10"][i], v["f11"][i]]]
            )([x, v["y"][i]])[0]
            for i, x in enumerate(v["x"])
        ]
    ),
    "cubic_hermite": lambda v: _interpolated(
        v,
        lambda i: interpolate.CubicHermiteSpline(
            [0, 1], [v["p0"][i], v["p1"][i]], [v["m0"][i], v["m1"][i]]
        ),
        "t",
    ),
    "catmull_rom": lambda v: _interpolated(
        v,
        lambda i: interpolate.CubicHermiteSpline(
            [0, 1],
            [v["p1"][i], v["p2"][i]],
            [(v["p2"][i] - v["p0"][i]) / 2, (v["p3"][i] - v["p1"][i]) / 2],
        ),
        "t",
    ),
    "bezier_quadratic": lambda v: _de_casteljau(v["t"], [v[n] for n in ("p0", "p1", "p2")]),
    "bezier_cubic": lambda v: _de_casteljau(v["t"], [v[n] for n in ("p0", "p1", "p2", "p3")]),
    "slerp": lambda v: (
        np.cos(v["t"] * v["theta"]) * v["a"]
        + np.sin(v["t"] * v["theta"]) * (v["b"] - np.cos(v["theta"]) * v["a"]) / np.sin(v["theta"])
    ),
    "inverse_distance_weighting": lambda v: np.average(v["y"], weights=np.float_power(v["d"], -2)),
    "cubic_b_spline": lambda v: np.nan_to_num(
        interpolate.BSpline.basis_element([-2, -1, 0, 1, 2], extrapolate=False)(v["x"])
    ),
    "cubic_convolution": _keys,
    "heat_kernel": lambda v: stats.norm.pdf(v["x"], scale=np.sqrt(2 * v["t"])),
    "bump_function": lambda v: np.array(
        [np.exp(-0.5 / (1 - x) - 0.5 / (1 + x)) if -1 < x < 1 else 0.0 for x in v["x"]]
    ),
    "log1mexp": lambda v: np.log(-special.expm1(-v["x"])),
    "log_mean_exp": lambda v: np.logaddexp.reduce(v["x"]) - np.log(len(v["x"])),
    "tanh_derivative": lambda v: 1 / np.cosh(v["x"]) ** 2,
    "softmax_vjp": _softmax_vjp,
    "log_stirling": lambda v: (
        np.log(np.sqrt(2 * np.pi * v["x"])) + special.xlogy(v["x"], v["x"] / np.e)
    ),
    "gudermannian": lambda v: np.arcsin(np.tanh(v["x"])),
    "laplace_transform_sine": lambda v: np.imag(1 / (v["s"] - 1j)),
    "laplace_transform_cosine": lambda v: np.real(1 / (v["s"] - 1j)),
    "taylor_tan": lambda v: np.polyval([17 / 315, 0, 2 / 15, 0, 1 / 3, 0, 1, 0], v["x"]),
    "hill_equation": lambda v: v["x"] ** 2 / (v["x"] ** 2 + 0.25),
    "discriminant": lambda v: (
        -4
        * np.linalg.det(np.stack([[v["a"], v["b"] / 2], [v["b"] / 2, v["c"]]]).transpose(2, 0, 1))
    ),
    "quadratic_root_upper": lambda v: _roots(v).max(1),
    "quadratic_root_lower": lambda v: _roots(v).min(1),
    "arithmetic_series": lambda v: np.array(
        [np.sum(a + d * np.arange(n)) for n, a, d in zip(v["n"], v["a"], v["d"], strict=True)]
    ),
    "geometric_series": lambda v: (v["r"] ** v["n"] - 1) / (v["r"] - 1),
    "compound_interest": lambda v: v["P"] * (1 + v["r"] / 12) ** (12 * v["t"]),
    "half_life_decay": lambda v: np.exp(-np.log(2) * v["t"]),
    "elo_expected_score": lambda v: stats.logistic.cdf(
        v["rating_a"], v["rating_b"], 400 / np.log(10)
    ),
    "arrhenius": lambda v: np.exp(-250 / constants.R / v["T"]),
    "langmuir_isotherm": lambda v: 1 - 1 / (1 + v["x"] / 2),
    "haldane_inhibition": lambda v: (
        v["x"] / (0.5 * np.polynomial.polynomial.polyval(v["x"], [1, 2, 1]))
    ),
    "cobb_douglas": lambda v: np.exp(0.3 * np.log(v["K"]) + 0.7 * np.log(v["L"])),
    "sir_infection_rate": lambda v: 0.3 * (v["S"] / v["N"]) * v["I"],
    "law_of_cosines": lambda v: np.abs(v["a"] - v["b"] * np.exp(1j * v["angle"])),
    "triangle_wave": lambda v: signal.sawtooth(np.pi / 2 * v["x"], 0.5),
    "trapezoidal_membership": lambda v: np.interp(v["x"], [0, 1, 2, 4], [0, 1, 1, 0]),
    "black_scholes_call": _call_by_integration,
    "exp_decay": lambda v: np.float_power(np.e, -v["x"]),
    "exp_growth": lambda v: np.float_power(np.e, v["x"] / 10),
    "michaelis_menten": lambda v: 1 - 1 / (1 + 2 * v["x"]),
    "gaussian": lambda v: stats.norm.pdf(v["x"]) * np.sqrt(2 * np.pi),
    "damped_oscillation": lambda v: np.exp((1j - 0.1) * v["x"]).real,
    "smoothstep": lambda v: special.betainc(2, 2, np.clip(v["t"], 0, 1)),
    "smootherstep": lambda v: special.betainc(3, 3, np.clip(v["t"], 0, 1)),
    "product_rule": lambda v: np.imag(
        (v["f_val"] + 1e-20j * v["df_dx"]) * (v["g_val"] + 1e-20j * v["dg_dx"]) / 1e-20
    ),
    "quotient_rule": lambda v: (
        np.linalg.det(
            np.array([[v["df_dx"], v["f_val"]], [v["dg_dx"], v["g_val"]]]).transpose(2, 0, 1)
        )
        / np.hypot(v["g_val"], 1e-4) ** 2
    ),
    "finite_difference": lambda v: np.gradient(
        [v["f_minus"], 0 * v["f_minus"], v["f_plus"]], 1e-5, axis=0
    )[1],
    "simpsons_rule": lambda v: v["h"] * np.average([v["f_a"], v["f_m"], v["f_b"]], 0, [1, 4, 1]),
    "inverse_square": lambda v: stats.cauchy.pdf(v["x"], scale=1e-4) * np.pi * 1e4,
    "square_root": lambda v: np.hypot(np.sqrt(v["x"]), 1e-4),
    "nth_root": lambda v: np.cbrt(v["x"] + 1e-8),
    "rational": lambda v: v["x"] / 1.00000001,
    "logarithmic": lambda v: np.log2(v["x"] + 1e-8) * np.log(2),
    "double_exponential": lambda v: 2 * stats.laplace.pdf(v["x"]),
    "gaussian_basis": lambda v: np.sqrt(2 * np.pi) * stats.norm.pdf(v["x"]),
}
