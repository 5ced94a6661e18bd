"""Peak memory of a training step against PyTorch's: resident bytes in fresh processes.

Run: python benchmarks/memory.py [--only 784] [--out FILE]
Each side is a new process that imports all it needs, trains a tiny network to load its
libraries, then builds the network and makes steps. What counts is by how much the most that
is resident in these steps (VmHWM of /proc/self/status) passes what was resident before the
network was built: weights, gradients, the optimiser's memory, what a step holds. Linux only.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from beside import Task, arguments, processor, show, verdict

OPTIONS = arguments(__doc__, rounds=3, threads=[1], side="", case="")

import torch
from networks import CASES, Case, missing

GOAL, STEPS, LEAST = 1.2, 3, 4.0  # MiB: below, what the processes do otherwise drowns it


def status(key: str) -> float:
    """Return a size of this process in MiB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def held(case: Case, side: str) -> float:
    """Return how many MiB more than before the network was there are resident in a step."""
    steps(made(next(c for c in CASES if c.name == "4-8-3"), side))
    gc.collect()
    before = status("VmRSS")
    step = made(case, side)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # VmHWM begins again
    steps(step)
    return status("VmHWM") - before


def made(case: Case, side: str) -> Task:
    """Build a network and return its training step."""
    return case.step_of_torch() if side == "hand" else case.step_of_ours(side)


def steps(step: Task) -> None:
    """Make a few steps."""
    for _ in range(STEPS):
        step()


def measured(case: Case, side: str) -> float:
    """Return the least of some fresh processes."""
    command = [sys.executable, __file__, "--threads", "1", "--side", side, "--case", case.name]
    found = [subprocess.check_output(command, text=True) for _ in range(OPTIONS.rounds)]
    return min(map(float, found))


def table() -> Iterator[str]:
    """Yield the lines."""
    yield f"most that a training step holds, its network included, MiB; {processor()}"
    yield f"{'network':24} {'':10}{'numpy':>8}{'torch eng.':>12}{'by hand':>9}{'ratio':>8}   goal"
    for case in CASES:
        if OPTIONS.only not in case.name:
            continue
        if missing(case):
            yield missing(case)
            continue
        mine, engine, hand = (measured(case, s) for s in ("numpy", "torch", "hand"))
        found = mine / max(hand, 0.1)
        end = verdict(found, GOAL) if hand >= LEAST else f"below {LEAST:g} MiB: not judged"
        yield (
            f"{case.name:24} batch {case.batch:<4}{mine:8.1f}{engine:12.1f}{hand:9.1f}"
            f"{found:8.2f}   {end}"
        )


if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    if OPTIONS.side:
        print(held(next(c for c in CASES if c.name == OPTIONS.case), OPTIONS.side))
    else:
        show(table(), OPTIONS.out)
