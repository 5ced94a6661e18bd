"""Peak memory of training steps against PyTorch's: resident bytes in fresh processes.

Run: python benchmarks/memory.py [--only 784] [--out FILE]
Each side is a new process that imports all it needs, trains a tiny network to load its
libraries, then builds the network and makes steps. What counts is by how much the most that
was resident (VmHWM of /proc/self/status) passes what was resident before. Linux only.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from beside import arguments, processor, show, verdict

OPTIONS = arguments(__doc__, rounds=3, threads=[1], side="", case="")

import torch
from networks import CASES, Case, missing

GOAL, STEPS, LEAST = 1.2, 3, 4.0  # MiB: below, what the processes do otherwise drowns it


def status(key: str) -> float:
    """Return a size of this process in MiB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def held(case: Case, side: str) -> float:
    """Return how many MiB more than before were resident at the most."""
    tiny = next(c for c in CASES if c.name == "4-8-3")
    warm(tiny, side)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # VmHWM begins again
    before = status("VmRSS")
    warm(case, side)
    return status("VmHWM") - before


def warm(case: Case, side: str) -> None:
    """Build a network and make a few steps."""
    step = case.step_of_ours(side) if side != "hand" else case.step_of_torch()
    for _ in range(STEPS):
        step()


def measured(case: Case, side: str) -> float:
    """Return the least of some fresh processes."""
    command = [sys.executable, __file__, "--threads", "1", "--side", side, "--case", case.name]
    found = [subprocess.check_output(command, text=True) for _ in range(OPTIONS.rounds)]
    return min(map(float, found))


def table() -> Iterator[str]:
    """Yield the lines."""
    yield f"peak of {STEPS} training steps over an imported library, MiB; {processor()}"
    yield f"{'network':24} {'':10}{'numpy':>8}{'torch eng.':>12}{'by hand':>9}{'ratio':>8}   goal"
    for case in CASES:
        if OPTIONS.only not in case.name:
            continue
        if missing(case):
            yield missing(case)
            continue
        mine, engine, hand = (measured(case, s) for s in ("numpy", "torch", "hand"))
        end = verdict(mine / hand, GOAL) if hand >= LEAST else f"below {LEAST:g} MiB: not judged"
        yield (
            f"{case.name:24} batch {case.batch:<4}{mine:8.1f}{engine:12.1f}{hand:9.1f}"
            f"{mine / hand:8.2f}   {end}"
        )


if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    if OPTIONS.side:
        print(held(next(c for c in CASES if c.name == OPTIONS.case), OPTIONS.side))
    else:
        show(table(), OPTIONS.out)
