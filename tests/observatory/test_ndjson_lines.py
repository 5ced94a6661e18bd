"""One record, one line: whatever JSON-like values go in come out, NaN and infinities included."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogebra.errors import BadValue
from neurogebra.observatory.sinks.ndjson_lines import decode, encode


def test_a_value_that_cannot_be_written_is_told(tmp_path):
    circle = {}
    circle["again"] = circle
    with pytest.raises(BadValue, match="at most 64 levels"):
        encode({"event_type": "x", "data": circle})
    record = decode(encode({"event_type": "x", "where": Path("/a"), "what": object}).encode())
    assert record["where"] == "/a"
    assert record["what"] == "<class 'object'>"


WORDS = st.text(max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_what_goes_in_comes_out(data):
    record = {"event_type": "x", "data": data}
    line = encode(record)
    assert len(line.splitlines()) == 1
    assert repr(decode(line.encode("ascii"))) == repr(record)


def test_numbers_that_json_lacks_are_null_and_come_back():
    odd = {"event_type": "x", "loss": math.nan, "data": [1.0, {"a/b~1c": -math.inf}]}
    line = encode(odd)
    strict = json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert strict["loss"] is None
    assert strict["nonfinite"] == {"/loss": "NaN", "/data/1/a~1b~01c": "-Infinity"}
    back = decode(line.encode())
    assert math.isnan(back["loss"])
    assert back["data"] == odd["data"]
    assert "nonfinite" not in back
