"""How many threads the libraries that multiply matrices use here: looked up, or set for a while."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_OPENBLAS = (("scipy_openblas_", "64_"), ("scipy_openblas_", ""), ("openblas_", "64_"))


class Pool(NamedTuple):
    """A library's threads: how many it uses, and how to change that."""

    get: Callable[[], int]
    set: Callable[[int], Any]


def in_use() -> dict[str, int]:
    """Return library → threads, of those that are loaded and say it: openblas, mkl, torch."""
    return {name: int(pool.get()) for name, pool in _pools().items()}


@contextmanager
def applied(wanted: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Let the loaded libraries use so many threads each, and as many as before afterwards.

    Yields those that were set; a library that is not loaded is left out.
    """
    pools = {name: pool for name, pool in _pools().items() if name in wanted}
    before = {name: int(pool.get()) for name, pool in pools.items()}
    try:
        for name, pool in pools.items():
            pool.set(int(wanted[name]))
        yield {name: int(pool.get()) for name, pool in pools.items()}
    finally:
        for name, pool in pools.items():
            pool.set(before[name])


def core() -> str | None:
    """Return the processor that OpenBLAS chose its routines for; None where it is not asked."""
    library, (head, tail) = _openblas() or (None, ("", ""))
    ask = getattr(library, f"{head}get_corename{tail}", None)
    if ask is None:
        return None
    ask.restype = ctypes.c_char_p
    told: bytes = ask() or b""
    return told.decode("ascii", "replace") or None


def _pools() -> dict[str, Pool]:
    found = {}
    openblas, mkl, torch = _openblas(), _mkl(), sys.modules.get("torch")
    if openblas is not None:
        library, (head, tail) = openblas
        verbs = (getattr(library, f"{head}{verb}_num_threads{tail}") for verb in ("get", "set"))
        found["openblas"] = Pool(*verbs)
    if mkl is not None:
        found["mkl"] = Pool(mkl.MKL_Get_Max_Threads, mkl.MKL_Set_Num_Threads)
    if torch is not None:
        found["torch"] = Pool(torch.get_num_threads, torch.set_num_threads)
    return found


@lru_cache(maxsize=1)
def _openblas() -> tuple[ctypes.CDLL, tuple[str, str]] | None:
    """Return the OpenBLAS of NumPy's own wheel, and how the names in it begin and end."""
    home = Path(np.__file__).parent
    for folder in (home.parent / "numpy.libs", home / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(path))
            for head, tail in _OPENBLAS:
                if hasattr(library, f"{head}set_num_threads{tail}"):
                    return library, (head, tail)
    return None


def _mkl() -> ctypes.CDLL | None:
    """Return MKL if something has loaded it; it is too large to load for a question."""
    if not hasattr(os, "RTLD_NOLOAD"):  # on Windows nobody can be asked
        return None
    for path in sorted((Path(sys.prefix) / "lib").glob("libmkl_rt.so*")):
        try:
            return ctypes.CDLL(str(path), mode=os.RTLD_NOLOAD)
        except OSError:  # there, and not loaded
            continue
    return None
