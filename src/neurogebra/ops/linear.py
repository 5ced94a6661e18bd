"""Linear algebra on the last two axes, and the softmax of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.errors import FormulaError
from neurogebra.ops import kernels as k
from neurogebra.ops import matrices as m
from neurogebra.ops.calls import call
from neurogebra.ops.places import diagonal as diagonal_of
from neurogebra.ops.record import LINEAR, Op
from neurogebra.ops.reductions import lse

# The names in which the derivatives below are written.
exp, total, amax, sum_to, reshape_like, expand_dims = map(
    call, ("exp", "sum", "amax", "sum_to", "reshape_like", "expand_dims")
)
transpose, matmul, matmul_left, matmul_right = map(
    call, ("transpose", "matmul", "matmul_left", "matmul_right")
)
diagonal, eye_like, tril, cofactor, cofactor_slope = map(
    call, ("diagonal", "eye_like", "tril", "cofactor", "cofactor_slope")
)
inverse, solve, columns, singular_back, eigen_back = map(
    call, ("inverse", "solve", "columns", "singular_back", "eigen_back")
)

PRODUCTS = (
    Op("matmul", m.matmul,
       lambda g, y, a, b: (matmul_left(g, b, a), matmul_right(a, g, b)), r"{0} {1}", 2,
       kind=LINEAR, tight=2),
    Op("matmul_left", k.matmul_left,
       lambda h, y, g, b, a: (matmul(h, b), matmul_right(h, g, b), None),
       r"{0} {1}^{{\top}}", 3, kind=LINEAR, tight=2,
       lower=lambda g, b, a: sum_to(matmul(g, transpose(b)), a)),
    Op("matmul_right", k.matmul_right,
       lambda h, y, a, g, b: (matmul_left(g, h, a), matmul(a, h), None),
       r"{0}^{{\top}} {1}", 3, kind=LINEAR, tight=2,
       lower=lambda a, g, b: sum_to(matmul(transpose(a), g), b)),
    Op("dot", k.dot, lambda g, y, a, b: (g * b, g * a), r"{0} \cdot {1}", 2, kind=LINEAR,
       tight=2, scalar=lambda a, b: a * b),
    Op("softmax", k.softmax,
       lambda g, y, a, axis=-1: (y * (g - total(g * y, axis=axis, keepdims=True)),),
       r"\operatorname{{softmax}}({0})", kind=LINEAR, scalar=lambda a, **at: 1.0, attrs=("axis",),
       lower=lambda a, axis=-1: _normalise(exp(a - amax(a, axis=axis, keepdims=True)), axis)),
    Op("log_softmax", k.log_softmax,
       lambda g, y, a, axis=-1: (g - exp(y) * total(g, axis=axis, keepdims=True),),
       r"\ln \operatorname{{softmax}}({0})", kind=LINEAR, tight=2, scalar=lambda a, **at: 0.0,
       attrs=("axis",), lower=lambda a, axis=-1: a - lse(a, {"axis": axis, "keepdims": True})),
)  # fmt: skip

MATRICES = (
    Op("outer", m.outer,
       lambda g, y, a, b: (sum_to(total(g * expand_dims(b, axis=-2), axis=-1), a),
                           sum_to(total(g * expand_dims(a, axis=-1), axis=-2), b)),
       r"{0} \otimes {1}", 2, kind=LINEAR, tight=2,
       lower=lambda a, b: expand_dims(a, axis=-1) * expand_dims(b, axis=-2)),
    Op("trace", lambda a: np.sum(diagonal_of(a), axis=-1),
       lambda g, y, a: (_each(g) * eye_like(a),),
       r"\operatorname{{tr}}({0})", kind=LINEAR, lower=lambda a: total(diagonal(a), axis=-1)),
    Op("det", m.det, lambda g, y, a: (_each(g) * cofactor(a),), r"\det({0})", kind=LINEAR),
    Op("cofactor", m.cofactor, lambda h, y, a: (cofactor_slope(h, a),),
       r"\operatorname{{cof}}({0})", kind=LINEAR),
    Op("cofactor_slope", m.cofactor_slope,
       lambda g, y, h, a: (cofactor_slope(g, a), _refuse("third", "det")),
       r"\operatorname{{cof}}'({1})({0})", 2, kind=LINEAR),
    Op("logdet", m.logdet, lambda g, y, a: (_each(g) * transpose(inverse(a)),),
       r"\ln\left|\det({0})\right|", kind=LINEAR, tight=2),
    Op("inverse", m.inverse,
       lambda g, y, a: (-matmul(transpose(y), matmul(g, transpose(y))),),
       r"{0}^{{-1}}", kind=LINEAR, tight=3),
    Op("solve", m.solve, lambda g, y, a, b: _solve_back(g, y, a, b), r"{0}^{{-1}} {1}", 2,
       kind=LINEAR, tight=2),
    Op("columns", m.columns, lambda g, y, x, b: (reshape_like(g, x), None), "{0}", 2,
       kind=LINEAR),
    Op("cholesky", m.cholesky, lambda g, y, a: (_cholesky_back(g, y),),
       r"\operatorname{{chol}}({0})", kind=LINEAR),
    Op("singular_values", m.singular_values, lambda g, y, a: (singular_back(g, a),),
       r"\sigma({0})", kind=LINEAR),
    Op("singular_back", m.singular_back,
       lambda h, y, g, a: _refuse("second", "singular_values"),
       r"U \operatorname{{diag}}({0}) V^{{\top}}", 2, kind=LINEAR, tight=2),
    Op("eigvalsh", m.eigvalsh, lambda g, y, a: (eigen_back(g, a),), r"\lambda({0})",
       kind=LINEAR),
    Op("eigen_back", m.eigen_back, lambda h, y, g, a: _refuse("second", "eigvalsh"),
       r"V \operatorname{{diag}}({0}) V^{{\top}}", 2, kind=LINEAR, tight=2),
)  # fmt: skip


def _normalise(e: Any, axis: int) -> Any:
    return e / total(e, axis=axis, keepdims=True)


def _each(g: Any) -> Any:
    """Give one number a matrix the two axes of the matrix."""
    return expand_dims(expand_dims(g, axis=-1), axis=-1)


def _solve_back(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Let vectors stand as columns, so that a batch of them is not taken for a matrix."""
    w = solve(transpose(a), columns(g, b))
    left = -sum_to(matmul(w, transpose(columns(y, b))), a)
    return left, reshape_like(sum_to(w, columns(b, b)), b)


def _cholesky_back(g: Any, y: Any) -> Any:
    """Return the symmetric slope of the symmetric part [Murray 2016, arXiv:1602.07527]."""
    half = tril(matmul(transpose(y), g)) * (1 - 0.5 * eye_like(y))
    found = solve(transpose(y), transpose(solve(transpose(y), transpose(half))))
    return 0.5 * (found + transpose(found))


def _refuse(which: str, name: str) -> Any:
    raise FormulaError(f"the {which} derivative of {name} is not offered")
