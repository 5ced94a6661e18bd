"""What this machine is: versions, processor, memory, operating system, and the code's state."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import neurogebra
from neurogebra.observatory import threads

LIBRARIES = ("numpy", "scipy", "sympy", "rich", "safetensors", "torch")
"""The libraries whose versions are part of a fingerprint; none of them is imported for it."""

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
SETTINGS = ("NEUROGEBRA_MKL", "MKL_CBWR", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
"""What else of the environment chooses the routines that sums and products run through."""

_PATIENCE = 2.0  # seconds for a command that looks something up


def versions() -> dict[str, str | None]:
    """Return library → version, Neurogebra and Python first; None when not installed."""
    own = {"neurogebra": neurogebra.__version__, "python": platform.python_version()}
    return own | {name: _version(name) for name in LIBRARIES}


def hardware() -> dict[str, Any]:
    """Return the processor's name and cores, gigabytes of memory, and the GPU if one is found."""
    return {"cpu": _cpu(), "cores": os.cpu_count(), "ram_gb": _ram_gb(), "gpu": _gpu()}


def system() -> dict[str, str]:
    """Return the operating system, its release and the machine's architecture."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
    }


def blas() -> dict[str, Any]:
    """Return NumPy's linear algebra, its threads, and what the environment says of them.

    in_use: library → threads at this moment, of the libraries that are loaded and say it.
    """
    built: Any = np.show_config(mode="dicts")
    library = built.get("Build Dependencies", {}).get("blas", {})
    return {
        "library": library.get("name"),
        "version": library.get("version"),
        "core": threads.core(),
        "threads": {name: os.environ.get(name) for name in THREADS},
        "settings": {name: os.environ.get(name) for name in SETTINGS},
        "in_use": threads.in_use(),
    }


@lru_cache(maxsize=1)
def code() -> str:
    """Return the SHA-256 over the names and the bytes of this library's own Python files.

    A version stands for one code only once it is released.
    """
    home, total = Path(neurogebra.__file__).parent, sha256()
    for path in sorted(home.rglob("*.py")):
        raw = path.read_bytes()
        total.update(f"{path.relative_to(home).as_posix()}|{len(raw)}|".encode() + raw)
    return total.hexdigest()


def git(folder: str | Path = ".") -> dict[str, Any] | None:
    """Return commit, branch and whether files differ from it; None without git or repository.

    Files that git does not follow do not count: a run's own folder would be one of them.
    """
    words = ("status", "--porcelain=v2", "--branch", "--untracked-files=no")
    state = _ask("git", "-C", str(folder), *words)
    if state is None:
        return None
    head = dict(
        line[2:].split(" ", 1) for line in state.splitlines() if line.startswith("# branch.")
    )
    commit, branch = head.get("branch.oid"), head.get("branch.head")
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": None if branch == "(detached)" else branch,
        "dirty": any(not line.startswith("#") for line in state.splitlines()),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu() -> str | None:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or None


def _ram_gb() -> float | None:
    known = getattr(os, "sysconf_names", {})
    if not {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(known):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def _gpu() -> str | None:
    found = _ask("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return found.strip().replace("\n", ", ") or None if found else None


def _ask(program: str, *words: str) -> str | None:
    """The answer of a program, or None when it is absent, slow or says no."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program and fixed words, no shell
            [path, *words], capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (subprocess.TimeoutExpired, OSError, UnicodeDecodeError):
        return None
    return done.stdout if done.returncode == 0 else None
