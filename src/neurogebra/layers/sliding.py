"""Windows that slide: how many there are, and how much is padded for them."""

from __future__ import annotations

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Ops, Shape

Size = int | tuple[int, ...]

VALID, SAME = "valid", "same"
IMAGE, SEQUENCE = "an image: (height, width, channels)", "a sequence: (steps, channels)"


def sizes(where: str, value: Size, axes: int) -> tuple[int, ...]:
    """Return one size an axis: a number stands for all of them."""
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise BadValue(where, "one whole number" if axes == 1 else "one number or a pair", value)
    return tuple(value)


def check_rank(layer: str, shape: Shape, axes: int) -> None:
    """Refuse inputs that are not a sequence (axes 1) or an image (axes 2) with channels."""
    if len(shape) == axes + 1:
        return
    hint = "" if len(shape) > axes else "put Reshape before it"
    if len(shape) == axes:
        hint = f"put Reshape({(*shape, 1)}) before it, for one channel"
    raise BadValue(f"{layer} input", IMAGE if axes == 2 else SEQUENCE, shape, hint)


def padding(n: int, size: int, stride: int, dilation: int, kind: str) -> tuple[int, int]:
    """Return the zeros before and after an axis of n, as Keras pads it.

    "same" makes ⌈n / stride⌉ windows; of an odd number of zeros the last one stands behind.
    """
    if kind == VALID:
        return 0, 0
    missing = max((-(-n // stride) - 1) * stride + (size - 1) * dilation + 1 - n, 0)
    return missing // 2, missing - missing // 2


def windows(
    layer: str, shape: Shape, size: Shape, stride: Shape, dilation: Shape, kind: str
) -> Shape:
    """Return how many windows there are along each axis; BadValue where not one fits."""
    found = []
    for n, k, s, d in zip(shape, size, stride, dilation, strict=False):
        reach = (k - 1) * d + 1
        if kind == VALID and reach > n:
            over = "pixels" if len(size) == 2 else "steps"
            hint = 'take a smaller window, or padding="same"'
            raise BadValue(f"{layer} input", f"at least {reach} {over} each way", shape, hint)
        found.append(-(-n // s) if kind == SAME else (n - reach) // s + 1)
    return tuple(found)


def padded(ops: Ops, x: Array, pads: list[tuple[int, int]]) -> Array:
    """Return x with zeros around its axes behind the batch."""
    for axis, (before, after) in enumerate(pads, 1):
        if before or after:
            x = ops.apply("pad", x, axis=axis, before=before, after=after)
    return x
