"""The array tape: arrays that remember how they came about, in the alphabet of the formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neurogebra.core.chain import explain_tensor
from neurogebra.core.tape import Functions, count_uses
from neurogebra.core.tensor_methods import OPERANDS, Arithmetic, Reductions
from neurogebra.errors import BadValue, NotReady
from neurogebra.ops import ALPHABET, Op, carry
from neurogebra.ops.kernels import sum_to
from neurogebra.ops.record import ELEMENTWISE
from neurogebra.ops.views import INDEX, JOIN, PERMUTE, RESHAPE

Array = np.ndarray[Any, Any]


class Tensor(Arithmetic, Reductions, Functions):
    """An array on a tape: `backward()` fills `grad` of the tensors that require it.

    data: numbers, lists or arrays, copied; dtype: as NumPy takes it from them. Only floating
    data can require grad. Axes, broadcasting and dtypes are NumPy's; gradients accumulate in
    the leaves as in PyTorch, and a result keeps its own after `retain_grad()`. Nothing is
    recorded where nothing requires grad.
    """

    __slots__ = ("_args", "_attrs", "_flow", "_keeps", "_op", "_requires", "_sources", "_uses",
                 "_values", "data", "grad", "name")  # fmt: skip

    # NumPy arrays on the left would otherwise make an array of objects.
    __array_ufunc__ = None

    data: Array
    grad: Array | None
    name: str
    _op: Op | None
    _args: tuple[Any, ...]  # the operands as written: Tensors and constants
    _values: tuple[Any, ...]  # their numbers
    _attrs: Mapping[str, Any]
    _sources: tuple[Tensor, ...]  # the operands that require grad, each once a place
    _flow: Any
    _uses: int

    def __init__(
        self, data: Any, requires_grad: bool = False, *, dtype: Any = None, name: str = ""
    ) -> None:
        self._fill(_array(data, dtype).copy(), name)
        self.requires_grad = requires_grad

    def _fill(self, data: Array, name: str = "") -> None:
        self.data, self.grad, self.name = data, None, name
        self._op, self._args, self._values, self._sources = None, (), (), ()
        self._attrs, self._requires, self._keeps = {}, False, False

    @property
    def requires_grad(self) -> bool:
        """Whether `backward` computes a gradient for this tensor."""
        return self._requires

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted and self.data.dtype.kind != "f":
            raise BadValue("requires_grad=True", "floating-point data", str(self.data.dtype),
                           "write 1.0 instead of 1, or give dtype=float")  # fmt: skip
        if not wanted and self._sources:
            raise BadValue("requires_grad", "True for a result on the tape", wanted,
                           "take detach() of it")  # fmt: skip
        self._requires = bool(wanted)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self.data.shape)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """How many elements there are."""
        return self.data.size

    @property
    def dtype(self) -> Any:
        """The NumPy type of the elements."""
        return self.data.dtype

    @property
    def T(self) -> Tensor:
        """The tensor with its axes in reverse order."""
        return self.transpose()

    def backward(self, grad: Any = None) -> None:
        """Add d (grad · self) / d leaf to the `grad` of every leaf that requires it.

        grad: of the shape of self; 1 when self is one number, needed otherwise.
        """
        if not self._requires:
            raise NotReady("backward() of a tensor on no tape: nothing before it requires grad")
        count_uses(self)
        self._flow = _seed(self, grad)
        ready = [self]
        for node in ready:
            g, node._flow = node._flow, 0.0
            g = np.zeros_like(node.data) if type(g) is float else g
            if node._keeps or not node._sources:
                node.grad = np.array(g) if node.grad is None else node.grad + g
            if node._sources:
                _pull(node, g)
                ready.extend(_released(node))

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this result too, and return it."""
        self._keeps = True
        return self

    def detach(self) -> Tensor:
        """Return a tensor of the same memory without history."""
        return _wrap(self.data)

    def numpy(self) -> Array:
        """Return the array itself, not a copy."""
        return self.data

    def item(self) -> Any:
        """Return the Python number of a tensor of one element."""
        if self.data.size != 1:
            raise BadValue("item()", "a tensor of one element", f"shape {self.shape}")
        return self.data.item()

    def explain(self) -> str:
        """Return the operations behind this tensor, shapes, values, and the derivatives."""
        return explain_tensor(self)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the elements in another shape; −1 stands for what is left."""
        return _record(RESHAPE, (self,), {"shape": _unpacked(shape)})

    def transpose(self, *axes: Any) -> Tensor:
        """Return the axes reordered, as NumPy does: reversed unless `axes` says otherwise."""
        order = _unpacked(axes) if axes else tuple(reversed(range(self.ndim)))
        return _record(PERMUTE, (self,), {"axes": tuple(a % self.ndim for a in order)})

    def __getitem__(self, key: Any) -> Tensor:
        return _record(INDEX, (self,), {"key": _plain_key(key)})

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=100)
        return f"Tensor({text}{', requires_grad=True' if self._requires else ''})"


def concat(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Return the tensors one behind the other along an axis that they have."""
    return _record(JOIN, tuple(_operand(t, "concat") for t in tensors), {"axis": axis})


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Return tensors of one shape along a new axis."""
    parts = [t if isinstance(t, Tensor) else Tensor(t) for t in tensors]
    place = axis % (parts[0].ndim + 1) if parts else 0
    return concat([p.reshape(*p.shape[:place], 1, *p.shape[place:]) for p in parts], place)


def _apply(name: str, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Tensor:
    return _record(ALPHABET[name], tuple(_operand(a, name) for a in args), attrs)


carry(Tensor, _apply)


def _record(op: Op, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Tensor:
    """Compute an operation and, where an operand requires grad, remember it."""
    values = tuple(a.data if type(a) is Tensor else a for a in args)
    try:
        with np.errstate(all="ignore"):  # ±∞ and NaN are values here, as in PyTorch
            out = _wrap(np.asarray(op.value(*values, **attrs)))
    except ValueError as error:
        shapes = ", ".join(str(np.shape(v)) for v in values)
        raise BadValue(op.name, "shapes that fit together", shapes, str(error)) from error
    sources = tuple(a for a in args if type(a) is Tensor and a._requires)
    if sources and op.vjp is not None and out.data.dtype.kind == "f":
        out._op, out._args, out._values, out._attrs = op, args, values, attrs
        out._sources, out._requires = sources, True
    return out


def _pull(node: Tensor, g: Array) -> None:
    """Hand the gradient of a result to its sources."""
    vjp: Callable[..., Any] = node._op.vjp  # type: ignore[union-attr,assignment]
    with np.errstate(all="ignore"):
        parts = vjp(g, node.data, *node._values, **node._attrs)
    for arg, part in zip(node._args, parts, strict=True):
        if part is not None and type(arg) is Tensor and arg._requires:
            part = _fitted(part, arg.data, node._op)
            arg._flow = part if type(arg._flow) is float else arg._flow + part


def _released(node: Tensor) -> Iterator[Tensor]:
    """Yield the sources that have now heard from all their users."""
    for source in node._sources:
        source._uses -= 1
        if not source._uses:
            yield source


def _fitted(part: Any, like: Array, op: Op | None) -> Array:
    """Undo broadcasting, and keep the dtype of the leaf."""
    if op is not None and op.kind == ELEMENTWISE:
        part = sum_to(part, like)
    return np.asarray(part, like.dtype)


def _seed(root: Tensor, grad: Any) -> Array:
    if grad is None and root.size == 1:
        return np.ones_like(root.data)
    g = None if grad is None else _array(grad.data if isinstance(grad, Tensor) else grad)
    if g is None or g.shape != root.shape:
        got = None if g is None else f"shape {g.shape}"
        raise BadValue("backward(grad)", f"a gradient of shape {root.shape}", got,
                       "only a tensor of one element needs none")  # fmt: skip
    return g.astype(root.data.dtype)


def _wrap(data: Array) -> Tensor:
    out = Tensor.__new__(Tensor)
    out._fill(data)
    return out


def _array(data: Any, dtype: Any = None) -> Array:
    """Return real numbers as an array, or say what is wrong with them."""
    try:
        found = np.asarray(data.data if isinstance(data, Tensor) else data, dtype)
    except (ValueError, TypeError) as error:
        raise BadValue("Tensor(data)", "rectangular real numbers", data, str(error)) from error
    if found.dtype.kind not in "biuf":
        raise BadValue("Tensor(data)", "rectangular real numbers", data)
    return found


def _operand(x: Any, name: str) -> Any:
    """Return a Tensor or a plain number as it is, anything else as an array."""
    if type(x) is Tensor or type(x) in (int, float, bool):
        return x
    if isinstance(x, OPERANDS):
        return _array(x)
    raise BadValue(name, "a tensor, a number, an array or a list", x)


def _plain_key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_plain_key(k) for k in key)
    return key.data if isinstance(key, Tensor) else key


def _unpacked(given: tuple[Any, ...]) -> tuple[int, ...]:
    whole = len(given) == 1 and isinstance(given[0], (tuple, list))
    return tuple(given[0]) if whole else given
