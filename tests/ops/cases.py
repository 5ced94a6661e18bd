"""Arrays and corners that exercise every operation of the alphabet."""

import itertools
import math

import numpy as np

from neurogebra.core.tree import in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, REDUCTION

EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan)
AXES = (None, 0, -1, (0, 1))
MATMUL = [
    *(((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((5, 2, 3), (3, 4))),
    *(((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (1, 3, 4))),
    *(((2, 3), (5, 3, 4)), ((2, 5, 2, 3), (3, 4)), ((2, 1, 2, 3), (5, 3, 4))),
]
BROADCASTS = {
    1: [((2, 3),), ((),), ((4, 1, 2),)],
    2: [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((3,), (2, 3))],
    3: [((2, 3),) * 3, ((2, 3), (3,), (2, 1)), ((2, 3), (), (2, 3)), ((1, 3), (2, 1), (3,))],
}


def edges(name):
    """Yield the corners of an elementwise operation's plane."""
    arity = ALPHABET[name].arity
    first = [(0.0, 1.0, -2.0, math.inf)] if arity == 3 else []
    for xs in itertools.product(*first, *([EDGES] * (arity - len(first)))):
        if (name, *xs) != ("pow", -math.inf, 0.5):  # NumPy answers NaN or ∞, by the array's size
            yield xs


def shapes_of(name):
    """Yield (shapes, attrs) that exercise an operation."""
    op = ALPHABET[name]
    if name in SPECIAL:
        yield from SPECIAL[name]
    elif op.kind == ELEMENTWISE:
        yield from ((shapes, {}) for shapes in BROADCASTS[op.arity])
    elif op.kind == REDUCTION:
        for axis, keepdims in itertools.product(AXES, (False, True)):
            yield ((2, 3, 4),), {"axis": axis, "keepdims": keepdims}


def expanding():
    for axis, keepdims in itertools.product(AXES, (False, True)):
        small = np.sum(np.zeros((2, 3, 4)), axis=axis, keepdims=keepdims).shape
        yield (small, (2, 3, 4)), {"axis": axis, "keepdims": keepdims}


def product_shape(a, b):
    return np.matmul(np.zeros(a), np.zeros(b)).shape


SPECIAL = {
    "argmax": [(((2, 3, 4),), {"axis": a}) for a in (None, 0, -1)],
    "size": [(((2, 3, 4),), {"axis": a}) for a in AXES],
    "transpose": [((s,), {}) for s in ((2, 3), (4, 2, 3), (3,))],
    "flatten": [((s,), {}) for s in ((2, 3, 4), (3, 2))],
    "reshape_like": [(((2, 3), (3, 2)), {}), (((2, 3), (6,)), {})],
    "expand_like": list(expanding()),
    "sum_to": [(((2, 3), s), {}) for s in ((3,), (2, 1), (1,), (), (2, 3))],
    "matmul": [(s, {}) for s in MATMUL],
    "matmul_left": [((product_shape(a, b), b, a), {}) for a, b in MATMUL],
    "matmul_right": [((a, product_shape(a, b), b), {}) for a, b in MATMUL],
    "dot": [(((3,), (3,)), {})],
    "softmax": [(((2, 3, 4),), {"axis": a}) for a in (0, 1, -1)],
    "log_softmax": [(((2, 3, 4),), {"axis": a}) for a in (0, 1, -1)],
}


def cases(name, dtype=np.float64):
    """Yield (arrays, attrs) inside the domain of an operation."""
    rng = np.random.default_rng(sum(map(ord, name)))
    for shapes, attrs in shapes_of(name):
        arrays = [inside(name, i, rng.normal(size=s)) for i, s in enumerate(shapes)]
        yield [np.asarray(a, dtype) for a in arrays], attrs


def inside(name, place, a):
    low, high = ALPHABET[name].domain
    if name == "where" and place == 0:
        return a > 0
    if name == "equal":
        return np.round(a)
    restricted = {"pow": 0, "xlogy": 1}.get(name, place) == place
    if restricted and math.isfinite(low):
        return low + 0.1 + np.abs(a)
    if restricted and math.isfinite(high):
        return np.clip(a, low + 0.1, high - 0.1)
    return a


def evaluate(root, values):
    """Evaluate a tree on arrays: the smallest interpreter there is."""
    made = {}
    for node in in_order(root):
        if node.args:
            args = [made[id(a)] for a in node.args]
            made[id(node)] = ALPHABET[node.op].value(*args, **dict(node.attrs))
        else:
            made[id(node)] = values[node.value] if node.is_symbol else node.value
    return made[id(root)]
