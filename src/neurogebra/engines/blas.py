"""Large products and sums through Intel's MKL, where the `mkl` extra is installed.

NumPy's own wheels come with OpenBLAS. On Intel's processors MKL multiplies large matrices
faster, and it adds scaled arrays in one pass; there this module finds it beside the interpreter
and calls its C interface on the arrays as they lie. On others OpenBLAS is the faster one, and
everything is left to NumPy (NEUROGEBRA_MKL=1 and =0 decide otherwise). A law holds both to the
same numbers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.errors import BadValue

# Multiply-adds below which a call through ctypes costs more than it gains.
WORTH_IT = 1 << 20

_ROWS, _AS_IT_IS, _TRANSPOSED = 101, 111, 112  # CBLAS's own numbers
_INT, _POINTER = ctypes.c_int, ctypes.c_void_p

Call = tuple[Callable[..., Any], tuple[Any, ...]]


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """Return MKL where it is installed and this processor is one that it is faster on."""
    asked = os.environ.get("NEUROGEBRA_MKL", "")
    if asked not in ("", "0", "1"):
        raise BadValue("NEUROGEBRA_MKL", "0, 1 or nothing", asked)
    return installed() if asked == "1" or (asked == "" and is_intel()) else None


def is_intel() -> bool:
    """Say whether the processor is one of Intel's; False where nobody tells."""
    told = Path("/proc/cpuinfo")
    words = told.read_text("utf-8", "replace") if told.exists() else platform.processor()
    return "GenuineIntel" in words[:4096]


@lru_cache(maxsize=1)
def installed() -> ctypes.CDLL | None:
    """Return MKL, loaded once, or None where the extra is not installed."""
    for folder in (Path(sys.prefix) / "lib", Path(sys.prefix) / "Library" / "bin"):
        for path in sorted((*folder.glob("libmkl_rt.so*"), *folder.glob("mkl_rt*.dll"))):
            return ctypes.CDLL(str(path))
    return None


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Call | None:
    """Return the call that writes a·b into `out` with MKL; None where NumPy's is the choice.

    a: (m, k), b: (k, n), out: (m, n), of one float dtype, each lying in memory by rows or,
    but for out, by columns.
    """
    (m, k), n = a.shape, b.shape[1]
    routine = _routines().get(out.dtype.char) if m * n * k >= WORTH_IT else None
    if routine is None or not a.dtype == b.dtype == out.dtype or not out.flags.c_contiguous:
        return None
    lies_a, lies_b = _lies(a), _lies(b)
    if lies_a is None or lies_b is None:
        return None
    function, real = routine
    (turn_a, step_a), (turn_b, step_b) = lies_a, lies_b
    numbers = (_ROWS, turn_a, turn_b, m, n, k)
    args = (real(1.0), a.ctypes.data, step_a, b.ctypes.data, step_b, real(0.0), out.ctypes.data, n)
    return function, (*numbers, *args)


def scaled_sum(a: Any, x: np.ndarray, b: Any, y: np.ndarray) -> Call:
    """Return the call that makes y the sum a·x + b·y in one pass; `has_sums` says if there is.

    x, y: (n,) contiguous, of one float dtype; a, b: numbers, or arrays () of that dtype, which
    are read anew at every call.
    """
    function, real = _sums()[y.dtype.char]
    a, b = (real.from_buffer(c) if isinstance(c, np.ndarray) else real(c) for c in (a, b))
    return function, (y.size, a, x.ctypes.data, 1, b, y.ctypes.data, 1)


def has_sums(dtype: np.dtype[Any]) -> bool:
    """Say whether `scaled_sum` can be had for a dtype."""
    return dtype.char in _sums()


@lru_cache(maxsize=1)
def _sums() -> dict[str, tuple[Any, Any]]:
    mkl = library()
    if mkl is None:
        return {}
    found = {}
    for char, name, real in (("f", "saxpby", ctypes.c_float), ("d", "daxpby", ctypes.c_double)):
        function = getattr(mkl, f"cblas_{name}")
        function.argtypes = [_INT, real, _POINTER, _INT, real, _POINTER, _INT]
        function.restype = None
        found[char] = (function, real)
    return found


@lru_cache(maxsize=1)
def _routines() -> dict[str, tuple[Any, Any]]:
    mkl = library()
    if mkl is None:
        return {}
    found = {}
    for char, name, real in (("f", "sgemm", ctypes.c_float), ("d", "dgemm", ctypes.c_double)):
        function = getattr(mkl, f"cblas_{name}")
        function.argtypes = [_INT] * 6 + [
            real,
            _POINTER,
            _INT,
            _POINTER,
            _INT,
            real,
            _POINTER,
            _INT,
        ]
        function.restype = None
        found[char] = (function, real)
    return found


def _lies(a: np.ndarray) -> tuple[int, int] | None:
    """Return whether a matrix lies by columns, and how far its lines are apart."""
    if a.flags.c_contiguous:
        return _AS_IT_IS, a.shape[1]
    return (_TRANSPOSED, a.shape[0]) if a.flags.f_contiguous else None
