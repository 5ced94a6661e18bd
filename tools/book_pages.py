"""Write the pages of the book: every formula with its mathematics, its drawing, words and code.

Run: python tools/book_pages.py [FOLDER] [--check] from the root of the checkout. Without a folder
only docs/book/index.md is written, the one page that is kept in the repository; the ten others
are too large for it and are made when the site is built (tools/site/hook.py), or into FOLDER.
With --check nothing is written; the exit code is 1 where the index is not what would be written.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from book_plot import svg

from neurogebra.core.book_slopes import derivations
from neurogebra.core.card import range_words
from neurogebra.core.expression import Expression
from neurogebra.core.expression_text import shown
from neurogebra.core.facts import given_names, measured_range
from neurogebra.core.forge import of_book
from neurogebra.core.latex import latex
from neurogebra.core.latex_names import latex_symbol
from neurogebra.repository import CATEGORIES, FORMULAS, Formula

BOOK = Path(__file__).parents[1] / "docs" / "book"
# Derivatives that are longer than this are named, not shown: nobody reads them on a page.
LONGEST = 900
_TITLES = {
    "activation": ("Activations", "What a unit makes of its sum."),
    "loss": ("Losses", "What training makes small."),
    "regularizer": ("Regularizers", "What keeps a model modest."),
    "algebra": ("Algebra", "Polynomials, kernels, curves of growth and decay."),
    "calculus": ("Calculus", "Functions, series, derivatives and integrals by numbers."),
    "statistics": ("Statistics", "Distributions, information, tests, inference."),
    "linalg": ("Linear algebra", "Norms, distances, matrices, attention."),
    "optimization": ("Optimization", "Steps, schedules, scaling laws, test landscapes."),
    "metric": ("Metrics", "How good a prediction, a ranking or a text is."),
    "transform": ("Transforms", "Scaling, encoding, first weights, cells and layers."),
}


def page(category: str) -> str:
    """Return the page of one category."""
    title, line = _TITLES[category]
    groups: dict[str, list[Formula]] = {}
    for formula in FORMULAS.values():
        if formula.category == category:
            groups.setdefault(formula.subcategory, []).append(formula)
    count = sum(map(len, groups.values()))
    contents = [
        f"- [{sub}](#{anchor(sub)}) ({len(members)}): "
        + ", ".join(f"[{f.name}](#{f.name})" for f in members)
        for sub, members in groups.items()
    ]
    parts = [f"# {title}", f"{line} {count} formulas.", "\n".join(contents)]
    for sub, members in groups.items():
        parts.append(f"## {sub} {{ #{anchor(sub)} }}")
        parts += [entry(f) for f in members]
    return "\n\n".join(parts) + "\n"


def anchor(subcategory: str) -> str:
    """Return the anchor of a subcategory; a formula may have the same name."""
    return "kind-" + re.sub(r"[^a-z0-9]+", "-", subcategory.lower())


def entry(formula: Formula) -> str:
    """Return all that a page says of one formula."""
    expression = of_book(formula)
    parts = [f"### {formula.name} {{ #{formula.name} }}", plain(formula.summary)]
    definition, slopes = mathematics(formula, expression)
    parts += [display(definition), svg(expression), *slopes]
    parts += ["\n".join(facts(formula, expression)), code(expression)]
    return "\n\n".join(part for part in parts if part)


def mathematics(formula: Formula, expression: Expression) -> tuple[str, list[str]]:
    """Return the definition in LaTeX, and the derivative by each input as a paragraph."""
    left = rf"\mathrm{{{_escaped(formula.name)}}}"
    asked = ", ".join(latex_symbol(n) for n in expression.inputs)
    right, slopes = shown(expression.tree, latex), []
    for name, derived in derivations(expression).items():
        by = latex_symbol(name)
        if derived is not None:  # it knows the sizes, and writes both with the same letters
            right, written = derived.function().removeprefix("f = "), derived.latex()
        else:
            written = shown(expression.gradient(name).tree, latex)
            written = rf"\frac{{\partial f}}{{\partial {by}}} = {written}"
        if len(written) <= LONGEST:
            slopes.append(display(written))
        else:
            command = f"neurogebra formula {formula.name} --grad {name}"
            slopes.append(f"The derivative by `{name}` fills a page: `{command}`.")
    return f"{left}({asked}) = {right}", slopes


def facts(formula: Formula, expression: Expression) -> Iterator[str]:
    """Yield the lines of a formula's list: domain, range, parameters, use, source."""
    words = given_names(expression)
    for name in expression.inputs:
        yield f"- `{name}`: {plain(str(words[name]))}"
    for name, value in formula.params:
        yield f"- `{name}` = {value:g}, a parameter"
    seen = range_words(measured_range(expression))
    kinks = ", ".join(f"{k:g}" for k in formula.kinks)
    lists = (
        ("Range", plain(seen) and f"{plain(seen)}, as measured"),
        ("The derivative jumps at", kinks),
        ("Use", plain(formula.usage)),
        ("Good", plain(" ".join(formula.pros))),
        ("Mind", plain(" ".join(formula.cons))),
        ("Also called", ", ".join(f"`{a}`" for a in formula.aliases)),
        ("Source", plain(formula.source)),
    )
    yield from (f"- **{word}:** {text}" for word, text in lists if text)


