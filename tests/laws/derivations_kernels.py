"""Second derivations of kernels, norms, distances and products of vectors, by other routes."""

import numpy as np
import torch
from scipy import spatial, special, stats
from sklearn.gaussian_process import kernels as gp
from sklearn.preprocessing import KernelCenterer

FLAT = {("hamming_distance", "x"), ("hamming_distance", "y")}


def _matern(nu):
    return lambda v: gp.Matern(nu=nu)([v["x"]], [v["y"]])


def _norms(v):
    return np.linalg.norm(v["x"]), np.linalg.norm(v["y"])


def _angle(v):
    """The angle of two vectors, from their sum and difference [Kahan]."""
    x, y = (v[n] / np.linalg.norm(v[n]) for n in ("x", "y"))
    return 2 * np.arctan2(np.linalg.norm(x - y), np.linalg.norm(x + y))


def _arc_cosine(v):
    a = _angle(v)
    return np.prod(_norms(v)) * (np.sin(a) + (np.pi - a) * np.cos(a)) / np.pi


def _pairs_of_features(v):
    z, n = v["x"] * v["y"], len(v["x"])
    return sum(z[i] * z[j] for i in range(n) for j in range(i))


def _arcsine(v):
    x, y = (np.append(v[n], 0.0) for n in ("x", "y"))
    return 2 / np.pi * np.arcsin(2 * x @ y / np.sqrt((1 + 2 * x @ x) * (1 + 2 * y @ y)))


def _wendland(v):
    r = spatial.distance.euclidean(v["x"], v["y"]) / 4
    return np.polyval([4, -15, 20, -10, 0, 1], r) if r < 1 else 0.0


def _great_circle(v):
    """The angle of two unit vectors in space, from their cross and dot products."""
    places = [
        np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], -1)
        for a, b in ((v["lat1"], v["lon1"]), (v["lat2"], v["lon2"]))
    ]
    sines = np.linalg.norm(np.cross(*places), axis=-1)
    return 6371 * np.arctan2(sines, np.sum(places[0] * places[1], -1))


DERIVATIONS = {
    "matern_32_kernel": _matern(1.5),
    "matern_52_kernel": _matern(2.5),
    "inverse_multiquadric_kernel": lambda v: np.linalg.norm([*(v["x"] - v["y"]), 1.0]) ** -1,
    "multiquadric": lambda v: np.linalg.norm([*(v["x"] - v["y"]), 1.0]),
    "thin_plate_spline": lambda v: (
        special.xlogy(1, np.linalg.norm(v["x"] - v["y"])) * np.linalg.norm(v["x"] - v["y"]) ** 2
    ),
    "wendland_kernel": _wendland,
    "locally_periodic_kernel": lambda v: np.array(
        [
            (gp.ExpSineSquared() * gp.RBF(2.0))([[a]], [[b]])
            for a, b in zip(v["x"], v["y"], strict=True)
        ]
    ),
    "spectral_mixture_kernel": lambda v: sum(
        w * np.exp(2j * np.pi * v["tau"] * m - 0.5 * s * (2 * np.pi * v["tau"]) ** 2).real
        for w, m, s in zip(v["w"], v["mu"], v["v"], strict=True)
    ),
    "histogram_intersection_kernel": lambda v: (
        (v["x"].sum() + v["y"].sum() - np.abs(v["x"] - v["y"]).sum()) / 2
    ),
    "bhattacharyya_kernel": lambda v: 1 - np.sum((np.sqrt(v["p"]) - np.sqrt(v["q"])) ** 2) / 2,
    "anova_kernel": _pairs_of_features,
    "arc_cosine_kernel": _arc_cosine,
    "arc_cosine_kernel_0": lambda v: 1 - _angle(v) / np.pi,
    "relu_ntk": lambda v: _arc_cosine(v) + v["x"] @ v["y"] * (1 - _angle(v) / np.pi),
    "arcsine_kernel": _arcsine,
    "kernel_centering": lambda v: KernelCenterer().fit_transform(v["K"]),
    "kernel_alignment": lambda v: 1 - spatial.distance.cosine(v["K"].ravel(), v["L"].ravel()),
    "epanechnikov_kernel": lambda v: stats.beta.pdf(v["u"], 2, 2, -1, 2),
    "biweight_kernel": lambda v: stats.beta.pdf(v["u"], 3, 3, -1, 2),
    "tricube_kernel": lambda v: np.array(
        [
            np.polyval([1, 0, 0, -3, 0, 0, 3, 0, 0, -1], u) * -70 / 81 if u < 1 else 0.0
            for u in np.abs(v["u"])
        ]
    ),
    "cosine_kernel": lambda v: np.where(
        np.abs(v["u"]) <= 1, np.pi / 4 * np.exp(0.5j * np.pi * v["u"]).real, 0
    ),
    "minkowski_dist_elem": lambda v: (v["x"] - v["y"]) ** 2,
    "canberra_dist_elem": lambda v: np.array(
        [spatial.distance.canberra([a], [b]) for a, b in zip(v["x"], v["y"], strict=True)]
    ),
    "orthogonal_residual_elem": lambda v: np.linalg.det(
        np.stack([[v["a"], v["b"]], [v["proj_coeff"], np.ones_like(v["a"])]]).transpose(2, 0, 1)
    ),
    "eigenvalue_2x2": lambda v: np.linalg.eigvals(
        np.stack([[v["a"], v["b"]], [v["c"], v["d"]]]).transpose(2, 0, 1)
    ).real.max(1),
    "euclidean_dist_elem": lambda v: np.array(
        [spatial.distance.sqeuclidean([a], [b]) for a, b in zip(v["x"], v["y"], strict=True)]
    ),
    "batch_norm_elem": lambda v: torch.nn.functional.batch_norm(
        torch.tensor(v["x"])[:, None], torch.zeros(1).double(), torch.ones(1).double(), eps=0.0
    ),
    "angle_between": lambda v: np.arccos(
        v["x"] @ v["y"] / np.linalg.norm(v["x"]) / np.linalg.norm(v["y"])
    ),
    "weighted_jaccard_distance": lambda v: (
        np.abs(v["x"] - v["y"]).sum() / np.stack([v["x"], v["y"]]).max(0).sum()
    ),
    "haversine_distance": _great_circle,
    "poincare_distance": lambda v: np.arccosh(
        1
        + 2
        * np.linalg.norm(v["x"] - v["y"]) ** 2
        / np.prod([1 - np.linalg.norm(v[n]) ** 2 for n in ("x", "y")])
    ),
    "l21_norm": lambda v: sum(np.linalg.norm(row) for row in v["A"]),
    "householder_reflection": lambda v: (
        (np.eye(5) - 2 * np.outer(v["v"], v["v"]) / np.linalg.norm(v["v"]) ** 2) @ v["x"]
    ),
    "vector_rejection": lambda v: v["a"] - np.outer(v["b"], v["b"]) @ v["a"] / (v["b"] @ v["b"]),
    "point_plane_distance": lambda v: (
        np.append(v["w"], v["b"]) @ np.append(v["x"], 1) / np.linalg.norm(v["w"])
    ),
    "rayleigh_quotient": lambda v: np.vdot(
        v["A"], np.outer(v["x"], v["x"]) / np.linalg.norm(v["x"]) ** 2
    ),
    "power_iteration_step": lambda v: (
        np.einsum("ij,j", v["A"], v["x"]) / np.linalg.norm(np.einsum("ij,j", v["A"], v["x"]))
    ),
}
