"""What the command line says of experiments."""

from __future__ import annotations

import typer
from rich.text import Text

from neurogebra.cli_text import screen, tell_json
from neurogebra.experiments import EXPERIMENTS, Outcome
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED


def tell_experiments(*, as_json: bool) -> None:
    """List the experiments there are."""
    rows = list(EXPERIMENTS.values())
    if as_json:
        tell_json([{"name": e.name, "title": e.title, "runs": e.runs} for e in rows])
        return
    width = max(len(e.name) for e in rows)
    for each in rows:
        screen().show(Text.assemble((f"{each.name:<{width}}", BLUE), f"  {each.title}"))
    screen().show(Text("neurogebra experiment NAME tries one out", DIM))


def tell_experiment(name: str, runs: int | None, *, as_json: bool) -> bool:
    """Run an experiment, tell how it went, and return whether every check held."""
    outcome = EXPERIMENTS[name].run(runs)
    if as_json:
        tell_json(outcome.to_dict())
    else:
        _show(outcome)
    return outcome.passed


def _show(outcome: Outcome) -> None:
    """Print the outcome; its last lines, one a check, in the colour of their answer."""
    table = str(outcome).splitlines()[: -len(outcome.checks)]
    typer.echo("\n".join(table))
    for sentence, held in outcome.checks:
        mark = ("  yes  ", GREEN) if held else ("  NO   ", f"bold {RED}")
        screen().show(Text.assemble(mark, sentence))
