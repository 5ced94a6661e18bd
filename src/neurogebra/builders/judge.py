"""What two short runs, one with a change and one without, say of the change."""

from __future__ import annotations

from neurogebra.observatory.remedy import HELPED, NO_HELP, WORSE, Outcome
from neurogebra.observatory.render.text import many

CLEAR = 0.05
"""The share of the loss, or the accuracy, from which on a difference counts."""

PLAIN = 0.2
"""The same, from which on it is so plain that a trial need not go on."""

SLIGHT, FASTER = 0.003, 2.0
"""Or a smaller share, where the loss fell so many times as far."""


def judge(before: Outcome, after: Outcome, *, same_unit: bool) -> tuple[str, str]:
    """Return the verdict on a change and its reason.

    same_unit: whether both losses are of one kind; otherwise the accuracies are compared, and
    what the losses are beside those of the best constants. A change helps only where the
    changed run is better at its end than at its beginning.
    """
    if after.diverged:
        said = f"it diverges after {many(after.updates, 'update')}"
        return (NO_HELP, f"{said} as well") if before.diverged else (WORSE, said)
    learned = after.loss < after.first
    if before.diverged:
        if learned:
            return HELPED, f"without it the run diverges after {many(before.updates, 'update')}"
        return NO_HELP, "it diverges no more, and learns nothing either"
    gain, what = _gain(before, after, same_unit=same_unit)
    if gain is None:
        return NO_HELP, what
    if gain <= -CLEAR:
        fast = same_unit and learned and _fell(after) >= FASTER * max(0.0, _fell(before))
        return (NO_HELP if fast else WORSE), what
    if gain < CLEAR and not (same_unit and _is_faster(before, after, gain)):
        return NO_HELP, what
    if not learned:
        return NO_HELP, f"{what}, and yet no better than before the first update"
    return HELPED, what


def is_plain(before: Outcome, after: Outcome, *, same_unit: bool) -> bool:
    """Say whether a verdict at a checkpoint is so plain that it need not be waited for."""
    if after.diverged:
        return True
    if before.diverged:
        return after.loss < after.first
    gain, _ = _gain(before, after, same_unit=same_unit)
    return gain is not None and abs(gain) >= PLAIN


def _gain(before: Outcome, after: Outcome, *, same_unit: bool) -> tuple[float | None, str]:
    right = None
    if before.accuracy is not None and after.accuracy is not None:
        right = after.accuracy - before.accuracy
    if same_unit:
        gain = (before.loss - after.loss) / max(abs(before.loss), 1e-30)
        if right is not None and gain * right < 0 and abs(right) > CLEAR:
            return 0.0, "loss and accuracy say opposite things"
        fell = (_fell(before), _fell(after))
        more = f", it fell {fell[1] / fell[0]:.1f} times as far" if 0 < fell[0] < fell[1] else ""
        return gain, f"the loss is {abs(gain):.1%} {'lower' if gain >= 0 else 'higher'}{more}"
    if right is not None and abs(right) >= CLEAR:
        return right, f"{abs(right):.1%} more rows are {'right' if right > 0 else 'wrong'}"
    if before.skill is None or after.skill is None:
        return right, "the losses are of two kinds, which cannot be compared"
    gain = max(-1.0, after.skill) - max(-1.0, before.skill)
    return gain, (
        f"beside the loss of the best constant it is {abs(gain):.1%} "
        f"{'lower' if gain >= 0 else 'higher'}"
    )


def _is_faster(before: Outcome, after: Outcome, gain: float) -> bool:
    """Say whether the loss fell much farther, small as both falls are in a short run."""
    return gain >= SLIGHT and _fell(after) >= FASTER * max(0.0, _fell(before))


def _fell(run: Outcome) -> float:
    return run.first - run.loss
