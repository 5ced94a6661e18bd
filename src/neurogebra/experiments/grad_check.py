"""The gradient check: every slope that training uses, against differences of the plain loss."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from neurogebra.engines import ENGINES, Engine
from neurogebra.engines.conformance import (
    Case,
    activations,
    gradient_error,
    two_heads,
    with_activation,
    with_layer,
    with_loss,
)
from neurogebra.errors import BadValue
from neurogebra.experiments.record import Outcome, main
from neurogebra.layers import LAYERS
from neurogebra.losses import LOSSES

TOLERANCE = 1e-7


def cases() -> Iterator[tuple[str, str, Case]]:
    """Yield (family, member, network and loss): every layer, activation and loss once."""
    for kind in LAYERS.values():
        yield "layers", kind.__name__, with_layer(kind)
    for name in activations():
        yield "activations", name, with_activation(name)
    for name in LOSSES:
        yield "losses", name, with_loss(name)
    yield "heads", "two heads", two_heads()


def engines() -> dict[str, Engine]:
    """Return the engines that can be loaded here."""
    rows = [row for row in ENGINES.values() if not row.library or find_spec(row.library)]
    return {row.name: row.load() for row in rows}


def run(runs: int) -> Outcome:
    """Compare every parameter of every case on every engine; one run says it all.

    The slopes are fourth-order central differences in float64 of the definition, evaluated
    without any engine; the gradients come from the backward pass that trains.
    """
    if runs != 1:
        raise BadValue("runs", "1: nothing is drawn that another run would draw anew", runs)
    found: dict[tuple[str, str], list[tuple[str, float, int]]] = {}
    for name, engine in engines().items():
        for family, member, case in cases():
            worst, count = gradient_error(engine, *case)
            found.setdefault((name, family), []).append((member, worst, count))
    rows, checks = [], []
    for (name, family), members in found.items():
        member, worst, _ = max(members, key=lambda m: m[1])
        numbers = sum(count for *_, count in members)
        rows.append((name, family, len(members), numbers, worst, member))
        checks.append((f"{name}, {family}: no slope off by {TOLERANCE:g}", worst < TOLERANCE))
    numbers = sum(row[3] for row in rows)
    worst = max(row[4] for row in rows)
    return Outcome(
        "grad_check",
        f"{numbers:,} gradients of {sum(row[2] for row in rows):,} networks: the worst is off by "
        f"{worst:.1e}",
        tuple(checks),
        ("engine", "family", "members", "parameters", "worst error", "at"),
        tuple(rows),
        {"parameters": numbers, "worst_error": worst, "tolerance": TOLERANCE},
    )


if __name__ == "__main__":
    raise SystemExit(main("grad_check"))
