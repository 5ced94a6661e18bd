"""The loss over all alignments beside PyTorch's, on the lattices of real labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurogebra import MathForge

STEPS, CLASSES, BARRED = 4, 5, -1e30
LABELS = [(1,), (1, 2), (1, 1), (3, 4, 3), (2, 2, 1), (1, 2, 3, 4)]


def lattice(label):
    """Return the label with blanks around every class, where paths begin and end, their moves."""
    places = [0]
    for k in label:
        places += [k, 0]
    n = len(places)
    start, end = np.full(n, BARRED), np.full(n, BARRED)
    start[:2], end[-2:] = 0, 0
    moves = np.full((n, n), BARRED)
    for r in range(n):
        for s in range(r, min(r + 3, n)):
            if s - r < 2 or places[s] not in (0, places[r]):
                moves[r, s] = 0
    return places, start, moves, end


@pytest.mark.parametrize("label", LABELS)
def test_ctc_and_its_slope_are_pytorchs(label):
    places, start, moves, end = lattice(label)
    logits = np.random.default_rng(len(label)).normal(0, 3, (STEPS, CLASSES))
    theirs = torch.tensor(logits, requires_grad=True)
    rows = torch.log_softmax(theirs, -1)
    loss = torch.nn.functional.ctc_loss(
        rows[:, None], torch.tensor([label]), [STEPS], [len(label)], reduction="sum"
    )
    ours = MathForge().get("ctc_loss")
    given = {"log_start": start, "log_A": moves, "log_end": end}
    found = ours.eval(log_p=rows.detach().numpy()[:, places], **given)
    assert found == pytest.approx(loss.item(), rel=1e-13)

    loss.backward()
    slope = ours.gradient("log_p").eval(log_p=rows.detach().numpy()[:, places], **given)
    by_class = np.zeros((STEPS, CLASSES))
    np.add.at(by_class.T, places, slope.T)
    # Through the softmax: each row's slope less its share of the row's sum.
    share = np.exp(rows.detach().numpy()) * by_class.sum(-1, keepdims=True)
    np.testing.assert_allclose(by_class - share, theirs.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_a_move_that_is_not_barred_is_seen():
    places, start, moves, end = lattice((1, 1))
    rows = np.log(np.full((STEPS, len(places)), 0.5))
    ours = MathForge().get("ctc_loss")
    right = ours.eval(log_p=rows, log_start=start, log_A=moves, log_end=end)
    assert right == pytest.approx(np.log(16 / 5))
    moves[1, 3] = 0
    assert ours.eval(log_p=rows, log_start=start, log_A=moves, log_end=end) < right - 0.1


def test_a_label_that_does_not_fit_into_the_steps_has_no_chance():
    places, start, moves, end = lattice((1, 1, 1))
    rows = np.log(np.full((STEPS, len(places)), 0.5))
    given = {"log_p": rows, "log_start": start, "log_A": moves, "log_end": end}
    assert MathForge().get("ctc_loss").eval(**given) >= 1e30
