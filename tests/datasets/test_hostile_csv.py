"""Files that cannot be learned from: one typed error each, with a sentence that names the place."""

from __future__ import annotations

import contextlib
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogebra.datasets import open_data
from neurogebra.datasets.table import parse_csv, unpack
from neurogebra.errors import BadValue, DataError, NeurogebraError, UnknownName

GOOD = "a,b,y\n" + "".join(f"{i}.5,{i % 3},{'no' if i % 2 else 'yes'}\n" for i in range(20))
LINES = GOOD.splitlines(keepends=True)


def changed(line: int, text: str) -> str:
    """The good file with one line (counted from 1) replaced."""
    return "".join([*LINES[: line - 1], text + "\n", *LINES[line:]])


def rows(header: str, row: str, n: int = 20) -> str:
    return header + "\n" + "".join(row.format(i=i, even=i % 2) + "\n" for i in range(n))


PACKED = gzip.compress(GOOD.encode())

HOSTILE = {
    "empty": ("", DataError, "data.csv is empty"),
    "blank lines only": ("\n \n\n", DataError, "data.csv is empty"),
    "bom only": ("\ufeff", DataError, "data.csv is empty"),
    "header only": ("a,b,y\n", DataError, "data.csv has a header and no rows"),
    "header and blank lines": ("a,b,y\n\n\n", DataError, "has a header and no rows"),
    "no header": ("1,2,3\n4,5,6\n", DataError, "has no header: its first line holds numbers"),
    "short row": (changed(7, "1,2"), DataError, "line 7: 2 fields, but the header names 3"),
    "long row": (changed(9, "1,2,yes,4"), DataError, "line 9: 4 fields, but the header names 3"),
    "row of one": (changed(3, "1"), DataError, "line 3: 1 field, but"),
    "same name twice": (rows("a,a,y", "1,2,{even}"), DataError, "2 columns are called 'a'"),
    "same name after trimming": (rows("a, a ,y", "1,2,{even}"), DataError, "are called 'a'"),
    "nameless column": (rows(",b,y", "{i},2,{even}"), DataError, "column 1 has no name"),
    "trailing comma": (rows("a,b,y,", "1,2,{even},"), DataError, "column 4 has no name"),
    "escape in a name": ('a,"b\x1b[31m",y\n1,2,3\n', DataError, r"column 2 is named 'b\x1b"),
    "100 000 columns": (
        ",".join(f"c{i}" for i in range(100_000)) + "\n" + ",".join("1" * 100_000) + "\n",
        DataError,
        "has 100,000 columns; at most 10,000 are read",
    ),
    "open quote": (changed(5, '1,"2,yes'), DataError, "line 5: a quote that opens here is never"),
    "quote in the middle": (changed(6, '1,"2"3,yes'), DataError, "line 6: "),
    "endless field": (changed(4, f'1,"{"x" * 200_000}",yes'), DataError, "line 4: a field of more"),
    "latin-1": (changed(8, "1,2,né").encode("latin-1"), DataError, "line 8: not UTF-8 text"),
    "utf-16": (GOOD.encode("utf-16"), DataError, "line 1: not UTF-8 text (byte 0x00)"),
    "zero byte": (changed(4, "1,\0,yes"), DataError, "line 4: not UTF-8 text (byte 0x00)"),
    "a zip": (b"PK\x03\x04\x14\x00\x06\x00", DataError, "line 1: not UTF-8 text"),
    "gzip cut off": (PACKED[: len(PACKED) // 2], DataError, "data.csv is damaged"),
    "gzip bent": (PACKED[:30] + b"\xff\x00\xff" + PACKED[33:], DataError, "data.csv is damaged"),
    "gzip of nothing": (gzip.compress(b""), DataError, "data.csv is empty"),
    "word among numbers": (changed(9, "abc,1,yes"), DataError, "row 8 (line 9), column 'a': expec"),
    "thousands": (
        changed(9, '"1,000",1,yes'),
        DataError,
        "(line 9), column 'a': expected a number",
    ),
    "underscore": (changed(9, "1_000,1,yes"), DataError, "(line 9), column 'a': expected a number"),
    "other digits": (changed(9, "١٢,1,yes"), DataError, "(line 9), column 'a': expected a number"),
    "hexadecimal": (
        changed(9, "0x10,1,yes"),
        DataError,
        "got '0x10' (19 of 20 values are numbers)",
    ),
    "infinity": (changed(9, "inf,1,yes"), DataError, "column 'a': 'inf' is not a finite number"),
    "overflow": (changed(9, "1e999,1,yes"), DataError, "column 'a': '1e999' is not a finite"),
    "too large to scale": (rows("a,y", "{i}e306,{even}"), DataError, "'a' holds numbers too large"),
    "decimal comma": (rows("a;b;y", "{i},5;2;{even}"), DataError, "'0,5' has a decimal comma"),
    "missing number": (changed(7, ",1,yes"), DataError, "row 6 (line 7), column 'a': the value is"),
    "missing, later": (changed(7, "NA,1,yes"), DataError, "missing in all: 1 in 'a'"),
    "missing target": (changed(7, "1,1,?"), DataError, "(line 7), column 'y': the target is missi"),
    "column of nothing": (
        rows("a,b,y", ",{i},{even}"),
        DataError,
        "column 'a': the value is missi",
    ),
    "one class": (rows("a,y", "{i},benign"), DataError, "'y' has only one value, 'benign'"),
    "one number": (rows("a,y", "{i},3.5"), DataError, "'y' has only one value, 3.5"),
    "no class": (rows("a,y", "{i},"), DataError, "column 'y': the target is missing (20 of 20"),
    "names as target": (
        rows("a,y", "{i},n{i}", 60),
        DataError,
        "'y' has 60 different values in 60",
    ),
    "names as input": (rows("a,y", "n{i},{even}", 60), DataError, "'a' has 38 different texts"),
    "target alone": (rows("y", "{even}"), DataError, "no column is left to learn 'y' from"),
    "two rows": (rows("a,y", "{i},{even}", 2), DataError, "2 rows are too few to split"),
    "another target": (rows("a,yy", "{i},{even}"), UnknownName, "did you mean 'yy'?"),
    "pipes": (rows("a|y", "{i}|{even}"), UnknownName, "no column called 'y'"),
}


def learn(path, target="y"):
    source = open_data(path, target)
    train = source.split(seed=0)[0]
    return source.prepare(train).apply(source.table, unseen="zero")


def test_the_good_file_is_good(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(GOOD)
    assert learn(path).shape == (20, 2)


@pytest.mark.parametrize("case", HOSTILE)
def test_one_sentence_that_names_the_place(case, tmp_path):
    content, error, sentence = HOSTILE[case]
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(NeurogebraError) as caught:
        learn(path)
    assert type(caught.value) is error
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_corpus_is_large_enough():
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere.csv", "no file"),
        ("no/such/place.csv.gz", "no file"),
        ("no/such/place", "no file"),
        ("nowhere.parquet", "no file"),
        (".", "cannot be read: Is a directory"),
        ("zero\0byte.csv", "cannot be read"),
    ],
)
def test_a_path_that_is_no_file(name, sentence):
    with pytest.raises(DataError, match=sentence):
        open_data(name, "y")


@given(st.binary(max_size=60), st.integers(0, len(GOOD)), st.booleans())
def test_no_bytes_raise_anything_else(junk, at, packed):
    whole = PACKED if packed else GOOD.encode()
    data = whole[: at % len(whole)] + junk + whole[at % len(whole) :]
    with contextlib.suppress(NeurogebraError):
        text = unpack(data, "junk.csv") if packed else data
        assert parse_csv(text, "junk.csv").n_rows > 0


def test_a_bomb_stays_small(tmp_path, monkeypatch):
    monkeypatch.setattr("neurogebra.datasets.table.MAX_BYTES", 2**20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 2**22))
    with pytest.raises(DataError, match="larger than 1 MiB"):
        learn(path)


