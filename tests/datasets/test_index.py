"""The listing: equal to the records, and there without NumPy; the page of attributions."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from neurogebra.datasets import Datasets, catalog
from neurogebra.datasets.catalog import Catalog
from neurogebra.datasets.index import Entry, entries

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "numpy.random", "numpy.linalg", "pandas", "torch", "scipy", "sklearn"}


def test_the_index_is_that_of_the_records():
    assert list(entries()) == list(catalog())
    for name, record in catalog().items():
        assert entries()[name] == Entry.of(record), "python tools/dataset_index.py"


def test_a_stale_index_is_noticed():
    iris = catalog()["iris"]
    assert entries()["iris"] == Entry.of(iris)
    assert entries()["iris"] != Entry.of(replace(iris, title="Irises"))


@pytest.mark.parametrize("tool", ["dataset_index", "attribution"])
def test_generated_files_are_up_to_date(tool):
    command = [sys.executable, ROOT / "tools" / f"{tool}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_old_page_is_noticed(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("attribution", ROOT / "tools" / "attribution.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(sys, "argv", ["attribution.py", "--check"])
    monkeypatch.setattr(tool, "PAGE", tmp_path / "ATTRIBUTION.md")
    assert tool.main() == 1
    tool.PAGE.write_text(tool.text().replace("Tecator AB", "Tecator"), encoding="utf-8")
    assert tool.main() == 1
    tool.PAGE.write_text(tool.text(), encoding="utf-8")
    assert tool.main() == 0
    assert "not up to date" in capsys.readouterr().out


def test_every_set_is_attributed_and_notices_are_verbatim():
    page = (ROOT / "ATTRIBUTION.md").read_text(encoding="utf-8")
    bundled = [d for d in catalog().values() if d.supply == "bundled"]
    assert page.count("\n### ") == len(bundled) > 100
    for record in bundled:
        part = page.split(f"\n### {record.id}: ")[1].split("\n### ")[0]
        for said in (record.provenance.who, record.licence, record.rights_note, *record.changes):
            assert said in part
        assert record.notice in part
    assert catalog()["tecator"].notice


def modules_after(code):
    told = f"import sys\n{code}\nprint(*sys.modules)"
    command = [sys.executable, "-c", told]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_listing_needs_no_numpy():
    find = "from neurogebra.datasets import Datasets; Datasets.list_all(); Datasets.search('iris')"
    assert not HEAVY & modules_after(f"{find}; repr(Datasets); dir(Datasets)")
    assert "numpy" in modules_after("from neurogebra.datasets import Datasets; Datasets.load_iris")


def test_a_record_is_read_when_it_is_asked_for():
    modules_after(
        "from neurogebra.datasets import catalog\n"
        "from neurogebra.datasets.catalog import bundled_record\n"
        "assert len(catalog()) > 100 and catalog()['spam'].id == 'spambase'\n"
        "assert bundled_record.cache_info().currsize == 1"
    )


def test_two_sets_of_one_name_are_refused():
    iris = entries()["iris"]
    with pytest.raises(ValueError, match="'spam' is taken"):
        Catalog([entries()["spambase"], replace(iris, aliases=("spam",))], ())


def test_search_ranks_names_first():
    assert Datasets.search("wine")[0] == "wine"
    assert set(Datasets.search("wine quality")) == {"wine_quality_red", "wine_quality_white"}
    assert "nile" in Datasets.search("forecasting")
    assert {"mnist", "digits", "optdigits"} <= set(Datasets.search("image"))
