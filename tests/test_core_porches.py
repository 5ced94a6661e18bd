"""The documented paths under `core` and `utils` lead to the real objects."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import neurogebra

PACKAGE = Path(neurogebra.__file__).parent
HOMES = {
    "core.trainer": {"Trainer": "training.expression_trainer"},
    "core.neurocraft": {"NeuroCraft": "tutorials.craft"},
    "utils.explain": {"LEVELS": "core.explain", "explain": "core.explain"},
    "utils.helpers": {
        "card": "core.card",
        "compare": "core.card",
        "latex": "core.latex",
        "unicode": "core.latex",
    },
}


@pytest.mark.parametrize("porch", HOMES)
def test_a_porch_leads_to_the_real_objects(porch):
    here = importlib.import_module(f"neurogebra.{porch}")
    assert set(here.__all__) == set(HOMES[porch])
    for name, home in HOMES[porch].items():
        assert getattr(here, name) is getattr(importlib.import_module(f"neurogebra.{home}"), name)
        assert home in (here.__doc__ or "")


@pytest.mark.parametrize("porch", HOMES)
def test_a_porch_has_no_code(porch):
    path = PACKAGE / f"{porch.replace('.', '/')}.py"
    doc, *rest = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(doc, ast.Expr)
    assert all(isinstance(node, (ast.ImportFrom, ast.Assign)) for node in rest)


def test_every_porch_of_utils_is_in_the_table():
    assert {f"utils.{p.stem}" for p in (PACKAGE / "utils").glob("*.py")} - {"utils.__init__"} == {
        p for p in HOMES if p.startswith("utils.")
    }


def test_the_front_door_has_the_real_objects():
    assert neurogebra.Expression is importlib.import_module("neurogebra.core.expression").Expression
    assert neurogebra.MathForge is importlib.import_module("neurogebra.core.forge").MathForge
    assert neurogebra.NeuroCraft is importlib.import_module("neurogebra.tutorials.craft").NeuroCraft