def test_too_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr("neurogebra.datasets.table.MAX_CELLS", 50)
    path = tmp_path / "data.csv"
    path.write_text(GOOD)
    with pytest.raises(DataError, match="20 rows of 3 columns; at most 50 values"):
        learn(path)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"target": None}, DataError, "name the column to predict, one of 'a', 'b', 'y'"),
        ({"target": "Y"}, UnknownName, "did you mean 'y'?"),
        ({"drop": ("aa",)}, UnknownName, "no column called 'aa'"),
        ({"drop": ("y",)}, BadValue, "columns other than the target"),
        ({"drop": ("a", "b")}, DataError, "no column is left"),
        ({"kinds": {"A": "categorical"}}, UnknownName, "did you mean 'a'?"),
        ({"kinds": {"a": "number"}}, BadValue, "kind: expected one of numeric"),
        ({"kinds": {"y": "numeric"}}, DataError, "row 1 (line 2), column 'y': expected a number"),
        ({"task": "guessing"}, BadValue, "task: expected classification"),
        ({"task": "regression"}, DataError, "'y' holds words"),
        ({"task": "multiclass"}, DataError, "'y' has two classes"),
        ({"target": "a", "task": "multiclass"}, DataError, "'a' holds fractions"),
        ({"target": "b", "task": "binary"}, DataError, "'b' has 3 classes"),
    ],
)
def test_options_that_do_not_fit_the_file(options, error, sentence, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(GOOD)
    with pytest.raises(error) as caught:
        open_data(path, **{"target": "y", **options})
    assert sentence in str(caught.value)
