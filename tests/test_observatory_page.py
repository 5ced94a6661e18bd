"""The page of the Observatory is what its tool would write."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from neurogebra.observatory.diagnosis import KINDS
from neurogebra.observatory.rules import RULES, Thresholds

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool():
    path = ROOT / "tools" / "observatory_page.py"
    spec = importlib.util.spec_from_file_location("observatory_page", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["observatory_page"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_fresh(tool):
    assert tool.is_fresh(), "run python tools/observatory_page.py"


def test_a_stale_page_is_found(tool, monkeypatch, tmp_path):
    stale = tmp_path / "observatory.md"
    stale.write_text(tool.PAGE.read_text("utf-8").replace("### dead_relu", "### dead"), "utf-8")
    monkeypatch.setattr(tool, "PAGE", stale)
    assert not tool.is_fresh()


def test_every_rule_cause_and_threshold_stands_on_it(tool):
    text = tool.PAGE.read_text("utf-8")
    assert all(f"### {name}\n" in text for name in RULES)
    assert all(f"| `{name}` " in text for name in (*KINDS, *(f.name for f in fields(Thresholds))))


def test_the_example_says_what_the_page_shows(tool):
    """The causes: numbers may differ from machine to machine, and what is tried with the time."""
    said, shown = tool.printed(), tool.shown_on(tool.PAGE.read_text("utf-8"))
    assert said.startswith("unhealthy: ")
    assert causes(said) == causes(shown)
    assert "\nhelped: " in shown


def causes(text):
    return [line.split("(")[0] for line in text.splitlines() if line[:1].isdigit()]
