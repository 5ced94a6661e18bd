"""Every bundled set is what its record says, and what its loader says; damage is noticed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import neurogebra.datasets
from neurogebra.datasets import Preparation, catalog, open_data
from neurogebra.datasets.arrays import Loaded, read_arrays
from neurogebra.datasets.catalog import read_table
from neurogebra.datasets.deal import Wish, chosen, deal
from neurogebra.datasets.record import Dataset

from . import dataset_files as laws
from .dataset_scores import score

DATA = Path(neurogebra.datasets.__file__).parent / "data"
PINNED = Path(__file__).with_name("dataset_fingerprints.json")
BUNDLED = sorted(p.stem for p in DATA.glob("*.json"))
# Whose quick models take a fraction of a second; all others are scored by `make slow`.
QUICK = ("iris", "servo", "diabetes", "tecator", "longley", "slump", "daily_demand",
         "residential", "statecrime", "stackloss", "sentences_yelp")  # fmt: skip
# The score of their quick model does not tell real answers from shuffled ones.
BLURRED = {"female_births", "fertility", "forest_fires", "nile", "strikes"}

SERIES, TABLES = ([n for n in BUNDLED if catalog()[n].form == form] for form in ("series", "table"))


@dataclass
class Subject:
    """One set, read once for all laws: record, raw record, files, texts, arrays."""

    record: Dataset
    raw: dict
    blobs: dict[str, bytes]
    header: list[str]
    columns: dict[str, list[str]]
    loaded: Loaded


def read(name):
    raw = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    blobs = {f["file"]: (DATA / f["file"]).read_bytes() for f in laws.files_of(raw)}
    header, columns = laws.table(blobs[raw["file"]]) if "file" in raw else ([], {})
    record = catalog()[name]
    return Subject(record, raw, blobs, header, columns, read_arrays(record, raw=True))


@pytest.fixture(scope="module", params=BUNDLED)
def subject(request):
    return read(request.param)


def fingerprint(loaded):
    """A hash of shapes, types and values, alike on every machine."""
    total = hashlib.sha256()
    for array in (loaded.X, loaded.y):
        total.update(f"{array.shape} {array.dtype.kind}{array.dtype.itemsize}".encode())
        if array.dtype == object:
            total.update("\0".join(array).encode())
        else:
            total.update(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))))
    return total.hexdigest()[:16]


def test_the_folder_holds_the_records_and_their_files_only():
    records = [catalog()[name] for name in BUNDLED]
    wanted = {f"{d.id}.json" for d in records} | {f.name for d in records for f in d.files}
    assert {p.name for p in DATA.iterdir()} == wanted
    assert [d.id for d in catalog().values() if d.supply == "bundled"] == BUNDLED
    assert json.loads(PINNED.read_text()).keys() == set(BUNDLED)


def test_bytes_and_hashes(subject):
    assert laws.byte_problems(subject.raw, subject.blobs) == []


def test_rows_columns_gaps_ranges_classes_and_parts(subject):
    assert laws.split_problems(subject.raw) == []
    if subject.header:
        assert laws.table_problems(subject.raw, subject.header, subject.columns) == []


def test_origin_and_rights_are_stated(subject):
    record = subject.record
    assert record.origin in ("observed", "simulated", "rendered")
    assert record.rights_level in ("licensed", "uci-policy", "public-domain", "facts")
    assert record.licence
    assert record.rights_note
    assert record.provenance.who
    assert record.sources
    assert record.n_features == subject.raw["n_features"]


def test_arrays_hold_what_the_files_hold(subject):
    record, raw, (X, y) = subject.record, subject.raw, (subject.loaded.X, subject.loaded.y)
    assert y.dtype == (np.int64 if record.classes else np.float32)
    if record.classes:
        assert np.bincount(y).tolist() == list(raw["target"]["classes"].values())
    if record.form == "images":
        found = [laws.idx(f["file"], subject.blobs[f["file"]]) for f in raw["files"]]
        assert (np.concatenate(found[::2]) == X).all()
        assert (y == np.concatenate(found[1::2])).all()
        return
    np.testing.assert_array_equal(y, laws.expected_answers(raw, subject.columns).astype(np.float32))
    if record.form == "table":
        assert X.dtype == np.float32
        np.testing.assert_array_equal(
            X, laws.expected_table(raw, subject.columns).astype(np.float32)
        )
    elif record.form == "text":
        texts = [subject.columns[c.name] for c in record.features if c.kind == "text"]
        assert X.tolist() == [" ".join(filter(None, row)) for row in zip(*texts, strict=True)]
    else:
        assert X.dtype == np.float32
        assert (np.diff(X) >= 0).all()  # the buoy of sea_surface_temp has one stamp twice


def test_fingerprint(subject):
    assert fingerprint(subject.loaded) == json.loads(PINNED.read_text())[subject.record.id]


def rows_dealt(subject, **wish):
    n = np.arange(len(subject.loaded.y))
    return [n[part].tolist() for part in deal(subject.record, subject.loaded, Wish(**wish))]


def test_parts_are_whole_repeatable_and_of_the_promised_size(subject):
    n, record = len(subject.loaded.y), subject.record
    train, test = rows_dealt(subject)
    assert sorted(train + test) == list(range(n))
    assert rows_dealt(subject) == [train, test]
    if record.official:
        ranges = subject.raw["splits"]["official"]
        assert [len(train), len(test)] == [
            sum(b - a for a, b in ranges[part]) for part in ("train", "test")
        ]
    else:
        assert len(test) == round(0.2 * n)
    if record.form == "series":
        assert train + test == list(range(n))
        return
    train, test = rows_dealt(subject, split=0.25, seed=1)
    assert len(test) == round(0.25 * n)
    assert rows_dealt(subject, split=0.25, seed=2)[0] != train
    if record.classes:
        shares = np.bincount(subject.loaded.y[test], minlength=len(record.classes))
        assert np.abs(shares - 0.25 * np.bincount(subject.loaded.y)).max() <= 1.5


def test_a_sample_keeps_the_shares(subject):
    n, record = len(subject.loaded.y) // 2, subject.record
    rows = np.arange(len(subject.loaded.y))[
        deal(record, subject.loaded, Wish(split=None, seed=3, n_samples=n))
    ]
    assert len(rows) == n
    assert (np.diff(rows) > 0).all()
    if record.form == "series":
        assert rows[-1] == len(subject.loaded.y) - 1
        assert rows[-1] - rows[0] == n - 1
    elif record.classes:
        counts, all_counts = (np.bincount(y) for y in (subject.loaded.y[rows], subject.loaded.y))
        counts = np.pad(counts, (0, len(all_counts) - len(counts)))
        official = 2 if record.official else 1
        assert np.abs(counts - all_counts / 2).max() <= 1.5 * official


@pytest.mark.parametrize("name", QUICK)
def test_real_answers_are_learned_and_shuffled_ones_are_not(name):
    learned(catalog()[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in BUNDLED if n not in (*QUICK, *SERIES)])
def test_every_set_can_be_learned(name):
    learned(catalog()[name])


@pytest.mark.parametrize("name", SERIES)
def test_series_repeat_their_seasons(name):
    learned(catalog()[name])


def learned(record):
    base = record.baseline
    assert base.low <= score(record) <= base.high
    assert base.separates == (record.id not in BLURRED)
    if base.separates:
        assert not base.low <= score(record, shuffle=1) <= base.high


def test_the_blurred_sets_are_those_of_the_records():
    assert {n for n in BUNDLED if not catalog()[n].baseline.separates} == BLURRED


NEAR = ("iris", "titanic", "auto_mpg", "vowel", "digits", "wine_quality_red", "hepatitis", "zoo")


@pytest.mark.parametrize("name", NEAR)
def test_the_way_to_a_network(name):
    ready(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in TABLES if n not in NEAR])
def test_the_way_of_every_table_to_a_network(name):
    ready(name)


def ready(name):
    record, source = catalog()[name], open_data(name)
    train, val, test = source.split(seed=0)
    assert len({*train, *val, *test}) == record.n_samples
    prepared = source.prepare(train, allow_missing=True)
    X = prepared.apply(source.table, unseen="zero")
    assert np.isfinite(X).all()
    numeric = [i for i, c in enumerate(prepared.feature_names) if "=" not in c]
    np.testing.assert_allclose(X[train][:, numeric].mean(axis=0), 0, atol=1e-6)
    assert Preparation.from_dict(prepared.to_dict()) == prepared
    assert sorted(prepared.classes) == sorted(record.classes)
    assert (source.origin, prepared.task) == (record.origin, source.task)


def test_the_global_generator_is_left_alone():
    state = np.random.get_state()[1].tobytes()
    for name in ("iris", "diabetes", "nile", "sotu"):
        loaded, record = read_arrays(catalog()[name]), catalog()[name]
        for rows in deal(record, loaded, Wish(0.3, 0, 40)):
            chosen(loaded.X, loaded.y, rows)
    assert np.random.get_state()[1].tobytes() == state


# What must be noticed, from here on.


def flipped(blob):
    data = bytearray(blob)
    data[len(data) // 2] ^= 1
    return bytes(data)


def test_a_flipped_bit_is_noticed():
    wine = read("wine")
    blobs = {"wine.csv.gz": flipped(wine.blobs["wine.csv.gz"])}
    assert "wine.csv.gz: other bytes than recorded" in laws.byte_problems(wine.raw, blobs)


def damaged(name, change):
    """The set after `change(columns)`, its hashes brought into step; then what is wrong."""
    whole = read(name)
    columns = {k: list(v) for k, v in whole.columns.items()}
    change(columns)
    raw, blob = laws.packed(whole.raw, whole.header, columns)
    header, again = laws.table(blob)
    assert laws.byte_problems(raw, {raw["file"]: blob}) == []
    return laws.table_problems(raw, header, again)


def lose_first(columns):
    for texts in columns.values():
        del texts[0]


def relabel(columns):
    last = [*columns.values()][-1]
    last[0] = last[-1]


def widen(columns):
    columns["alcohol"][0] = "99"


def empty(columns):
    columns["alcohol"][0] = ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lose_first, "another number of rows"),
        (relabel, "other class counts"),
        (widen, "alcohol: another range"),
        (empty, "alcohol: other gaps"),
    ],
)
def test_damage_with_matching_hashes_is_noticed(change, sentence):
    assert damaged("wine", lambda columns: None) == []
    assert sentence in damaged("wine", change)


def test_swapped_values_are_noticed_by_the_fingerprint():
    iris = read("iris")
    X = iris.loaded.X.copy()
    X[[0, 60], 0] = X[[60, 0], 0]
    pinned = json.loads(PINNED.read_text())["iris"]
    assert fingerprint(iris.loaded) == pinned != fingerprint(replace(iris.loaded, X=X))


def test_shuffled_answers_and_leaks_are_noticed_by_the_score():
    record, table = catalog()["diabetes"], read_table(catalog()["diabetes"])
    y = table.columns[-1]
    shuffled = np.random.default_rng(0).permutation(y)
    for columns in ((*table.columns[:-1], shuffled), (y, *table.columns[1:])):
        found = score(record, table=replace(table, columns=columns))
        assert not record.baseline.low <= found <= record.baseline.high
