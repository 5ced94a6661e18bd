"""Speed of the torch engine against a torch loop written by hand; prints ratios of speeds.

Run: python benchmarks/engine.py [--threads 1 2] [--rounds 40] [--only LSTM] [--out FILE]
Peer: torch.nn modules, fused Adam, losses of torch.nn.functional on tensors made beforehand;
ours takes NumPy arrays and also returns the outputs. float32. A ratio is (the peer's best
round / our best round); beside it the median over rounds.
"""

from __future__ import annotations

from beside import arguments, show

OPTIONS = arguments(__doc__, rounds=40)

import torch
from networks import compared

WHAT, GOAL = "one training step of the torch engine", 0.97

if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    show(compared("torch", "hand", WHAT, OPTIONS, "ours", GOAL), OPTIONS.out)
