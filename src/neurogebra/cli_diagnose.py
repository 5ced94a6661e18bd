"""What the command line says of the health of a stored run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import typer
from rich.text import Text

from neurogebra import __version__, files
from neurogebra.builders.folder import RunFolder
from neurogebra.builders.prove import prove_run
from neurogebra.cli_text import screen, tell_json
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.remedy import (
    HELPED,
    NO_HELP,
    NOT_TRIED,
    UNCERTAIN,
    WORSE,
    Proof,
    Trial,
)
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.replay import examine_run, silence
from neurogebra.observatory.rules import RULES
from neurogebra.observatory.sarif import sarif
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, RED, YELLOW
from neurogebra.observatory.spectra import advice
from neurogebra.training.saved import load_model

COLOURS = {"healthy": GREEN, "unhealthy": RED}
VERDICTS = {HELPED: GREEN, UNCERTAIN: YELLOW, NO_HELP: YELLOW, NOT_TRIED: YELLOW, WORSE: RED}
FOUND = 1


def tell_diagnosis(
    run: Path, *, as_json: bool = False, out: Path | None = None, prove_fix: bool = False
) -> None:
    """Print what is wrong with a run, from its logs and weights; exit with 1 where something is.

    out: a file for the findings as SARIF 2.1.0; prove_fix: also try what it proposes, which
    takes the run's data and does not touch its folder.
    """
    found = _with_weights(run, examine_run(run).diagnosis())
    silent = silence(run)
    if silent:
        found = replace(found, why=f"{found.why}; {silent}")
    if prove_fix:
        found = prove_run(run, found)
    if out is not None:
        files.write_json(out, sarif(found, RULES.values(), __version__, run.as_posix()))
    if as_json:
        tell_json(found.to_dict())
    else:
        screen().show(*_lines(found), *_proof(found.proof))
    if found.findings:
        raise typer.Exit(FOUND)


def _with_weights(run: Path, found: Diagnosis) -> Diagnosis:
    """Return the diagnosis with what the weights that the run has left say."""
    folder = RunFolder(run)
    if not folder.has_model:
        return found
    weights = load_model(folder.model).weights
    return replace(found, advice=(*found.advice, *advice(weights)))


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
    if found.advice:
        lines += [Text(), *(Text(f"advice  {inert(line, 2000)}", DIM) for line in found.remarks)]
    return lines


def _proof(proof: Proof | None) -> Iterator[Text]:
    if proof is None:
        return
    yield Text()
    if proof.trials:
        yield Text.assemble(
            (proof.verdict, f"bold {VERDICTS[proof.verdict]}"),
            (f"  {proof.method}", DIM),
        )
    for trial in proof.trials:
        yield Text()
        yield from _trial(trial)
    if proof.trials:
        yield from (Text(), Text(proof.took, DIM))
    yield from (Text(inert(line, 2000), YELLOW) for line in proof.untried_lines)


def _trial(trial: Trial) -> Iterator[Text]:
    for line in trial.lines:
        word, _, rest = line.partition(" ")
        style = VERDICTS[trial.verdict] if word == "verdict" else ""
        yield Text.assemble((f"{word:<9}", BLUE), (inert(rest.strip(), 2000), style))
