"""From the alerts of one run to one ranked list of causes, or to "not enough evidence"."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from neurogebra.observatory.events import SEVERITIES, Alert
from neurogebra.observatory.remedy import Change, Proof, proposed
from neurogebra.observatory.rule import Rule
from neurogebra.registry import Registry

NAMED = 0.5
"""The confidence from which on a cause is named."""

BESIDE = 0.65
"""The share of the first cause's confidence that another one needs to be named beside it."""

MOST = 3
"""How many causes are named at the most."""

EXPLAINED = 0.2
"""What is left of the weight of an alert that another alert explains."""


class Kind(NamedTuple):
    """One family of causes: its name, what it is in words, and what to change."""

    name: str
    text: str
    change: str


KINDS: Registry[Kind] = Registry(
    "cause",
    (
        Kind("corrupt_data", "the data are not what they should be",
             "Look at the inputs and targets as the model gets them"),
        Kind("missing_normalization", "the inputs are not scaled",
             "Standardise the inputs (and the targets of a regression)"),
        Kind("wrong_output_activation", "the last activation does not fit targets or loss",
             "Use softmax for classes, sigmoid for yes or no, linear for numbers and logits"),
        Kind("missing_activation", "an activation is missing",
             "End with softmax or sigmoid, or take the loss of logits"),
        Kind("wrong_loss", "the loss does not fit the targets",
             "Use a cross-entropy for classes, mse or mae for numbers"),
        Kind("wrong_hidden_activation", "a hidden activation holds the signal back",
             "Use relu or the like in every hidden layer"),
        Kind("bad_initialization", "the first weights are unsuitable",
             "Start with He or Glorot weights"),
        Kind("saturated_activation", "bounded units are far in their tails",
             "Use smaller first weights, scaled inputs, or relu"),
        Kind("dying_relu", "rectified units never fire",
             "Lower the learning rate, or use leaky_relu"),
        Kind("vanishing_gradient", "the gradient vanishes on its way down",
             "Use relu, normalisation or skip connections"),
        Kind("exploding_gradient", "values or gradients explode",
             "Clip the gradients and check the first weights"),
        Kind("learning_rate_too_high", "the steps are too large",
             "Divide the learning rate by ten"),
        Kind("learning_rate_too_low", "the steps are too small",
             "Multiply the learning rate by ten"),
        Kind("learning_rate_schedule_bug", "the learning rate is gone too early",
             "Let the schedule count epochs, or slow it down"),
        Kind("gradient_clipping_bug", "a limit holds back every gradient",
             "Raise clip_norm to the usual norm of the gradient"),
        Kind("gradient_not_flowing", "no gradient reaches some layers",
             "Look for a detached, rounded or frozen path above them"),
        Kind("optimizer_not_updating", "the weights do not follow their gradients",
             "Check what is given to the optimiser, and when gradients are cleared"),
        Kind("wrong_mode", "the model is in the other mode than it should be",
             "Call model.train() before training goes on, and model.eval() before checking"),
        Kind("slow_data", "the training waits for its data",
             "Load the rows into memory, fetch them ahead, or keep them in larger files"),
        Kind("excessive_regularization", "a penalty outweighs the data",
             "Divide the penalty or the weight decay by a hundred"),
        Kind("wrong_batch_size", "the batches are too large or too small",
             "Use batches of about 32 rows"),
        Kind("too_few_epochs", "the run ended too early", "Train for more epochs"),
        Kind("underfitting", "the model is too small", "Give the hidden layers more units"),
        Kind("overfitting", "the model learns its rows by heart",
             "Stop earlier, use more rows, dropout or weight decay"),
        Kind("wrong_labels", "inputs and targets do not belong together",
             "Check that row i of X belongs to row i of y, also after shuffling"),
        Kind("label_noise", "many training labels are wrong", "Look at the training labels"),
    ),
)  # fmt: skip
"""The causes that a diagnosis may name."""

