"""Operations whose attributes formula text cannot say: indexing, reshaping, reordering, joining."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.ops.record import SHAPE, Op


def pick(a: Any, key: Any) -> Any:
    """Return a[key], as NumPy indexes."""
    return a[key]


def put_back(g: Any, a: Any, key: Any) -> Any:
    """Return an array like `a` with `g` at `key` and 0 elsewhere; repeated places add up."""
    whole = np.zeros(np.shape(a), np.asarray(g).dtype)
    if _repeats(key):
        np.add.at(whole, key, g)
    else:
        whole[key] = g
    return whole


def _repeats(key: Any) -> bool:
    """Say whether a key can name one place twice: only arrays of integers can."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(np.asarray(p).dtype.kind in "iu" for p in parts if isinstance(p, (list, np.ndarray)))


def join(*parts: Any, axis: int = 0) -> Any:
    """Return the arrays one behind the other along `axis`."""
    return np.concatenate(parts, axis=axis)


def _split(g: Any, parts: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    return tuple(np.split(g, np.cumsum([np.shape(p)[axis] for p in parts])[:-1], axis=axis))


INDEX = Op("index", pick, lambda g, y, a, key: (put_back(g, a, key),), "{0}_i", kind=SHAPE,
           tight=3, attrs=("key",))  # fmt: skip
RESHAPE = Op("reshape", lambda a, shape: np.reshape(a, shape),
             lambda g, y, a, shape: (np.reshape(g, np.shape(a)),), "{0}", kind=SHAPE,
             attrs=("shape",))  # fmt: skip
PERMUTE = Op("permute", lambda a, axes: np.transpose(a, axes),
             lambda g, y, a, axes: (np.transpose(g, np.argsort(axes)),), "{0}", kind=SHAPE,
             attrs=("axes",))  # fmt: skip
JOIN = Op("join", join, lambda g, y, *parts, axis=0: _split(g, parts, axis), "[{0}]", kind=SHAPE,
          attrs=("axis",))  # fmt: skip

VIEWS = (INDEX, RESHAPE, PERMUTE, JOIN)
