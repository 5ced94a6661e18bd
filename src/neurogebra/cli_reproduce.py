"""What the command line says of two runs: one made again, or two that were stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from neurogebra.builders.reproduce import Pair, compare_runs
from neurogebra.builders.reproduce import reproduce as run_again
from neurogebra.cli_text import screen, tell_json
from neurogebra.observatory.comparison import Difference
from neurogebra.observatory.render.text import count, inert, many
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED, YELLOW
from neurogebra.training.runner import Stop, on_signals

DIFFERENT = 1
_SHOWN, _OF_DIGEST, _DIGEST = 60, 12, 64  # characters of a value, and of a SHA-256
# What the topic says already.
_HEADS = ("hyperparameters.", "model_info.", "versions.", "hardware.", "blas.", "data.")


def tell_reproduced(run: Path, out: Path | None, *, as_json: bool = False) -> None:
    """Run a run again and say whether every bit came back; exit with 1 where one did not."""
    with on_signals(stop := Stop()):
        pair = run_again(run, out, stop)
    if pair is None:
        raise KeyboardInterrupt
    if as_json:
        tell_json({**pair.to_dict(), "second": None if out is None else str(out)})
    else:
        screen().show(*_compared(pair), *_reproduced(pair))
        if out is not None:
            screen().show(Text.assemble(("kept in   ", BLUE), inert(out, 2000)))
    if not pair.identical:
        raise typer.Exit(DIFFERENT)


def tell_diff(first: Path, second: Path, *, as_json: bool = False) -> None:
    """Say what changed between two runs and since when they differ; exit with 1 if anything."""
    pair = compare_runs(first, second)
    if as_json:
        tell_json(pair.to_dict())
    else:
        screen().show(*_changes(pair), *_compared(pair), *_since(pair))
    if pair.changed or not pair.identical:
        raise typer.Exit(DIFFERENT)


def _compared(pair: Pair) -> Iterator[Text]:
    words = [f"{count(n)} {inert(what, 40)}" for what, n in pair.numbers.counts.items()]
    yield Text.assemble(("compared  ", BLUE), ", ".join(words))


def _reproduced(pair: Pair) -> Iterator[Text]:
    yield from _since(pair)
    if pair.changed:
        yield Text("the circumstances were not the same:", DIM)
        yield from _changes(pair)


def _since(pair: Pair) -> Iterator[Text]:
    earliest = pair.numbers.first
    if earliest is None:
        yield Text("identical", f"bold {GREEN}").append("  every number, bit by bit", DIM)
        return
    yield Text.assemble(
        ("different  ", f"bold {RED}"),
        f"{many(pair.numbers.unequal, 'number')}, the first {_when(earliest)}",
    )
    yield _both(f"{earliest.topic} {earliest.name}", earliest)


def _changes(pair: Pair) -> Iterator[Text]:
    for change in pair.changed:
        name = change.name
        for head in _HEADS:
            name = name.removeprefix(head)
        line = Text(f"{change.topic}  ", f"bold {YELLOW}")
        yield line.append_text(_both(name, change))


def _both(name: str, found: Difference) -> Text:
    return Text.assemble(
        f"{inert(name, 200)}: ", (_value(found.first), BLUE), " → ", (_value(found.second), BLUE)
    )


def _value(value: Any) -> str:
    text = "none" if value is None else str(value)
    short = len(text) == _DIGEST and text.isalnum()
    return text[:_OF_DIGEST] if short else inert(text, _SHOWN)


def _when(found: Difference) -> str:
    if found.topic in ("weights", "state"):
        return f"in the last {found.topic}, after update {found.step}"
    epoch = "" if found.epoch is None else f" of epoch {found.epoch + 1}"
    return f"at update {found.step}{epoch}"
