"""The book as data: documented names, no duplicates, nothing but records."""

import ast
import csv
from pathlib import Path

import pytest

from neurogebra.core.parse import MAX_CHARACTERS, parse
from neurogebra.core.tree import number_forms
from neurogebra.repository import CATEGORIES, FORMULAS
from neurogebra.repository.record import Formula

ROOM = Path(__file__).parents[2] / "src" / "neurogebra" / "repository"
NAMES = Path(__file__).parents[3] / "shared" / "spec" / "formula-names.csv"
MODULES = {
    *("__future__", "collections", "dataclasses", "difflib", "functools", "math", "re"),
    "unicodedata",
    *("bisect", "itertools", "typing"),  # the search's index
    *("importlib", "threading"),  # the book's files are read when a name asks for them
}


def documented():
    if not NAMES.exists():
        pytest.skip("the list of documented names is not here")
    with NAMES.open(encoding="utf-8") as lines:
        return [(row["module"], row["name"]) for row in csv.DictReader(lines)]


def test_every_documented_activation_and_loss_is_there():
    first = [n for module, n in documented() if module in ("activations", "losses")]
    assert len(first) == 23
    assert [n for n in first if n not in FORMULAS] == []


def test_more_than_half_of_the_documented_names_resolve():
    names = [n for _, n in documented()]
    assert sum(n in FORMULAS for n in names) >= 150


def test_the_names_the_documents_use():
    for name in ("softmax", "log_softmax", "cross_entropy", "dropout", "attention", "gaussian"):
        assert name in FORMULAS


def test_every_category_has_formulas():
    assert {f.category for f in FORMULAS.values()} == set(CATEGORIES)


def test_no_formula_is_written_twice():
    seen: dict[object, str] = {}
    twice = []
    for f in FORMULAS.values():
        root = parse(f.expr)
        key = (tuple(number_forms([root]).values()), f.expr.replace(" ", ""), f.params)
        if key in seen:
            twice.append((seen[key], f.name))
        seen[key] = f.name
    assert twice == []


def test_texts_are_within_the_limits_of_the_parser():
    for f in FORMULAS.values():
        for text in filter(None, (f.expr, f.stable)):
            parse(text)
            assert len(text) < MAX_CHARACTERS / 4


def test_the_room_is_data():
    imported = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    outside = {m.split(".")[0] for m in imported} - {"neurogebra"}
    assert outside <= MODULES
    assert {m for m in imported if m.startswith("neurogebra.")} <= {
        "neurogebra.registry",
        *(f"neurogebra.repository.{p.stem}" for p in ROOM.glob("*.py")),
    }


def test_records_are_frozen():
    relu = FORMULAS["relu"]
    assert isinstance(relu, Formula)
    with pytest.raises(AttributeError):
        relu.expr = "x"
