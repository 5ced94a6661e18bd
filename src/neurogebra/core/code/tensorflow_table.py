"""How TensorFlow writes the operations."""

from __future__ import annotations

from neurogebra.core.code.target import Row, Target, cut, sizes

_HELPERS = {
    "_float": '''
def _float(value, like):
    """The value as a tensor in the dtype of `like`."""
    number = type(value) in (int, float)  # which tf.cast would round to float32 first
    return tf.constant(value, like.dtype) if number else tf.cast(value, like.dtype)
''',
    "_step": '''
def _step(x):
    """1 above 0 and 0 elsewhere."""
    return tf.maximum(tf.sign(x), tf.zeros_like(x))
''',
    "_logaddexp": '''
def _logaddexp(a, b):
    """ln(e^a + e^b), from the larger of the two outward."""
    return tf.maximum(a, b) + tf.math.log1p(tf.exp(-tf.abs(a - b)))
''',
    "_transpose": '''
def _transpose(x):
    """The last two axes swapped; a vector as it is."""
    return tf.linalg.matrix_transpose(x) if len(x.shape) > 1 else x
''',
    "_matmul": '''
def _matmul(a, b):
    """a @ b, where a vector is one row or one column."""
    left = a[None, :] if len(a.shape) == 1 else a
    right = b[:, None] if len(b.shape) == 1 else b
    found = tf.matmul(left, right)
    found = tf.squeeze(found, -1) if len(b.shape) == 1 else found
    if len(a.shape) > 1:
        return found
    return tf.squeeze(found, -1 if len(b.shape) == 1 else -2)
''',
    "_sum_to": '''
def _sum_to(g, like):
    """g summed over the axes along which `like` was broadcast."""
    if len(g.shape) < len(like.shape):
        return tf.broadcast_to(g, tf.shape(like))
    return _back(lambda a: tf.broadcast_to(a, tf.shape(g)), like, g)
''',
    "_back": '''
def _back(function, like, g):
    """What `like` gets from g, the slope of function(like)."""
    like = tf.identity(like)  # apart from the same tensor within the function
    with tf.GradientTape() as tape:
        tape.watch(like)
        y = function(like)
    return tf.convert_to_tensor(tape.gradient(y, like, output_gradients=g))
''',
    "_size": '''
def _size(x, axis=None):
    """How many elements there are, as a number of the dtype of x."""
    return tf.cast(tf.size(x) if axis is None else tf.shape(x)[axis], x.dtype)
''',
    "_positions": '''
def _positions(x, axis):
    """0, 1, … along an axis of x."""
    shape = [1] * len(x.shape)
    shape[axis] = -1
    return tf.reshape(tf.cast(tf.range(tf.shape(x)[axis]), x.dtype), shape)
''',
    "_part_like": '''
def _part_like(g, like, axis, last):
    """As much of g along `axis` as `like` has, from its beginning or its end."""
    gap = tf.shape(g)[axis] - tf.shape(like)[axis]
    places = tf.range(tf.shape(like)[axis]) + (gap if last else 0)
    return tf.gather(g, places, axis=axis)
''',
    "_pad": '''
def _pad(x, axis, before, after):
    """x with zeros before and after along `axis`."""
    widths = [[0, 0] for _ in x.shape]
    widths[axis] = [before, after]
    return tf.pad(x, widths)
''',
    "_windows": '''
def _windows(x, axis, size, stride, dilation):
    """Windows that slide along `axis`; their elements become the last axis."""
    axis = axis % len(x.shape)
    count = (tf.shape(x)[axis] - (size - 1) * dilation - 1) // stride + 1
    places = stride * tf.range(count)[:, None] + dilation * tf.range(size)
    behind = [i for i in range(len(x.shape) + 1) if i != axis + 1]
    return tf.transpose(tf.gather(x, places, axis=axis), [*behind, axis + 1])
''',
    "_eye_like": '''
def _eye_like(x):
    """Identity matrices in the shape of x."""
    return tf.linalg.set_diag(tf.zeros_like(x), tf.ones_like(tf.linalg.diag_part(x)))
''',
    "_columns": '''
def _columns(x, b):
    """x as a column where b is a vector."""
    return x[..., None] if len(b.shape) == 1 else x
''',
    "_symmetric": '''
def _symmetric(a):
    """The symmetric part of matrices."""
    return (a + tf.linalg.matrix_transpose(a)) / 2
''',
    "_solve": '''
def _solve(a, b):
    """y with a y = b, for a vector or a matrix b."""
    if len(b.shape) > 1:
        return tf.linalg.solve(a, b)
    return tf.squeeze(tf.linalg.solve(a, b[:, None]), -1)
''',
    "_cofactor": '''
def _cofactor(a):
    """The cofactors of matrices: the slope of det, of singular ones too."""
    s, u, v = tf.linalg.svd(a)
    sign = tf.sign(tf.linalg.det(u) * tf.linalg.det(v))[..., None, None]
    rows = tf.repeat(s[..., None, :], tf.shape(s)[-1], axis=-2)
    others = tf.reduce_prod(tf.linalg.set_diag(rows, tf.ones_like(s)), axis=-1)
    return sign * tf.matmul(u * others[..., None, :], v, transpose_b=True)
''',
    "_prod_others": '''
def _prod_others(x, axis=None):
    """For each element the product of the others over `axis`."""
    product = tf.reduce_prod(x, axis=axis)
    return _back(lambda a: tf.reduce_prod(a, axis=axis), x, tf.ones_like(product))
''',
}

