"""What the benchmarks share: options, threads, tasks timed in turns, the lines of a table.

Import this before NumPy: it says how many threads the libraries that NumPy loads may start.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Task = Callable[[], object]
clock = time.perf_counter
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def arguments(
    doc: str, *, rounds: int, threads: Sequence[int] = (1, 2), **more: object
) -> argparse.Namespace:
    """Parse --threads, --rounds, --only, --out and `more` (name → default); set the threads.

    With several numbers of threads, a process for each is run, and this one ends.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=list(threads))
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: seconds of this process alone, for a machine that does other things as well",
    )
    for name, default in more.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    options = parser.parse_args()
    if len(options.threads) > 1:
        each(options)
    options.threads = options.threads[0]
    if options.clock == "cpu":
        global clock
        clock = time.process_time
    for name in LIMITS:
        os.environ[name] = str(options.threads)
    return options


def each(options: argparse.Namespace) -> None:
    """Run this script once for every number of threads, and end."""
    rest = [f"--{name}={value}" for name, value in vars(options).items()
            if name not in ("threads", "out")]  # fmt: skip
    texts = []
    for threads in options.threads:
        command = [sys.executable, sys.argv[0], "--threads", str(threads), *rest]
        found = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print(found.stdout, flush=True)
        texts.append(found.stdout)
        if found.returncode:
            sys.exit(found.returncode)
    write("\n".join(texts), options.out)
    sys.exit(0)


def show(lines: Iterable[str], out: Path | None) -> None:
    """Print lines as they come, and write them to a file when one is asked for."""
    said = []
    for line in lines:
        print(line, flush=True)
        said.append(line)
    write("\n".join(said) + "\n", out)


def write(text: str, out: Path | None) -> None:
    """Write a table to a file, if one was named."""
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")


def in_turns(tasks: Mapping[str, Task], rounds: int, steps: int = 1) -> dict[str, list[float]]:
    """Return each task's seconds a step, one number a round, the tasks taken in turns."""
    for task in tasks.values():
        seconds(task, steps)  # recordings, caches, pages
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        gc.collect()
        for name, task in tasks.items():
            found[name].append(seconds(task, steps))
    return found


def seconds(task: Task, steps: int) -> float:
    """Return the seconds that one call takes, over `steps` of them."""
    start = clock()
    for _ in range(steps):
        task()
    return (clock() - start) / steps


def ratio(times: Mapping[str, list[float]], ours: str, theirs: str) -> tuple[float, float]:
    """Return ours / theirs: of the best rounds, and the median over rounds."""
    pairs = zip(times[ours], times[theirs], strict=True)
    return min(times[ours]) / min(times[theirs]), statistics.median(a / b for a, b in pairs)


def verdict(found: float, goal: float, *, least: bool = False) -> str:
    """Return the end of a line: the goal, and whether it is met."""
    met = found >= goal if least else found <= goal
    return f"{'>=' if least else '<='} {goal:.2f} {'met' if met else 'MISSED'}"


def about(what: str, threads: int, rounds: int) -> str:
    """Return what was measured where, for the first lines of a table."""
    import numpy
    import torch

    from neurogebra.engines import blas

    maker = "MKL (the mkl extra)" if blas.library() else f"OpenBLAS (NumPy){kernels()}"
    return (
        f"{what}, {threads} thread(s), {rounds} rounds in turns, best of rounds;\n"
        f"{processor()}, our large products by {maker};\n"
        f"numpy {numpy.__version__}, torch {torch.__version__}, python {sys.version.split()[0]}"
    )


def kernels() -> str:
    """Return for which processor NumPy's OpenBLAS computes, "" where nobody tells.

    NumPy's wheels know few processors, and take an older one's kernels on others: the variable
    OPENBLAS_CORETYPE, as SKYLAKEX for AVX-512, takes others before NumPy is imported.
    """
    import numpy

    folder = Path(numpy.__file__).parent.parent / "numpy.libs"
    for path in sorted(folder.glob("libscipy_openblas*")):
        name = getattr(ctypes.CDLL(str(path)), "scipy_openblas_get_corename64_", None)
        if name is not None:
            name.restype = ctypes.c_char_p
            return f", kernels for {name().decode()}"
    return ""


def processor() -> str:
    """Return the processor's name, as the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
