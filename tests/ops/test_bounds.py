"""What a result may grow to: refused one above the bound, before anything is allocated."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from neurogebra import Expression
from neurogebra.errors import BadValue
from neurogebra.ops import ALPHABET, bounds
from neurogebra.ops.bounds import MAX_ELEMENTS, room

# operation → arguments and attributes whose result has exactly 120 numbers
EXACT = {
    "outer": ((np.ones(10), np.ones(12)), {}),
    "diag": ((np.ones((1, 30, 2)),), {}),
    "pad": ((np.ones((10, 4)),), {"axis": 1, "before": 5, "after": 3}),
    "windows": ((np.ones(28),), {"axis": 0, "size": 5, "stride": 1, "dilation": 1}),
    "take": ((np.ones((3, 20)), np.zeros((2, 3), int)), {"axis": 0}),
    "concat": ((np.ones((2, 30)), np.ones((2, 30))), {"axis": 1}),
    "matmul": ((np.ones((2, 6, 3)), np.ones((3, 10))), {}),
}
HUGE = {
    "outer(outer(x, x), x)": {"x": np.ones(1_000)},
    "outer(x, x)": {"x": np.ones(20_000)},
    "diag(diag(x))": {"x": np.ones(1_000)},
    "diag(x)": {"x": np.ones(20_000)},
    "take(x, outer(y, y), 0)": {"x": np.ones((1_000, 1_000)), "y": np.zeros(1_000)},
    "matmul(expand_dims(x, 1), expand_dims(x, 0))": {"x": np.ones(20_000)},
    "sum(windows(windows(outer(x, x), 0, 60), 0, 60))": {"x": np.ones(1_000)},
}


@pytest.mark.parametrize("name", EXACT)
def test_the_bound_is_exact(name, monkeypatch):
    args, attrs = EXACT[name]
    run = ALPHABET[name].value
    assert run(*args, **attrs).size == 120
    monkeypatch.setattr(bounds, "MAX_ELEMENTS", 120)
    run(*args, **attrs)
    monkeypatch.setattr(bounds, "MAX_ELEMENTS", 119)
    with pytest.raises(BadValue, match=f"{name} would make 120; give fewer"):
        run(*args, **attrs)


@pytest.mark.parametrize("formula", HUGE)
def test_what_would_fill_the_machine_is_refused_before_it_is_made(formula):
    e = Expression("f", formula)
    tracemalloc.start()
    try:
        with pytest.raises(BadValue, match="at most 268,435,456 numbers"):
            e.eval(**HUGE[formula])
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_two_gigabytes_of_doubles_are_the_bound():
    assert MAX_ELEMENTS * 8 == 2 << 30
    room("outer", (1 << 14, 1 << 14))
    with pytest.raises(BadValue, match=r"outer: expected a result of at most .* × 16384"):
        room("outer", ((1 << 14) + 1, 1 << 14))
