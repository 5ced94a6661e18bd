"""Operations written in place: what they write, where, and without arrays of their own."""

import threading
import tracemalloc

import numpy as np
import pytest

from neurogebra.ops import erf as room
from neurogebra.ops import into
from neurogebra.ops.erf import erf, erf_into, erfc, erfc_into
from neurogebra.ops.kernels import sigmoid

PAIRS = [(erf, erf_into), (erfc, erfc_into)]


def numbers(size=room._BLOCK + 1_234, dtype=np.float64):
    return np.random.default_rng(4).normal(0.0, 3.0, size).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("value", "write"), PAIRS)
def test_an_error_function_may_write_over_what_it_reads(value, write, dtype):
    x = numbers(dtype=dtype)
    wanted = value(x)
    write(x, x)
    np.testing.assert_array_equal(x, wanted)


@pytest.mark.parametrize(("value", "write"), PAIRS)
def test_gaps_in_memory_are_kept(value, write):
    x, out = numbers(3 * 40_000).reshape(40_000, 3), np.zeros((40_000, 6))
    write(x[:, ::-1], out[:, ::2])
    np.testing.assert_array_equal(out[:, ::2], value(x)[:, ::-1])
    assert not out[:, 1::2].any()


@pytest.mark.parametrize(("value", "_write"), PAIRS)
def test_a_number_is_the_same_wherever_it_stands(value, _write):
    x = numbers()
    np.testing.assert_array_equal(value(x)[-7:], value(x[-7:]))
    np.testing.assert_array_equal(value(x)[:3], [value(a) for a in x[:3]])


def test_threads_have_their_own_arrays():
    x, found = numbers(200_000), {}

    def work(i):
        found[i] = [np.array_equal(erfc(x[i::4]), wanted[i::4]) for _ in range(5)]

    wanted = erfc(x)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [all(found[i]) for i in range(4)] == [True] * 4


@pytest.mark.parametrize("write", [erf_into, erfc_into])
def test_nothing_is_allocated(write):
    x = numbers()
    write(x, x)
    tracemalloc.start()
    write(x, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


def test_far_out_and_between_points():
    x = np.array([1e300, -1e300, 2.0**45 + 0.5, -(2.0**60), 5.9999, -6.0001, 29.0, 1e12, -1e77])
    np.testing.assert_array_equal(erfc(x)[[0, 1, 2, 3, 6, 7, 8]], [0, 2, 0, 2, 0, 0, 2])
    np.testing.assert_allclose(erf(x), np.sign(x), rtol=1e-15)


def test_a_table_with_a_wrong_number_is_seen(monkeypatch):
    table = room._erfc_table()
    wrong = table.values + 1e-9j * table.values.imag
    spoilt = room._Table(table.low, table.high, wrong, table.magic, table.first)
    right = erfc(numbers(100))
    monkeypatch.setattr(room, "_erfc_table", lambda: spoilt)
    assert np.max(np.abs(erfc(numbers(100)) / right - 1)) > 1e-13


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gate_is_a_product_with_a_sigmoid(dtype):
    x, a = numbers(dtype=dtype), numbers(dtype=dtype)[::-1].copy()
    out = np.empty_like(x)
    into.gate(a, x, out)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(out, a * sigmoid(x), rtol=4 * eps)
    into.sigmoid(x, out)
    np.testing.assert_allclose(out, sigmoid(x), rtol=4 * eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_where_an_exponential_overflows_the_digits_stay(dtype):
    end = np.log(np.finfo(dtype).tiny)
    x = np.linspace(end * 1.02, 5.0, 1000, dtype=dtype)
    out = np.empty_like(x)
    into.gate(x, x, out)
    np.testing.assert_array_equal(out, x * sigmoid(x))
    assert out[30] < 0


def test_no_number_goes_through_a_gate():
    x = np.array([np.nan, np.inf, 0.0])
    out = np.empty(3)
    into.gate(2.0, x, out)
    np.testing.assert_array_equal(out, [np.nan, 2.0, 1.0])
