"""The commands that look at a run that is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from neurogebra.cli_options import INTERRUPTED, AsJson

runs = typer.Typer()


@runs.command()
def diagnose(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Findings for CI, as SARIF.")
    ] = None,
    prove_fix: Annotated[
        bool, typer.Option("--prove-fix", help="Try what it proposes in short runs, and compare.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a run and what to change, from its logs.

    Exit code 0: nothing is wrong; 1: something is, whatever a trial shows;
    2: refused, for want of logs or, to try something, of the data; 130: interrupted.
    """
    from neurogebra.cli_diagnose import tell_diagnosis

    tell_diagnosis(run, as_json=as_json, out=sarif, prove_fix=prove_fix)


@runs.command()
def reproduce(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    out: Annotated[Path | None, typer.Option(help="A new folder to keep the second one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a run once more and compare bit by bit; exit code 1 where they differ."""
    from neurogebra.cli_reproduce import tell_reproduced

    tell_reproduced(run, out, as_json=as_json)


@runs.command()
def diff(
    runs: Annotated[tuple[Path, Path], typer.Argument(metavar="RUN RUN", help="Two folders.")],
    as_json: AsJson = False,
) -> None:
    """Name what changed between two runs, and since when they differ; exit code 1 if anything."""
    from neurogebra.cli_reproduce import tell_diff

    tell_diff(*runs, as_json=as_json)


@runs.command()
def figures(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where they are drawn.")],
    formats: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="png (300 dpi), svg, pdf.")
    ] = "png,svg",
    as_json: AsJson = False,
) -> None:
    """Draw the charts of a run as figures for a paper; takes matplotlib."""
    from neurogebra.observatory.sinks.figures import figures as draw

    drawn = [str(path) for path in draw(run, folder, formats.split(","))]
    typer.echo(json.dumps({"figures": drawn}) if as_json else "\n".join(drawn))


@runs.command()
def logs(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    tier: Annotated[
        str | None, typer.Option(metavar="TIER", help="basic, health or debug; else the first two.")
    ] = None,
    since: Annotated[int, typer.Option(metavar="STEP", help="From this update on.")] = 0,
    layer: Annotated[str | None, typer.Option(metavar="NAME", help="Of one layer only.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on while the run goes on.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the stored lines: one JSON object an event.")
    ] = False,
    otel: Annotated[
        bool, typer.Option("--otel", help="Print each for OpenTelemetry: OTLP/JSON, one a line.")
    ] = False,
) -> None:
    """Print the events of a run that its logs hold, oldest first."""
    from neurogebra.cli_logs import Wanted, tell_logs

    try:
        tell_logs(run, Wanted(tier, since, layer), follow=follow, as_json=as_json, otel=otel)
    except KeyboardInterrupt:
        if not follow:
            raise
        raise typer.Exit(INTERRUPTED) from None  # the usual end of following: nothing to say


@runs.command()
def experiment(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which; without one they are listed.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(metavar="N", help="Seeds or splits, if not its own number.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try out a claim about training on this machine; exit code 1 where it does not hold."""
    from neurogebra.cli_experiment import tell_experiment, tell_experiments

    if name is None:
        tell_experiments(as_json=as_json)
    elif not tell_experiment(name, runs, as_json=as_json):
        raise typer.Exit(1)
