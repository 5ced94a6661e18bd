"""Time of one training step of the NumPy engine against PyTorch's eager step; prints ratios.

Run: python benchmarks/step.py [--threads 1 2] [--rounds 40] [--only LSTM] [--out FILE]
Peer: torch.nn modules, images (batch, channels, h, w), fused Adam, a loop written by hand.
float32, the same batch. A ratio is (our best round / torch's best round); beside it the median
over rounds of both in one round.
"""

from __future__ import annotations

from collections.abc import Iterator

from beside import about, arguments, in_turns, ratio, show, verdict

OPTIONS = arguments(__doc__, rounds=40)

import torch
from networks import CASES, Case, missing


def measure(case: Case) -> str:
    """Return the line of one network."""
    tasks = {"ours": case.step_of_ours("numpy"), "torch": case.step_of_torch()}
    times = in_turns(tasks, OPTIONS.rounds, case.steps)
    best, median = ratio(times, "ours", "torch")
    mine, theirs = (min(t) * 1e6 for t in times.values())
    return (
        f"{case.name:24} batch {case.batch:<4}{mine:10.1f}{theirs:10.1f}"
        f"{best:8.3f}{median:8.3f}   {verdict(best, case.goal)}"
    )


def table() -> Iterator[str]:
    """Yield the lines."""
    yield about("one training step, float32, Adam", OPTIONS.threads, OPTIONS.rounds)
    yield f"{'network':24} {'':10}{'ours µs':>10}{'torch µs':>10}{'ratio':>8}{'median':>8}   goal"
    for case in CASES:
        if OPTIONS.only in case.name:
            yield missing(case) or measure(case)


if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    show(table(), OPTIONS.out)
