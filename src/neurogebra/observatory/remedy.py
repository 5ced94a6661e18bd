"""What a program can change of a run to put a cause right, and what came of trying it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

HELPED = "helped"
UNCERTAIN = "not certain"
NO_HELP = "did not help"
WORSE = "made worse"
NOT_TRIED = "cannot be tried"
NOTHING = "nothing to try"

SHARE, FLOOR = 0.25, 0.05
"""What trying may take: a share of the run's seconds, and the least of them for tiny runs."""

USUAL_UPDATE = 3e-3
"""‖Δw‖ / ‖w‖ that a proposed learning rate aims at, where a rule has measured what it was."""

_FIELDS: Mapping[str, str] = {
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "clip_norm": "limit on the gradient's norm",
    "batch_size": "rows of a batch",
    "shuffle": "shuffling",
    "schedule": "schedule of the learning rate",
    "groups": "frozen parameters",
    "inputs": "inputs",
    "targets": "targets",
    "output": "last activation and loss",
    "initializer": "first weights",
    "activation": "hidden activations",
    "units": "units of the hidden layers",
}
"""What a change may be about, in words."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change to a run that a program can make: what, and its new value or a factor on it.

    field: a field of RunSpec (learning_rate, weight_decay, clip_norm, batch_size, shuffle,
    schedule, groups), of the layers (initializer, activation, units), of the rows (inputs,
    targets), or "output" for the last activation with its loss. A value "fitting", "own" or
    "at most own" is settled by who applies it: from targets, activations or the optimiser.
    """

    field: str
    value: float | str | bool | None = None
    factor: float | None = None

    @property
    def text(self) -> str:
        """The change in a few words."""
        name = _FIELDS[self.field]
        if self.factor is not None:
            return f"{name} × {self.factor:g}"
        return f"{name}: {_value(self.value)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that say something as JSON-able values."""
        return {name: v for name, v in asdict(self).items() if v is not None}


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


_SLOWER, _SLOWEST = (Change(field="learning_rate", factor=f) for f in (0.1, 0.01))
_FASTER, _FASTEST = (Change(field="learning_rate", factor=f) for f in (10.0, 100.0))
_USUAL = Change(field="learning_rate", value="own")
_AT_MOST = Change(field="learning_rate", value="at most own")
_CLIP = Change(field="clip_norm", value=1.0)
_NO_CLIP = Change(field="clip_norm", value=0.0)
_SHUFFLE = Change(field="shuffle", value=True)
_SCALED = Change(field="inputs", value="standardised")
_TARGETS = Change(field="targets", value="standardised")
_OUTPUT = Change(field="output", value="fitting")
_DRAWN = Change(field="initializer", value="fitting")
_RELU = Change(field="activation", value="relu")
_LEAKY = Change(field="activation", value="leaky_relu")
_WIDER = Change(field="units", factor=4.0)
_ROWS = Change(field="batch_size", value=32.0)
_DECAY = Change(field="weight_decay", factor=0.01)
_FREE = Change(field="groups", value="trained")
_EPOCHS, _CONSTANT = (Change(field="schedule", value=v) for v in ("by epoch", "none"))

REMEDIES: Mapping[str, tuple[Change, ...]] = {
    "missing_normalization": (_SCALED, _TARGETS),
    "inputs_unscaled": (_SCALED,),
    "input_scale": (_SCALED,),
    "target_scale": (_TARGETS,),
    "wrong_output_activation": (_OUTPUT,),
    "missing_activation": (_OUTPUT, _RELU),
    "wrong_loss": (_OUTPUT,),
    "wrong_hidden_activation": (_RELU,),
    "bad_initialization": (_DRAWN,),
    "bad_first_loss": (_SCALED, _DRAWN, _TARGETS),
    "saturated_activation": (_DRAWN, _SCALED, _SLOWER, _RELU),
    "dying_relu": (_SCALED, _DRAWN, _SLOWER, _LEAKY),
    "vanishing_gradient": (_DRAWN, _RELU),
    "exploding_gradient": (_SCALED, _TARGETS, _CLIP, _DRAWN, _SLOWER),
    "learning_rate_too_high": (
        _SHUFFLE, _SLOWER, _SCALED, _TARGETS, _CLIP, _SLOWEST, _USUAL,
    ),
    "learning_rate_too_low": (_SHUFFLE, _FASTER, _FASTEST, _USUAL),
    "learning_rate_schedule_bug": (_EPOCHS, _CONSTANT),
    "gradient_clipping_bug": (_NO_CLIP,),
    "gradient_not_flowing": (_FREE, _DRAWN, _RELU),
    "optimizer_not_updating": (_FREE, _USUAL, _FASTER),
    "excessive_regularization": (_DECAY,),
    "wrong_batch_size": (_ROWS,),
    "underfitting": (_WIDER,),
    **dict.fromkeys(("wrong_labels", "label_noise", "overfitting"), (_SHUFFLE,)),
    **dict.fromkeys(
        ("nan_inf_loss", "nan_inf_array"), (_SCALED, _TARGETS, _AT_MOST, _CLIP, _SLOWER)
    ),
    "loss_divergence": (_SHUFFLE, _SLOWER, _CLIP),
    "gradient_spike": (_SHUFFLE, _SLOWER, _CLIP),
    "no_better_than_trivial": (_SHUFFLE, _SCALED, _FASTER, _SLOWER),
    "near_chance": (_SHUFFLE, _SCALED, _FASTER, _SLOWER),
    "loss_stagnation": (_FREE, _FASTER, _DRAWN),
    "still_falling": (_FASTER,),
    "short_reach": (_FASTER, _FASTEST),
    "label_order": (_SHUFFLE,),
    "constant_output": (_DRAWN, _SLOWER),
}  # fmt: skip
"""Cause or rule → the changes that may put it right, the likeliest first.

Those that do not apply to a run (shuffling where it is on) are passed over, so that a change
which is right wherever it applies stands before one that is a guess.
"""

