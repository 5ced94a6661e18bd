"""The Parquet table: one row a number, read back as it was. Skipped where PyArrow is absent."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace

import pytest
from tests.observatory.hostile import RUN, losing, records, tell

from neurogebra.errors import MissingExtra, RunError
from neurogebra.observatory.events import SinkFailed
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks import parquet
from neurogebra.observatory.sinks.exporters import EXPORTERS
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.sinks.parquet import ParquetExporter, export, table
from neurogebra.observatory.sinks.points import points
from neurogebra.observatory.witness import epochs, losses, start

needs_arrow = pytest.mark.skipif(
    importlib.util.find_spec("pyarrow") is None, reason="PyArrow is not installed"
)
COLUMNS = ["run", "step", "epoch", "time", "group", "layer", "param", "statistic", "value"]


def read(path):
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path)


def rows(found):
    """The rows without their times, NaN by its name."""
    return [
        (
            r["step"],
            r["epoch"],
            r["group"],
            r["layer"],
            r["param"],
            r["statistic"],
            repr(r["value"]),
        )
        for r in found.to_pylist()
    ]


WANTED = [
    (
        p.step,
        p.epoch,
        p.group,
        inert(p.layer, 200) or None,
        p.param or None,
        p.statistic,
        repr(p.value),
    )
    for p in points(records())
]


@needs_arrow
def test_every_number_is_a_row_with_its_place(tmp_path):
    exporter = ParquetExporter(tmp_path / "deep" / "s.parquet")
    tell(exporter)
    found = read(exporter.path)
    assert found.column_names == COLUMNS
    assert rows(found) == WANTED
    assert len(WANTED) > 40, "too few rows: the law would be vacuous"
    assert {repr(v) for v in found.column("value").to_pylist()} >= {"nan", "inf", "-inf", "1e+300"}
    assert str(found.schema.field("time").type) == "timestamp[us, tz=UTC]"
    assert all(run.isprintable() for run in found.column("run").to_pylist())


@needs_arrow
def test_many_rows_are_packed_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP", 7)
    exporter = ParquetExporter(tmp_path / "s.parquet")
    tell(exporter)
    assert len(exporter._parts) > 5
    assert rows(read(exporter.path)) == WANTED
    assert rows(table(records())) == WANTED


@needs_arrow
def test_stored_runs_become_tables(tmp_path):
    tell(TieredStorage(tmp_path / "run"), events=RUN)
    assert rows(read(export(tmp_path / "run", tmp_path / "s.parquet", "r1"))) == WANTED
    assert set(read(tmp_path / "s.parquet").column("run").to_pylist()) == {"r1"}


@needs_arrow
def test_runs_of_one_sink_are_told_apart(tmp_path):
    run = (*start(), *losses(0.5), *epochs(loss=[0.25]))
    exporter = ParquetExporter(tmp_path / "s.parquet", run="mine")
    tell(exporter, events=run + run)
    assert read(exporter.path).column("run").to_pylist() == ["mine"] * 2 * 5
    named = ParquetExporter(tmp_path / "named.parquet")
    tell(named, events=(*run, replace(run[0], name="other"), *run[1:]))
    assert read(named.path).column("run").to_pylist() == ["witness"] * 5 + ["other"] * 5
    empty = ParquetExporter(tmp_path / "none.parquet").save()
    assert read(empty).num_rows == 0


@needs_arrow
def test_a_place_that_cannot_be_written_costs_the_sink_only(tmp_path):
    (tmp_path / "file").write_text("")
    make = EXPORTERS["parquet"].make
    heard = losing(lambda: make(tmp_path / "file" / "s.parquet", 2))
    assert len(heard) == len(RUN)
    with pytest.raises(RunError, match="cannot be written"):
        ParquetExporter(tmp_path / "file" / "s.parquet").save()
    (tmp_path / "s.parquet").write_bytes(b"old")
    with pytest.raises(RuntimeError):
        broken(tmp_path / "s.parquet")
    assert (tmp_path / "s.parquet").read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} == {"file", "s.parquet"}


def broken(path):
    """Save where PyArrow itself gives up in the middle."""
    import pyarrow.parquet as real

    class Gives:
        @staticmethod
        def write_table(found, file):
            file.write(b"half")
            raise RuntimeError("gives up")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(real, "write_table", Gives.write_table)
        ParquetExporter(path).save()


@pytest.mark.parametrize("make", [lambda: ParquetExporter("s.parquet"), lambda: table([])])
def test_without_pyarrow_one_sentence_says_what_to_install(monkeypatch, make):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"neurogebra\[parquet\]"):
        make()


def test_a_sink_that_fails_is_named(monkeypatch):
    monkeypatch.setattr(parquet, "find_spec", lambda name: object())
    monkeypatch.setattr(parquet, "_GROUP", 1)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    heard = losing(lambda: ParquetExporter("s.parquet"))
    assert {e.sink for e in heard if isinstance(e, SinkFailed)} == {"Parquet"}
