"""The commands that ask the book."""

from __future__ import annotations

from typing import Annotated

import typer

from neurogebra.cli_options import AsJson

book = typer.Typer()


@book.command()
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


@book.command()
def formulas(
    category: Annotated[str | None, typer.Option(help="Only those of one, such as loss.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the formulas of the book."""
    from neurogebra.cli_book import tell_formulas

    tell_formulas(category, as_json=as_json)


@book.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAMES…", help="Two or more.")],
    as_json: AsJson = False,
) -> None:
    """Show formulas side by side: range, values, slopes, cost, use."""
    from neurogebra.cli_book import tell_compared

    tell_compared(names, as_json=as_json)


@book.command()
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


@book.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS…", help="Any, in any order.")],
    as_json: AsJson = False,
) -> None:
    """Search the book of formulas."""
    from neurogebra.cli_book import tell_found

    tell_found(" ".join(words), as_json=as_json)
