"""Words on a command line, each command one call into a room below."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from neurogebra import __version__, cli_text
from neurogebra.errors import BadValue, NeurogebraError, UnknownName

# The rooms are imported by the commands that need them, so that help comes at once.
# Newer versions of Typer carry a copy of Click, older ones import it.
USAGE_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
REFUSED, DIVERGED, INTERRUPTED = 2, 1, 130
LAYERS, EPOCHS, PATIENCE = "64:relu,32:tanh", 200, 15
# What a resumed run may be told; everything else it knows from its folder.
WITH_RESUME = ("resume", "log_level", "quiet", "as_json")

app = typer.Typer(
    name="neurogebra",
    help="A mathematical companion and observatory for neural networks.",
    epilog="Begin with: neurogebra train breast_cancer",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
assets = typer.Typer(help="The browser libraries that the dashboard draws with.")
app.add_typer(assets, name="assets")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 for what was refused, 130 after Ctrl-C.

    A refusal is one sentence on stderr; an error of our own keeps its traceback.
    """
    try:
        code = app(args, prog_name="neurogebra", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except NeurogebraError as error:
        return _refuse(str(error))
    except USAGE_ERROR as error:
        return _refuse(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _refuse(sentence: str, code: int = REFUSED) -> int:
    cli_text.screen(stderr=True).show(cli_text.refusal(sentence))
    return code


def _usage(error: Any) -> str:
    """Say what Typer refused, a misspelt option in the words of every other misspelt name."""
    if hasattr(error, "possibilities"):
        return str(UnknownName("option", error.option_name, error.possibilities or ()))
    return str(error.format_message())


@app.callback(invoke_without_command=True)
def top(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """A mathematical companion and observatory for neural networks."""
    if version:
        typer.echo(f"neurogebra {__version__}")
        raise typer.Exit
    show_help(ctx)


@assets.callback(invoke_without_command=True)
def show_help(ctx: typer.Context) -> None:
    """The browser libraries that the dashboard draws with."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def _option(panel: str, about: str, metavar: str | None = None, *names: str) -> Any:
    return typer.Option(*names, help=about, metavar=metavar, rich_help_panel=panel)


DATA, NETWORK, RUN = "Data", "Network and training", "Run"


@app.command()
def train(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="A data set's name or a CSV file.")
    ] = None,
    target: Annotated[str | None, _option(DATA, "The column to predict.", "COL")] = None,
    task: Annotated[
        str | None, _option(DATA, "classification or regression, if misread.", "TASK")
    ] = None,
    drop: Annotated[str, _option(DATA, "Columns to leave out.", "COL,COL")] = "",
    categorical: Annotated[str, _option(DATA, "Numbers that are names.", "COL,COL")] = "",
    allow_missing: Annotated[
        bool, _option(DATA, "Fill gaps instead of refusing them.", None, "--allow-missing")
    ] = False,
    layers: Annotated[str, _option(NETWORK, "Units and activations.", "64:relu,…")] = LAYERS,
    loss: Annotated[str | None, _option(NETWORK, "If not the task's own.", "NAME")] = None,
    optimizer: Annotated[str, _option(NETWORK, "adam, adamw, sgd, rmsprop, …", "NAME")] = "adam",
    lr: Annotated[
        float | None, _option(NETWORK, "Learning rate, if not the optimizer's own.", "X")
    ] = None,
    epochs: Annotated[int, _option(NETWORK, "Passes over the rows, at most.", "N")] = EPOCHS,
    patience: Annotated[
        int, _option(NETWORK, "Epochs without a better one; 0: no end.", "N")
    ] = PATIENCE,
    batch_size: Annotated[int, _option(NETWORK, "Rows in one update.", "N")] = 32,
    engine: Annotated[str, _option(NETWORK, "numpy or torch.", "NAME")] = "numpy",
    dtype: Annotated[str, _option(NETWORK, "float32 or float64.", "NAME")] = "float32",
    seed: Annotated[int, _option(NETWORK, "Deals rows, draws weights, shuffles.", "N")] = 0,
    out: Annotated[Path | None, _option(RUN, "A new folder; else one in runs/.", "DIR")] = None,
    resume: Annotated[Path | None, _option(RUN, "Go on with this run, bit for bit.", "RUN")] = None,
    log_level: Annotated[
        str, _option(RUN, "silent, basic, detailed, expert or debug.", "LEVEL")
    ] = "basic",
    quiet: Annotated[bool, _option(RUN, "Print only how it ended.", None, "--quiet", "-q")] = False,
    as_json: Annotated[bool, _option(RUN, "Print one JSON object only.", None, "--json")] = False,
) -> None:
    """Train a network on a data set or on a CSV file of yours, watched.

    What a run needs and leaves behind lies in one folder, which the last lines name.
    """
    from neurogebra.builders import project
    from neurogebra.observatory.presets import level_of
    from neurogebra.training.runner import Stop, on_signals

    told = cli_text.Told(level_of(log_level), quiet=quiet, as_json=as_json)
    if resume is not None:
        _alone(ctx)
        with on_signals(stop := Stop()):
            result = project.resume(resume, told.sinks, stop)
    else:
        if source is None:
            raise BadValue("train", "a data set's name, a CSV file, or --resume RUN", "nothing")
        data = project.DataSpec(
            source, target, task, _names(drop), _names(categorical), allow_missing
        )
        run: dict[str, Any] = {
            "optimizer": optimizer,
            "learning_rate": lr,
            "epochs": epochs,
            "batch_size": batch_size,
            "patience": patience,
            "seed": seed,
            "engine": engine,
            "dtype": dtype,
            **({"loss": loss} if loss is not None else {}),
        }
        planned = project.plan(data, _layers(layers), run)
        with on_signals(stop := Stop()):
            result = project.start(planned, out, told.sinks(planned), stop)
    told.end(result)
    raise typer.Exit({"interrupted": INTERRUPTED, "diverged": DIVERGED}.get(result.reason, 0))


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    csv: Annotated[Path, typer.Argument(metavar="DATA.CSV", help="Rows with the same columns.")],
    out: Annotated[
        Path | None, typer.Option(help="A new CSV file to write instead of printing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer the rows of a CSV file with a trained run.

    A table on a terminal, CSV elsewhere. If the file holds the target, too, it is scored.
    """
    from neurogebra.builders.predictions import predict as answer
    from neurogebra.cli_tables import tell_predictions

    tell_predictions(answer(run, csv), out, as_json=as_json)


@app.command()
def diagnose(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Findings for CI, as SARIF.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a run and what to change, from its logs; exit code 1 if anything."""
    from neurogebra.cli_diagnose import tell_diagnosis

    tell_diagnosis(run, as_json=as_json, out=sarif)


@app.command()
def reproduce(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    out: Annotated[Path | None, typer.Option(help="A new folder to keep the second one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a run once more and compare bit by bit; exit code 1 where they differ."""
    from neurogebra.cli_reproduce import tell_reproduced

    tell_reproduced(run, out, as_json=as_json)


@app.command()
def diff(
    runs: Annotated[tuple[Path, Path], typer.Argument(metavar="RUN RUN", help="Two folders.")],
    as_json: AsJson = False,
) -> None:
    """Name what changed between two runs, and since when they differ; exit code 1 if anything."""
    from neurogebra.cli_reproduce import tell_diff

    tell_diff(*runs, as_json=as_json)


@app.command()
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


@app.command()
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


@app.command()
def formula(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Such as relu, or a text: 'x*tanh(x)'.")
    ],
    at: Annotated[
        list[str] | None, typer.Option(metavar="x=2", help="A value; once for every input.")
    ] = None,
    grad: Annotated[
        str | None, typer.Option(metavar="x", help="The derivative by x instead.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(metavar="LIBRARY", help="numpy, torch, jax, tensorflow, sympy, python."),
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw it with its derivative.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a formula of the book: what it says, its derivatives, its source."""
    from neurogebra.cli_book import tell_formula

    tell_formula(name, at=at or (), grad=grad, code=code, plot=plot, as_json=as_json)


@app.command()
def formulas(
    category: Annotated[str | None, typer.Option(help="Only those of one, such as loss.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the formulas of the book."""
    from neurogebra.cli_book import tell_formulas

    tell_formulas(category, as_json=as_json)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAMES…", help="Two or more.")],
    as_json: AsJson = False,
) -> None:
    """Show formulas side by side: range, values, slopes, cost, use."""
    from neurogebra.cli_book import tell_compared

    tell_compared(names, as_json=as_json)


@app.command()
def verify(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Such as relu, or a text: 'log(1 + exp(x))'.")
    ],
    domain: Annotated[
        list[str] | None, typer.Option(metavar="x=0:1", help="Where to look; once for an input.")
    ] = None,
    shape: Annotated[
        list[str] | None, typer.Option(metavar="X=4,3", help="An array's sizes; once for an input.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a formula to the laws of the book: domain, overflow, lost digits, derivative."""
    from neurogebra.cli_verify import tell_verified

    tell_verified(name, domain=domain or (), shapes=shape or (), as_json=as_json)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS…", help="Any, in any order.")],
    as_json: AsJson = False,
) -> None:
    """Search the book of formulas."""
    from neurogebra.cli_book import tell_found

    tell_found(" ".join(words), as_json=as_json)


@app.command()
def datasets(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Tell all of one.")] = None,
) -> None:
    """List the data sets that `train` knows by name."""
    from neurogebra.cli_tables import tell_datasets

    tell_datasets(name)


@assets.command()
def install() -> None:
    """Fetch what is missing, as the lock file pins it."""
    from neurogebra.observatory.render.assets import install_assets

    cli_text.tell_assets(install_assets())


def _alone(ctx: typer.Context) -> None:
    """Refuse whatever a resumed run would have to ignore."""
    for name in ctx.params:
        given = getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
        if given and name not in WITH_RESUME:
            raise BadValue(
                "--resume",
                "a run that goes on as it began",
                name if name == "source" else "--" + name.replace("_", "-"),
                "leave it out",
            )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _layers(text: str) -> list[tuple[int, str]]:
    """Read "64:relu,32:tanh"; a layer that names no activation has relu."""
    found = []
    for i, part in enumerate(text.split(",")):
        units, _, activation = (word.strip() for word in part.partition(":"))
        if not (units.isascii() and units.isdigit() and len(units) < 10):
            raise BadValue(f"layers[{i}]", "units and an activation, as in 64:relu,32:tanh", part)
        found.append((int(units), activation or "relu"))
    return found
