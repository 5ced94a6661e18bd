"""How PyTorch writes the operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurogebra.core.code.target import PRODUCT, SIGN, Infix, Row, Target, cut, sizes

_HELPERS = {
    "_float": '''
def _float(value, like):
    """The value as a tensor in the floating dtype and on the device of `like`."""
    dtype = like.dtype if like.is_floating_point() else torch.get_default_dtype()
    return torch.as_tensor(value, dtype=dtype, device=like.device)
''',
    "_transpose": '''
def _transpose(x):
    """The last two axes swapped; a vector as it is."""
    return x.mT if x.ndim > 1 else x
''',
    "_sum_to": '''
def _sum_to(g, like):
    """g summed over the axes along which `like` was broadcast."""
    return g.expand(like.shape) if g.ndim < like.ndim else g.sum_to_size(like.shape)
''',
    "_back": '''
def _back(function, like, g):
    """What `like` gets from g, the slope of function(like)."""
    return torch.func.vjp(function, like)[1](g)[0]
''',
    "_positions": '''
def _positions(x, axis):
    """0, 1, … along an axis of x."""
    shape = [1] * x.ndim
    shape[axis] = -1
    return torch.arange(x.shape[axis], dtype=x.dtype, device=x.device).reshape(shape)
''',
    "_part_like": '''
def _part_like(g, like, axis, last):
    """As much of g along `axis` as `like` has, from its beginning or its end."""
    size = like.shape[axis]
    return g.narrow(axis, g.shape[axis] - size if last else 0, size)
''',
    "_take": '''
def _take(x, index, axis):
    """The slices of x at `index` along `axis`; the axes of `index` take its place."""
    axis = axis % x.ndim
    found = x.index_select(axis, index.long().reshape(-1))
    return found.reshape(x.shape[:axis] + index.shape + x.shape[axis + 1 :])
''',
    "_pad": '''
def _pad(x, axis, before, after):
    """x with zeros before and after along `axis`."""
    behind = x.ndim - 1 - axis % x.ndim
    return functional.pad(x, (0, 0) * behind + (before, after))
''',
    "_eye_like": '''
def _eye_like(x):
    """Identity matrices in the shape of x."""
    return torch.eye(*x.shape[-2:], dtype=x.dtype, device=x.device).expand(x.shape)
''',
    "_columns": '''
def _columns(x, b):
    """x as a column where b is a vector."""
    return x.unsqueeze(-1) if b.ndim == 1 else x
''',
    "_symmetric": '''
def _symmetric(a):
    """The symmetric part of matrices."""
    return (a + a.mT) / 2
''',
    "_cofactor": '''
def _cofactor(a):
    """The cofactors of matrices: the slope of det, of singular ones too."""
    u, s, v = torch.linalg.svd(a)
    sign = torch.sign(torch.linalg.det(u) * torch.linalg.det(v))[..., None, None]
    eye = torch.eye(s.shape[-1], dtype=torch.bool, device=s.device)
    others = torch.where(eye, 1, s[..., None, :]).prod(-1)
    return sign * ((u * others[..., None, :]) @ v)
''',
    "_cofactor_slope": '''
def _cofactor_slope(h, a):
    """How the cofactors move with a in the direction h."""
    slope = torch.func.grad(lambda x: torch.linalg.det(x).sum())
    return torch.func.vjp(slope, a)[1](h)[0]
''',
    "_prod_others": '''
def _prod_others(x, dim=None):
    """For each element the product of the others over `dim`."""
    total = (lambda a: a.prod()) if dim is None else lambda a: a.prod(dim).sum()
    return torch.func.grad(total)(x)
''',
}

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
    "sigmoid",
    "relu",
    "erf",
    "erfc",
    "digamma",
    "erfinv",
]


def _unfold(attrs: Mapping[str, Any], x: str = "{0}") -> str:
    stride, dilation = attrs.get("stride", 1), attrs.get("dilation", 1)
    reach = (attrs["size"] - 1) * dilation + 1
    thin = f"[..., ::{dilation}]" if dilation > 1 else ""
    return f"{x}.unfold({attrs['axis']}, {reach}, {stride}){thin}"


_ROWS: dict[str, Row] = {
    **{n: f"torch.{n}({{0}})" for n in _UNARY},
    **{n: f"torch.{n}({{0}}{{at}})" for n in ("sum", "mean", "argmax", "amax", "amin", "prod")},
    "var": "torch.var({0}{at}, correction=0)",
    "std": "torch.std({0}{at}, correction=0)",
    "norm": "torch.linalg.vector_norm({0}{at})",
    "logsumexp": "torch.logsumexp({0}, dim=tuple(range({0}.ndim)))",
    "logsumexp axis": "torch.logsumexp({0}{at})",
    "arctan": "torch.atan({0})",
    "arcsin": "torch.asin({0})",
    "gammaln": "torch.lgamma({0})",
    "ndtri": "torch.special.ndtri({0})",
    "polygamma": "torch.polygamma({n}, {0})",
    "step": "torch.relu(torch.sign({0}))",
    "softplus": "functional.softplus({0}, threshold=40.0)",
    "maximum": "torch.maximum({0}, {1})",
    "maximum number": "torch.clamp({0}, min={1})",
    "minimum": "torch.minimum({0}, {1})",
    "minimum number": "torch.clamp({0}, max={1})",
    "xlogy": "torch.xlogy({0}, {1})",
    "logaddexp": "torch.logaddexp({0}, {1})",
    "size": "{0}.numel()",
    "size axis": "{0}.shape[{axis}]",
    "transpose": "_transpose({0})",
    "flatten": "torch.flatten({0}, start_dim=1)",
    "reshape_like": "torch.reshape({0}, {1}.shape)",
    "expand_like": "{0}.expand({1}.shape)",
    "expand_like axis": "{0}.unsqueeze({axis}).expand({1}.shape)",
    "sum_to": "_sum_to({0}, {1})",
    "matmul": Infix("{0} @ {1}", PRODUCT, SIGN),
    "matmul_left": "_back(lambda _x: _x @ {1}, {2}, {0})",
    "matmul_right": "_back(lambda _x: {0} @ _x, {2}, {1})",
    "dot": "torch.sum({0} * {1})",
    "softmax": "torch.softmax({0}, dim={axis})",
    "log_softmax": "torch.log_softmax({0}, dim={axis})",
    "prod_others": "_prod_others({0}{at})",
    "cumsum": "torch.cumsum({0}, dim={axis})",
    "sort": "torch.sort({0}, dim={axis}).values",
    "argsort": "torch.argsort({0}, dim={axis}, stable=True)",
    "positions": "_positions({0}, axis={axis})",
    "flip": "torch.flip({0}, dims=({axis},))",
    "take_along": "torch.take_along_dim({0}, {1}.long(), dim={axis})",
    "put_along": "_back(lambda _x: torch.take_along_dim(_x, {1}.long(), dim={axis}), {2}, {0})",
    "take": "_take({0}, {1}, axis={axis})",
    "take_back": "_back(lambda _x: _take(_x, {1}, axis={axis}), {2}, {0})",
    "expand_dims": "torch.unsqueeze({0}, dim={axis})",
    "squeeze": "torch.squeeze({0}, dim={axis})",
    "slice": cut,
    "slice_back": lambda at: f"_back(lambda _x: {cut(at).format('_x')}, {{1}}, {{0}})",
    "reshape": lambda at: f"torch.reshape({{0}}, {sizes(at, '{{0}}.shape[{}]')})",
    "permute": "torch.permute({0}, {axes})",
    "concat": "torch.cat(({0}, {1}), dim={axis})",
    "part_like": "_part_like({0}, {1}, axis={axis}, last={last})",
    "part_back": "_back(lambda _x: _part_like(_x, {0}, axis={axis}, last={last}), {1}, {0})",
    "pad": "_pad({0}, {axis}, {before}, {after})",
    "windows": _unfold,
    "unwindow": lambda at: f"_back(lambda _x: {_unfold(at, '_x')}, {{1}}, {{0}})",
    "tril": "torch.tril({0})",
    "diag": "torch.diag_embed({0})",
    "diagonal": "torch.diagonal({0}, dim1=-2, dim2=-1)",
    "diagonal_back": "_back(lambda _x: torch.diagonal(_x, dim1=-2, dim2=-1), {1}, {0})",
    "eye_like": "_eye_like({0})",
    "columns": "_columns({0}, {1})",
    "det": "torch.linalg.det({0})",
    "cofactor": "_cofactor({0})",
    "cofactor_slope": "_cofactor_slope({0}, {1})",
    "logdet": "torch.linalg.slogdet({0}).logabsdet",
    "inverse": "torch.linalg.inv({0})",
    "solve": "torch.linalg.solve({0}, {1})",
    "cholesky": "torch.linalg.cholesky(_symmetric({0}))",
    "singular_values": "torch.linalg.svdvals({0})",
    "singular_back": "_back(torch.linalg.svdvals, {1}, {0})",
    "eigvalsh": "torch.linalg.eigvalsh(_symmetric({0}))",
    "eigen_back": "_back(lambda _x: torch.linalg.eigvalsh(_symmetric(_x)), {1}, {0})",
}

TORCH = Target(
    "torch",
    _ROWS,
    {
        "math": "import math",
        "torch": "import torch",
        "functional": "from torch.nn import functional",
    },
    _HELPERS,
    where="torch.where({0}, {1}, {2})",
    truth="_float({0}, {2})",
    mixes=False,
    beside=frozenset({"maximum", "minimum", "xlogy", "where"}),
    axes=("dim", "keepdim"),
    array="torch.tensor({0}, dtype=torch.{1})",
    note="Takes and gives tensors.",
)
