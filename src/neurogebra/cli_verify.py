"""What the command line says of a formula that was verified."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.table import Table
from rich.text import Text

from neurogebra.cli_text import screen, tell_json
from neurogebra.core.forge import MathForge
from neurogebra.core.verify_record import Verdict, label_of
from neurogebra.errors import BadValue
from neurogebra.observatory.render.text import inert, number
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, MAGENTA, RED, YELLOW

COLOURS = {"ok": GREEN, "warning": YELLOW, "error": RED}
ADVICE = ("instead", "book")
FAILED = 1


def tell_verified(
    name: str, *, domain: Sequence[str] = (), shapes: Sequence[str] = (), as_json: bool = False
) -> None:
    """Print what was found out about a formula; exit with 1 where something is an error.

    domain: "x=0:1" each, either side may be left out; shapes: "X=4,3" each, "a=" a number.
    """
    found = MathForge().verify(name, domain=_domains(domain), shapes=_shapes(shapes) or None)
    if as_json:
        tell_json(found.to_dict())
    else:
        _tell(found)
    if not found.ok:
        raise typer.Exit(FAILED)


def _tell(verdict: Verdict) -> None:
    worst = next((s for s in ("error", "warning") if verdict.of(s)), "ok")
    params = ", ".join(
        f"{n} = {number(v)}" for n, v in verdict.params.items() if isinstance(v, (int, float))
    )
    title = Text.assemble((inert(verdict.formula, 2000), f"bold {MAGENTA}"))
    ended = Text.assemble((verdict.summary(), f"bold {COLOURS[worst]}"))
    if params:
        ended.append(f"  {params}", DIM)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in verdict.findings:
        advice = finding.kind in ADVICE
        colour = BLUE if advice else COLOURS[finding.severity]
        said = Text(inert(finding.sentence, 2000), MAGENTA if advice else "")
        table.add_row(Text(label_of(finding), colour), said)
    screen().show(title, ended, Text(), table)


def _domains(given: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Read "x=0:1"; a side without a number has no end."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        low, colon, high = value.partition(":")
        try:
            ends = float(low or "-inf"), float(high or "inf")
        except ValueError:
            equals = ""
            ends = 0.0, 0.0
        if not (equals and colon and name.strip()):
            raise BadValue("--domain", "a name and two numbers, as in x=0:1 or x=0:", text)
        found[name.strip()] = ends
    return found


def _shapes(given: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Read "X=4,3", and "a=" for a number."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        sizes = [s.strip() for s in value.split(",") if s.strip()]
        if not (equals and name.strip() and all(s.isascii() and s.isdigit() for s in sizes)):
            raise BadValue("--shape", "a name and sizes, as in X=4,3 or a=", text)
        found[name.strip()] = tuple(int(s) for s in sizes)
    return found
