"""Rows dealt into parts: every row once, classes alike, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogebra.datasets import split_rows
from neurogebra.datasets.split import sample_rows
from neurogebra.errors import BadValue, DataError

PARTS = (0.64, 0.16, 0.20)


@given(
    counts=st.lists(st.integers(5, 60), min_size=2, max_size=6),
    cut=st.floats(0.3, 0.9),
    seed=st.integers(0, 2**32),
)
def test_every_row_once_and_classes_alike(counts, cut, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    first, second = split_rows(y, (cut, 1 - cut), seed=seed, stratify=True)
    assert sorted([*first, *second]) == list(range(len(y)))
    assert len(first) == round(cut * len(y))
    kept = np.bincount(y[first], minlength=len(counts))
    assert np.abs(kept - cut * np.array(counts)).max() <= 1.5


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    share=st.floats(0.1, 1),
    seed=st.integers(0, 2**32),
)
def test_a_sample_keeps_the_shares_and_the_order(counts, share, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    n = max(1, int(share * len(y)))
    rows = sample_rows(y, n, seed=seed)
    assert len(rows) == n
    assert (np.diff(rows) > 0).all()
    kept = np.bincount(y[rows], minlength=len(counts))
    assert np.abs(kept - n / len(y) * np.array(counts)).max() <= 1.5


def test_an_unstratified_split_is_noticed():
    """The tooth: what the law above measures is not met by dealing at random."""
    y = np.repeat([0, 1], 200)
    first, _ = split_rows(y, (0.5, 0.5), seed=0, stratify=False)
    assert abs(int((y[first] == 0).sum()) - 100) > 1.5


def test_same_seed_same_rows_and_other_seed_other_rows():
    y = np.arange(100.0)
    one, same, other = (split_rows(y, PARTS, seed=s)[0].tolist() for s in (1, 1, 2))
    assert one == same != other
    drawn = split_rows(y, PARTS, seed=np.random.default_rng(1))[0].tolist()
    assert drawn == one


def test_sizes_and_shuffled_order():
    train, val, test = split_rows(np.repeat(["a", "b"], [300, 200]), seed=0, stratify=True)
    assert [len(train), len(val), len(test)] == [320, 80, 100]
    assert train.tolist() != sorted(train)


def test_a_part_may_be_left_out():
    train, val, test = split_rows(np.arange(10.0), (0.8, 0, 0.2), seed=0)
    assert [len(train), len(val), len(test)] == [8, 0, 2]


def test_no_class_is_lost_from_training():
    y = np.array(["rare"] + ["b"] * 50 + ["c"] * 49)
    for seed in range(20):
        assert 0 in split_rows(y, PARTS, seed=seed, stratify=True)[0]


@pytest.mark.parametrize("fractions", [(0.5, 0.4), (1.5, -0.5), (), (0, 1), (float("nan"), 1)])
def test_fractions_that_are_no_partition(fractions):
    with pytest.raises(BadValue, match="add up to 1"):
        split_rows(np.arange(10.0), fractions, seed=0)


@pytest.mark.parametrize(
    ("y", "fractions", "sentence"),
    [
        (np.arange(3.0), PARTS, "3 rows are too few to split 0.64 / 0.16 / 0.2"),
        (np.array([]), PARTS, "0 rows are too few"),
        (np.array(["benign"] * 9), PARTS, "the target 'y' has only one value, 'benign'"),
        (np.array(["a"] * 9 + ["b"]), (0.2, 0.8), "no row of the class 'b' (1 in all)"),
    ],
)
def test_rows_that_cannot_be_dealt(y, fractions, sentence):
    with pytest.raises(DataError) as caught:
        split_rows(y, fractions, seed=0, stratify=True)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("seed", [-1, "x", 1.5, True])
def test_seeds_that_are_none(seed):
    with pytest.raises(BadValue, match="random_state"):
        split_rows(np.arange(10.0), seed=seed)
