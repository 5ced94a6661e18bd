"""The operations of the alphabet as PyTorch has them: what the laws compare with."""

import math

import torch

from neurogebra.engines import torch_ops
from neurogebra.ops import ALPHABET


def torch_value(name, args, attrs):
    """Return an operation's value by torch alone."""
    args = [a.to(torch.float64) if a.dtype == torch.bool else a for a in args]
    return REFERENCES[name](*args, **attrs)


def _axes(a, axis):
    return tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def _reduction(f):
    return lambda a, axis=None, keepdims=False: f(a, dim=_axes(a, axis), keepdim=keepdims)


def _var(a, axis=None, keepdims=False):
    return torch.var(a, dim=_axes(a, axis), keepdim=keepdims, correction=0)


def _size(a, axis=None):
    return torch.ones_like(a).sum(dim=_axes(a, axis)).flatten()[0]


def _expand_like(g, like, axis=None, keepdims=False):
    if axis is not None and not keepdims:
        for d in sorted(d % like.ndim for d in _axes(like, axis)):
            g = g.unsqueeze(d)
    return g.expand(like.shape)


def _cotangent(of, a, b, g):
    """Return what autograd gives a factor of a matrix product, itself differentiable."""
    leaf = torch.zeros_like(of).requires_grad_()
    y = torch.matmul(leaf, b) if of is a else torch.matmul(a, leaf)
    return torch.autograd.grad(y, leaf, g, create_graph=True)[0]


def _polygamma(a, n=1):
    """By Hurwitz's zeta, of which torch has more digits than of its own polygamma."""
    if n == 0:
        return _Digamma.apply(a)
    return (-1) ** (n + 1) * math.factorial(n) * torch.special.zeta(n + 1.0, a)


class _Digamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return torch.digamma(a)

    @staticmethod
    def backward(ctx, g):
        return g * _polygamma(ctx.saved_tensors[0])


class _Gammaln(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return torch.lgamma(a)

    @staticmethod
    def backward(ctx, g):
        return g * _Digamma.apply(ctx.saved_tensors[0])


def _patches(a, height, width, down=1, right=1, down_gap=1, right_gap=1):
    """By unfold, whose patches hold one channel after the other."""
    rows = torch.nn.functional.unfold(
        a.permute(0, 3, 1, 2), (height, width), (down_gap, right_gap), 0, (down, right)
    )
    count = (a.shape[1] - (height - 1) * down_gap - 1) // down + 1
    apart = rows.reshape(len(a), a.shape[3], height, width, count, -1)
    return apart.permute(0, 4, 5, 2, 3, 1).flatten(3)


def _pooled_at(h, a, height, width, down=1, right=1):
    """By the places that max_pool2d gives of its largest."""
    _, places = torch.nn.functional.max_pool2d(
        a.permute(0, 3, 1, 2), (height, width), (down, right), return_indices=True
    )
    flat = h.permute(0, 3, 1, 2).flatten(2)
    return flat.gather(2, places.flatten(2)).reshape(places.shape).permute(0, 2, 3, 1)


def _slope_of(f):
    def slope(g, like, **at):
        return torch.func.vjp(lambda a: f(a, **at), torch.zeros_like(like))[1](g)[0]

    return slope


# What torch has itself, as its engine calls it; adjoints are those of torch's autograd.
OF_THE_ENGINE = (
    *("prod", "prod_others", "std", "norm", "cumsum", "sort", "argsort", "positions", "flip"),
    *("take_along", "put_along", "take", "take_back", "expand_dims", "squeeze", "slice"),
    *("slice_back", "reshape", "permute", "concat", "part_like", "part_back", "pad", "windows"),
    *("unwindow", "tril", "diag", "diagonal", "diagonal_back", "eye_like", "outer", "trace"),
    *("det", "cofactor", "cofactor_slope", "logdet", "inverse", "solve", "columns"),
    *("cholesky", "singular_values", "singular_back", "eigvalsh", "eigen_back"),
)

REFERENCES = {
    **{name: torch_ops.TABLE[name] for name in OF_THE_ENGINE},
    "gammaln": _Gammaln.apply,
    "digamma": _Digamma.apply,
    "polygamma": _polygamma,
    "ndtri": torch.special.ndtri,
    **{
        name: getattr(torch, name)
        for name in (
            *("neg", "add", "sub", "mul", "div", "pow", "maximum", "minimum", "xlogy"),
            *("logaddexp", "abs", "floor", "exp", "expm1", "log", "log1p", "sqrt"),
            *("sin", "cos", "sinh", "cosh", "tanh", "arctan", "sigmoid", "relu"),
            *("erf", "erfc", "matmul", "dot", "arcsin", "ceil", "round", "erfinv"),
        )
    },
    "patches": _patches,
    "unpatches": _slope_of(_patches),
    "conv2d": torch_ops.TABLE["conv2d"],
    "conv2d_left": torch_ops.TABLE["conv2d_left"],
    "conv2d_right": torch_ops.TABLE["conv2d_right"],
    "max_pool": torch_ops.TABLE["max_pool"],
    "max_pool_at": _pooled_at,
    "max_pool_back": lambda g, a, **at: torch.func.vjp(
        lambda h: _pooled_at(h, a, **at), torch.zeros_like(a)
    )[1](g)[0],
    "sign": lambda a: torch.where(a.isnan(), a, torch.sign(a)),
    "step": lambda a: torch.where(a.isnan(), a, torch.heaviside(a, torch.zeros_like(a))),
    "softplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)),
    "greater": lambda a, b: torch.gt(a, b).to(a.dtype),
    "greater_equal": lambda a, b: torch.ge(a, b).to(a.dtype),
    "equal": lambda a, b: torch.eq(a, b).to(a.dtype),
    "where": lambda c, a, b: torch.where(c != 0, a, b),
    "sum": _reduction(torch.sum),
    "mean": _reduction(torch.mean),
    "var": _var,
    "amax": _reduction(torch.amax),
    "amin": _reduction(torch.amin),
    "logsumexp": _reduction(torch.logsumexp),
    "argmax": lambda a, axis=None: torch.argmax(a, dim=axis),
    "size": _size,
    "transpose": lambda a: a.mT if a.ndim > 1 else a,
    "flatten": lambda a: torch.flatten(a, 1),
    "reshape_like": lambda a, like: a.reshape(like.shape),
    "expand_like": _expand_like,
    "sum_to": lambda a, like: a.sum_to_size(like.shape),
    "matmul_left": lambda g, b, a: _cotangent(a, a, b, g),
    "matmul_right": lambda a, g, b: _cotangent(b, a, b, g),
    "softmax": lambda a, axis=-1: torch.softmax(a, dim=axis),
    "log_softmax": lambda a, axis=-1: torch.log_softmax(a, dim=axis),
}
assert set(REFERENCES) <= set(ALPHABET)
