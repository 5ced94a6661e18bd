"""Fill the generated parts of README.md; with --check only say whether they are as they were.

run: the printed output of the main job; card: a formula's card; counts: from the registries;
speed: the tables that benchmarks/step.py and benchmarks/book.py last wrote to benchmarks/results.
--check compares all but the run, which depend on nothing but the checkout.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"


def counts() -> str:
    """The sizes of the families, read off their registries."""
    from neurogebra.datasets.index import entries
    from neurogebra.engines import ENGINES
    from neurogebra.layers import LAYERS
    from neurogebra.losses import LOSSES, METRICS
    from neurogebra.observatory.rules import RULES
    from neurogebra.ops import ALPHABET
    from neurogebra.optim import OPTIMIZERS, SCHEDULES
    from neurogebra.repository import FORMULAS

    domains = {f.category for f in FORMULAS.values()}
    sets = Counter(e.supply for e in entries().values())
    real = sum(e.origin == "observed" for e in entries().values() if e.supply == "bundled")
    rows = (
        ("operations of the alphabet", str(len(ALPHABET))),
        ("formulas", f"{len(FORMULAS)} in {len(domains)} domains"),
        ("layers", ", ".join(LAYERS)),
        ("training losses", str(len(LOSSES))),
        ("metrics", str(len(METRICS))),
        ("optimisers", ", ".join(OPTIMIZERS)),
        ("learning-rate schedules", str(len(SCHEDULES))),
        ("engines", ", ".join(ENGINES)),
        ("health rules", str(len(RULES))),
        (
            "data sets in the package",
            f"{sets['bundled']}, of which {real} observed in the real world",
        ),
        ("data sets drawn and fetched", f"{sets['generated']} and {sets['fetched']}"),
    )
    return "\n".join(["| | |", "|:--|:--|", *(f"| {name} | {text} |" for name, text in rows)])


def speed() -> str:
    """The last tables of the step benchmark, without and with the mkl extra, and of the book's."""
    names = ("step.txt", "step-mkl.txt", "book.txt")
    tables = ((RESULTS / name).read_text("utf-8") for name in names)
    return "```text\n" + "\n".join(tables) + "```"


def card() -> str:
    """A card of the book as the terminal shows it, 80 columns wide."""
    shown = _neurogebra("formula", "softplus", "--plot", folder=str(ROOT))
    return "```text\n" + shown + "\n```"


def run() -> str:
    """What the main job prints into a file, 80 columns wide."""
    with tempfile.TemporaryDirectory() as folder:
        shown = _neurogebra("train", "breast_cancer", "--out", "runs/first", folder=folder)
    return "```text\n" + shown + "\n```"


def _neurogebra(*words: str, folder: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "neurogebra", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT / "src")},
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def filled(text: str, parts: dict[str, str]) -> str:
    """The README with these parts between their marks."""
    for name, part in parts.items():
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, p=part: f"{m[1]}{p}\n{m[2]}", text, flags=re.S)
    return text


def main() -> int:
    old = README.read_text("utf-8")
    if "--check" in sys.argv:
        same = filled(old, {"card": card(), "counts": counts(), "speed": speed()}) == old
        print("README.md is up to date" if same else "README.md is stale: python tools/readme.py")
        return 0 if same else 1
    parts = {"run": run(), "card": card(), "counts": counts(), "speed": speed()}
    README.write_text(filled(old, parts), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
