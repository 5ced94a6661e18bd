"""What a CSV file becomes: names, kinds, values, places."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from neurogebra.datasets import Table, read_csv
from neurogebra.errors import UnknownName

TEXT = 'height,city,member,code\n1.5,"Rome, Italy",Yes,1\n, Oslo ,no,x2\n-2e3,NA,YES,\n'


@pytest.fixture
def write(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_kinds_and_values(write):
    table = read_csv(write(TEXT))
    assert table.names == ("height", "city", "member", "code")
    assert table.kinds == ("numeric", "categorical", "boolean", "categorical")
    np.testing.assert_array_equal(table.column("height"), [1.5, np.nan, -2000.0])
    assert table.column("city").tolist() == ["Rome, Italy", "Oslo", ""]
    assert table.column("member").tolist() == ["yes", "no", "yes"]
    assert table.missing_counts() == {"height": 1, "city": 1, "code": 1}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_dialects_read_alike(write, delimiter, line_end, bom):
    lines = [["x", '"a; b, c"', "y"], ["1", "u v", "2.5"], ["3", "w", "4"]]
    text = bom + line_end.join(delimiter.join(line) for line in lines)
    table = read_csv(write(text))
    assert table.names == ("x", "a; b, c", "y")
    assert table.column("y").tolist() == [2.5, 4.0]


def test_gzip_is_known_by_its_bytes(write):
    packed = gzip.compress(TEXT.encode())
    assert read_csv(write(packed, "plain.csv")).names == read_csv(write(TEXT)).names


def test_lines_count_quoted_line_breaks_and_blank_lines(write):
    table = read_csv(write('a,b\n"x\ny",1\n\n\nz,\n'))
    assert table.lines.tolist() == [2, 6]
    assert table.place(1, "b") == "data.csv, row 2 (line 6), column 'b'"
    assert table.take([1]).lines.tolist() == [6]


@pytest.mark.parametrize("word", ["", " ", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"])
def test_what_counts_as_missing(write, word):
    table = read_csv(write(f"a,b\n1,x\n{word},{word}\n3,z\n"))
    assert table.missing_counts() == {"a": 1, "b": 1}
    assert table.kinds == ("numeric", "categorical")


@pytest.mark.parametrize("word", ["none", "0", "-", "Nancy", "NAME"])
def test_what_does_not_count_as_missing(write, word):
    assert read_csv(write(f"a\nx\n{word}\ny\n")).missing_counts() == {}


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("true", "False"), "boolean"),
        (("Y", "n"), "boolean"),
        (("on", "off"), "boolean"),
        (("yes", "off"), "categorical"),
        (("yes", "no", "maybe"), "categorical"),
        (("0", "1"), "numeric"),
        (("1e3", ".5", "+2.", "-0"), "numeric"),
    ],
)
def test_kinds_are_found(write, words, kind):
    assert read_csv(write("a\n" + "\n".join(words))).kinds == (kind,)


def test_kinds_may_be_given(write):
    table = read_csv(write("zip,x\n0123,1\n0456,2\n"), kinds={"zip": "categorical"})
    assert table.column("zip").tolist() == ["0123", "0456"]


def test_numbers_are_read_exactly(write):
    rng = np.random.default_rng(0)
    values = rng.normal(size=50) * 10.0 ** rng.integers(-300, 300, 50)
    table = read_csv(write("a\n" + "\n".join(map(repr, values.tolist()))))
    assert table.column("a").tolist() == values.tolist()


def test_columns_cannot_be_changed_by_accident(write):
    with pytest.raises(ValueError, match="read-only"):
        read_csv(write(TEXT)).column("height")[0] = 3.0


def test_select_take_and_unknown_columns():
    table = Table(("a", "b"), (np.arange(3.0), np.arange(3.0) + 10), ("numeric", "numeric"))
    assert table.select(["b"]).column("b").tolist() == [10, 11, 12]
    assert table.take([2, 0]).column("a").tolist() == [2, 0]
    assert table.place(1, "a") == "the table, row 2, column 'a'"
    with pytest.raises(UnknownName, match="no column called 'c'"):
        table.column("c")