UNTRIED: Mapping[str, str] = {
    "corrupt_data": "the data themselves have to be mended",
    "wrong_labels": "the targets have to be put beside their rows again",
    "label_noise": "the labels have to be looked at",
    "wrong_mode": "the mode is set by the loop that trains",
    "slow_data": "how the rows are read is not the run's to change",
    "overfitting": "it shows only late in a run, and a trial is short",
    "too_few_epochs": "a longer run is a new run, and a trial is short",
}
"""Cause → why no program can try its remedy."""


def proposed(name: str, rules: Iterable[str], seen: Mapping[str, float]) -> tuple[Change, ...]:
    """Return the changes for a cause, then those for the rules that speak for it.

    seen: what the rules measured, by "rule.name"; a learning rate follows from an update ratio.
    """
    found = [c for key in (name, *rules) for c in REMEDIES.get(key, ())]
    factor = _factor(seen)
    if factor and name.startswith("learning_rate_too"):
        place = next(i for i, c in enumerate(found) if c.field == "learning_rate")
        found.insert(place, Change(field="learning_rate", factor=factor))
    return tuple(dict.fromkeys(found))


def _factor(seen: Mapping[str, float]) -> float | None:
    """Return the power of ten that brings a measured update ratio to what is usual."""
    for rule, low, high in (("update_too_small", 1, 4), ("update_too_large", -4, -1)):
        ratio = seen.get(f"{rule}.ratio", 0.0)
        if 0 < ratio < math.inf:
            tens = round(math.log10(USUAL_UPDATE / ratio))
            return float(10.0 ** min(high, max(low, tens)))
    return None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where one short run ended, judged on rows that it does not learn from, if there are any.

    rows: how many; first, loss: before the first update and after the last; skill: 1 − loss /
    loss of the best constant, None where that is not known; accuracy: None without classes;
    alerts: the rules that fired, in their order; looks: the updates whose layers they saw.
    """

    updates: int
    rows: int
    unseen: bool
    first: float
    loss: float
    skill: float | None
    accuracy: float | None
    alerts: tuple[str, ...]
    diverged: bool
    seconds: float
    looks: int = 0


@dataclass(frozen=True, kw_only=True)
class Again:
    """A trial made once more with another seed, which draws first weights and order anew.

    before, after: the losses without and with the change; updates: of the run with it.
    """

    seed: int
    updates: int
    before: float
    after: float
    verdict: str
    why: str

    @property
    def line(self) -> str:
        """What happened, in a line."""
        losses = f"loss {_number(self.before)} → {_number(self.after)}"
        return f"again    with seed {self.seed}: {self.verdict}, {self.why}  ({losses})"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A change that was tried: the run without it, with it, and what that shows.

    cause: for whose sake; changes: one, or several together where none helped by itself; made:
    what they came to here; why: the verdict's reason; after is None where that cannot be made;
    again: what came of it with other seeds. A verdict is "not certain" where it helped, and
    then did not.
    """

    cause: str
    changes: tuple[Change, ...]
    made: str
    verdict: str
    why: str
    before: Outcome
    after: Outcome | None = None
    again: tuple[Again, ...] = ()

    @property
    def tries(self) -> tuple[int, int]:
        """How often it helped, of how many tries."""
        verdicts = [HELPED if self.verdict == UNCERTAIN else self.verdict]
        verdicts += [each.verdict for each in self.again]
        return verdicts.count(HELPED), len(verdicts)

    @property
    def lines(self) -> tuple[str, ...]:
        """What happened, in plain lines."""
        head = f"tried    {self.made}  (for {self.cause})"
        last = f"verdict  {self.verdict}: {self.why}"
        if self.again:
            last += "; it helped in {} of {} tries".format(*self.tries)
        if self.after is None:
            return head, last
        b, a = self.before, self.after
        scores = [f"loss {_number(b.loss)} → {_number(a.loss)}"]
        if b.accuracy is not None and a.accuracy is not None:
            scores.append(f"accuracy {b.accuracy:.3f} → {a.accuracy:.3f}")
        on = f"on {b.rows} {'unseen' if b.unseen else 'training'} rows"
        if a.updates < b.updates and not a.diverged:  # other batches, the same rows
            on += f", after {b.updates} → {a.updates} updates"
        seen = f"scores   {', '.join(scores)}  {on}", f"alerts   {_alerts(b, a)}"
        return head, *seen, *(each.line for each in self.again), last

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and how often it helped of how many tries, as JSON-able values."""
        changes = [change.to_dict() for change in self.changes]
        helped, tries = self.tries
        return {**asdict(self), "changes": changes, "helped": helped, "tries": tries}


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "not finite"


def _alerts(before: Outcome, after: Outcome) -> str:
    gone = [rule for rule in before.alerts if rule not in after.alerts]
    new = [rule for rule in after.alerts if rule not in before.alerts]
    said = [f"{len(before.alerts)} → {len(after.alerts)}"]
    said += [f"gone: {', '.join(gone)}"] if gone else []
    said += [f"new: {', '.join(new)}"] if new else []
    said += [] if before.looks or after.looks else ["layers were not looked at"]
    return "; ".join(said)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What came of trying the proposed changes in short runs from where the run began.

    updates: those that a short run may have, which one whose outcome is plain does not need;
    runs, played: the short runs, and the updates of all of them; seconds: what all of it took,
    of those allowed; run_updates, run_seconds: of the run in question; untried: a sentence for
    each cause that no program can put right; left: the next change that time did not allow.
    """

    trials: tuple[Trial, ...]
    untried: tuple[str, ...]
    updates: int
    seconds: float
    run_updates: int
    run_seconds: float
    allowed: float = 0.0
    runs: int = 0
    played: int = 0
    left: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The best verdict of the trials; without any "cannot be tried", or "nothing to try"."""
        if not self.trials and not self.untried:
            return NOTHING
        found = {trial.verdict for trial in self.trials}
        ranked = (HELPED, UNCERTAIN, NO_HELP, WORSE, NOT_TRIED)
        return next((v for v in ranked if v in found), NOT_TRIED)

    @property
    def time_share(self) -> float | None:
        """The seconds of all short runs as a share of the run's own; None where unknown."""
        return self.seconds / self.run_seconds if self.run_seconds > 0 else None

    @property
    def method(self) -> str:
        """How it was tried, in one sentence."""
        if not self.updates:
            return "the time does not allow even the shortest runs"
        found = [t.before.updates for t in self.trials]
        up_to = "" if all(n == self.updates for n in found) else "up to "
        return (
            f"short runs of {up_to}{self.updates} updates from where the run began, with its "
            "seed; each without the change → with it"
        )

    @property
    def took(self) -> str:
        """How long it took, in one sentence, and why where that is more than its share."""
        share = self.time_share
        said = f"took {self.seconds:.2g} s"
        if share is None:
            return said
        said += f", {share:.0%} of the run's {self.run_seconds:.2g} s"
        if share <= SHARE:
            return said
        if self.seconds <= self.allowed:
            return f"{said}: so short a run is given {self.allowed:.2g} s"
        return f"{said}, more than the {self.allowed:.2g} s allowed: less would say nothing"

    @property
    def untried_lines(self) -> tuple[str, ...]:
        """A line for each cause that no program can put right, and for what time did not allow."""
        found = tuple(f"not tried, the time is spent: {text}" for text in self.left)
        found += tuple(f"cannot be tried automatically: {sentence}" for sentence in self.untried)
        return found or (() if self.trials else ("there is nothing to try",))

    @property
    def lines(self) -> tuple[str, ...]:
        """What was tried and what came of it, in plain lines."""
        if not self.trials:
            return self.untried_lines
        body = [f"  {line}" for trial in self.trials for line in trial.lines]
        head = f"{self.verdict}: {self.method}"
        return head, *body, self.took, *self.untried_lines

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, the verdict and the share as JSON-able values."""
        return {
            "verdict": self.verdict,
            "trials": [trial.to_dict() for trial in self.trials],
            "untried": list(self.untried),
            "updates": self.updates,
            "runs": self.runs,
            "played": self.played,
            "left": list(self.left),
            "seconds": self.seconds,
            "allowed": self.allowed,
            "run_updates": self.run_updates,
            "run_seconds": self.run_seconds,
            "time_share": self.time_share,
        }
