"""Arrays and corners that exercise every operation of the alphabet."""

import itertools
import math

import numpy as np

from neurogebra.core.tree import in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.images import PATCH, POOL
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


SQUARES = ((3, 3), (2, 4, 4), (1, 1))
SOLVES = [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((2, 3, 3), (3,)),
          ((3, 3), (2, 3, 1)), ((2, 1, 3, 3), (4, 3, 2))]  # fmt: skip
ALONG = [((3, 4), (3, 2), 1), ((3, 4), (5, 4), 0), ((3, 4), (1, 2), -1), ((3,), (7,), 0)]
TAKEN = [((3, 4), (5,), 0), ((3, 4), (2, 2), 1), ((4,), (), 0), ((2, 3, 4), (3, 1), -2)]
SLID = [((7,), (-1, 3, 1, 1)), ((2, 7), (1, 2, 2, 3)), ((8, 2), (0, 3, 2, 1)),
        ((2, 5, 3), (-2, 5, 1, 1)), ((2, 5, 3), (1, 1, 3, 2))]  # fmt: skip


def by_axis(*axes, shape=(2, 3, 4)):
    return [((shape,), {"axis": a}) for a in axes]


def slid():
    for shape, numbers in SLID:
        yield shape, dict(zip(("axis", "size", "stride", "dilation"), numbers, strict=True))


def windowed(shape, at):
    return ALPHABET["windows"].value(np.zeros(shape), **at).shape


PATCHES = [((2, 5, 6, 3), (3, 2, 1, 1, 1, 1)), ((1, 7, 5, 2), (2, 3, 2, 1, 2, 1)),
           ((2, 1, 5, 2), (1, 3, 1, 2, 1, 1)), ((1, 4, 4, 1), (4, 4, 1, 1, 1, 1))]  # fmt: skip
CONVOLVED = [
    *(((2, 5, 6, 3), (3, 2, 3, 4), (1, 1, 1, 1, 1)), ((1, 7, 5, 4), (2, 2, 2, 6), (2, 1, 2, 1, 2))),
    *(((2, 4, 4, 3), (2, 2, 1, 3), (1, 2, 1, 1, 3)), ((1, 1, 6, 2), (1, 3, 2, 2), (1, 1, 1, 2, 1))),
]
POOLED = [((2, 4, 6, 3), (2, 2, 2, 2)), ((1, 7, 5, 2), (3, 2, 2, 1)), ((2, 5, 5, 1), (2, 3, 2, 3))]


def patched():
    for shape, numbers in PATCHES:
        yield shape, dict(zip(PATCH, numbers, strict=True))


def convolved():
    for x, w, numbers in CONVOLVED:
        yield (x, w), dict(zip((*PATCH, "groups"), (*w[:2], *numbers), strict=True))


def pooled():
    for shape, numbers in POOLED:
        yield shape, dict(zip(POOL, numbers, strict=True))


def convolution(shapes, at):
    return ALPHABET["conv2d"].value(*map(np.zeros, shapes), **at).shape


def shape_after(name, shape, at):
    return ALPHABET[name].value(np.zeros(shape), **at).shape


def taken(name, shape, index, axis):
    return ALPHABET[name].value(np.zeros(shape), np.zeros(index), axis=axis).shape


def solved(a, b):
    return np.linalg.solve(np.zeros(a) + np.eye(a[-1]), np.zeros(b)).shape


