"""Figures for papers: the page's own facts, at 300 dpi, whatever the names and the numbers."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET

import pytest
from tests.observatory.hostile import NAME, records, tell

from neurogebra.errors import BadValue, MissingExtra, RunError, UnknownName
from neurogebra.observatory.events import Level
from neurogebra.observatory.sinks import figures as module
from neurogebra.observatory.sinks.dashboard_maps import maps
from neurogebra.observatory.sinks.exporters import EXPORTERS
from neurogebra.observatory.sinks.figures import FigureExporter, figures
from neurogebra.observatory.sinks.history import History
from neurogebra.observatory.sinks.ndjson import TieredStorage

OURS = ("stroke: #0072b2", "stroke: #d55e00")
CURVES = {"loss": [1.0, 0.5, 0.25], "val_loss": [1.1, 0.7], "accuracy": [0.2, 0.5, 0.7]}


@pytest.fixture(autouse=True)
def _matplotlib():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")


def drawn(path):
    """The texts of an SVG, and how many points its lines have."""
    tree = ET.parse(path)
    tag = "{http://www.w3.org/2000/svg}"
    ours = [p for p in tree.iter(f"{tag}path") if any(c in p.get("style", "") for c in OURS)]
    lines = [p.get("d", "").count("L") + 1 for p in ours]
    return ["".join(t.itertext()) for t in tree.iter(f"{tag}text")], lines


def test_a_history_becomes_one_figure_a_metric(tmp_path):
    made = figures(CURVES, tmp_path / "f", formats=["svg"])
    assert [p.name for p in made] == ["loss.svg", "accuracy.svg"]
    texts, lines = drawn(tmp_path / "f" / "loss.svg")
    assert {"Loss", "epoch", "train", "validation"} <= set(texts), "text stays text"
    assert 3 in lines, "the train line has its 3 epochs"
    assert 2 in lines, "a metric that was not measured is no point"
    history = History()
    history.curves = CURVES
    again = figures(history, tmp_path / "g", formats=("svg",))
    for a, b in zip(made, again, strict=True):
        assert a.read_bytes() == b.read_bytes(), "the same facts give the same bytes"


def test_a_png_has_300_dots_an_inch(tmp_path):
    path, beside = figures({"loss": [1.0, 0.5]}, tmp_path)
    assert (path.name, beside.name) == ("loss.png", "loss.svg")
    raw = path.read_bytes()
    width, _ = struct.unpack(">II", raw[16:24])
    assert width == 1020, "3.4 inches"
    at = raw.index(b"pHYs") + 4
    assert struct.unpack(">II", raw[at : at + 8]) == (11811, 11811), "dots a metre"


def test_a_run_with_hostile_names_and_numbers_is_drawn_as_it_is(tmp_path):
    sink = FigureExporter(tmp_path / "figures", Level.EXPERT, formats=("svg",))
    tell(sink)
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert {"loss.svg", "accuracy.svg", "batch-loss.svg", "map-gradient.svg"} <= names
    for path in (tmp_path / "figures").iterdir():
        texts, _ = drawn(path)
        assert texts
    shown = "".join(drawn(tmp_path / "figures" / "map-gradient.svg")[0])
    assert NAME[:3] in shown
    assert "\x1b" not in shown


def test_a_metric_of_any_name_is_text_and_makes_no_path(tmp_path):
    name = "../$a_b$/x"
    made = figures({"loss": [1.0], name: [0.5]}, tmp_path / "f", formats=("svg",))
    assert [p.name for p in made] == ["loss.svg", "metric-1.svg"]
    assert any(name in t for t in drawn(made[1])[0]), "nothing is read as mathematics"


def test_a_run_folder_has_the_facts_of_its_figures(tmp_path):
    tell(TieredStorage(tmp_path / "run"))
    facts = module._facts(tmp_path / "run")
    assert facts.table.seen == 2
    assert {m.quantity.name for m in maps(facts.looks)} == {"gradient", "activation", "idle"}


def test_a_logger_may_export_figures(tmp_path):
    sink = EXPORTERS["figures"].make(tmp_path / EXPORTERS["figures"].file, Level.BASIC)
    sink.formats = ("png",)
    for record in records():
        if record.event_type in ("train_start", "train_end"):
            sink.handle_event(record)
    assert not (sink.save()).exists()
    sink.handle_event(next(r for r in records() if r.event_type == "batch_end"))
    assert (sink.save() / "batch-loss.png").is_file()


def test_what_cannot_be_drawn_is_told(tmp_path, monkeypatch):
    with pytest.raises(BadValue, match="at least one value"):
        figures({}, tmp_path)
    with pytest.raises(UnknownName, match="figure format"):
        figures(CURVES, tmp_path, formats=("jpg",))
    with pytest.raises(RunError):
        figures(tmp_path / "nowhere", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="file"):
        figures(CURVES, tmp_path / "file" / "f")
    FigureExporter(tmp_path / "empty").close()
    assert not (tmp_path / "empty").exists(), "a run that said nothing has no figures"
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"neurogebra\[viz\]"):
        figures(CURVES, tmp_path)
