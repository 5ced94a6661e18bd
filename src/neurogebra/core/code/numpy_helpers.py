"""Small functions that are printed above a formula where NumPy has none of the kind."""

from __future__ import annotations

# What runs on jax.numpy as well.
SHARED = {
    "_float": '''
def _float(value, *like):
    """The value in the floating dtype of `like`."""
    return np.asarray(value, np.result_type(*like, 0.0))
''',
    "_transpose": '''
def _transpose(x):
    """The last two axes swapped; a vector as it is."""
    return np.swapaxes(x, -1, -2) if np.ndim(x) > 1 else x
''',
    "_flatten": '''
def _flatten(x):
    """Rows of everything behind the first axis."""
    return np.reshape(x, (np.shape(x)[0], -1))
''',
    "_sum_to": '''
def _sum_to(g, like):
    """g summed over the axes along which `like` was broadcast."""
    have, want = np.shape(g), np.shape(like)
    lead = max(len(have) - len(want), 0)
    g = np.sum(g, axis=tuple(range(lead)))
    thin = [i for i, n in enumerate(np.shape(g)) if len(have) >= len(want) and want[i] == 1 != n]
    return np.broadcast_to(np.sum(g, axis=tuple(thin), keepdims=True), want)
''',
    "_matmul_left": '''
def _matmul_left(g, b, a):
    """What a gets from g, the slope of a @ b: g bᵀ in the shape of a."""
    g = np.expand_dims(g, -1) if np.ndim(b) == 1 else g
    g = np.expand_dims(g, -2) if np.ndim(a) == 1 else g
    b = np.reshape(b, (-1, 1)) if np.ndim(b) == 1 else b
    part = g @ np.swapaxes(b, -1, -2)
    return _sum_to(part, a) if np.ndim(a) > 1 else _sum_to(np.squeeze(part, -2), a)
''',
    "_matmul_right": '''
def _matmul_right(a, g, b):
    """What b gets from g, the slope of a @ b: aᵀ g in the shape of b."""
    g = np.expand_dims(g, -1) if np.ndim(b) == 1 else g
    g = np.expand_dims(g, -2) if np.ndim(a) == 1 else g
    a = np.reshape(a, (1, -1)) if np.ndim(a) == 1 else a
    part = np.swapaxes(a, -1, -2) @ g
    return _sum_to(part, b) if np.ndim(b) > 1 else _sum_to(np.squeeze(part, -1), b)
''',
    "_positions": '''
def _positions(x, axis):
    """0, 1, … along an axis of x."""
    shape = [1] * np.ndim(x)
    shape[axis] = np.shape(x)[axis]
    return np.reshape(np.arange(shape[axis], dtype=np.result_type(x, 0.0)), shape)
''',
    "_part_like": '''
def _part_like(g, like, axis, last):
    """As much of g along `axis` as `like` has, from its beginning or its end."""
    size, whole = np.shape(like)[axis], np.shape(g)[axis]
    return np.take(g, np.arange(whole - size, whole) if last else np.arange(size), axis)
''',
    "_pad": '''
def _pad(x, axis, before, after):
    """x with zeros before and after along `axis`."""
    widths = [(0, 0)] * np.ndim(x)
    widths[axis] = (before, after)
    return np.pad(x, widths)
''',
    "_diag": '''
def _diag(x):
    """Matrices with vectors on their diagonals."""
    return np.expand_dims(x, -1) * np.eye(np.shape(x)[-1], dtype=np.result_type(x))
''',
    "_eye_like": '''
def _eye_like(x):
    """Identity matrices in the shape of x."""
    return np.broadcast_to(np.eye(*np.shape(x)[-2:], dtype=np.result_type(x, 0.0)), np.shape(x))
''',
    "_columns": '''
def _columns(x, b):
    """x as a column where b is a vector."""
    return np.expand_dims(x, -1) if np.ndim(b) == 1 else x
''',
    "_symmetric": '''
def _symmetric(a):
    """The symmetric part of matrices."""
    return (a + np.swapaxes(a, -1, -2)) / 2
''',
}

