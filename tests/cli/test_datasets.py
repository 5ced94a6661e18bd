"""`datasets`: list, info, search, head, plot, download, export, and what they refuse."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from neurogebra import cli_dataset_files, cli_dataset_info, cli_dataset_plot, cli_dataset_rows
from neurogebra.cli_dataset_plot import COLOURS, drawn
from neurogebra.cli_dataset_views import Bars, Line, Pictures, Points, view_of
from neurogebra.datasets import Datasets, catalog
from neurogebra.datasets.croissant import CONFORMS, croissant, drawn_csv
from neurogebra.datasets.describe import describe
from neurogebra.datasets.facts import ORIGINS, facts, size
from neurogebra.datasets.index import entries
from neurogebra.datasets.record import Column
from neurogebra.errors import DataError

EVIL = "[bold]\x1b[31mred\x07\u202e[/]\nnext"
SAFE = r"[bold]\x1b[31mred\x07\u202e[/]\nnext"


def test_every_set_is_listed_with_its_origin_in_eighty_columns(run):
    found = run("datasets")
    assert (found.code, found.err) == (0, "")
    rows = {line.split()[0]: line for line in found.out.splitlines() if line.strip()}
    for e in entries().values():
        assert f" {e.origin} " in rows[e.id]
        assert ("↓" in rows[e.id]) == (e.supply == "fetched")
        assert (" drawn" in rows[e.id]) == (e.supply == "generated")
    assert max(map(len, found.out.splitlines())) <= 80
    assert f"{len(entries())} data sets" in found.out
    assert run("datasets", "list").out == found.out


def test_a_wide_screen_has_whole_licences_and_titles(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    listed = run("datasets", "list", "--category", "image").out
    assert "CC-BY-SA-3.0" in listed
    assert "MNIST handwritten digits" in listed
    assert max(map(len, listed.splitlines())) <= 120


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("category", "image"),
        ("task", "forecasting"),
        ("origin", "simulated"),
        ("supply", "bundled"),
    ],
)
def test_a_kind_of_sets(run, option, value):
    told = json.loads(run("datasets", "list", f"--{option}", value, "--json").out)
    wanted = [e.id for e in entries().values() if getattr(e, option) == value]
    assert [d["id"] for d in told["datasets"]] == wanted
    assert 0 < told["count"] == len(wanted) < len(entries())


def test_kinds_add_up_and_may_be_empty(run):
    both = run("datasets", "list", "--category", "text", "--task", "binary", "--json").out
    assert {d["task"] for d in json.loads(both)["datasets"]} >= {"text_binary"}
    nothing = run("datasets", "list", "--category", "text", "--task", "forecasting")
    assert (nothing.code, nothing.out) == (
        0,
        "no dataset is all of: category text, task forecasting\n",
    )


def test_the_listing_comes_without_numpy():
    code = (
        "import sys; from neurogebra.cli import main; assert not main(sys.argv[1:]); "
        "print({*sys.modules} & {'numpy', 'pandas', 'matplotlib', 'pooch'}, file=sys.stderr)"
    )
    for words in (["datasets"], ["datasets", "search", "wine"]):
        command = [sys.executable, "-c", code, *words]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        assert found.stderr == "set()\n"


def test_a_search_is_ranked(run):
    told = json.loads(run("datasets", "search", "wine", "--json").out)["found"]
    assert told[0]["id"] == "wine"
    shown = run("datasets", "search", "wine").out.splitlines()
    assert shown[2].startswith("wine ")
    assert "observed" in shown[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("iris", "got 'iris'; type: neurogebra datasets info iris"),
        ("serch wine", "called 'serch'; did you mean 'search'?"),
        ("iriss", "no dataset called 'iriss'; did you mean 'iris'"),
        ("boston", "'california_housing' instead"),
        ("info iriss", "no dataset called 'iriss'; did you mean 'iris'"),
        ("info boston_housing", "segregation"),
        ("info", "NAME"),
        ("search zzzz", "no dataset called 'zzzz'"),
        ("search irsi", "did you mean 'iris'"),
        ("list --category images", "no category called 'images'; did you mean 'image'?"),
        ("list --task x", "no task called 'x'; did you mean 'regression' or"),
        ("list --origin real", "did you mean"),
        ("list --kind image", "no option called '--kind'"),
        ("head iris --rows 0", "--rows: expected a whole number from 1 to 1,000, got 0"),
        ("head iris --csv --json", "--csv: expected no --json beside it"),
        ("plot iris --x petal", "no column called 'petal'; did you mean 'petal_"),
        ("plot iris --x species --y petal_width", "expected columns of numbers, got 'species'"),
        ("plot nile --x t", "--x: expected no column for a set of this kind, got 'series'"),
        ("plot iris --out a.gif", "--out: expected a file that ends in .png or .svg, got 'a.gif'"),
        ("download", "expected names of data sets, or --all, got 'nothing'"),
        ("download iris --all", "expected names of data sets, or --all"),
        ("download iris", "expected a set that must be fetched, got 'iris'; it is in the package"),
        ("download moons", "'moons'; it is drawn when it is asked for"),
        ("download fashion_mnits", "did you mean 'fashion_mnist'"),
        ("export iris --data", "--data: expected --croissant FILE beside it"),
        ("export irys", "did you mean 'iris'"),
    ],
)
def test_what_is_refused(refused, tmp_path, words, sentence):
    assert sentence in refused("datasets", *words.split())
    assert list(tmp_path.iterdir()) == []


def test_info_has_cautions_before_facts_and_all_that_is_known(run):
    found = run("datasets", "info", "titanic_full")
    assert max(map(len, found.out.splitlines())) <= 80
    out = re.sub(r"\s+", " ", found.out)
    record = catalog()["titanic"]
    assert found.out.index("caution") < found.out.index("origin")
    for words in (*record.cautions, record.licence, record.rights_note, record.provenance.who):
        assert words in out
    for words in ("0 = died (809)", "ROC AUC 0.8434", "Datasets.load_titanic()", "0 to 512.3292"):
        assert words in out
    assert "neurogebra train titanic --allow-missing" in out


def test_info_of_a_generated_set_states_its_law_and_the_best_score(run):
    out = re.sub(r"\s+", " ", run("datasets", "info", "moons").out)
    record = catalog()["moons"]
    assert "generated: drawn here from a stated distribution" in out
    assert " ".join(record.draw.__doc__.split()) in out
    told = json.loads(run("datasets", "info", "moons", "--json").out)
    assert told["best_score"] == {"metric": "accuracy", "value": record.best.score()}
    assert f"accuracy {record.best.score():.4g} at the default options" in out
    assert "noise = 0.2" in out


def test_info_of_a_wide_set_lists_all_columns_on_request(run):
    few = run("datasets", "info", "communities").out
    assert "103 more are between: --columns lists them" in few
    assert "ViolentCrimesPerPop" in few
    every = run("datasets", "info", "communities", "--columns").out
    assert all(c.name in every for c in catalog()["communities"].columns)


def test_info_as_json(run):
    told = json.loads(run("datasets", "info", "abalone", "--json").out)
    record = catalog()["abalone"]
    assert (told["id"], told["origin"], told["bytes"]) == ("abalone", "observed", record.bytes)
    assert [c["name"] for c in told["columns"]] == [c.name for c in record.columns]
    assert told["columns"][-1]["role"] == "target"
    assert told["cautions"] == list(record.cautions)


def test_every_set_says_its_origin_and_every_command_its_name():
    for record in catalog().values():
        told = dict(facts(replace(record, best=None)))  # the best scores have their own laws
        assert told["origin"].startswith(f"{record.origin}: ")
        assert told["id"].startswith(record.id)
        assert told["licence"]
        assert bool(told.get("drawn")) == (record.supply == "generated")
    assert set(ORIGINS) >= {record.origin for record in catalog().values()}


def test_get_info_is_wrapped_where_somebody_reads(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert Datasets.get_info("adult") is catalog()["adult"]
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 60
    assert " ".join(catalog()["adult"].cautions[0].split()) in " ".join(shown.split())


def test_sizes_in_words():
    assert [size(n) for n in (0, 858, 999, 1000, 9_960, 9_203_564, 2_500_000_000)] == [
        "0 B", "858 B", "999 B", "1.0 kB", "10 kB", "9.2 MB", "2.5 GB",
    ]  # fmt: skip


def test_head_is_the_file_as_it_stands(run):
    lines = list(csv.reader(io.StringIO(run("datasets", "head", "iris", "--csv").out)))
    assert lines[0] == [c.name for c in catalog()["iris"].columns]
    assert lines[1] == ["5.1", "3.5", "1.4", "0.2", "setosa"]
    assert len(lines) == 6
    told = json.loads(run("datasets", "head", "titanic", "--rows", "3", "--json").out)
    assert told["total"] == 1309
    assert told["rows"][0]["fare"] == 211.3375
    assert told["rows"][0]["body"] is None


@pytest.mark.parametrize("name", ["titanic", "communities", "sotu", "nile", "moons", "bars"])
def test_head_fits_and_keeps_the_target(run, name):
    found = run("datasets", "head", name, "--rows", "2")
    record = catalog()[name]
    assert max(map(len, found.out.splitlines())) <= 80
    assert record.title in found.out
    assert record.origin in found.out
    assert record.target.name in found.out
    assert "2 rows of " in found.out


def test_head_of_a_generated_set_is_its_own_draw(run):
    told = json.loads(run("datasets", "head", "moons", "--rows", "2", "--json").out)["rows"]
    X, y = Datasets.load_moons(random_state=catalog()["moons"].seed)
    assert [[r["x1"], r["x2"]] for r in told] == X[:2].tolist()
    assert [r["label"] for r in told] == [str(v) for v in y[:2]]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("iris", Points, "petal_width [cm]"),
        ("abalone", Points, "rings"),
        ("moons", Points, "x2"),
        ("nile", Line, "1970"),
        ("lorenz", Line, "t"),
        ("digits", Pictures, "first row of each class"),
        ("shapes", Pictures, "first row of each class"),
        ("sentences_yelp", Bars, "words in a text"),
        ("connect4", Bars, "no input is a number"),
    ],
)
def test_a_plot_of_every_kind_fits(run, name, kind, words):
    assert isinstance(view_of(catalog()[name]), kind)
    found = run("datasets", "plot", name)
    assert (found.code, found.err) == (0, "")
    assert words in found.out
    assert max(map(len, found.out.splitlines())) <= 80


def test_points_lie_where_their_values_are_in_the_colour_of_their_class():
    x, y = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    view = Points(x, y, ("a", "b"), np.array([0, 1]), ("low", "high"))
    for coloured, marks in ((True, "●●"), (False, "●○")):
        rows = drawn(view, 40, coloured)
        assert rows[1].plain.endswith(marks[1])
        assert rows[20].plain.split("│")[1].startswith(marks[0])
        assert coloured == any(span.style == COLOURS[1] for span in rows[1].spans)
    assert "● low   ○ high" in rows[-1].plain


def test_the_numbers_that_tell_classes_apart_are_chosen():
    view = view_of(catalog()["iris"])
    assert view.labels == ("petal_length [cm]", "petal_width [cm]")
    assert view_of(catalog()["iris"], x="sepal_width").labels[0] == "sepal_width [cm]"
    gaps = view_of(catalog()["titanic"], x="age", y="fare")
    assert len(gaps.x) == 1309 - 264
    assert "264 with a gap left out" in gaps.note
    assert gaps.names == ("died", "survived")


def test_a_line_has_no_stroke_over_a_gap():
    y = np.array([0.0, 1.0, np.nan, np.nan, np.nan, np.nan, 1.0, 0.0])
    view = Line(np.arange(8.0), y, ("0", "7"), ("t", "y"))
    top = drawn(view, 60, True)[1].plain.split("│")[1]
    middle = top[len(top) // 4 : len(top) // 2]
    assert top.strip()
    assert not middle.strip()
    whole = drawn(replace(view, y=np.ones(8)), 60, True)
    assert any(len(row.plain.split("│")[-1].strip()) > 50 for row in whole)


def test_images_are_half_blocks_in_colour_and_shades_without():
    image = np.zeros((1, 4, 4))
    image[0, 0] = 1
    view = Pictures(image, ("bright above",))
    _, upper, lower = drawn(view, 80, True)
    assert upper.plain.strip() == "▀▀▀▀"
    assert "#ffffff on #000000" in {str(s.style) for s in upper.spans}
    assert "#ffffff on #000000" not in {str(s.style) for s in lower.spans}
    assert drawn(view, 80, False)[1].plain.strip() == "++++"
    colour = np.zeros((1, 2, 2, 3))
    colour[..., 0] = 1
    assert "#ff0000 on #ff0000" in {
        str(s.style) for s in drawn(Pictures(colour, ("red",)), 80, True)[1].spans
    }


@pytest.mark.parametrize("name", ["iris", "nile", "led7"])
def test_a_plot_in_a_file(run, refused, tmp_path, name):
    pytest.importorskip("matplotlib", reason="the extra viz is not installed")
    png = run("datasets", "plot", name, "--out", "a.png")
    assert (png.code, png.out) == (0, "a.png\n")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "never overwritten" in refused("datasets", "plot", name, "--out", "a.png")
    if name == "iris":
        assert run("datasets", "plot", name, "--out", "a.svg").code == 0
        assert ET.fromstring((tmp_path / "a.svg").read_bytes()).tag.endswith("svg")


def test_a_plot_in_a_file_needs_matplotlib(refused, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'neurogebra[viz]'" in refused("datasets", "plot", "iris", "--out", "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_fetched_offline(refused, monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROGEBRA_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("NEUROGEBRA_OFFLINE", raising=False)
    told = refused("datasets", "download", "fashion_mnist", "--offline")
    assert "forbids to fetch" in told
    assert str(tmp_path / "cache" / "fashion_mnist") in told
    assert "NEUROGEBRA_OFFLINE" not in os.environ


def test_what_was_fetched_is_told_with_its_place(run, monkeypatch, tmp_path):
    file = tmp_path / "images.gz"
    file.write_bytes(b"x" * 2000)
    asked = []
    monkeypatch.setattr(
        cli_dataset_files, "stored", lambda r: asked.append(r.id) or {file.name: file}
    )
    found = run("datasets", "download", "fashion_mnist", "kmnist")
    assert asked == ["fashion_mnist", "kmnist"]
    assert found.out.count(str(file)) == 2
    assert "2.0 kB" in found.out
    assert "caution" in found.out
    asked.clear()
    run("datasets", "download", "--all")
    assert asked == [e.id for e in entries().values() if e.supply == "fetched"]


def test_one_of_several_that_fails_is_told_at_the_end(run, monkeypatch, tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"x")

    def stored(record):
        if record.id == "kmnist":
            raise cli_dataset_files.NotFetched("kmnist: planted")
        return {"a": file}

    monkeypatch.setattr(cli_dataset_files, "stored", stored)
    found = run("datasets", "download", "kmnist", "fashion_mnist")
    assert found.code == 2
    assert "1 of 2 sets not fetched: kmnist: planted" in found.err
    assert "fashion_mnist" in found.out


REQUIRED = {
    "@context",
    "@type",
    "conformsTo",
    "name",
    "description",
    "license",
    "url",
    "creator",
    "datePublished",
    "distribution",
}


@pytest.mark.parametrize("name", ["iris", "titanic", "mnist", "nile", "sotu", "moons", "bars"])
def test_croissant_has_what_its_specification_requires(name):
    record = catalog()[name]
    drawn_rows = drawn_csv(record) if record.draw else None
    told = croissant(record, drawn_rows)
    assert told.keys() >= REQUIRED | {"citeAs", "version"}
    assert told["conformsTo"] == CONFORMS == "http://mlcommons.org/croissant/1.0"
    assert told["neurogebra:origin"] == record.origin
    assert told.get("rai:dataLimitations", []) == list(record.cautions)
    ids = {f["@id"] for f in told["distribution"]}
    for file in told["distribution"]:
        assert file.keys() >= {"@type", "@id", "name", "contentUrl", "encodingFormat", "sha256"}
    for record_set in told.get("recordSet", ()):
        for field in record_set["field"]:
            assert field.keys() >= {"@type", "@id", "name", "dataType"}
            source = field.get("source", {"fileObject": {"@id": next(iter(ids))}})
            assert source["fileObject"]["@id"] in ids
    rows = [r for r in told.get("recordSet", ()) if r["@id"] == "rows"]
    assert bool(rows) == (name != "mnist")
    if drawn_rows:
        header = drawn_rows.split(b"\n", 1)[0].decode().split(",")
        assert [f["name"] for f in rows[0]["field"]] == header
        assert told["distribution"][0]["sha256"] == hashlib.sha256(drawn_rows).hexdigest()


def test_export_writes_files_that_its_hashes_fit(run, refused, tmp_path):
    for name, file in (("iris", "iris.csv.gz"), ("moons", "moons.csv")):
        found = run("datasets", "export", name, "--croissant", f"{name}.json", "--data")
        assert found.out.splitlines() == [f"{name}.json", file]
        told = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        (listed,) = told["distribution"]
        data = (tmp_path / file).read_bytes()
        assert (listed["contentUrl"], listed["contentSize"]) == (file, f"{len(data)} B")
        assert listed["sha256"] == hashlib.sha256(data).hexdigest()
    again = refused("datasets", "export", "iris", "--croissant", "b.json", "--data")
    assert "iris.csv.gz: exists already" in again
    assert not (tmp_path / "b.json").exists(), "all or nothing"
    assert json.loads(run("datasets", "export", "iris").out)["name"] == "iris"


def test_a_set_of_one_supply_is_not_described_as_another():
    with pytest.raises(DataError, match="only a generated set"):
        croissant(catalog()["iris"], b"a\n1\n")
    with pytest.raises(DataError, match="only a generated set"):
        croissant(catalog()["moons"])


def test_what_cannot_be_described_says_why(refused):
    assert "known when it is fetched" in refused("datasets", "export", "mushroom")
    assert "no address is known" in refused("datasets", "export", "spamassassin")


def test_croissant_of_a_fetched_set_names_its_addresses():
    record = catalog()["fashion_mnist"]
    told = croissant(record)["distribution"]
    assert [f["contentUrl"] for f in told] == [r.urls[0] for r in record.remote.files]
    assert [f["sha256"] for f in told] == [r.sha256 for r in record.remote.files]


def test_hostile_words_in_a_record_stay_inert(run, monkeypatch):
    iris = catalog()["iris"]
    column = Column(name=EVIL, kind="numeric", unit=EVIL)
    evil = replace(
        iris, title=EVIL, summary=EVIL, cautions=(EVIL,), licence=EVIL, rights_note=EVIL,
        notice=EVIL, features=(column, *iris.features[1:]), aliases=(EVIL,),
    )  # fmt: skip
    for module in (cli_dataset_info, cli_dataset_rows, cli_dataset_plot):
        monkeypatch.setattr(module, "catalog", lambda: {"iris": evil})
    monkeypatch.setattr(cli_dataset_rows, "read_columns", lambda record: [[EVIL], *[["1"]] * 4])
    shown = [
        run("datasets", "info", "iris").out,
        run("datasets", "head", "iris").out,
        describe(evil),
    ]
    for text in shown:
        assert SAFE[:20] in text
        assert not {c for c in text if not c.isprintable()} - {"\n"}
    as_csv = run("datasets", "head", "iris", "--csv").out
    assert list(csv.reader(io.StringIO(as_csv)))[1][0] == EVIL, "a file keeps its bytes"


def test_hostile_words_in_a_drawing_stay_inert():
    views = (
        Points(np.zeros(1), np.zeros(1), (EVIL, EVIL), np.zeros(1, int), (EVIL,)),
        Line(np.arange(3.0), np.arange(3.0), (EVIL, EVIL), (EVIL, EVIL)),
        Pictures(np.zeros((1, 8, 8)), (EVIL,)),
        Bars(EVIL, ((EVIL, 3),)),
    )
    for view in views:
        text = "".join(row.plain for row in drawn(view, 80, True))
        assert text.isprintable()


def test_a_file_of_the_user_is_described_without_a_loader_of_ours():
    own = replace(catalog()["iris"], id=EVIL, origin="file", provenance=None, sources=())
    told = describe(own)
    assert "origin      file: a file of yours" in told
    assert "Datasets.load" not in told
    assert describe(own, 60).replace("\n", "").isprintable()
