"""Second derivations of Newton's kin, proximal steps and search: libraries, projections, loops."""

import math

import numpy as np
from scipy import linalg, optimize, special


def _each(one):
    """Return a function of arrays from one of Python numbers."""

    def rows(v):
        return np.array([one(*map(float, row)) for row in zip(*v.values(), strict=True)])

    return rows


def _scipy_update(kind, start):
    """Return SciPy's quasi-Newton estimate after one update from the given matrix."""

    def value(v):
        estimate = kind(init_scale=1.0)
        n = len(v["s"])
        estimate.initialize(n, "inv_hess" if start == "H" else "hess")
        held = "H" if start == "H" else "B"
        setattr(estimate, held, np.array(v[start]))
        estimate.first_iteration = False
        estimate.update(v["s"], v["y"])
        return estimate.get_matrix()

    return value


def _dfp(v):
    """The update of the Hessian, BFGS with s and y exchanged, inverted by Woodbury: its dual."""
    b = np.linalg.inv(v["H"])
    rho = 1 / (v["y"] @ v["s"])
    left = np.eye(len(b)) - rho * np.outer(v["y"], v["s"])
    return np.linalg.inv(left @ b @ left.T + rho * np.outer(v["y"], v["y"]))


def _least(v, damping):
    """The linear least-squares problem, its damping as further rows."""
    m = v["J"].shape[1]
    rows = np.vstack([v["J"], math.sqrt(damping) * np.eye(m)])
    return v["w"] - linalg.lstsq(rows, np.concatenate([v["r"], np.zeros(m)]))[0]


def _ista(w, grad):
    """Clip towards 0: x minus its projection on [-λ, λ]."""
    point = w - 0.1 * grad
    return point - min(max(point, -0.1), 0.1)


def _ftrl(z, n):
    rest = z - min(max(z, -1.0), 1.0)
    return -rest / (10 * (1 + math.sqrt(n)) + 1)


DERIVATIONS = {
    "newton_step": lambda v: v["w"] - linalg.cho_solve(linalg.cho_factor(v["H"]), v["grad"]),
    "natural_gradient_step": lambda v: (
        v["w"] - 0.1 * linalg.inv(v["F"] + np.diag([0.01] * len(v["w"]))) @ v["grad"]
    ),
    "gauss_newton_step": lambda v: v["w"] - linalg.pinv(v["J"]) @ v["r"],
    "levenberg_marquardt_step": lambda v: _least(v, 0.1),
    "bfgs_inverse_update": _scipy_update(optimize.BFGS, "H"),
    "dfp_inverse_update": _dfp,
    "sr1_update": _scipy_update(lambda init_scale: optimize.SR1(init_scale=init_scale), "B"),
    "trust_region_ratio": _each(lambda f, f2, m, m2: -(f2 - f) / abs(m2 - m)),
    "armijo_bound": _each(lambda f, a, s: np.polyval([s * 1e-4, f], a)),
    "ista_step": _each(_ista),
    "fista_t": _each(lambda t: max(np.roots([1, -1, -t * t]))),
    "fista_point": _each(lambda x, old, t, t_old: x - (1 - t_old) * (x / t - old / t)),
    "group_soft_threshold": lambda v: v["w"] - v["w"] / max(1.0, math.hypot(*v["w"])),
    "exponentiated_gradient_step": lambda v: special.softmax(np.log(v["w"]) - 0.1 * v["grad"]),
    "frank_wolfe_step": _each(lambda x, s, t: np.average([x, s], weights=[t, 2])),
    "frank_wolfe_gap": lambda v: math.fsum((v["x"] - v["s"]) * v["grad"]),
    "ftrl_proximal_weight": _each(_ftrl),
    "rda_l1_weight": _each(lambda g, t: -(g - min(max(g, -0.1), 0.1)) * t**0.5),
    "kaczmarz_step": lambda v: (
        v["x"] + linalg.pinv(v["a"][None, :]).ravel() * (v["b"] - np.vdot(v["a"], v["x"]))
    ),
    "particle_swarm_velocity": _each(
        lambda v, x, a, b, r, s: 0.7 * v + np.dot([1.5 * r, 1.5 * s], [a - x, b - x])
    ),
    "differential_evolution_mutant": _each(lambda a, b, c: np.dot([1, 0.8, -0.8], [a, b, c])),
}
FLAT = set()