HELPERS = {
    **SHARED,
    "_xlogy": '''
def _xlogy(a, b):
    """a · ln b, which is 0 at a = 0 whatever b is."""
    return a * np.log(np.where(np.equal(a, 0) & ~np.isnan(b), 1, b))
''',
    "_sigmoid": '''
def _sigmoid(x):
    """1 / (1 + e^−x), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(np.less(x, 0), e, 1) / (1 + e)
''',
    "_logsumexp": '''
def _logsumexp(x, axis=None, keepdims=False):
    """ln Σ e^x, from the largest outward."""
    top = np.max(x, axis=axis, keepdims=True)
    gaps = x - np.where(np.isfinite(top), top, 0)
    total = np.sum(np.exp(np.minimum(gaps, 0)), axis=axis, keepdims=True)
    y = np.log(np.maximum(total, 1)) + top
    return y if keepdims else np.squeeze(y, axis=axis)
''',
    "_softmax": '''
def _softmax(x, axis):
    """e^x / Σ e^x along `axis`."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)
''',
    "_log_softmax": '''
def _log_softmax(x, axis):
    """ln softmax(x) along `axis`."""
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))
''',
    "_prod_others": '''
def _prod_others(x, axis=None):
    """For each element the product of the others over `axis`."""
    rows = np.moveaxis(x, axis, -1) if axis is not None else np.reshape(x, -1)
    apart = np.where(np.eye(rows.shape[-1], dtype=bool), 1, rows[..., None, :])
    found = np.prod(apart, axis=-1)
    return np.moveaxis(found, -1, axis) if axis is not None else np.reshape(found, np.shape(x))
''',
    "_put_along": '''
def _put_along(g, index, like, axis):
    """Zeros like `like` with g added at `index`, what take_along_axis took from."""
    found = np.zeros(np.shape(like), np.asarray(g).dtype)
    places = list(np.ogrid[tuple(map(slice, np.shape(index)))])
    places[axis] = np.asarray(index, int)
    np.add.at(found, tuple(places), g)
    return found
''',
    "_take_back": '''
def _take_back(g, index, like, axis):
    """Zeros like `like` with g added at `index`, what np.take took from."""
    found = np.zeros(np.shape(like), np.asarray(g).dtype)
    lead = (slice(None),) * (axis % found.ndim)
    np.add.at(found, (*lead, np.asarray(index, int)), g)
    return found
''',
    "_slice_back": '''
def _slice_back(g, like, axis, start, stop):
    """Zeros like `like` with g at start:stop along `axis`."""
    found = np.zeros(np.shape(like), np.asarray(g).dtype)
    found[(slice(None),) * (axis % found.ndim) + (slice(start, stop),)] = g
    return found
''',
    "_part_back": '''
def _part_back(g, like, axis, last):
    """Zeros like `like` with g at their beginning or end along `axis`."""
    gap = np.shape(like)[axis] - np.shape(g)[axis]
    return _pad(g, axis, gap if last else 0, 0 if last else gap)
''',
    "_unwindow": '''
def _unwindow(g, like, axis, size, stride, dilation):
    """Zeros like `like` with every window added back to where it came from."""
    found = np.zeros(np.shape(like), np.asarray(g).dtype)
    place = axis % found.ndim
    reach = (np.shape(g)[place] - 1) * stride + 1
    for k in range(size):
        at = slice(k * dilation, k * dilation + reach, stride)
        found[(slice(None),) * place + (at,)] += g[..., k]
    return found
''',
    "_diagonal_back": '''
def _diagonal_back(g, like):
    """Zeros like `like` with g on the diagonals."""
    found = np.zeros(np.shape(like), np.asarray(g).dtype)
    n = np.arange(np.shape(g)[-1])
    found[..., n, n] = g
    return found
''',
    "_cofactor": '''
def _cofactor(a):
    """The cofactors of matrices: the slope of det, of singular ones too."""
    u, s, v = np.linalg.svd(a)
    sign = np.sign(np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    return sign * ((u * _prod_others(s, -1)[..., None, :]) @ v)
''',
    "_cofactor_slope": '''
def _cofactor_slope(h, a):
    """How the cofactors of matrices move with a in the direction h."""
    u, s, v = np.linalg.svd(a)
    sign = np.sign(np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    turned = np.swapaxes(u, -1, -2) @ h @ np.swapaxes(v, -1, -2)
    eye = np.eye(s.shape[-1], dtype=s.dtype)
    rows = np.where(eye == 1, 1, s[..., None, :])
    others = _prod_others(rows, -1) * (1 - eye)
    along = (others @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None])[..., 0]
    return sign * (u @ (along[..., None] * eye - others * np.swapaxes(turned, -1, -2)) @ v)
''',
    "_singular_back": '''
def _singular_back(g, a):
    """U diag(g) Vᵀ: what a gets from the slopes of its singular values."""
    u, _, v = np.linalg.svd(a, full_matrices=False)
    return (u * np.expand_dims(g, -2)) @ v
''',
    "_eigen_back": '''
def _eigen_back(g, a):
    """V diag(g) Vᵀ: what a gets from the slopes of its eigenvalues."""
    v = np.linalg.eigh(_symmetric(a))[1]
    return (v * np.expand_dims(g, -2)) @ np.swapaxes(v, -1, -2)
''',
}
