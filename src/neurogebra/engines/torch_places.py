"""Order, shapes, windows and linear algebra of the alphabet in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def _index(index: Any, like: Tensor, axis: int) -> Tensor:
    """Whole numbers from 0, as torch wants them."""
    found = torch.as_tensor(index, device=like.device).long()
    return torch.where(found < 0, found + like.shape[axis], found)


def _positions(a: Tensor, axis: int = -1) -> Tensor:
    place = axis % a.ndim
    shape = [-1 if i == place else 1 for i in range(a.ndim)]
    n = a.shape[place]
    return torch.arange(n, dtype=_counting(a, n), device=a.device).reshape(shape)


def _argsort(a: Tensor, axis: int = -1) -> Tensor:
    places = torch.argsort(a, dim=axis, stable=True)
    return places.to(_counting(a, a.shape[axis]))


def _counting(a: Tensor, n: int) -> torch.dtype:
    """The dtype of a, or a wider one if that does not hold every whole number below n."""
    kinds = (a.dtype, torch.float32, torch.float64)
    return next(k for k in kinds if k.is_floating_point and n <= 2 / torch.finfo(k).eps)


def _take_along(a: Tensor, index: Any, axis: int = -1) -> Tensor:
    found: Tensor = torch.take_along_dim(a, _index(index, a, axis), axis)
    return found


def _take(a: Tensor, index: Any, axis: int = 0) -> Tensor:
    places = _index(index, a, axis)
    picked = torch.index_select(a, axis, places.reshape(-1))
    at = axis % a.ndim
    return picked.reshape((*a.shape[:at], *places.shape, *a.shape[at + 1 :]))


def _slice(a: Tensor, axis: int, start: int, stop: int | None = None) -> Tensor:
    low, high, _ = slice(start, stop).indices(a.shape[axis])
    return a.narrow(axis, low, max(high - low, 0))


def _reshape(a: Tensor, shape: tuple[int, ...]) -> Tensor:
    return a.reshape(tuple(a.shape[i] if n == 0 else n for i, n in enumerate(shape)))


def _part_like(g: Tensor, like: Tensor, axis: int, last: int = 0) -> Tensor:
    n = like.shape[axis]
    return g.narrow(axis, g.shape[axis] - n if last else 0, n)


def _part_back(h: Tensor, like: Tensor, axis: int, last: int = 0) -> Tensor:
    """Zeros in the shape of `like` around h: the adjoint of `_part_like`."""
    rest = like.shape[axis] - h.shape[axis]
    return _pad(h, axis, *((rest, 0) if last else (0, rest)))


def _pad(a: Tensor, axis: int, before: int, after: int) -> Tensor:
    return functional.pad(a, (0, 0) * (a.ndim - 1 - axis % a.ndim) + (before, after))


def _windows(a: Tensor, axis: int, size: int, stride: int = 1, dilation: int = 1) -> Tensor:
    spans = a.unfold(axis, (size - 1) * dilation + 1, stride)
    return spans[..., ::dilation]


def _adjoint(of: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The adjoint of a linear operation, (g, …, like, **attrs): what torch's autograd gives."""

    def value(g: Tensor, *rest: Any, **attrs: Any) -> Tensor:
        *more, like = rest
        back = torch.func.vjp(lambda a: of(a, *more, **attrs), torch.zeros_like(like))[1]
        found: Tensor = back(g)[0]
        return found

    return value


def _diagonal(a: Tensor) -> Tensor:
    return torch.diagonal(a, dim1=-2, dim2=-1)


def _eye_like(a: Tensor) -> Tensor:
    return torch.eye(*a.shape[-2:], dtype=a.dtype, device=a.device).expand(a.shape)


def _symmetric(a: Tensor) -> Tensor:
    return (a + a.mT) / 2


def _solve(a: Tensor, b: Tensor) -> Tensor:
    """A vector stays one next to a batch of matrices, as in NumPy."""
    columns = b if b.ndim > 1 else b.unsqueeze(-1)
    found: Tensor = torch.linalg.solve(a, columns)
    return found if b.ndim > 1 else found.squeeze(-1)


def _slope(of: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The slope of an operation on matrices in a direction: (g, a) → what a gets from g."""

    def value(g: Tensor, a: Tensor) -> Tensor:
        found: Tensor = torch.func.vjp(of, a)[1](g)[0]
        return found

    return value


def _cofactor(a: Tensor) -> Tensor:
    found: Tensor = torch.func.grad(lambda x: torch.linalg.det(x).sum())(a)
    return found


def _cholesky(a: Tensor) -> Tensor:
    found: Tensor = torch.linalg.cholesky(_symmetric(a))
    return found


def _eigvalsh(a: Tensor) -> Tensor:
    found: Tensor = torch.linalg.eigvalsh(_symmetric(a))
    return found


PLACES: dict[str, Callable[..., Any]] = {
    "cumsum": lambda a, axis=-1: torch.cumsum(a, axis),
    "sort": lambda a, axis=-1: torch.sort(a, dim=axis, stable=True).values,
    "argsort": _argsort,
    "positions": _positions,
    "flip": lambda a, axis=-1: torch.flip(a, (axis,)),
    "take_along": _take_along,
    "put_along": _adjoint(_take_along),
    "take": _take,
    "take_back": _adjoint(_take),
    "expand_dims": lambda a, axis: a.unsqueeze(axis),
    "squeeze": lambda a, axis: a.squeeze(axis),
    "slice": _slice,
    "slice_back": _adjoint(_slice),
    "reshape": _reshape,
    "permute": lambda a, axes: a.permute(axes),
    "concat": lambda a, b, axis: torch.cat((a, b), axis),
    "part_like": _part_like,
    "part_back": _part_back,
    "pad": _pad,
    "windows": _windows,
    "unwindow": _adjoint(_windows),
    "tril": torch.tril,
    "diag": torch.diag_embed,
    "diagonal": _diagonal,
    "diagonal_back": _adjoint(_diagonal),
    "eye_like": _eye_like,
    "outer": lambda a, b: a.unsqueeze(-1) * b.unsqueeze(-2),
    "trace": lambda a: _diagonal(a).sum(-1),
    "det": torch.linalg.det,
    "cofactor": _cofactor,
    "cofactor_slope": _slope(_cofactor),
    "logdet": lambda a: torch.linalg.slogdet(a).logabsdet,
    "inverse": torch.linalg.inv,
    "solve": _solve,
    "columns": lambda x, b: x.unsqueeze(-1) if b.ndim == 1 else x,
    "cholesky": _cholesky,
    "singular_values": torch.linalg.svdvals,
    "singular_back": _slope(torch.linalg.svdvals),
    "eigvalsh": _eigvalsh,
    "eigen_back": _slope(_eigvalsh),
}