VOTES: Mapping[str, Mapping[str, float]] = {
    "constant_features": {"corrupt_data": 0.95},
    "one_class": {"corrupt_data": 0.9},
    "data_shift": {"corrupt_data": 0.7},
    "inputs_unscaled": {"missing_normalization": 0.8},
    "input_scale": {"missing_normalization": 0.6},
    "target_scale": {"missing_normalization": 0.3},
    "target_range": {"wrong_output_activation": 0.9},
    "single_softmax": {"wrong_output_activation": 0.95},
    "not_probabilities": {"wrong_output_activation": 0.9},
    "bent_logits": {"wrong_output_activation": 0.85},
    "softmax_of_many": {"wrong_output_activation": 0.85},
    "shares_apart": {"wrong_output_activation": 0.6},
    "loss_denies_errors": {"wrong_output_activation": 0.85},
    "missing_output_activation": {"missing_activation": 0.95, "wrong_output_activation": 0.4},
    "linear_stack": {"missing_activation": 0.1},
    "loss_of_numbers": {"wrong_loss": 0.85},
    "equal_units": {"bad_initialization": 0.95},
    "symmetric_weights": {"bad_initialization": 0.8},
    "first_weights_large": {"bad_initialization": 0.7},
    "recurrent_weights_large": {"exploding_gradient": 0.7, "bad_initialization": 0.7},
    "hidden_softmax": {"wrong_hidden_activation": 0.8},
    "odd_activation": {"wrong_hidden_activation": 0.7},
    "frozen_parameters": {"gradient_not_flowing": 0.3},
    "nan_inf_loss": {"exploding_gradient": 0.4, "learning_rate_too_high": 0.4},
    "nan_inf_array": {"exploding_gradient": 0.4, "learning_rate_too_high": 0.3},
    "bad_first_loss": {
        "missing_normalization": 0.3,
        "bad_initialization": 0.3,
        "exploding_gradient": 0.3,
    },
    "loss_divergence": {"learning_rate_too_high": 0.6},
    "gradient_spike": {"learning_rate_too_high": 0.4},
    "exploding_gradient": {"exploding_gradient": 0.6, "learning_rate_too_high": 0.4},
    "update_too_large": {"learning_rate_too_high": 0.7},
    "update_too_small": {"learning_rate_too_low": 0.85},
    "updates_fade": {"learning_rate_schedule_bug": 0.9},
    "always_clipped": {"gradient_clipping_bug": 0.95},
    "clipped_throughout": {"gradient_clipping_bug": 0.1},
    "label_order": {"corrupt_data": 0.6},
    "dropout_off": {"wrong_mode": 0.85},
    "checked_in_training_mode": {"wrong_mode": 0.85},
    "data_bound": {"slow_data": 0.9},
    "weights_collapse": {"excessive_regularization": 0.85},
    "dead_relu": {"dying_relu": 0.6, "learning_rate_too_high": 0.3, "bad_initialization": 0.2},
    "activation_saturation": {"saturated_activation": 0.8},
    "vanishing_gradient": {"vanishing_gradient": 0.7, "wrong_hidden_activation": 0.3},
    "no_gradient": {"gradient_not_flowing": 0.8},
    "no_gradient_at_all": {"optimizer_not_updating": 0.8, "gradient_not_flowing": 0.4},
    "weight_stagnation": {"optimizer_not_updating": 0.8},
    "noisy_updates": {"wrong_batch_size": 0.8, "learning_rate_too_high": 0.6},
    "short_reach": {"learning_rate_too_low": 0.85},
    "short_run": {"too_few_epochs": 0.75, "learning_rate_too_low": 0.5},
    "still_falling": {"learning_rate_too_low": 0.65, "too_few_epochs": 0.65},
    "too_few_updates": {"too_few_epochs": 0.75, "learning_rate_too_low": 0.5},
    "too_large_batches": {"wrong_batch_size": 0.8, "too_few_epochs": 0.75},
    "narrow_layer": {"underfitting": 0.8},
    "overfitting": {"overfitting": 0.8},
    "unseen_better": {"label_noise": 0.75},
    "constant_output": {"dying_relu": 0.2, "bad_initialization": 0.2},
    "no_better_than_trivial": {"wrong_labels": 0.55, "learning_rate_too_low": 0.1},
    "near_chance": {"learning_rate_too_low": 0.2, "wrong_labels": 0.1},
    "loss_stagnation": {"learning_rate_too_low": 0.2, "optimizer_not_updating": 0.2},
}
"""Finding → how far it alone speaks for a cause; findings are added as if independent."""

FEW = 60.0
"""The updates of a whole run below which it is short, rather than its steps."""

