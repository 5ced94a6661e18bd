"""The narrator: a run told as a teacher would, what happened in numbers, why, and what to try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from neurogebra.observatory.events import (
    Alert,
    EpochEnd,
    EpochStart,
    Event,
    Level,
    Metrics,
    SinkFailed,
    Stamped,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.render.text import count, duration, inert, many, metric, number, percent
from neurogebra.observatory.rule import Context, Rule, Thresholds, examine
from neurogebra.observatory.sinks.spread import evenly
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED, YELLOW, Screen
from neurogebra.observatory.tips import TIPS

MOST_EPOCHS = 8

_ENDS = {
    "completed": "All epochs are done",
    "early_stopping": "Stopped early: it was no better for a while",
    "stopped": "Stopped: a callback asked for it",
    "diverged": "Stopped: the loss is no number any more",
    "interrupted": "Interrupted",
}
_COLOURS = {"healthy": GREEN, "warning": YELLOW, "unhealthy": RED}
_STEP = (
    "In every update the network answers for a few rows, the loss says how wrong it was, the "
    "gradient says for each number which way is better, and {optimizer} takes a step that way."
)


class Narrator:
    """A sink that tells a run in sentences; each tip once, when a measurement calls for it.

    explain: also why, and what to try. told: the tips and alerts so far, in order.
    """

    name = "narrator"
    level = Level.BASIC

    def __init__(
        self,
        explain: bool = True,
        console: Console | None = None,
        tips: Mapping[str, Rule] = TIPS,
    ) -> None:
        self.told: list[Alert] = []
        self._explain, self._tips = explain, tuple(tips.values())
        self._screen = Screen(console)
        self._context, self._thresholds = Context(), Thresholds()
        self._chosen: frozenset[int] = frozenset()
        self._before: Metrics = {}
        self._first: Metrics = {}

    def handle(self, stamped: Stamped) -> None:
        """Tell one event, as far as there is something to tell."""
        event = stamped.event
        if isinstance(event, TrainStart):
            self._begin(event)
        for text in self._sentences(event):
            self._screen.show(text)
        for tip in examine(event, self._context, self._tips, self._thresholds):
            self._tip(tip)

    def close(self) -> None:
        """There is nothing to let go."""

    def _begin(self, event: TrainStart) -> None:
        self._context = Context()
        self._chosen, self._before, self._first = frozenset(), {}, {}
        self.told.clear()

    def _sentences(self, event: Event) -> Iterator[Text]:
        match event:
            case TrainStart():
                yield from _start(event, self._explain)
            case EpochStart() if not self._chosen:
                self._chosen = evenly(event.epoch, event.epochs, MOST_EPOCHS)
            case EpochEnd():
                yield from self._epoch(event)
            case Alert():
                self.told.append(event)
                colour = YELLOW if event.severity == "warning" else RED
                yield Text(f"{event.severity}: {inert(event.message)}", colour)
                yield from self._why(event)
            case TrainEnd():
                yield _end(event, self._first)
            case Verdict():
                words = f"Health: {inert(event.status, 40)}. {inert(event.summary)}"
                yield Text(words, _COLOURS.get(event.status, BLUE))
            case SinkFailed():
                yield Text(f"{inert(event.sink, 40)} failed: {inert(event.error, 300)}", YELLOW)

    def _epoch(self, event: EpochEnd) -> Iterator[Text]:
        self._first = self._first or event.metrics
        if event.epoch in self._chosen:
            epochs = self._context.start.epochs if self._context.start else event.epoch + 1
            yield Text.assemble(
                (f"Epoch {event.epoch + 1} of {epochs}: ", BLUE),
                _measured(event.metrics, self._before),
            )
            self._before = event.metrics

    def _tip(self, tip: Alert) -> None:
        if not self._explain or any(told.rule == tip.rule for told in self.told):
            return
        self.told.append(tip)
        self._screen.show(Text(f"Tip: {tip.message}", GREEN))
        for text in self._why(tip):
            self._screen.show(text)

    def _why(self, alert: Alert) -> Iterator[Text]:
        if not self._explain:
            return
        if alert.diagnosis:
            yield Text(f"  why: {inert(alert.diagnosis)}")
        for advice in alert.advice:
            yield Text.assemble(("  try: ", BLUE), inert(advice, 300))


def _start(event: TrainStart, explain: bool) -> Iterator[Text]:
    rows = many(event.train_rows, "row") if event.train_rows else "rows that come by the batch"
    yield Text(f"{inert(event.name, 60)} learns from {rows}", "bold")
    updates = f" of {many(event.batches, 'update')}" if event.batches else ""
    held = f"; {count(event.val_rows)} more only check it" if event.val_rows else ""
    yield Text(
        f"{many(event.params, 'number')} to find, {many(event.epochs, 'epoch')}"
        f"{updates}{held}. Seed {event.seed}."
    )
    guess = event.run.get("baseline", {}).get("trivial_loss")
    if explain:
        optimizer = inert(event.run.get("optimizer", "the optimizer"), 40)
        yield Text(_STEP.format(optimizer=optimizer), DIM)
        if guess is not None:
            yield Text(f"One answer for all rows would have the loss {number(guess)}.", DIM)


def _measured(metrics: Metrics, before: Metrics) -> str:
    """Return "loss 0.41 (15 % lower), accuracy 0.83; unseen rows: loss 0.45, accuracy 0.80"."""
    own = [_one(k, v, before) for k, v in metrics.items() if not k.startswith("val_")]
    unseen = [_one(k[4:], v, {}) for k, v in metrics.items() if k.startswith("val_")]
    parts = [", ".join(own)] if own else []
    return "; ".join([*parts, f"unseen rows: {', '.join(unseen)}"] if unseen else parts)


def _one(name: str, value: float, before: Metrics) -> str:
    words = f"{inert(name, 24)} {metric(value)}"
    then = before.get(name, 0.0)
    if name != "loss" or not then > 0 or value - value != 0:
        return words
    change = 100 * (value - then) / then
    return f"{words} ({percent(abs(change))} {'lower' if change < 0 else 'higher'})"


def _end(event: TrainEnd, first: Metrics) -> Text:
    text = Text.assemble((_ENDS.get(event.reason, inert(event.reason, 60)), "bold"))
    text.append(f", after {many(event.step, 'update')} in {duration(event.seconds)}.")
    if "loss" in first and "loss" in event.metrics:
        text.append(f" Loss {metric(first['loss'])} → {metric(event.metrics['loss'])}.")
    return text
