"""Time of one training step of the NumPy engine against PyTorch's eager step; prints ratios.

Run: python benchmarks/step.py [--threads 1 2] [--rounds 40] [--only LSTM] [--out FILE]
Peer: torch.nn modules, images (batch, channels, h, w), fused Adam, a loop written by hand.
float32, the same batch. A ratio is (our best round / torch's best round); beside it the median
over rounds of both in one round.
"""

from __future__ import annotations

from beside import arguments, show

OPTIONS = arguments(__doc__, rounds=40)

import torch
from networks import compared

WHAT = "one training step, float32, Adam"

if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    show(compared("numpy", "torch", WHAT, OPTIONS, "peer"), OPTIONS.out)
