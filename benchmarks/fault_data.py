"""The data that the programs of a cases.json describe in words: words → train and validation."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neurogebra.datasets import Datasets


class Rows(NamedTuple):
    """Inputs and targets that teach, and those that check."""

    x: np.ndarray
    y: np.ndarray
    vx: np.ndarray
    vy: np.ndarray


def rows_of(words: str, other: str, seed: int) -> Rows:
    """Return the rows of a generator's words.

    other: the words of the program beside it, which "same with …" refers to. Raises LookupError
    for words that no generator knows.
    """
    rng = np.random.default_rng([seed, 0xDA7A])
    for pattern, make in GENERATORS.items():
        if re.search(pattern, words):
            return make(words, rng)
    raise LookupError(f"no generator for {words!r} (beside {other!r})")


def _split(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, share: float) -> Rows:
    order = rng.permutation(len(x))
    cut = round(len(x) * share)
    teach, check = order[:cut], order[cut:]
    return Rows(x[teach], y[teach], x[check], y[check])


def _standard(rows: Rows, targets: bool = False) -> Rows:
    mean, std = rows.x.mean(0), rows.x.std(0) + 1e-12
    x, vx = (rows.x - mean) / std, (rows.vx - mean) / std
    if not targets:
        return Rows(x, rows.y, vx, rows.vy)
    mean, std = rows.y.mean(), rows.y.std()
    return Rows(x, (rows.y - mean) / std, vx, (rows.vy - mean) / std)


def _xor(words: str, rng: np.random.Generator) -> Rows:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
    y = np.array([0.0, 1.0, 1.0, 0.0])
    return Rows(x, y, x, y)


def _three(words: str, rng: np.random.Generator) -> Rows:
    x = rng.uniform(0, 1e4, (4800, 3))
    rows = Rows(
        *(
            p
            for part in np.split(np.c_[x, x @ [2, 1, 0.5] + 2.2], [4000])
            for p in (part[:, :3], part[:, 3])
        )
    )
    return _standard(rows, True) if "normalised=True" in words else rows


def _three_scales(words: str, rng: np.random.Generator) -> Rows:
    x = rng.uniform(0, 1, (120, 3)) * [5e4, 300, 10]
    y = (x[:, 0] / 5e4 + x[:, 1] / 300 > 1).astype(float)
    rows = _split(x, y, rng, 0.67)
    return rows if "raw=True" in words else _standard(rows)


def _threshold(words: str, rng: np.random.Generator) -> Rows:
    x = rng.uniform(0, 25000, (2000, 1))
    rows = _split(x, (x[:, 0] > 12500).astype(float), rng, 0.8)
    return rows if "raw=True" in words else _standard(rows)


def _digits(words: str, rng: np.random.Generator) -> Rows:
    x, y = Datasets.load_digits(split=None)
    x, y = np.asarray(x, float), np.asarray(y)
    if x.max() <= 1.0:
        x = x * 16
    found = re.search(r"data/([0-9.]+)", words)
    x = x / (float(found.group(1)) if found else 16.0)
    noise = re.search(r"N\(0,([0-9.]+)\^2\)", words)
    if noise and float(noise.group(1)):
        x = x + rng.normal(0, float(noise.group(1)), x.shape)
    rows = _split(x, y, rng, 0.8)
    if "global mean" in words:
        rows = rows._replace(x=np.full_like(rows.x, x.mean()), vx=np.full_like(rows.vx, x.mean()))
    share = re.search(r"([0-9.]+) of the training labels", words)
    if share:
        y = rows.y.copy()
        hit = rng.random(len(y)) < float(share.group(1))
        y[hit] = rng.integers(0, 10, int(hit.sum()))
        rows = rows._replace(y=y)
    if "images" in words:
        rows = rows._replace(x=rows.x.reshape(-1, 8, 8, 1), vx=rows.vx.reshape(-1, 8, 8, 1))
    return rows


def _parabola(words: str, rng: np.random.Generator) -> Rows:
    x = np.linspace(-10, 10, 201)[:, None]
    rows = _split(x, x[:, 0] ** 2 + 3, rng, 0.75)
    if "standardised" not in words:
        return rows
    mean, std = rows.y.mean(), rows.y.std()
    return Rows(rows.x / 10, (rows.y - mean) / std, rows.vx / 10, (rows.vy - mean) / std)


def _plane(words: str, rng: np.random.Generator) -> Rows:
    x = rng.normal(size=(200, 2))
    y = 0.5 * x[:, 0] - 0.6 * x[:, 1] - 0.4 + rng.normal(0, 0.05, 200)
    return _split(x, y, rng, 0.8)


def _squares(words: str, rng: np.random.Generator) -> Rows:
    x = np.r_[rng.uniform(0.2, 0.4, (100, 2)), rng.uniform(0.5, 0.7, (100, 2))]
    y = np.repeat([0, 1], 100)
    return Rows(x, y, x, y)


def _celsius(words: str, rng: np.random.Generator) -> Rows:
    x = rng.uniform(-50, 150, (200, 1))
    y = 1.8 * x[:, 0] + 32
    return Rows(x, y, x, y)


def _two_large(words: str, rng: np.random.Generator) -> Rows:
    x = rng.uniform(0, 1e4, (2000, 2))
    rows = _split(x, x @ [3.0, 2.0] + 1, rng, 0.8)
    if "standardised" not in words:
        return rows
    mean, std = rows.y.mean(), rows.y.std()
    return Rows(rows.x / 1e4, (rows.y - mean) / std, rows.vx / 1e4, (rows.vy - mean) / std)


def _tanh_code(words: str, rng: np.random.Generator) -> Rows:
    x = np.tanh(rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 10)))
    return Rows(x[:800], x[:800], x[800:], x[800:])


def _sine(words: str, rng: np.random.Generator) -> Rows:
    s = np.sin(0.0628 * np.arange(1002))
    x, y = np.c_[s[1:-1], s[:-2]], (s[2:] > s[1:-1]).astype(float)
    return Rows(x[:800], y[:800], x[800:], y[800:])


def _iris(words: str, rng: np.random.Generator) -> Rows:
    x, y = Datasets.load_iris(split=None)
    return _standard(_split(np.asarray(x, float), np.asarray(y), rng, 0.8))


def _topics(words: str, rng: np.random.Generator) -> Rows:
    topics = rng.dirichlet(np.full(2000, 0.05), 46)
    y = rng.choice(46, 2400, p=rng.dirichlet(np.full(46, 0.7)))
    x = np.stack([rng.multinomial(60, topics[k]) > 0 for k in y]).astype(float)
    return _split(x, y, rng, 0.8)


def _circles(words: str, rng: np.random.Generator) -> Rows:
    fixed = np.random.default_rng(1)
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    ring = np.c_[np.cos(angle), np.sin(angle)]
    x, y = np.r_[ring, 0.8 * ring], np.repeat([0.0, 1.0], 500)
    order = fixed.permutation(1000)
    x = (x[order] + fixed.normal(0, 0.1, (1000, 2))) * float(words.split(" x ")[1].split(",")[0])
    return Rows(x[:700], y[order][:700], x[700:], y[order][700:])


def _diabetes(words: str, rng: np.random.Generator) -> Rows:
    x, y = Datasets.load_diabetes(split=None)
    rows = _split(np.asarray(x, float), np.asarray(y, float), rng, 0.8)
    if "ys=True" in words:
        return _standard(rows, True)
    rows = _standard(rows)
    if "y range (0, 1)" in words:
        low, high = rows.y.min(), rows.y.max()
        rows = rows._replace(y=(rows.y - low) / (high - low), vy=(rows.vy - low) / (high - low))
    return rows


def _line(words: str, rng: np.random.Generator) -> Rows:
    x = np.arange(100.0)
    if "100x" in words:
        x = x / 50 - 1
        y = 100 * x + rng.uniform(0, 1, 100)
    else:
        y = 2 * x + 4 + 10 * rng.uniform(0, 1, 100)
    x = np.c_[x, np.ones(100)]
    return Rows(x, y, x, y)


def _sequences(words: str, rng: np.random.Generator) -> Rows:
    length = int(re.search(r"length (\d+)", words).group(1))  # type: ignore[union-attr]
    x = rng.normal(size=(800, length, 2))
    y = (x[:, 0 if "first value" in words else -1, 0] > 0).astype(float)
    return _split(x, y, rng, 0.8)


GENERATORS: dict[str, Callable[[str, np.random.Generator], Rows]] = {
    r"XOR": _xor,
    r"x1\.\.x3": _three,
    r"^120 rows": _three_scales,
    r"x ~ U\(0,25000\)": _threshold,
    r"digits": _digits,
    r"x = -10\.\.10|same with x/10 ": _parabola,
    r"N\(0,I2\)": _plane,
    r"U\(\.2,\.4\)": _squares,
    r"F = 1\.8C": _celsius,
    r"x ~ U\(0,1e4\)\^2|same with x/1e4": _two_large,
    r"tanh\(Z W\)": _tanh_code,
    r"sin\(\.0628": _sine,
    r"iris": _iris,
    r"bag of words": _topics,
    r"make_circles": _circles,
    r"diabetes": _diabetes,
    r"ones column|column of ones": _line,
    r"sequences": _sequences,
}
