"""NumPy values of linear algebra on the last two axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.ops.bounds import room
from neurogebra.ops.folds import prod_others


def matmul(a: Any, b: Any) -> Any:
    """Return a b, batches of matrices broadcast: (…, n, m) and (…, m, k) → (…, n, k)."""
    left, right = np.shape(a), np.shape(b)
    if len(left) > 1 < len(right):
        room("matmul", (*np.broadcast_shapes(left[:-2], right[:-2]), left[-2], right[-1]))
    return np.matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    """Return every product of an element of a with one of b: (…, n) and (…, m) → (…, n, m)."""
    left, right = np.expand_dims(a, -1), np.expand_dims(b, -2)
    room("outer", np.broadcast_shapes(np.shape(left), np.shape(right)))
    return left * right


def det(x: Any) -> Any:
    """Return the determinants of square matrices."""
    return _keeping(np.linalg.det, "det", x)


def cofactor(x: Any) -> Any:
    """Return the matrices of cofactors, the slope of det, of singular matrices too.

    With x = U diag(s) Vᵀ that is det(U Vᵀ) U diag(Π of the others) Vᵀ.
    """
    return _keeping(_cofactor, "det", x)


def cofactor_slope(h: Any, x: Any) -> Any:
    """Return how the cofactors of x move with x in the direction h, which is its own adjoint."""
    return _keeping(_cofactor_slope, "det", x, np.asarray(h))


def logdet(x: Any) -> Any:
    """Return ln |det| of square matrices; −∞ for singular ones."""
    return _keeping(lambda a: np.linalg.slogdet(a)[1], "logdet", x)


def inverse(x: Any) -> Any:
    """Return the inverses of square matrices; raises BadValue for a singular one."""
    return _keeping(np.linalg.inv, "inverse", x)


def solve(a: Any, b: Any) -> Any:
    """Return y with a y = b, for a vector or a matrix b; raises BadValue for a singular a."""
    return _keeping(np.linalg.solve, "solve", a, np.asarray(b))


def columns(x: Any, b: Any) -> Any:
    """Return x as a column (…, n, 1) where b is a vector; else x as it is."""
    return np.expand_dims(x, -1) if np.ndim(b) == 1 else x


def cholesky(x: Any) -> Any:
    """Return lower triangles L with L Lᵀ = the symmetric part of x.

    Raises BadValue where that is not positive definite.
    """
    return _keeping(lambda a: np.linalg.cholesky(_symmetric(a)), "cholesky", x)


def singular_values(x: Any) -> Any:
    """Return the singular values of matrices, the largest first."""
    return _keeping(
        lambda a: np.linalg.svd(a, compute_uv=False), "singular_values", x, square=False
    )


def singular_back(g: Any, x: Any) -> Any:
    """Return U diag(g) Vᵀ: what x gets from g = dL/d(singular values)."""

    def back(a: Any, g: Any) -> Any:
        u, _, v = np.linalg.svd(a, full_matrices=False)
        return (u * g[..., None, :]) @ v

    return _keeping(back, "singular_values", x, np.asarray(g), square=False)


def eigvalsh(x: Any) -> Any:
    """Return the eigenvalues of the symmetric part of matrices, the smallest first."""
    return _keeping(lambda a: np.linalg.eigvalsh(_symmetric(a)), "eigvalsh", x)


def eigen_back(g: Any, x: Any) -> Any:
    """Return V diag(g) Vᵀ: what x gets from g = dL/d(eigenvalues)."""

    def back(a: Any, g: Any) -> Any:
        v = np.linalg.eigh(_symmetric(a))[1]
        return (v * g[..., None, :]) @ np.swapaxes(v, -1, -2)

    return _keeping(back, "eigvalsh", x, np.asarray(g))


def _keeping(kernel: Callable[..., Any], name: str, a: Any, *more: Any, square: bool = True) -> Any:
    """Call a kernel of LAPACK, which knows no half precision, and say what it refuses."""
    a = np.asarray(a)
    shape = a.shape
    if len(shape) < 2 or (square and shape[-1] != shape[-2]):
        form = "square matrices" if square else "matrices"
        raise BadValue(name, f"{form} in the last two axes", f"shape {shape}")
    kind = np.result_type(a, *more, np.float16)
    work = np.promote_types(kind, np.float32)
    try:
        return kernel(a.astype(work), *(m.astype(work) for m in more)).astype(kind)
    except np.linalg.LinAlgError as error:
        raise BadValue(name, _WANTED.get(name, "numbers that converge"), str(error)) from None
    except ValueError as error:
        shapes = ", ".join(str(m.shape) for m in (a, *more))
        raise BadValue(name, "shapes that fit together", shapes, str(error)) from None


_WANTED = {
    "inverse": "matrices that are not singular",
    "solve": "matrices that are not singular",
    "cholesky": "positive definite matrices",
}


def _symmetric(a: Any) -> Any:
    return (a + np.swapaxes(a, -1, -2)) / 2


def _cofactor(a: Any) -> Any:
    u, s, v, sign = _turned(a)
    return sign * ((u * prod_others(s, -1)[..., None, :]) @ v)


def _turned(a: Any) -> Any:
    u, s, v = np.linalg.svd(a)
    sign = np.sign(np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    return u, s, v, sign


def _cofactor_slope(a: Any, h: Any) -> Any:
    """Of a diagonal matrix a cofactor moves with the two places that it does not see."""
    u, s, v, sign = _turned(a)
    turned = np.swapaxes(u, -1, -2) @ h @ np.swapaxes(v, -1, -2)
    eye = np.eye(s.shape[-1], dtype=s.dtype)
    without_one = np.where(eye == 1, 1, s[..., None, :])
    without_two = prod_others(without_one, -1) * (1 - eye)
    along = (without_two @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None])[..., 0]
    slope = along[..., None] * eye - without_two * np.swapaxes(turned, -1, -2)
    return sign * (u @ slope @ v)
