"""Rendered pictures and small texts: what they show, and that their labels are true."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare
from sklearn.neighbors import KNeighborsClassifier

from neurogebra.datasets import Datasets, open_data
from neurogebra.datasets.generated.toys import BAD, GOOD
from neurogebra.errors import BadValue, DataError


@pytest.mark.parametrize("name", ["bars", "shapes", "textures", "gratings", "glyphs"])
def test_pixels_are_whole_grey_levels_with_noise(name):
    X, y = Datasets.load(name, 120, noise=0.0, random_state=0)
    noisy, same = Datasets.load(name, 120, noise=0.1, random_state=0)
    assert X.dtype == np.float32
    assert (X.min() >= 0, X.max() <= 255, (np.rint(X) == X).all()) == (True, True, True)
    np.testing.assert_array_equal(y, same)
    middle = (X > 80) & (X < 175)
    added = (noisy - X)[middle if middle.sum() > 500 else X == 0]
    spread = 25.5 if middle.sum() > 500 else 25.5 * (0.5 - 0.5 / np.pi) ** 0.5  # clipped at black
    assert abs(added.std() / spread - 1) < 0.1
    assert Datasets.load(name, 40, size=32, random_state=0)[0].shape == (40, 32, 32)


def test_bars_lie_or_stand():
    X, y = Datasets.load_bars(600, noise=0.0, random_state=0)
    lying, standing = X[y == 0], X[y == 1]
    assert (lying == lying[:, :, :1]).all()
    assert (standing == standing[:, :1]).all()
    assert not (lying == lying[:, :1]).all()
    thick = (lying[:, :, 0] > 0).sum(axis=1)
    assert sorted(set(thick)) == [1, 2, 3, 4]
    assert chisquare(np.bincount(thick)[1:]).pvalue > 1e-3
    assert (np.diff(lying[:, :, 0] > 0, axis=1).sum(axis=1) <= 2).all()  # one bar


def test_shapes_have_their_areas():
    X, y = Datasets.load_shapes(800, noise=0.0, size=48, random_state=0)
    r = np.linspace(0.2, 0.3, 1001) * 48
    squared = np.mean(r * r)
    for label, area in enumerate((np.pi, 1.6**2, 3 * 3**0.5 * 0.55**2, 20 / 9)):
        found = X[y == label].sum(axis=(1, 2)).mean() / 255
        assert abs(found / (area * squared) - 1) < 0.05, label
    edge = np.concatenate([X[:, 0], X[:, -1], X[:, :, 0], X[:, :, -1]], axis=1)
    assert (edge == 0).all()  # nothing is cut off


def test_textures_repeat_in_their_directions():
    X, y = Datasets.load_textures(400, noise=0.0, random_state=0)
    assert set(np.unique(X)) == {0, 255}
    rows, columns, diagonals = (X[y == k] for k in (1, 2, 3))
    assert (rows == rows[:, :, :1]).all()
    assert (columns == columns[:, :1]).all()
    assert (diagonals[:, 1:, :-1] == diagonals[:, :-1, 1:]).all()
    white = [X[y == k].mean() / 255 for k in range(5)]
    np.testing.assert_allclose(white, [0.5, 0.5, 0.5, 0.5, 0.23], atol=0.05)


@pytest.mark.parametrize("ways", [4, 6])
def test_gratings_run_as_labelled(ways):
    X, y = Datasets.load_gratings(240, noise=0.0, orientations=ways, random_state=0)
    power = np.abs(np.fft.fft2(X - X.mean(axis=(1, 2), keepdims=True))) ** 2
    f = np.fft.fftfreq(24)
    down, right = f[:, None], f[None]
    twice = np.sum(power * np.exp(2j * np.arctan2(down, right)), axis=(1, 2))
    angle = np.angle(twice) / 2 % np.pi
    off = (angle - np.pi * y / ways + np.pi / 2) % np.pi - np.pi / 2
    assert np.abs(off).max() < np.pi / ways / 3
    assert len(set(y.tolist())) == ways


def test_written_digits_can_be_told_apart():
    X, y = Datasets.load_glyphs(900, random_state=0)
    flat = X.reshape(len(X), -1)
    model = KNeighborsClassifier(1).fit(flat[:600], y[:600])
    assert model.score(flat[600:], y[600:]) > 0.9
    shuffled = np.random.default_rng(0).permutation(y[:600])
    assert model.fit(flat[:600], shuffled).score(flat[600:], y[600:]) < 0.2
    assert len({row.tobytes() for row in X}) == 900  # no two alike


def test_pictures_have_no_table_and_no_frame():
    with pytest.raises(DataError, match="images"):
        open_data("glyphs")
    with pytest.raises(BadValue, match="return_frame"):
        Datasets.load_glyphs(20, return_frame=True)
    with pytest.raises(BadValue, match="size"):
        Datasets.load_glyphs(20, size=8)


def test_red_comes_first_where_it_is_said_to():
    X, y = Datasets.load_word_order(600, length=5, random_state=0)
    for text, label in zip(X, y, strict=True):
        words = text.split()
        assert (len(words), words.count("red"), words.count("blue")) == (5, 1, 1)
        assert (words.index("red") < words.index("blue")) == label
    places = Counter(tuple(i for i, w in enumerate(t.split()) if w in ("red", "blue")) for t in X)
    assert len(places) == 10
    assert chisquare(list(places.values())).pvalue > 1e-3


def test_not_turns_praise_round():
    X, y = Datasets.load_negation(1000, random_state=0)
    kinds = Counter()
    for text, label in zip(X, y.tolist(), strict=True):
        words = text.split()
        good, turned = words[-1] in GOOD, words[-2] == "not"
        assert good or words[-1] in BAD
        assert label == (good != turned)
        kinds[good, turned] += 1
    assert chisquare(list(kinds.values())).pvalue > 1e-3  # neither word alone tells anything


def balances(text):
    depth = 0
    for bracket in text.split():
        depth += 1 if bracket == "(" else -1
        if depth < 0:
            return False
    return depth == 0


def test_brackets_are_uniform_in_either_class():
    X, y = Datasets.load_brackets(3000, n_pairs=3, random_state=0)
    assert [balances(t) for t in X] == y.astype(bool).tolist()
    for label, words in ((1, 5), (0, 15)):  # Catalan's number of 3, and 6 over 3 less that
        counts = Counter(X[y == label])
        assert len(counts) == words
        assert chisquare(list(counts.values())).pvalue > 1e-3
    assert Datasets.load_brackets(2, n_pairs=1, random_state=0)[0].tolist().count("( )") == 1


@pytest.mark.parametrize(("name", "turn"), [("copy", 1), ("reversal", -1)])
def test_copies_and_reversals_differ_in_one_place_or_in_none(name, turn):
    X, y = Datasets.load(name, 2000, length=4, random_state=0)
    places = Counter()
    for text, label in zip(X, y, strict=True):
        first, second = (half.split() for half in text.split(" | "))
        wrong = [i for i, (a, b) in enumerate(zip(first, second[::turn], strict=True)) if a != b]
        assert len(wrong) == 1 - label
        assert set(first) | set(second) <= set("abcdefgh")
        places.update(wrong)
    assert chisquare([places[i] for i in range(4)]).pvalue > 1e-3


def test_texts_split_and_open():
    (X, y), (V, w) = Datasets.load_copy(100, random_state=0, split=0.2)
    assert (len(X), len(V), int(y.sum()), int(w.sum())) == (80, 20, 40, 10)
    assert (X.dtype, y.dtype) == (object, np.int64)
    with pytest.raises(BadValue, match="n_pairs"):
        Datasets.load_brackets(n_pairs=0)
