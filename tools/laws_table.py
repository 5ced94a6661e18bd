"""Print what the laws find for every formula: checks made, worst error, references.

Run: python tools/laws_table.py from the root of the checkout, with PyTorch, SciPy,
scikit-learn and mpmath installed.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections import Counter
from pathlib import Path

LAWS = Path(__file__).parents[1] / "tests" / "laws"


def laws() -> types.ModuleType:
    """Return the module of the laws, which lives with the tests."""
    package = types.ModuleType("laws")
    package.__path__ = [str(LAWS)]
    sys.modules["laws"] = package
    return importlib.import_module("laws.formula_laws")


def row(held: types.ModuleType, formula: object) -> tuple[int, int, float, float, int, int]:
    """Return values and slopes checked, worst ulp of both dtypes, references, libraries."""
    doubles, worst = held.check_exact(formula, wide=True)
    singles, rough = held.check_exact(formula, "float32", wide=True)
    slopes = sum(held.check_gradient(formula).values())
    checked = doubles + singles
    return checked, slopes, worst, rough, held.references(formula), held.libraries(formula)


def main() -> None:
    """Print a line a formula, then a line a domain, then the totals."""
    from neurogebra.repository import FORMULAS

    held = laws()
    found, refused = {}, {}
    for name, formula in FORMULAS.items():
        try:
            found[name] = row(held, formula)
        except AssertionError as error:
            refused[name] = str(error).strip().splitlines()[0]
    line = "{:<32}{:<14}{:>8}{:>8}{:>9}{:>9}{:>6}"
    print(line.format("formula", "domain", "values", "slopes", "ulp f64", "ulp f32", "refs"))
    for name, (values, slopes, worst, rough, refs, _) in found.items():
        numbers = f"{worst:.2f}", f"{rough:.2f}"
        print(line.format(name, FORMULAS[name].category, values, slopes, *numbers, refs))
    for name, reason in refused.items():
        print(f"{name:<32}refused: {reason}")
    print("\n" + summary(FORMULAS, found))


def summary(formulas: dict, found: dict) -> str:
    """Return the totals as a few lines."""
    per = Counter(f.category for f in formulas.values())
    rows = found.values()
    strict = [r for n, r in found.items() if formulas[n].ulp <= 4]
    return "\n".join(
        (
            f"{len(formulas)} formulas: " + ", ".join(f"{c} {n}" for c, n in per.items()),
            f"values checked: {sum(r[0] for r in rows):,}; slopes: {sum(r[1] for r in rows):,}",
            f"worst error where 4 ulp are promised: {max(r[2] for r in strict):.2f} (float64), "
            f"{max(r[3] for r in strict):.2f} (float32), in {len(strict)} formulas",
            f"one reference or more: {sum(r[4] >= 1 for r in rows)}; two or more: "
            f"{sum(r[4] >= 2 for r in rows)}; a library or second derivation: "
            f"{sum(r[5] >= 1 for r in rows)}",
            "in units that count the movement of the inputs: "
            f"{sum(formulas[n].sensitive for n in found)}",
        )
    )


if __name__ == "__main__":
    main()