LARGE = 128.0
"""The rows of a batch from which on too few updates are too large batches."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One cause: how sure, by which findings, and what to change.

    confidence: from 0 to 1; evidence: the sentences of the alerts that speak for it; rules:
    their names; numbers: what they saw, by "rule.name".
    """

    name: str
    text: str
    confidence: float
    change: str
    evidence: tuple[str, ...]
    rules: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What a program can change of the run because of it, the likeliest first."""
        return proposed(self.name, self.rules, self.numbers)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        return {
            "name": self.name,
            "text": self.text,
            "confidence": round(self.confidence, 3),
            "change": self.change,
            "evidence": list(self.evidence),
            "rules": list(self.rules),
            "numbers": dict(self.numbers),
            "changes": [change.to_dict() for change in self.changes],
        }


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is wrong with a run: the named causes, the likeliest first.

    status: "healthy", "unhealthy", or "not enough evidence" where something is wrong and
    nothing speaks clearly enough for a cause, or the run is too short to judge; findings: the
    alerts that count, oldest first; advice: the others, which change no verdict; proof: what
    came of trying the changes, None where nobody asked.
    """

    status: str
    causes: tuple[Cause, ...] = ()
    findings: tuple[Alert, ...] = ()
    advice: tuple[Alert, ...] = ()
    why: str = ""
    proof: Proof | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The diagnosis in plain lines."""
        lines = [f"{self.status}: {self.why}" if self.why else self.status]
        for i, cause in enumerate(self.causes, 1):
            lines.append(f"{i}. {cause.name} ({cause.confidence:.0%}): {cause.text}")
            lines += [f"   seen: {sentence}" for sentence in cause.evidence]
            lines.append(f"   change: {cause.change}")
        named = {name for cause in self.causes for name in cause.rules}
        others = [a for a in self.findings if a.rule not in named]
        lines += [f"also: {alert.message}" for alert in _once(others)]
        lines += [f"advice: {line}" for line in self.remarks]
        lines += self.proof.lines if self.proof else ()
        return "\n".join(lines)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The advice in sentences, one a line."""
        return tuple(". ".join((a.message, *a.advice[:1])) for a in self.advice)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        return {
            "status": self.status,
            "why": self.why,
            "causes": [cause.to_dict() for cause in self.causes],
            "findings": [alert.data() for alert in self.findings],
            **({"advice": [alert.data() for alert in self.advice]} if self.advice else {}),
            **({"proof": self.proof.to_dict()} if self.proof else {}),
        }


def diagnose(alerts: Sequence[Alert], rules: Iterable[Rule], *, judged: bool = True) -> Diagnosis:
    """Weigh the alerts of a run against one another and name the causes.

    judged: whether the run is long enough to be called healthy. Advice ("info") counts only
    beside an alert that is more than that.
    """
    findings = tuple(a for a in alerts if is_finding(a))
    advice = _advice(alerts)
    if not findings:
        status, why = "not enough evidence", "the run is too short to judge"
        if judged:
            status, why = "healthy", "no health rule fired"
        return Diagnosis(status=status, why=why, advice=advice)
    ranked = sorted(_causes(alerts, tuple(rules)), key=lambda c: -c.confidence)
    named = [c for c in ranked if c.confidence >= NAMED]
    if not named:
        names = ", ".join(dict.fromkeys(a.rule for a in findings))
        why = f"something is wrong ({names}), and nothing speaks clearly for a cause"
        status = "not enough evidence"
        return Diagnosis(status=status, findings=findings, advice=advice, why=why)
    kept = tuple(c for c in named if c.confidence >= BESIDE * named[0].confidence)[:MOST]
    return Diagnosis(
        status="unhealthy", causes=kept, findings=findings, advice=advice, why=kept[0].text
    )


def is_finding(alert: Alert) -> bool:
    """Say whether an alert is more than advice."""
    return SEVERITIES.index(alert.severity) > 0


def _causes(alerts: Sequence[Alert], rules: tuple[Rule, ...]) -> list[Cause]:
    first = _once(alerts)
    fired = {a.rule for a in first}
    explained = {n for r in rules if r.name in fired for n in r.explains if n in fired}
    missed: dict[str, float] = {}
    votes: dict[str, list[Alert]] = {}
    for alert in first:
        share = EXPLAINED if alert.rule in explained else 1.0
        for name, weight in VOTES.get(_finding(alert), {}).items():
            missed[name] = missed.get(name, 1.0) * (1.0 - share * weight)
            votes.setdefault(name, []).append(alert)
    return [
        Cause(
            name=name,
            text=KINDS[name].text,
            confidence=1.0 - missed[name],
            change=KINDS[name].change,
            evidence=tuple(a.message for a in voters),
            rules=tuple(a.rule for a in voters),
            numbers={
                f"{a.rule}.{k}": float(v)
                for a in voters
                for k, v in a.evidence.items()
                if math.isfinite(v)
            },
        )
        for name, voters in votes.items()
    ]


def _finding(alert: Alert) -> str:
    """Return what an alert speaks as: some mean another thing by their numbers."""
    if alert.rule == "no_gradient" and not alert.evidence.get("others", 1.0):
        return "no_gradient_at_all"
    if alert.rule == "short_reach" and alert.evidence.get("updates", FEW) >= FEW:
        return alert.rule
    if alert.rule in ("too_few_updates", "short_reach"):
        few = "short_run" if alert.rule == "short_reach" else alert.rule
        return "too_large_batches" if alert.evidence.get("rows", 0.0) >= LARGE else few
    return alert.rule


def _advice(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Return what is no finding: the first of each rule and layer."""
    found: dict[tuple[str, str], Alert] = {}
    for alert in alerts:
        if not is_finding(alert):
            found.setdefault((alert.rule, alert.layer), alert)
    return tuple(found.values())


def _once(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the first alert of each rule."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        found.setdefault(alert.rule, alert)
    return list(found.values())
