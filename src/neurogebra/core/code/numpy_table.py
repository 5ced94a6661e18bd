"""How NumPy (and SciPy, for functions that NumPy lacks) writes the operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurogebra.core.code.numpy_helpers import HELPERS
from neurogebra.core.code.target import PRODUCT, SIGN, Infix, Row, Target, cut, sizes, spans

_UNARY = [
    "abs",
    "sign",
    "floor",
    "ceil",
    "round",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "arctan",
    "arcsin",
]
_SPECIAL = ("erf", "erfc", "gammaln", "digamma", "erfinv", "ndtri")
_REDUCTIONS = {"amax": "max", "amin": "min", **{n: n for n in ("sum", "mean", "var", "std")}}


def _windows(attrs: Mapping[str, Any]) -> str:
    stride, dilation = attrs.get("stride", 1), attrs.get("dilation", 1)
    reach = (attrs["size"] - 1) * dilation + 1
    view = f"sliding_window_view({{0}}, {reach}, axis={attrs['axis']})"
    return view + spans(attrs["axis"], stride, dilation)


# What NumPy and JAX call by one name.
SHARED: dict[str, Row] = {
    **{n: f"np.{n}({{0}})" for n in _UNARY},
    **{n: f"special.{n}({{0}})" for n in _SPECIAL},
    **{n: f"np.{real}({{0}}{{at}})" for n, real in _REDUCTIONS.items()},
    "prod": "np.prod({0}{at})",
    "norm": "np.linalg.norm({0}{at})",
    "argmax": "np.argmax({0}{at})",
    "polygamma": "special.polygamma({n}, {0})",
    "maximum": "np.maximum({0}, {1})",
    "minimum": "np.minimum({0}, {1})",
    "logaddexp": "np.logaddexp({0}, {1})",
    "softplus": "np.logaddexp({0}, 0)",
    "relu": "np.maximum({0}, 0)",
    "step": "np.heaviside({0}, 0)",
    "size": "np.size({0})",
    "size axis": "np.shape({0})[{axis}]",
    "transpose": "_transpose({0})",
    "flatten": "_flatten({0})",
    "reshape_like": "np.reshape({0}, np.shape({1}))",
    "expand_like": "np.broadcast_to({0}, np.shape({1}))",
    "expand_like axis": "np.broadcast_to(np.expand_dims({0}, {axis}), np.shape({1}))",
    "sum_to": "_sum_to({0}, {1})",
    "matmul": Infix("{0} @ {1}", PRODUCT, SIGN),
    "matmul_left": "_matmul_left({0}, {1}, {2})",
    "matmul_right": "_matmul_right({0}, {1}, {2})",
    "dot": "np.dot({0}, {1})",
    "cumsum": "np.cumsum({0}, axis={axis})",
    "sort": "np.sort({0}, axis={axis})",
    "argsort": 'np.argsort({0}, axis={axis}, kind="stable")',
    "positions": "_positions({0}, axis={axis})",
    "flip": "np.flip({0}, axis={axis})",
    "take_along": "np.take_along_axis({0}, np.asarray({1}, int), axis={axis})",
    "take": "np.take({0}, np.asarray({1}, int), axis={axis})",
    "expand_dims": "np.expand_dims({0}, axis={axis})",
    "squeeze": "np.squeeze({0}, axis={axis})",
    "slice": cut,
    "reshape": lambda at: f"np.reshape({{0}}, {sizes(at, 'np.shape({{0}})[{}]')})",
    "permute": "np.transpose({0}, {axes})",
    "concat": "np.concatenate(({0}, {1}), axis={axis})",
    "part_like": "_part_like({0}, {1}, axis={axis}, last={last})",
    "pad": "_pad({0}, {axis}, {before}, {after})",
    "tril": "np.tril({0})",
    "diag": "_diag({0})",
    "diagonal": "np.diagonal({0}, axis1=-2, axis2=-1)",
    "eye_like": "_eye_like({0})",
    "trace": "np.trace({0}, axis1=-2, axis2=-1)",
    "columns": "_columns({0}, {1})",
    "det": "np.linalg.det({0})",
    "logdet": "np.linalg.slogdet({0})[1]",
    "inverse": "np.linalg.inv({0})",
    "solve": "np.linalg.solve({0}, {1})",
    "cholesky": "np.linalg.cholesky(_symmetric({0}))",
    "singular_values": "np.linalg.svd({0}, compute_uv=False)",
    "eigvalsh": "np.linalg.eigvalsh(_symmetric({0}))",
}

_ROWS: dict[str, Row] = {
    **SHARED,
    "polygamma": "_float(special.polygamma({n}, {0}), {0})",
    "xlogy": "_xlogy({0}, {1})",
    "sigmoid": "_sigmoid({0})",
    "logsumexp": "_logsumexp({0}{at})",
    "softmax": "_softmax({0}, axis={axis})",
    "log_softmax": "_log_softmax({0}, axis={axis})",
    "prod_others": "_prod_others({0}{at})",
    "windows": _windows,
    "unwindow": "_unwindow({0}, {1}, {axis}, {size}, {stride}, {dilation})",
    "put_along": "_put_along({0}, {1}, {2}, axis={axis})",
    "take_back": "_take_back({0}, {1}, {2}, axis={axis})",
    "slice_back": "_slice_back({0}, {1}, {axis}, {start}, {stop})",
    "part_back": "_part_back({0}, {1}, axis={axis}, last={last})",
    "diagonal_back": "_diagonal_back({0}, {1})",
    "cofactor": "_cofactor({0})",
    "cofactor_slope": "_cofactor_slope({0}, {1})",
    "singular_back": "_singular_back({0}, {1})",
    "eigen_back": "_eigen_back({0}, {1})",
}

NUMPY = Target(
    "numpy",
    _ROWS,
    {
        "math": "import math",
        "np": "import numpy as np",
        "sliding_window_view": "from numpy.lib.stride_tricks import sliding_window_view",
        "special": "from scipy import special",
    },
    HELPERS,
    where="np.where({0}, {1}, {2})",
    beside=frozenset({"maximum", "minimum", "logaddexp", "where"}),
    array="np.array({0}, np.{1})",
    pi="np.pi",
    note="Takes numbers and NumPy arrays; float32 stays float32.",
)