def code(expression: Expression) -> str:
    """Return the source for NumPy, folded."""
    source = expression.to_code("numpy").rstrip()
    lines = ["```python", *source.splitlines(), "```"]
    return "\n".join(['??? note "NumPy"', "", *(f"    {ln}" if ln else "" for ln in lines)])


def display(text: str) -> str:
    """Return LaTeX on lines of its own."""
    return f"$$\n{text}\n$$"


def plain(text: str) -> str:
    """Return words as Markdown that shows them as they are."""
    return re.sub(r"([\\`*_\[\]<>#|$~^{}])", r"\\\1", text).replace("\\<", "&lt;")


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")


def index() -> str:
    """Return the page before the others: what is where, and how to read it."""
    counts = Counter(f.category for f in FORMULAS.values())
    rows = [
        f"| [{title}]({category}.md) | {counts[category]} | {line} |"
        for category, (title, line) in _TITLES.items()
    ]
    return _INDEX.format(total=f"{len(FORMULAS):,}", rows="\n".join(rows))


_INDEX = """# The book

{total} formulas in ten domains. No page of the book is typed: each is written from the records in
`src/neurogebra/repository` by `tools/book_pages.py`, while the site is built.

| Domain | Formulas | What is in it |
|:--|--:|:--|
{rows}

Every formula has its definition, its derivative by each input, where its inputs may lie, its
parameters with their defaults, when to use it and what to mind, its source, and a NumPy function
that does the same. A formula of one number is drawn: the curve solid, its derivative dashed.

How to read them:

- $f$ in a derivative is the formula above it. A formula that gives several numbers and works
  element by element has a derivative of that kind; of any other it is the derivative of the sum
  of what it gives.
- $\\odot$ is the product element by element, and $[x > 0]$ is 1 where the condition holds, else 0.
- A letter explained after "where" stands for what comes back several times.
- A range is measured on a grid over the domain, not proven.

The same from Python and from the command line:

```python
from neurogebra import MathForge

forge = MathForge()
assert "softplus" in forge.search("smooth relu")[:3]
assert forge.get("relu").eval(x=-3.0) == 0.0
```

```bash
neurogebra search "loss robust to outliers"
neurogebra formula huber --grad y_pred
```
"""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every page that is built, one at a time."""
    for category in CATEGORIES:
        yield f"{category}.md", page(category)


def main_of(words: Sequence[str]) -> int:
    """Write the index, or every page into a folder; return 1 where a check fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", nargs="?", type=Path, help="where every page is written")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    given = parser.parse_args(words)
    target = BOOK / "index.md"
    if given.check:
        return int(not target.exists() or target.read_text("utf-8") != index())
    folder: Path = given.folder or BOOK
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text(index(), "utf-8")
    for name, text in pages() if given.folder else ():
        (folder / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main_of(sys.argv[1:]))
