"""Words on a command line, each command one call into a room below."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from neurogebra import __version__, cli_text
from neurogebra.cli_datasets import datasets
from neurogebra.cli_formulas import book
from neurogebra.cli_options import DIVERGED, INTERRUPTED, REFUSED, AsJson
from neurogebra.cli_runs import runs
from neurogebra.errors import BadValue, NeurogebraError, UnknownName

# The rooms are imported by the commands that need them, so that help comes at once.
# Newer versions of Typer carry a copy of Click, older ones import it.
USAGE_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
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


app.add_typer(datasets)
app.add_typer(runs)
app.add_typer(book)


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
