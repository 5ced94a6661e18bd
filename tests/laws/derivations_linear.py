"""Second derivations of matrices and spectra, by other routes."""

import numpy as np
from scipy import spatial
from scipy.sparse import csgraph

FLAT = set()


def _svd(v):
    return np.linalg.svd(v["A"], compute_uv=False)


def _entropy(values):
    shares = values / values.sum()
    return -sum(s * np.log(s) for s in shares)


def _blocks(v):
    return np.block([[v["A"], v["B"]], [v["C"], v["D"]]])


def _centre(n):
    return np.eye(n) - 1 / n


def _jacobi(v):
    """Every equation solved for its own unknown, one by one."""
    n, found = len(v["x"]), []
    for i in range(n):
        others = sum(v["A"][i, j] * v["x"][j] for j in range(n) if j != i)
        found.append((v["b"][i] - others) / v["A"][i, i])
    return np.array(found)


def _gauss_seidel(v):
    x = v["x"].copy()
    for i in range(len(x)):
        x[i] += (v["b"][i] - v["A"][i] @ x) / v["A"][i, i]
    return x


def _inverse_iteration(v):
    """By the eigenvectors: every component over its eigenvalue less the shift."""
    values, vectors = np.linalg.eigh(v["A"])
    x = vectors @ ((vectors.T @ v["x"]) / (values - 0.1))
    return x / np.linalg.norm(x)


def _turned(v):
    z = complex(*v["v"]) * np.exp(1j * v["theta"])
    return np.array([z.real, z.imag])


def _rodrigues(v):
    """Cosine, sine and axis as a matrix: k may have any length."""
    x, y, z = v["k"]
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    c, s = np.cos(v["theta"]), np.sin(v["theta"])
    return (c * np.eye(3) + s * skew + (1 - c) * np.outer(v["k"], v["k"])) @ v["v"]


def _gcn(v):
    d = np.diag(v["A"].sum(1) ** -0.5)
    return d @ v["A"] @ d @ v["H"] @ v["W"]


def _normalized(v):
    d = np.diag(v["A"].sum(1) ** -0.5)
    return np.eye(5) - d @ v["A"] @ d


def _cka(v):
    """By the Gram matrices of the examples."""
    h = _centre(5)
    k, m = (h @ v[n] @ v[n].T @ h for n in ("X", "Y"))
    return np.vdot(k, m) / np.linalg.norm(k) / np.linalg.norm(m)


def _softmax_jacobian(v):
    """Differences in the complex plane."""
    found, h = [], 1e-20
    for j in range(len(v["x"])):
        z = v["x"] + 0j
        z[j] += 1j * h
        e = np.exp(z - v["x"].max())
        found.append((e / e.sum()).imag / h)
    return np.array(found).T


DERIVATIONS = {
    "trace_of_product": lambda v: np.trace(v["A"] @ v["B"]),
    "log_determinant": lambda v: 2 * np.log(np.diag(np.linalg.cholesky(v["A"]))).sum(),
    "schur_complement": lambda v: np.linalg.inv(np.linalg.inv(_blocks(v))[-2:, -2:]),
    "block_determinant": lambda v: np.linalg.det(_blocks(v)),
    "sherman_morrison": lambda v: np.linalg.inv(np.linalg.inv(v["P"]) + np.outer(v["u"], v["v"])),
    "woodbury_identity": lambda v: np.linalg.inv(np.linalg.inv(v["P"]) + v["U"] @ v["C"] @ v["V"]),
    "matrix_determinant_lemma": lambda v: np.linalg.det(v["A"] + np.outer(v["u"], v["v"])),
    "commutator": lambda v: (
        np.einsum("ij,jk", v["A"], v["B"]) - np.einsum("ij,ki->kj", v["A"], v["B"])
    ),
    "bilinear_form": lambda v: np.vdot(v["A"], np.outer(v["x"], v["y"])),
    "symmetric_part": lambda v: np.tril(v["A"] + v["A"].T, -1) / 2 + np.triu(v["A"] + v["A"].T) / 2,
    "skew_symmetric_part": lambda v: v["A"] - np.add(v["A"], v["A"].T) / 2,
    "von_neumann_entropy": lambda v: _entropy(np.linalg.eigvalsh(v["A"])),
    "schatten_norm": lambda v: np.linalg.norm(_svd(v), 3),
    "effective_rank": lambda v: np.exp(_entropy(_svd(v))),
    "stable_rank": lambda v: (np.linalg.norm(v["A"]) / np.linalg.norm(v["A"], 2)) ** 2,
    "scaled_dot_product": lambda v: np.ldexp(v["dot_qk"], -3),
    "parallelotope_volume": lambda v: np.prod(np.abs(np.diag(np.linalg.qr(v["A"])[1]))),
    "mahalanobis_distance": lambda v: spatial.distance.mahalanobis(
        v["x"], v["y"], np.linalg.inv(v["S"])
    ),
    "classical_scaling": lambda v: -_centre(5) @ v["D"] @ _centre(5) / 2,
    "newton_schulz_inverse": lambda v: v["X"] @ (2 * np.eye(5) - v["A"] @ v["X"]),
    "newton_matrix_sqrt_step": lambda v: (v["X"] + np.linalg.inv(v["X"]) @ v["A"]) / 2,
    "matrix_exponential_taylor": lambda v: sum(
        np.linalg.matrix_power(v["A"], k) / f for k, f in enumerate((1, 1, 2, 6, 24))
    ),
    "neumann_series": lambda v: np.linalg.solve(
        np.eye(5) - v["A"], np.eye(5) - np.linalg.matrix_power(v["A"], 4)
    ),
    "fundamental_matrix": lambda v: sum(np.linalg.matrix_power(v["Q"], k) for k in range(200)),
    "cayley_transform": lambda v: (
        2 * np.linalg.inv(np.eye(5) + (v["A"] - v["A"].T) / 2) - np.eye(5)
    ),
    "jacobi_iteration": _jacobi,
    "gauss_seidel_iteration": _gauss_seidel,
    "richardson_iteration": lambda v: (np.eye(5) - v["A"] / 10) @ v["x"] + v["b"] / 10,
    "inverse_iteration_step": _inverse_iteration,
    "rotate_2d": _turned,
    "rodrigues_rotation": _rodrigues,
    "graph_laplacian": lambda v: csgraph.laplacian(
        v["A"] - np.diag(np.diag(v["A"])), use_out_degree=True
    ),
    "normalized_laplacian": _normalized,
    "gcn_propagation": _gcn,
    "random_walk_matrix": lambda v: np.array([row / row.sum() for row in v["A"]]),
    "markov_chain_step": lambda v: sum(p * row for p, row in zip(v["p"], v["P"], strict=True)),
    "pagerank_step": lambda v: v["r"] @ (0.85 * v["P"] + 0.15 / 5),
    "label_spreading": lambda v: (
        np.hstack([0.9 * v["S"], 0.1 * np.eye(5)]) @ np.vstack([v["F"], v["Y"]])
    ),
    "softmax_jacobian": _softmax_jacobian,
    "hsic": lambda v: np.trace(v["K"] @ _centre(5) @ v["L"] @ _centre(5)) / 16,
    "linear_cka": _cka,
}
