"""Small texts whose label follows from a rule: order, negation, brackets, copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.generated.bayes import certain
from neurogebra.datasets.generated.options import whole
from neurogebra.datasets.generated.recipe import Drawn, classes, record, sizes
from neurogebra.datasets.record import Column, Dataset

FILLERS = ("the", "a", "small", "old", "bright", "stone", "house", "tree", "near", "under")
NOUNS = ("film", "meal", "book", "room", "trip", "song", "game", "play")
GOOD = ("good", "lovely", "fresh", "clever", "warm", "bright", "calm", "fine")
BAD = ("bad", "awful", "stale", "silly", "cold", "dull", "loud", "poor")
VERBS = ("was", "seems", "is", "felt")
LETTERS = tuple("abcdefgh")


def word_order(rng: np.random.Generator, n_samples: int = 1000, length: int = 8) -> Drawn:
    """Whether "red" stands before "blue".

    `length` words: both stand once, at two places drawn alike, every other word is one of ten
    drawn alike; y: 1 where "red" comes first, ⌊n/2⌋ rows, so that a count of words tells
    nothing. X: (n,) of str, y: (n,).
    """
    size = whole("length", length, 2, 1000)

    def sentence(label: int) -> str:
        words = rng.choice(FILLERS, size).tolist()
        first, second = np.sort(rng.choice(size, 2, replace=False)).tolist()
        words[first], words[second] = ("red", "blue") if label else ("blue", "red")
        return " ".join(words)

    return _texts(rng, n_samples, sentence)


def negation(rng: np.random.Generator, n_samples: int = 1000) -> Drawn:
    """Praise and blame, turned round by "not".

    "the NOUN VERB [not] ADJECTIVE", every choice alike, "not" in half of the rows; y: 1 for
    a good word without "not" or a bad word with it, ⌊n/2⌋ rows. X: (n,) of str, y: (n,).
    """

    def sentence(label: int) -> str:
        noun, verb = str(rng.choice(NOUNS)), str(rng.choice(VERBS))
        turned = bool(rng.integers(2))
        word = str(rng.choice(GOOD if bool(label) != turned else BAD))
        return f"the {noun} {verb} not {word}" if turned else f"the {noun} {verb} {word}"

    return _texts(rng, n_samples, sentence)


def brackets(rng: np.random.Generator, n_samples: int = 1000, n_pairs: int = 6) -> Drawn:
    """Whether brackets balance.

    `n_pairs` opening and as many closing ones; y: 1, ⌊n/2⌋ rows, where each closes one before
    it. Either class is uniform over all such words, so that counts tell nothing. X: (n,) of
    str, the brackets apart by spaces; y: (n,).
    """
    half = whole("n_pairs", n_pairs, 1, 500)

    def word(label: int) -> str:
        up = _balanced(rng, half) if label else _unbalanced(rng, half)
        return " ".join("(" if step > 0 else ")" for step in up)

    return _texts(rng, n_samples, word)


def copy(rng: np.random.Generator, n_samples: int = 1000, length: int = 5) -> Drawn:
    """Whether the second half repeats the first.

    `length` letters from a to h drawn alike, "|", and the same letters; y: 1, ⌊n/2⌋ rows; in
    the others one letter of the second half, at a place drawn alike, is one of the seven other
    letters. X: (n,) of str, the letters apart by spaces; y: (n,).
    """
    size = whole("length", length, 1, 1000)

    def word(label: int) -> str:
        first = rng.integers(0, len(LETTERS), size)
        second = first.copy()
        if not label:
            second[rng.integers(size)] += rng.integers(1, len(LETTERS))
        halves = [" ".join(LETTERS[i % len(LETTERS)] for i in part) for part in (first, second)]
        return " | ".join(halves)

    return _texts(rng, n_samples, word)


def reversal(rng: np.random.Generator, n_samples: int = 1000, length: int = 5) -> Drawn:
    """Whether the second half is the first backwards.

    As `copy`, `length` included, with the second half written backwards. X: (n,) of str,
    y: (n,).
    """
    X, y = copy(rng, n_samples, length)
    for i, text in enumerate(X):
        first, second = text.split(" | ")
        X[i] = f"{first} | {second[::-1]}"
    return X, y


def _texts(rng: np.random.Generator, n_samples: object, make: Callable[[int], str]) -> Drawn:
    y = rng.permutation(np.repeat([0, 1], sizes(n_samples, 2))).astype(np.int64)
    return np.array([make(label) for label in y.tolist()], dtype=object), y


def _balanced(rng: np.random.Generator, half: int) -> NDArray[np.int64]:
    """A uniform balanced word, by the cycle lemma of Dvoretzky and Motzkin (1947).

    Of the turns of a word with one closing bracket too many, exactly one stays balanced until
    its last bracket.
    """
    steps = rng.permutation(np.repeat([1, -1], (half, half + 1)))
    lowest = int(np.argmin(np.cumsum(steps)))  # the first of them
    return np.roll(steps, -lowest - 1)[:-1]


def _unbalanced(rng: np.random.Generator, half: int) -> NDArray[np.int64]:
    while True:
        steps = rng.permutation(np.repeat([1, -1], (half, half)))
        if np.cumsum(steps).min() < 0:
            return steps


def _record(
    draw: Callable[..., Drawn], title: str, summary: str, names: tuple[str, str], difficulty: int
) -> Dataset:
    return record(
        draw,
        title,
        summary,
        features=(Column(name="text", kind="text"),),
        target=replace(classes(2), labels=(("0", names[0]), ("1", names[1]))),
        task="text_binary",
        category="text",
        use_cases=("what a bag of words cannot see", "recurrent networks and attention"),
        difficulty=difficulty,
        score=("accuracy", certain),
    )


TOYS = (
    _record(
        word_order,
        "Order of words",
        'Whether "red" stands before "blue" among other words.',
        ("blue first", "red first"),
        2,
    ),
    _record(
        negation,
        "Praise, blame and not",
        'Short sentences of praise and blame, turned round by "not".',
        ("blame", "praise"),
        1,
    ),
    _record(
        brackets,
        "Balance of brackets",
        "Whether every bracket closes one that was opened.",
        ("unbalanced", "balanced"),
        3,
    ),
    _record(
        copy,
        "Copies",
        "Whether the second half of a word repeats the first.",
        ("changed", "copied"),
        3,
    ),
    _record(
        reversal,
        "Reversals",
        "Whether the second half of a word is the first backwards.",
        ("changed", "reversed"),
        3,
    ),
)