SPECIAL = {
    "polygamma": [(((2, 3),), {"n": n}) for n in (0, 1, 2, 5)],
    "prod_others": [(((2, 3, 4),), {"axis": a}) for a in AXES],
    "cumsum": by_axis(0, 1, -1),
    "sort": by_axis(0, 1, -1),
    "argsort": by_axis(0, 1, -1),
    "positions": by_axis(0, 1, -1),
    "flip": by_axis(0, 1, -1),
    "take_along": [((x, i), {"axis": a}) for x, i, a in ALONG],
    "put_along": [((taken("take_along", x, i, a), i, x), {"axis": a}) for x, i, a in ALONG],
    "take": [((x, i), {"axis": a}) for x, i, a in TAKEN],
    "take_back": [((taken("take", x, i, a), i, x), {"axis": a}) for x, i, a in TAKEN],
    "expand_dims": by_axis(0, 1, 3, -1, -2, -4),
    "squeeze": by_axis(0, 2, -1, -3, shape=(1, 3, 1)),
    "slice": [(((5, 6),), at) for at in (
        {"axis": 0, "start": 1}, {"axis": -1, "start": -4, "stop": -1},
        {"axis": 1, "start": 2, "stop": 50}, {"axis": 1, "start": 3, "stop": 2})],
    "slice_back": [(((2, 6), (5, 6)), {"axis": 0, "start": 1, "stop": 3}),
                   (((5, 2), (5, 6)), {"axis": -1, "start": -2})],
    "reshape": [(((2, 3, 4),), {"shape": s}) for s in ((6, 4), (-1,), (0, 0, 2, 2), (0, -1))],
    "permute": [(((2, 3, 4),), {"axes": a}) for a in ((2, 0, 1), (0, 2, 1), (-1, 0, -2))],
    "concat": [(((2, 3), (4, 3)), {"axis": 0}), (((2, 3), (2, 1)), {"axis": -1})],
    "part_like": [(((5, 2), (3, 2)), {"axis": 0, "last": n}) for n in (0, 1)],
    "part_back": [(((2, 3), (2, 5)), {"axis": -1, "last": n}) for n in (0, 1)],
    "pad": [(((2, 3),), {"axis": a, "before": b, "after": c})
            for a, b, c in ((0, 2, 1), (-1, 0, 3), (1, 0, 0))],
    "windows": [((shape,), at) for shape, at in slid()],
    "unwindow": [((windowed(shape, at), shape), at) for shape, at in slid()],
    "patches": [((shape,), at) for shape, at in patched()],
    "unpatches": [((shape_after("patches", s, at), s), at) for s, at in patched()],
    "conv2d": list(convolved()),
    "conv2d_left": [((convolution(s, at), s[1], s[0]), at) for s, at in convolved()],
    "conv2d_right": [((s[0], convolution(s, at), s[1]), at) for s, at in convolved()],
    "max_pool": [((shape,), at) for shape, at in pooled()],
    "max_pool_at": [((shape, shape), at) for shape, at in pooled()],
    "max_pool_back": [((shape_after("max_pool", s, at), s), at) for s, at in pooled()],
    "tril": [((s,), {}) for s in ((3, 3), (2, 3, 4), (2, 4, 3))],
    "diag": [((s,), {}) for s in ((3,), (2, 3), (1,))],
    "diagonal": [((s,), {}) for s in ((3, 3), (2, 3, 4), (2, 4, 3))],
    "diagonal_back": [((d, s), {}) for d, s in (((3,), (3, 3)), ((2, 3), (2, 3, 4)))],
    "eye_like": [((s,), {}) for s in ((3, 3), (2, 3, 4))],
    "outer": [(s, {}) for s in (((2,), (3,)), ((5, 2), (5, 3)), ((5, 2), (3,)))],
    "trace": [((s,), {}) for s in ((3, 3), (2, 3, 4))],
    **{n: [((s,), {}) for s in SQUARES] for n in (
        "det", "logdet", "inverse", "cholesky", "eigvalsh")},
    "cofactor": [((s,), {}) for s in SQUARES[:2]],
    "cofactor_slope": [((s, s), {}) for s in SQUARES[:2]],
    "solve": [(s, {}) for s in SOLVES],
    "columns": [((solved(*s), s[1]), {}) for s in SOLVES],
    "singular_values": [((s,), {}) for s in ((3, 3), (2, 4, 3), (2, 3))],
    "singular_back": [((g, s), {}) for g, s in (((3,), (3, 3)), ((2, 3), (2, 4, 3)))],
    "eigen_back": [((s[:-1], s), {}) for s in SQUARES],
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
}  # fmt: skip
# Their vjp only says that it is not offered.
REFUSED = ("singular_back", "eigen_back", "cofactor_slope")
INDEXED = {"take_along": 1, "put_along": 1, "take": 1, "take_back": 1}
POSITIVE = ("cholesky",)
SQUARE = ("det", "logdet", "inverse", "solve", "cofactor", "cofactor_slope")


def cases(name, dtype=np.float64):
    """Yield (arrays, attrs) inside the domain of an operation."""
    rng = np.random.default_rng(sum(map(ord, name)))
    for shapes, attrs in shapes_of(name):
        arrays = [inside(name, i, rng.normal(size=s)) for i, s in enumerate(shapes)]
        if name in INDEXED:
            of = shapes[0] if len(shapes) == 2 else shapes[2]
            n = of[attrs["axis"]]
            arrays[1] = rng.integers(-n, n, size=shapes[1])  # repeated places, and negative ones
        yield [np.asarray(a, dtype) for a in arrays], attrs


def inside(name, place, a):
    if name in SQUARE and a.ndim > 1 and a.shape[-1] == a.shape[-2]:
        return a + 3 * np.eye(a.shape[-1])
    if name in POSITIVE:
        return a / 4 + 2 * np.eye(a.shape[-1])
    low, high = ALPHABET[name].domain
    if name == "where" and place == 0:
        return a > 0
    if name == "equal":
        return np.round(a)
    restricted = {"pow": 0, "xlogy": 1}.get(name, place) == place
    if restricted and math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2 + (high - low) / 2 * 0.95 * np.tanh(a)
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
