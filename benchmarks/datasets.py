"""How long bundled sets take to load and to list, and the memory that MNIST takes.

Run: python benchmarks/datasets.py [--rounds 7] [--clock cpu] [--out FILE]
Beside scikit-learn and pandas where they are installed: their own load_iris, and a bare read_csv
of the same file, which neither checks its hash nor encodes its words. Memory is what the most
that is resident (VmHWM, Linux) passes what was resident before, over the arrays; fresh process.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import beside
from beside import Task, arguments, in_turns, processor, show, verdict

OPTIONS = arguments(__doc__, rounds=7, threads=[1], side="")

from neurogebra.datasets import Datasets, catalog
from neurogebra.datasets.bundled import DATA
from neurogebra.datasets.index import entries

GOALS = {"iris": 5.0, "median": 5.0, "mnist": 1500.0, "memory": 1.3}
BIG = ("digits", "california_housing", "diamonds", "adult", "connect4")
LIST = "from neurogebra.datasets import Datasets; Datasets.list_all(); Datasets.search('iris')"


def loads(name: str) -> Task:
    """The task of loading one set."""
    return lambda: Datasets.load(name)


def peers(name: str) -> dict[str, Task]:
    """What others do with the same file."""
    found: dict[str, Task] = {}
    if importlib.util.find_spec("sklearn") and name in ("iris", "digits"):
        from sklearn import datasets

        found["scikit-learn"] = getattr(datasets, f"load_{name}")
    if importlib.util.find_spec("pandas"):
        import pandas as pd

        found["read_csv"] = lambda: pd.read_csv(DATA / f"{name}.csv.gz")
    return found


def line(name: str, found: float, goal: float | None, rest: str = "") -> str:
    """One line of the table, in milliseconds."""
    end = "" if goal is None else verdict(found, goal)
    return f"{name:24}{found:>10.2f} ms   {end:22}{rest}".rstrip()


def compared(name: str, goal: float | None = None) -> str:
    """One set beside the others' way with it."""
    found = in_turns({"ours": loads(name), **peers(name)}, OPTIONS.rounds)
    best = {who: 1000 * min(times) for who, times in found.items()}
    ours = best.pop("ours")
    rest = ", ".join(f"{who} {ms:.2f} ms ({ours / ms:.2f} x)" for who, ms in best.items())
    return line(name, ours, goal, rest)


def median() -> str:
    """The median over all bundled sets of the best of the rounds."""
    names = [e.id for e in entries().values() if e.supply == "bundled"]
    rounds = {n: 1 if n == "mnist" else min(OPTIONS.rounds, 5) for n in names}
    best = [1000 * min(in_turns({n: loads(n)}, rounds[n])[n]) for n in names]
    slow = sum(ms > GOALS["median"] for ms in best)
    rest = f"{slow} of {len(names)} take longer, {sum(best) / 1000:.1f} s in all"
    return line("median bundled set", statistics.median(best), GOALS["median"], rest)


def status(key: str) -> int:
    """Return a size of this process in bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(1024 * int(text.split()[1]) for text in lines if text.startswith(key))


def held() -> float:
    """The peak of loading MNIST over its arrays, in this process."""
    Datasets.load("digits")
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # VmHWM begins again
    parts = Datasets.load("mnist")
    return (status("VmHWM") - before) / sum(a.nbytes for part in parts for a in part)


def memory() -> str:
    """The line on memory, from a fresh process."""
    command = [sys.executable, __file__, "--side", "memory"]
    found = float(subprocess.check_output(command, text=True))
    return f"{'mnist, peak memory':24}{found:>10.2f} x    {verdict(found, GOALS['memory'])}"


def fresh(name: str, code: str) -> str:
    """The seconds of a process of its own, less those of an empty one."""
    tasks = {
        side: lambda text=text: subprocess.run([sys.executable, "-c", text], check=True)
        for side, text in (("it", code), ("empty", "pass"))
    }
    found = in_turns(tasks, OPTIONS.rounds)
    return line(name, 1000 * (min(found["it"]) - min(found["empty"])), None)


def table() -> Iterator[str]:
    """Yield the lines."""
    yield f"bundled sets, best of {OPTIONS.rounds} rounds, {OPTIONS.clock} clock; {processor()}"
    yield compared("iris", GOALS["iris"])
    yield median()
    for name in BIG:
        yield compared(name)
    mnist = in_turns({"mnist": loads("mnist")}, min(3, OPTIONS.rounds))["mnist"]
    yield line("mnist", 1000 * min(mnist), GOALS["mnist"])
    if sys.platform == "linux":
        yield memory()
    beside.clock = beside.time.perf_counter  # another process is waited for
    yield fresh("list and search, fresh", LIST)
    yield fresh("import numpy, fresh", "import numpy")
    yield f"{len(catalog())} sets in the catalog"


if __name__ == "__main__":
    if OPTIONS.side == "memory":
        print(held())
    else:
        show(table(), OPTIONS.out)
