"""The commands that ask for data sets: which there are, what they hold, how they look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from typer.core import TyperGroup

from neurogebra.cli_options import AsJson
from neurogebra.errors import BadValue, UnknownName
from neurogebra.registry import near

Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Such as iris.")]


class Commands(TyperGroup):
    """A group that tells who types a data set's name where a command stands what to type."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; raise BadValue or UnknownName with what is near."""
        word = args[0]
        if self.get_command(ctx, word) is not None or word.startswith("-"):
            return super().resolve_command(ctx, args)
        meant = near(word, self.list_commands(ctx))
        if meant:
            raise UnknownName("command of `datasets`", word, meant)
        from neurogebra.datasets import catalog

        sets = catalog()
        if word not in sets:
            raise sets.unknown(word)
        raise BadValue("datasets", "a command", word, f"type: neurogebra datasets info {word}")


datasets = typer.Typer(name="datasets", cls=Commands)


@datasets.callback(invoke_without_command=True)
def top(ctx: typer.Context) -> None:
    """Data sets: list, search, look into, plot, download, export them."""
    if ctx.invoked_subcommand is None:
        from neurogebra.cli_dataset_list import tell_list

        tell_list({}, as_json=False)


@datasets.command("list")
def list_(
    category: Annotated[str | None, typer.Option(help="Such as classification, image.")] = None,
    task: Annotated[str | None, typer.Option(help="Such as binary, forecasting.")] = None,
    origin: Annotated[
        str | None, typer.Option(help="observed, simulated, rendered or generated.")
    ] = None,
    supply: Annotated[str | None, typer.Option(help="bundled, generated or fetched.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the data sets, all or those of a kind."""
    from neurogebra.cli_dataset_list import tell_list

    wanted = {"category": category, "task": task, "origin": origin, "supply": supply}
    tell_list(wanted, as_json=as_json)


@datasets.command()
def info(
    name: Name,
    columns: Annotated[bool, typer.Option("--columns", help="Every column of wide sets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell all of one: cautions, origin, columns, rights, how to load it."""
    from neurogebra.cli_dataset_info import tell_info

    tell_info(name, every_column=columns, as_json=as_json)


@datasets.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS…", help="All must fit.")],
    as_json: AsJson = False,
) -> None:
    """Search the data sets, best match first."""
    from neurogebra.cli_dataset_list import tell_found

    tell_found(" ".join(words), as_json=as_json)


@datasets.command()
def head(
    name: Name,
    rows: Annotated[int, typer.Option(metavar="N", help="How many.")] = 5,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV, with every column.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the first rows as they stand in the file; of a generated set, one draw."""
    from neurogebra.cli_dataset_rows import tell_head

    tell_head(name, rows, csv=csv, as_json=as_json)


@datasets.command()
def plot(
    name: Name,
    x: Annotated[str | None, typer.Option("--x", metavar="COL", help="The column across.")] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="COL", help="The column up.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new .png or .svg file instead (matplotlib).")
    ] = None,
) -> None:
    """Draw a set: two columns, a series, images, the lengths of texts."""
    from neurogebra.cli_dataset_plot import tell_plot

    tell_plot(name, x, y, out)


@datasets.command()
def download(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="One or more.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that can be fetched.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing; check only.")] = False,
) -> None:
    """Fetch sets into the cache, checked against their hashes, and say where they lie."""
    from neurogebra.cli_dataset_files import tell_download

    tell_download(names or [], every=every, offline=offline)


@datasets.command()
def export(
    name: Name,
    croissant: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; else it is printed.")
    ] = None,
    data: Annotated[
        bool, typer.Option("--data", help="Write the data files beside it, too.")
    ] = False,
) -> None:
    """Describe a set for other tools, as Croissant 1.0 (JSON-LD)."""
    from neurogebra.cli_dataset_files import tell_export

    tell_export(name, croissant, with_data=data)
