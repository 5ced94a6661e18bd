"""OpenML by number over the loopback: the description, the MD5, the columns."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from neurogebra.datasets import Datasets, open_data
from neurogebra.datasets.catalog import read_table
from neurogebra.datasets.fetched import FETCHED, load_arrays, openml
from neurogebra.datasets.fetched.fetch import NotFetched
from neurogebra.errors import BadValue, Corrupt, DataError

pytest.importorskip("pooch", reason="needs the extra data (pooch)")
MUSHROOM = next(d for d in FETCHED if d.id == "mushroom")
ARFF = """@relation mushroom
@attribute cap-shape {b,x}
@attribute bruises%3F {t,f}
@attribute stalk-root {b,c,e}
@attribute row numeric
@attribute class {e,p}
@data
x,t,b,1,e
b,f,?,2,p
x,f,e,3,p
x,t,c,4,e
b,t,b,5,e
x,f,e,6,p
"""


@pytest.fixture
def serve(site, monkeypatch):
    """Serve the set 24 with its description changed as asked."""
    monkeypatch.setattr(openml, "API", site.url("/api"))

    def act(data=ARFF, **changes):
        said = {
            "id": "24",
            "name": "mushroom",
            "version": "1",
            "format": "ARFF",
            "licence": "Public",
            "url": site.url("/mushroom.arff"),
            "md5_checksum": hashlib.md5(ARFF.encode()).hexdigest(),
            "default_target_attribute": "class",
            "row_id_attribute": "row",
        }
        held = {k: v for k, v in {**said, **changes}.items() if v is not None}
        site.pages["/api/24"] = json.dumps({"data_set_description": held}).encode()
        site.pages["/mushroom.arff"] = data.encode()

    return act


def small():
    kept = [c for c in MUSHROOM.features if c.name in ("cap_shape", "bruises", "stalk_root")]
    target = replace(MUSHROOM.target, counts=(3, 3))
    return replace(MUSHROOM, n_samples=6, features=tuple(kept), target=target)


def test_a_set_of_ours_at_openml(site, cache, serve):
    serve()
    for _ in range(2):
        X, y, _, _ = load_arrays(small())
    assert site.asked == {"/api/24": 1, "/mushroom.arff": 1}
    assert (cache / "mushroom/24.arff").exists()
    assert y.tolist() == [0, 1, 1, 0, 0, 1]
    assert X[:, 0].tolist() == [1, 0, 1, 1, 0, 1]  # b, x
    assert X[:, 1].tolist() == [1, 0, 0, 1, 1, 0]  # f, t
    assert X[1, 2:].tolist() == [0, 0, 0]  # missing
    table = read_table(small())
    assert table.column("stalk_root").tolist() == ["b", "", "e", "c", "b", "e"]
    with pytest.raises(Corrupt, match="has no column 'cap_surface'"):
        load_arrays(replace(MUSHROOM, n_samples=6))


def test_any_set_at_openml(site, cache, serve):
    serve()
    X, y = Datasets.load_openml(24, split=None)
    assert X.shape == (6, 5), "the numbers of the rows are no input"
    assert (X.dtype, y.dtype) == (np.float32, np.int64)
    (X, _), (V, _) = Datasets.load_openml(24, 1, split=1 / 3)
    assert (len(X), len(V)) == (4, 2)
    X, y = Datasets.load_openml(24, target="row", split=None)
    assert y.tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(BadValue, match="version"):
        Datasets.load_openml(24, 2)
    with pytest.raises(BadValue, match="target"):
        Datasets.load_openml(24, target="gone")


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"md5_checksum": None}, NotFetched, "no MD5"),
        ({"md5_checksum": ""}, NotFetched, "no MD5"),
        ({"md5_checksum": "0" * 32}, NotFetched, "MD5 .* instead of 0000"),
        ({"id": "25"}, Corrupt, "describes the set 25"),
        ({"format": "Sparse_ARFF"}, DataError, "only ARFF"),
        ({"url": "ftp://127.0.0.1/a"}, NotFetched, "not https"),
        ({"url": "file:///etc/passwd"}, NotFetched, "not https"),
        ({"default_target_attribute": "a,b"}, BadValue, "target"),
    ],
)
def test_a_description_that_proves_nothing_is_refused(changes, error, said, cache, serve):
    serve(**changes)
    with pytest.raises(error, match=said):
        Datasets.load_openml(24)
    assert not list(cache.rglob("*.arff"))


def test_a_file_that_is_not_the_one_described_is_refused(cache, serve):
    serve(ARFF.replace("x,t,b", "x,t,c"))
    with pytest.raises(NotFetched, match="MD5"):
        Datasets.load_openml(24)


@pytest.mark.parametrize("page", [b"<html>sign in", b"{", b"x" * 2_000_000])
def test_no_description(page, site, cache, serve):
    serve()
    site.pages["/api/24"] = page
    with pytest.raises(NotFetched, match="OpenML 24"):
        Datasets.load_openml(24)


def test_offline_the_cache_is_enough(site, cache, serve, monkeypatch):
    serve()
    monkeypatch.setenv("NEUROGEBRA_OFFLINE", "1")
    with pytest.raises(NotFetched, match="NEUROGEBRA_OFFLINE"):
        Datasets.load_openml(24)
    with pytest.raises(NotFetched, match=r"load_chess_krkp\(\)"):
        Datasets.load_mushroom()
    monkeypatch.delenv("NEUROGEBRA_OFFLINE")
    Datasets.load_openml(24)
    monkeypatch.setenv("NEUROGEBRA_OFFLINE", "1")
    assert len(Datasets.load_openml(24, split=None)[1]) == 6


def test_a_fetched_table_opens_as_a_source(site, cache, serve, monkeypatch):
    from neurogebra.datasets.catalog import Catalog, catalog

    serve()
    monkeypatch.setattr(Catalog, "__getitem__", lambda self, name: small())
    source = open_data("mushroom")
    assert (source.features, source.task) == (("cap_shape", "bruises", "stalk_root"), "binary")
    assert catalog()["mushroom"].n_samples == 6
