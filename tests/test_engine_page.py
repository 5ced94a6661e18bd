"""The page of the engine's families is what its tool would write."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from neurogebra.layers import LAYERS
from neurogebra.losses import LOSSES, METRICS
from neurogebra.optim import OPTIMIZERS, SCHEDULES

ROOT = Path(__file__).parents[1]


def tool():
    spec = importlib.util.spec_from_file_location("engine_page", ROOT / "tools" / "engine_page.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["engine_page"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_fresh():
    found = tool()
    assert found.PAGE.read_text("utf-8") == found.page(), "run python tools/engine_page.py"


def test_every_member_stands_on_it():
    text = tool().PAGE.read_text("utf-8")
    for kind in LAYERS:
        assert f"### {kind}\n" in text
    for family in (LOSSES, METRICS, OPTIMIZERS, SCHEDULES):
        assert all(f"`{name}`" in text for name in family)
