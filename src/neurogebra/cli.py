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


@app.command()
def train(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A data set's name or a CSV file.", show_default=False)
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    task: Annotated[
        str | None, typer.Option(help="classification or regression, if the target misleads.")
    ] = None,
    drop: Annotated[str, typer.Option(metavar="COL,COL", help="Columns to leave out.")] = "",
    categorical: Annotated[
        str, typer.Option(metavar="COL,COL", help="Columns whose numbers are names.")
    ] = "",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Fill gaps instead of refusing them.")
    ] = False,
    layers: Annotated[
        str, typer.Option(metavar="UNITS:ACTIVATION,…", help="The hidden layers.")
    ] = LAYERS,
    epochs: Annotated[int, typer.Option(help="Passes over the training rows, at most.")] = EPOCHS,
    batch_size: Annotated[int, typer.Option(help="Rows in one update.")] = 32,
    lr: Annotated[
        float | None, typer.Option(help="Learning rate, if not the optimizer's own.")
    ] = None,
    optimizer: Annotated[str, typer.Option(help="Such as adam, adamw, sgd, rmsprop.")] = "adam",
    loss: Annotated[str | None, typer.Option(help="If not the task's own.")] = None,
    patience: Annotated[
        int, typer.Option(help="Stop after so many epochs without a better one; 0: never.")
    ] = PATIENCE,
    seed: Annotated[int, typer.Option(help="Deals rows, draws first weights, shuffles.")] = 0,
    engine: Annotated[str, typer.Option(help="numpy or torch.")] = "numpy",
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    out: Annotated[
        Path | None, typer.Option(help="A new folder for the run, if not one in runs/.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with this run, bit for bit.")
    ] = None,
    log_level: Annotated[
        str, typer.Option(help="silent, basic, detailed, expert or debug.")
    ] = "basic",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only how it ended.")] = False,
    as_json: AsJson = False,
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
def formula(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as relu or huber.")],
    as_json: AsJson = False,
) -> None:
    """Show a formula of the book: what it says, its derivatives, its source."""
    from neurogebra.cli_book import tell_formula

    tell_formula(name, as_json=as_json)


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
