"""Speed of the torch engine against a torch loop written by hand; prints ratios of speeds.

Run: python benchmarks/engine.py [--threads 1 2] [--rounds 40] [--only LSTM] [--out FILE]
Peer: torch.nn modules, fused Adam, losses of torch.nn.functional on tensors made beforehand;
ours takes NumPy arrays and also returns the outputs. float32. A ratio is (the peer's best
round / our best round); beside it the median over rounds.
"""

from __future__ import annotations

from collections.abc import Iterator

from beside import about, arguments, in_turns, ratio, show, verdict

OPTIONS = arguments(__doc__, rounds=40)

import torch
from networks import CASES, Case, missing

GOAL = 0.97


def measure(case: Case) -> str:
    """Return the line of one network."""
    tasks = {"ours": case.step_of_ours("torch"), "hand": case.step_of_torch()}
    times = in_turns(tasks, OPTIONS.rounds, case.steps)
    best, median = ratio(times, "hand", "ours")
    mine, theirs = (min(t) * 1e6 for t in times.values())
    return (
        f"{case.name:24} batch {case.batch:<4}{mine:10.1f}{theirs:10.1f}"
        f"{best:8.3f}{median:8.3f}   {verdict(best, GOAL, least=True)}"
    )


def table() -> Iterator[str]:
    """Yield the lines."""
    yield about("one training step of the torch engine", OPTIONS.threads, OPTIONS.rounds)
    yield f"{'network':24} {'':10}{'ours µs':>10}{'hand µs':>10}{'speed':>8}{'median':>8}   goal"
    for case in CASES:
        if OPTIONS.only in case.name:
            yield missing(case) or measure(case)


if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    show(table(), OPTIONS.out)
