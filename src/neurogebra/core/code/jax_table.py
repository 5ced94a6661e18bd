"""How JAX writes the operations: NumPy's names where they are its own, and its transforms."""

from __future__ import annotations

import re

from neurogebra.core.code import numpy_helpers, numpy_table
from neurogebra.core.code.target import Infix, Row, Target, cut


def _renamed(text: str) -> str:
    return re.sub(r"\bnp\.", "jnp.", text)


def _row(row: Row) -> Row:
    if isinstance(row, Infix):
        return Infix(_renamed(row.template), row.tight, row.least)
    return _renamed(row) if isinstance(row, str) else lambda at: _renamed(row(at))


_HELPERS = {
    **{name: _renamed(text) for name, text in numpy_helpers.SHARED.items()},
    "_back": '''
def _back(function, like, g):
    """What `like` gets from g, the slope of function(like)."""
    return jax.vjp(function, like)[1](g)[0]
''',
    "_windows": '''
def _windows(x, axis, size, stride, dilation):
    """Windows that slide along `axis`; their elements become the last axis."""
    axis = axis % jnp.ndim(x)
    count = (x.shape[axis] - (size - 1) * dilation - 1) // stride + 1
    places = stride * jnp.arange(count)[:, None] + dilation * jnp.arange(size)
    return jnp.moveaxis(jnp.take(x, places, axis=axis), axis + 1, -1)
''',
    "_prod_others": '''
def _prod_others(x, axis=None):
    """For each element the product of the others over `axis`."""
    return jax.grad(lambda a: jnp.sum(jnp.prod(a, axis=axis)))(x)
''',
    "_cofactor": '''
def _cofactor(a):
    """The cofactors of matrices: the slope of det, of singular ones too."""
    u, s, v = jnp.linalg.svd(a)
    sign = jnp.sign(jnp.linalg.det(u) * jnp.linalg.det(v))[..., None, None]
    others = jnp.prod(jnp.where(jnp.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), -1)
    return sign * ((u * others[..., None, :]) @ v)
''',
}

_ROWS: dict[str, Row] = {
    **{name: _row(row) for name, row in numpy_table.SHARED.items()},
    "argsort": "jnp.argsort({0}, axis={axis})",
    "sigmoid": "jax.nn.sigmoid({0})",
    "softplus": "jax.nn.softplus({0})",
    "relu": "jax.nn.relu({0})",
    "xlogy": "special.xlogy({0}, {1})",
    "logsumexp": "jax.nn.logsumexp({0}{at})",
    "softmax": "jax.nn.softmax({0}, axis={axis})",
    "log_softmax": "jax.nn.log_softmax({0}, axis={axis})",
    "prod_others": "_prod_others({0}{at})",
    "windows": "_windows({0}, {axis}, {size}, {stride}, {dilation})",
    "unwindow": "_back(lambda _x: _windows(_x, {axis}, {size}, {stride}, {dilation}), {1}, {0})",
    "put_along": "_back(lambda _x: jnp.take_along_axis(_x, jnp.asarray({1}, int), axis={axis}), "
    "{2}, {0})",
    "take_back": "_back(lambda _x: jnp.take(_x, jnp.asarray({1}, int), axis={axis}), {2}, {0})",
    "slice_back": lambda at: f"_back(lambda _x: {cut(at).format('_x')}, {{1}}, {{0}})",
    "part_back": "_back(lambda _x: _part_like(_x, {0}, axis={axis}, last={last}), {1}, {0})",
    "diagonal_back": "_back(lambda _x: jnp.diagonal(_x, axis1=-2, axis2=-1), {1}, {0})",
    "cofactor": "_cofactor({0})",
    "cofactor_slope": "_back(jax.grad(lambda _x: jnp.sum(jnp.linalg.det(_x))), {1}, {0})",
    "singular_back": "_back(lambda _x: jnp.linalg.svd(_x, compute_uv=False), {1}, {0})",
    "eigen_back": "_back(lambda _x: jnp.linalg.eigvalsh(_symmetric(_x)), {1}, {0})",
}
JAX = Target(
    "jax",
    _ROWS,
    {
        "math": "import math",
        "jax": "import jax",
        "jnp": "import jax.numpy as jnp",
        "special": "from jax.scipy import special",
    },
    _HELPERS,
    where="jnp.where({0}, {1}, {2})",
    loose=True,
    array="jnp.array({0}, jnp.{1})",
    pi="jnp.pi",
    note="Takes numbers and arrays; fit for jit, grad and vmap.",
)
