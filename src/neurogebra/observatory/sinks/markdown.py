"""A run as Markdown, from the records of its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from neurogebra.observatory.render.text import count, duration, inert, metric, number, sizes
from neurogebra.observatory.verbs import LogEvent

# Signs that would start markup in a line of Markdown.
_MARKUP = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>#|~$"})


def markdown(records: Sequence[LogEvent]) -> str:
    """Return the report of the records of one run; what they do not hold has no section."""
    begun = _first(records, "train_start")
    lines = [f"# {_text(begun.get('name', 'Training report'))}", ""]
    lines += [*_facts(begun), *_architecture(begun.get("layers") or ())]
    lines += _scores(records)
    lines += _epochs([r for r in records if r.event_type == "epoch_end"])
    lines += _alerts([r for r in records if r.event_type == "health_check"])
    lines += _ending(_first(records, "train_end"), _first(records, "verdict"))
    return "\n".join(lines).rstrip() + "\n"


def escaped(words: str) -> str:
    """Return inert words with the signs of Markdown's markup escaped."""
    return words.translate(_MARKUP)


def _first(records: Iterable[LogEvent], kind: str) -> Mapping[str, Any]:
    return next((r.data for r in records if r.event_type == kind), {})


def _facts(begun: Mapping[str, Any]) -> Iterator[str]:
    run = begun.get("run") or {}
    known = {
        "Engine": begun.get("engine"),
        "Seed": begun.get("seed"),
        "Epochs": begun.get("epochs", begun.get("total_epochs")),
        "Training rows": begun.get("train_rows"),
        "Validation rows": begun.get("val_rows"),
        "Loss": run.get("loss"),
        "Optimizer": run.get("optimizer"),
        "Learning rate": run.get("learning_rate"),
        "Batch size": run.get("batch_size"),
        "Parameters": begun.get("params"),
    }
    yield from (f"- {word}: {_text(value)}" for word, value in known.items() if value is not None)
    yield ""


def _architecture(layers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not layers:
        return
    yield from ("## Architecture", "")
    rows = (
        (
            layer["name"],
            layer["type"],
            layer["formula"],
            f"{sizes(layer['in_shape'])} → {sizes(layer['out_shape'])}",
            count(layer["params"]),
        )
        for layer in layers
    )
    yield from _table(("Layer", "Type", "Formula", "Shape", "Parameters"), rows)


def _scores(records: Iterable[LogEvent]) -> Iterator[str]:
    found = [r.data for r in records if r.event_type == "evaluated"]
    if found:
        yield from ("## Scores", "")
        names = dict.fromkeys(name for data in found for name in data["metrics"])
        rows = (
            (d["split"], count(d["rows"]), *(_cell(d["metrics"].get(n)) for n in names))
            for d in found
        )
        yield from _table(("Part", "Rows", *names), rows)


def _epochs(ends: Sequence[LogEvent]) -> Iterator[str]:
    if not ends:
        return
    yield from ("## Epochs", "")
    names = dict.fromkeys(name for end in ends for name in end.data.get("metrics") or {})
    rows = (
        (str(1 + (end.epoch or 0)), *(_cell((end.data.get("metrics") or {}).get(n)) for n in names))
        for end in ends
    )
    yield from _table(("Epoch", *names), rows)


def _alerts(alerts: Sequence[LogEvent]) -> Iterator[str]:
    if not alerts:
        return
    yield from ("## Health", "")
    for alert in alerts:
        when = "" if alert.epoch is None or alert.epoch < 0 else f" (epoch {alert.epoch + 1})"
        yield f"- **{_text(alert.severity)}**{when}: {_text(alert.message)}"
        for advice in alert.data.get("advice") or alert.data.get("recommendations") or ():
            yield f"  - {_text(advice)}"
    yield ""


def _ending(end: Mapping[str, Any], verdict: Mapping[str, Any]) -> Iterator[str]:
    if end or verdict:
        yield from ("## Ending", "")
    if "reason" in end:
        yield (
            f"- {_text(end['reason'])} after {count(end['epochs'])} epochs and "
            f"{count(end['step'])} updates in {duration(end['seconds'])}"
        )
    if verdict:
        yield f"- {_text(verdict['status'])}: {_text(verdict['summary'])}"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield "| " + " | ".join(_text(h) for h in head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(_text(cell) for cell in row) + " |"
    yield ""


def _cell(value: Any) -> str:
    return "–" if value is None else metric(float(value))


def _text(value: Any) -> str:
    """Return a value as words that no reader of Markdown acts on."""
    return escaped(number(value) if isinstance(value, float) else inert(value, 300))
