"""What the command line says of the health of a stored run."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.text import Text

from neurogebra import __version__, files
from neurogebra.cli_text import screen, tell_json
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.replay import examine_run
from neurogebra.observatory.rules import RULES
from neurogebra.observatory.sarif import sarif
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED, YELLOW

COLOURS = {"healthy": GREEN, "unhealthy": RED}
FOUND = 1


def tell_diagnosis(run: Path, *, as_json: bool = False, out: Path | None = None) -> None:
    """Print what is wrong with a run, from its logs alone; exit with 1 where something is.

    out: a file for the findings as SARIF 2.1.0.
    """
    found = examine_run(run).diagnosis()
    if out is not None:
        files.write_json(out, sarif(found, RULES.values(), __version__, run.as_posix()))
    if as_json:
        tell_json(found.to_dict())
    else:
        screen().show(*_lines(found))
    if found.findings:
        raise typer.Exit(FOUND)


def _lines(found: Diagnosis) -> list[Text]:
    head = Text(found.status, f"bold {COLOURS.get(found.status, YELLOW)}")
    lines = [head.append(f"  {inert(found.why, 2000)}", DIM)]
    for i, cause in enumerate(found.causes, 1):
        lines += [Text(), Text(f"{i}. {cause.name}  {cause.confidence:.0%}  {cause.text}", RED)]
        lines += [Text(f"   seen    {inert(sentence, 2000)}") for sentence in cause.evidence]
        lines.append(Text(f"   change  {cause.change}", BLUE))
    named = {rule for cause in found.causes for rule in cause.rules}
    others = dict.fromkeys(a.message for a in found.findings if a.rule not in named)
    if others:
        lines += [Text(), *(Text(f"also  {inert(message, 2000)}", DIM) for message in others)]
    return lines
