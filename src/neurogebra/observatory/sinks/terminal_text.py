"""What the terminal says of an event: rich renderables, with every user string made inert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from neurogebra.observatory.events import (
    Alert,
    CheckpointSaved,
    EpochEnd,
    Evaluated,
    SinkFailed,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.render.architecture import architecture
from neurogebra.observatory.render.text import count, duration, inert, many, metric, number
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED, YELLOW

COLOURS = {"info": BLUE, "warning": YELLOW, "danger": RED, "critical": f"bold {RED}"}

_REASONS = {
    "completed": ("Training completed", GREEN),
    "early_stopping": ("Stopped early", BLUE),
    "stopped": ("Stopped by a callback", BLUE),
    "diverged": ("Training diverged", RED),
    "interrupted": ("Training interrupted", YELLOW),
}
_VERDICTS = {"healthy": GREEN, "warning": YELLOW, "unhealthy": RED}


def header(event: TrainStart) -> list[RenderableType]:
    """Return the run in three lines, and the architecture."""
    title = Text.assemble((inert(event.name, 60), "bold"))
    if event.resumed_step:
        title.append(f"  resumed after step {count(event.resumed_step)}", BLUE)
    rows = many(event.train_rows, "training row") if event.train_rows else "rows by the batch"
    data = [f"{inert(event.engine, 24)} engine", rows]
    if event.val_rows:
        data.append(many(event.val_rows, "validation row"))
    data.append(f"seed {event.seed}")
    steps = f" of {many(event.batches, 'step')}" if event.batches else ""
    plan = [f"{many(event.epochs, 'epoch')}{steps}", *recipe(event.run)]
    facts = [Text("  ".join(part), BLUE) for part in (data, plan)]
    return [title, *facts, Text(), architecture(event.layers, event.params), Text()]


def recipe(run: Mapping[str, Any]) -> list[str]:
    """Return the loss, the optimizer and the learning rate, as far as the run names them."""
    words = []
    for key in ("loss", "optimizer"):
        value = run.get(key)
        name = value.get("name") if isinstance(value, Mapping) else value
        if isinstance(name, str):
            words.append(f"{key} {inert(name, 40)}")
    rate = run.get("learning_rate")
    if isinstance(rate, (int, float)):
        words.append(f"lr {number(rate)}")
    return words


def scores(metrics: Mapping[str, float], before: Mapping[str, float]) -> Text:
    """Return metrics in pairs, `loss 0.0891 (validation 0.1023)`; green where better than before.

    A metric that is not finite is red; one that was never measured does not appear.
    """
    text = Text()
    for name, value in metrics.items():
        if name.startswith("val_") and name[4:] in metrics:
            continue
        text.append("  " if text else "").append(f"{inert(name, 24)} ", DIM)
        text.append(metric(value), _shade(name, value, before))
        if (validation := metrics.get(f"val_{name}")) is not None:
            shade = _shade(f"val_{name}", validation, before)
            text.append(" (val ", DIM).append(metric(validation), shade).append(")", DIM)
    return text


def short_scores(metrics: Mapping[str, float]) -> Text:
    """Return metrics in as few words as can be: `loss 0.0891  acc 0.9620  val 0.1023 0.9560`."""
    trained = [name for name in metrics if not name.startswith("val_")]
    text = Text()
    for name in trained:
        text.append(f"{inert(name, 12).replace('accuracy', 'acc')} ", DIM)
        text.append(f"{metric(metrics[name])}  ")
    validated = [metric(metrics[f"val_{n}"]) for n in trained if f"val_{n}" in metrics]
    return text.append("val ", DIM).append(" ".join(validated)) if validated else text


def epoch_line(event: EpochEnd, epochs: int, before: Mapping[str, float]) -> Text:
    """Return one epoch as one line; `before` holds the metrics of the line above it."""
    return Text.assemble(
        (f"epoch {event.epoch + 1:>{len(str(epochs))}}/{epochs}", BLUE),
        "  ",
        scores(event.metrics, before),
        ("  best", GREEN) if event.best else "",
    )


def alert(event: Alert) -> tuple[Text, list[Text]]:
    """Return an alert: its first line, how severe and where, and below it what, why, what to do."""
    colour = COLOURS.get(event.severity, YELLOW)
    head = Text.assemble((_severity(event), f"bold {colour}"), (f"  {_where(event)}", DIM))
    body = [Text(inert(event.message), colour)]
    if event.diagnosis:
        body.append(Text(inert(event.diagnosis)))
    body += [Text.assemble(("→ ", BLUE), inert(advice, 300)) for advice in event.advice]
    return head, body


def again(event: Alert) -> Text:
    """Return an alert that was told in full before, in one line."""
    colour = COLOURS.get(event.severity, YELLOW)
    return Text.assemble((_severity(event), colour), (f"  {_where(event)}, again", DIM))


def score_table(events: Sequence[Evaluated]) -> Table:
    """Return the scores of the finished model, one row a part of the data."""
    names = list(dict.fromkeys(name for event in events for name in event.metrics))
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("Scores", style="bold")
    table.add_column("rows", justify="right", style=DIM)
    for name in names:
        table.add_column(Text(inert(name, 24)), justify="right")
    for event in events:
        cells = (_cell(event.metrics.get(name)) for name in names)
        table.add_row(Text(inert(event.split, 24)), Text(count(event.rows)), *cells)
    return table


def ending(event: TrainEnd) -> Text:
    """Return why and when the training ended, and which epoch was the best."""
    words, colour = _REASONS.get(event.reason, (f"Ended: {inert(event.reason, 60)}", YELLOW))
    text = Text.assemble((words, f"bold {colour}"))
    text.append(f"  {many(event.epochs, 'epoch')}, {many(event.step, 'step')}")
    text.append(f" in {duration(event.seconds)}")
    if event.best_epoch >= 0:
        text.append(f"  best epoch {event.best_epoch + 1}", GREEN)
    return text


def verdict(event: Verdict) -> Text:
    """Return the health of the run: its word, its sentence, its causes."""
    colour = _VERDICTS.get(event.status, BLUE)
    text = Text.assemble((inert(event.status.upper(), 40), f"bold {colour}"))
    text.append(f"  {inert(event.summary, 500)}", colour)
    if event.causes:
        text.append(f"  ({', '.join(inert(c, 40) for c in event.causes)})", DIM)
    return text


def saved(event: CheckpointSaved) -> Text:
    """Return where a state of the run lies."""
    return Text(f"{inert(event.what, 20)} state, epoch {event.epoch + 1}: {inert(event.path)}", DIM)


def sink_failed(event: SinkFailed) -> Text:
    """Return that a listener was lost, and why."""
    text = Text.assemble(("WARNING", f"bold {YELLOW}"))
    text.append(f"  the {inert(event.sink, 40)} sink failed and was taken off: ", YELLOW)
    return text.append(inert(event.error, 300), YELLOW)


def tally(counts: Iterable[tuple[Alert, int]]) -> Text:
    """Return how often each alert came that was not told every time."""
    parts = [" ".join((inert(a.rule, 40), inert(a.layer, 24), f"{n}×")) for a, n in counts]
    return Text("Alerts in all: " + ", ".join(" ".join(p.split()) for p in parts), YELLOW)


def _shade(name: str, value: float, before: Mapping[str, float]) -> str:
    if value - value != 0:
        return f"bold {RED}"
    last = before.get(name)
    if last is None:
        return ""
    falls = any(word in name for word in ("loss", "error", "mae", "mse"))
    return GREEN if (value < last if falls else value > last) else ""


def _severity(event: Alert) -> str:
    return inert(event.severity.upper(), 20)


def _where(event: Alert) -> str:
    parts = [event.rule, event.layer, f"epoch {event.epoch + 1}" if event.epoch >= 0 else ""]
    return ", ".join(inert(p, 40) for p in parts if p)


def _cell(value: float | None) -> Text:
    if value is None:
        return Text("–", DIM)
    return Text(number(value), GREEN if value - value == 0 else f"bold {RED}")
