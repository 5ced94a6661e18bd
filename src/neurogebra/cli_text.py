"""What the command line says of a run, beside what the Terminal sink shows of it."""

from __future__ import annotations

import json
import math
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurogebra.observatory.events import Level, Stamped, TrainStart
from neurogebra.observatory.render.text import count, inert, many, metric, number
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED, Screen
from neurogebra.observatory.sinks.terminal_text import verdict

if TYPE_CHECKING:  # rooms with NumPy in them, which the list of commands does not need
    from neurogebra.builders.project import Project, Result
    from neurogebra.observatory.bus import Sink

FILES = {
    "dashboard.html": "the run as one page, for a browser",
    "basic.log": "epochs, scores, verdict: one JSON object a line",
    "health.log": "alerts, and what to do about them",
    "debug.log": "every step and layer",
    "fingerprint.json": "machine, versions, seed and data of the run",
    "result.json": "why it ended, scores, verdict",
    "model": "the network: model.json, weights.safetensors",
    "checkpoints": "the state from which a stopped run goes on",
}


def screen(*, stderr: bool = False) -> Screen:
    """Return the way to stdout or stderr, where no text of a user is ever markup."""
    return Screen(Console(stderr=stderr, highlight=False, markup=False, emoji=False))


def refusal(sentence: str) -> Text:
    """Return what was refused as one line."""
    return Text.assemble(("error: ", f"bold {RED}"), inert(sentence, 2000))


def tell_json(value: Any) -> None:
    """Print one JSON object in ASCII; a number that is not finite is null."""
    typer.echo(json.dumps(_finite(value), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Told:
    """How much `train` tells: all that the level asks for; quiet: how it ended; JSON: only that."""

    def __init__(self, level: Level, *, quiet: bool, as_json: bool) -> None:
        self.level, self.quiet, self.as_json = level, quiet, as_json
        self._screen = screen()

    def sinks(self, project: Project) -> list[Sink]:
        """Return who shows the run while it goes on."""
        if self.quiet or self.as_json or self.level == Level.SILENT:
            return []
        return [DataCard(self._screen, project), Terminal(self.level, self._screen.console)]

    def end(self, result: Result) -> None:
        """Tell how a run ended, where it lies and what to try next."""
        run = str(result.folder)
        if self.as_json:
            tell_json(_as_json(result))
            return
        if self.quiet:
            self._screen.show(*_in_short(result), Text(inert(run, 2000)))
        elif self.level > Level.SILENT:
            self._screen.show(Text(), Text.assemble(("Run folder  ", BLUE), inert(run, 2000)))
            self._screen.show(_contents(result.folder), indent=2)
            self._screen.show(*_next(result))
        if result.reason == "interrupted":
            resume = shlex.join(["neurogebra", "train", "--resume", run])
            screen(stderr=True).show(Text(f"interrupted; to go on: {inert(resume, 2000)}"))


class DataCard:
    """A sink that says, when a run begins, what it learns from."""

    name = "data card"
    level = Level.BASIC

    def __init__(self, to: Screen, project: Project) -> None:
        self._screen, self._project = to, project

    def handle(self, stamped: Stamped) -> None:
        """Show the data before the terminal shows the network."""
        if isinstance(stamped.event, TrainStart):
            self._screen.show(*data_card(self._project), Text())

    def close(self) -> None:
        """There is nothing to let go."""


def data_card(project: Project) -> Iterator[Text]:
    """Yield what a run learns from: title, size, target, origin, licence, what was prepared."""
    source, prepared = project.source, project.preparation
    record = source.record
    yield Text(inert(source.title, 200), "bold")
    size = f"{many(source.table.n_rows, 'row')}, {many(len(source.features), 'column')}"
    encoded = len(prepared.feature_names)
    if encoded != len(source.features):
        size += f" as {many(encoded, 'number')}"
    yield Text(f"{size}  →  {inert(source.target, 60)}: {_answers(project)}", BLUE)
    if record is not None:
        origin = [f"origin: {record.origin}", f"licence: {record.licence}"]
        yield Text("  ".join(inert(o, 200) for o in origin), BLUE)
    gaps = prepared.gaps(source.table)
    if gaps:
        values = many(sum(gaps.values()), "missing value")
        filled = "numbers get the training median, words no category"
        yield Text(f"{values} in {many(len(gaps), 'column')}: {filled}", BLUE)
    if not prepared.classes:
        yield Text(f"while training, errors count in units of {number(prepared.target.std)}", DIM)
    notes = list(prepared.notes)
    yield from (Text(inert(note, 300), DIM) for note in notes[:8])
    if notes[8:]:
        yield Text(f"… and {many(len(notes) - 8, 'more column')} like these", DIM)


def _answers(project: Project) -> str:
    target = project.preparation.target
    if not target.classes:
        return f"a number, {number(target.mean)} ± {number(target.std)}"
    record = project.source.record
    own = record is not None and record.target.name == target.name
    meanings = dict(record.target.labels) if own and record is not None else {}
    rows = Counter(target.encode(project.source.table).tolist())
    shown = [
        f"{inert(meanings.get(name, name), 30)} ({count(rows[i])})"
        for i, name in enumerate(target.classes)
    ]
    return ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if shown[10:] else "")


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "reason": result.reason,
        "scores": result.scores,
        "verdict": result.verdict and result.verdict.data(),
    }


def _in_short(result: Result) -> Iterator[Text]:
    for part, scores in result.scores.items():
        pairs = "  ".join(f"{inert(k, 24)} {metric(v)}" for k, v in scores.items())
        yield Text(f"{part}  {pairs}")
    if result.verdict is not None:
        yield verdict(result.verdict)


def _contents(folder: Path) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, meaning in FILES.items():
        if (folder / name).exists():
            table.add_row(name, Text(meaning, DIM))
    return table


def _next(result: Result) -> Iterator[Text]:
    if not result.scores:
        return
    command = shlex.join(["neurogebra", "predict", str(result.folder), "YOUR.csv"])
    yield Text.assemble(("Next        ", BLUE), (inert(command, 2000), GREEN))


def tell_assets(written: list[Path]) -> None:
    """Print what was fetched."""
    lines = [Text(inert(path, 2000), GREEN) for path in written]
    screen().show(*lines or [Text("nothing is missing")])