_CORE = ("abs", "sign", "floor", "round", "exp", "sqrt", "sin", "cos", "sinh", "cosh", "tanh")
_MATH = ("ceil", "expm1", "log", "log1p", "sigmoid", "softplus", "erf", "erfc", "lgamma", "digamma")
_REDUCTIONS = {"amax": "max", "amin": "min", **{n: n for n in ("sum", "mean", "prod", "logsumexp")}}

_ROWS: dict[str, Row] = {
    **{n: f"tf.{n}({{0}})" for n in _CORE},
    **{n: f"tf.math.{n}({{0}})" for n in (*_MATH, "erfinv", "ndtri")},
    **{n: f"tf.reduce_{real}({{0}}{{at}})" for n, real in _REDUCTIONS.items()},
    "gammaln": "tf.math.lgamma({0})",
    "arctan": "tf.math.atan({0})",
    "arcsin": "tf.math.asin({0})",
    "polygamma": "tf.math.polygamma(_float({n}, {0}), {0})",
    "relu": "tf.nn.relu({0})",
    "step": "_step({0})",
    "maximum": "tf.maximum({0}, {1})",
    "minimum": "tf.minimum({0}, {1})",
    "xlogy": "tf.math.xlogy({0}, {1})",
    "logaddexp": "_logaddexp({0}, {1})",
    "var": "tf.math.reduce_variance({0}{at})",
    "std": "tf.math.reduce_std({0}{at})",
    "norm": "tf.norm({0}{at})",
    "argmax": "tf.argmax(tf.reshape({0}, [-1]))",
    "argmax axis": "tf.argmax({0}{at})",
    "size": "_size({0}{at})",
    "transpose": "_transpose({0})",
    "flatten": "tf.reshape({0}, (tf.shape({0})[0], -1))",
    "reshape_like": "tf.reshape({0}, tf.shape({1}))",
    "expand_like": "tf.broadcast_to({0}, tf.shape({1}))",
    "expand_like axis": "tf.broadcast_to(tf.expand_dims({0}, {axis}), tf.shape({1}))",
    "sum_to": "_sum_to({0}, {1})",
    "matmul": "_matmul({0}, {1})",
    "matmul_left": "_back(lambda _x: _matmul(_x, {1}), {2}, {0})",
    "matmul_right": "_back(lambda _x: _matmul({0}, _x), {2}, {1})",
    "dot": "tf.reduce_sum({0} * {1})",
    "softmax": "tf.nn.softmax({0}, axis={axis})",
    "log_softmax": "tf.nn.log_softmax({0}, axis={axis})",
    "prod_others": "_prod_others({0}{at})",
    "cumsum": "tf.cumsum({0}, axis={axis})",
    "sort": "tf.sort({0}, axis={axis})",
    "argsort": "tf.argsort({0}, axis={axis}, stable=True)",
    "positions": "_positions({0}, axis={axis})",
    "flip": "tf.reverse({0}, axis=[{axis}])",
    "take_along": "tf.experimental.numpy.take_along_axis({0}, tf.cast({1}, tf.int64), axis={axis})",
    "put_along": "_back(lambda _x: tf.experimental.numpy.take_along_axis("
    "_x, tf.cast({1}, tf.int64), axis={axis}), {2}, {0})",
    "take": "tf.gather({0}, tf.cast({1}, tf.int64), axis={axis})",
    "take_back": "_back(lambda _x: tf.gather(_x, tf.cast({1}, tf.int64), axis={axis}), {2}, {0})",
    "expand_dims": "tf.expand_dims({0}, axis={axis})",
    "squeeze": "tf.squeeze({0}, axis={axis})",
    "slice": cut,
    "slice_back": lambda at: f"_back(lambda _x: {cut(at).format('_x')}, {{1}}, {{0}})",
    "reshape": lambda at: f"tf.reshape({{0}}, {sizes(at, 'tf.shape({{0}})[{}]')})",
    "permute": lambda at: f"tf.transpose({{0}}, {[a % len(at['axes']) for a in at['axes']]})",
    "concat": "tf.concat(({0}, {1}), axis={axis})",
    "part_like": "_part_like({0}, {1}, axis={axis}, last={last})",
    "part_back": "_back(lambda _x: _part_like(_x, {0}, axis={axis}, last={last}), {1}, {0})",
    "pad": "_pad({0}, {axis}, {before}, {after})",
    "windows": "_windows({0}, {axis}, {size}, {stride}, {dilation})",
    "unwindow": "_back(lambda _x: _windows(_x, {axis}, {size}, {stride}, {dilation}), {1}, {0})",
    "tril": "tf.linalg.band_part({0}, -1, 0)",
    "diag": "tf.linalg.diag({0})",
    "diagonal": "tf.linalg.diag_part({0})",
    "diagonal_back": "_back(tf.linalg.diag_part, {1}, {0})",
    "eye_like": "_eye_like({0})",
    "trace": "tf.linalg.trace({0})",
    "columns": "_columns({0}, {1})",
    "det": "tf.linalg.det({0})",
    "cofactor": "_cofactor({0})",
    "cofactor_slope": "_back(lambda _x: _back(tf.linalg.det, _x, tf.ones_like(_x[..., 0, 0])), "
    "{1}, {0})",
    "logdet": "tf.linalg.slogdet({0})[1]",
    "inverse": "tf.linalg.inv({0})",
    "solve": "_solve({0}, {1})",
    "cholesky": "tf.linalg.cholesky(_symmetric({0}))",
    "singular_values": "tf.linalg.svd({0}, compute_uv=False)",
    "singular_back": "_back(lambda _x: tf.linalg.svd(_x, compute_uv=False), {1}, {0})",
    "eigvalsh": "tf.linalg.eigvalsh(_symmetric({0}))",
    "eigen_back": "_back(lambda _x: tf.linalg.eigvalsh(_symmetric(_x)), {1}, {0})",
}

TENSORFLOW = Target(
    "tensorflow",
    _ROWS,
    {"math": "import math", "tf": "import tensorflow as tf"},
    _HELPERS,
    where="tf.where({0}, {1}, {2})",
    truth="_float({0}, {2})",
    mixes=False,
    beside=frozenset({"maximum", "minimum"}),
    sizes=False,
    array="tf.constant({0}, tf.{1})",
    note="Takes tensors of one floating dtype.",
)
