"""The words of texts and queries: how they are cut, which mean the same, which look alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

SMALL = frozenset(
    re.findall(
        r"\w+",
        "a all an and any are as at be between by can compute calculate do does for "
        "formula from get how i in is it its me my not of on one or should that the this to "
        "used using what when which why with you",
    )
)

# Words that people use for one another. A query's word finds the rest of its line as well.
_SAME = (
    "anneal annealing decay",
    "average mean",
    "bayes bayesian posterior",
    "box boxes rectangle",
    "ce crossentropy",
    "cdf cumulative",
    "cnn convolution convolutional conv",
    "convergence optimizer",
    "curve function",
    "denoise denoising diffusion ddpm",
    "density pdf distribution",
    "divergence distance",
    "embed embedding encoding",
    "gaussian normal",
    "gradient derivative slope",
    "image picture",
    "imbalance imbalanced unbalanced rare minority",
    "kl kullback leibler",
    "language text",
    "lr learning",
    "mass pmf",
    "mcc matthews",
    "mover wasserstein",
    "outlier robust",
    "ode differential integrator",
    "overfit overfitting generalization",
    "position positional positions",
    "probability chance",
    "reinforcement policy",
    "rnn recurrent",
    "smooth soft",
    "similarity similar",
    "square squared",
    "svm support hinge",
    "translation bleu",
    "uncertainty variance",
)
_ENDING = re.compile(
    r"(?<=....)(?:[ai]tion(?:al)?s?|iz(?:ation|ing|ers?|ed|es|e)|[ae]nces?|ness|ically|ally|"
    r"ions?|ings?|it(?:y|ies)|ies|[oe]rs?|ed|es|al|ly|ar|ic|s|e|y)$"
)
_GREEK = {
    code: f" {unicodedata.name(chr(code), chr(code)).rsplit(' ', 1)[-1]} "
    for code in range(0x0370, 0x0400)
}
_TWICE = re.compile(r"([bdgmnprt])\1$")  # clipping, clipped
_BRITISH = re.compile("is(?=(?:ation|ed|ers?|es|e|ing)$)")
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of a text: lower case, plurals cut, Greek letters by their names."""
    spelt = text if text.isascii() else text.translate(_GREEK)
    return [_singular(w) for w in _WORD.findall(spelt.casefold())]


@lru_cache(maxsize=32768)
def _singular(word: str) -> str:
    if len(word) < 4 or word[-1] != "s":
        return word
    if word.endswith("sses"):
        return word[:-2]
    return word if word[-2] in "sui" else word[:-1]


def stem(word: str) -> str:
    """Return what is left of a word without its ending, at least four letters of it."""
    return _TWICE.sub(r"\1", _ENDING.sub("", _BRITISH.sub("iz", word)))


def _synonyms() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _SAME:
        group = words(line)
        for word in group:
            found[word] = (*found.get(word, ()), *(w for w in group if w != word))
    return found


SYNONYMS: Mapping[str, tuple[str, ...]] = _synonyms()


def letters(word: str) -> int:
    """Return the set of a word's letters as the bits of a number."""
    bits = 0
    for char in word:
        bits |= 1 << (ord(char) & 31)
    return bits


def alike(word: str, known: Iterable[tuple[str, int]]) -> dict[str, float]:
    """Return the known words that a misspelling may mean, with their likeness from 0 to 1.

    known: words, each with its `letters`. One slip is forgiven in four or five letters, two in
    more; a slip is a letter too many, one missing, another one, or two that changed places.
    """
    slips = 1 if len(word) < 6 else 2
    own, size = letters(word), len(word)
    near = [
        w
        for w, bits in known
        if -slips <= len(w) - size <= slips and (own ^ bits).bit_count() <= 2 * slips
    ]
    found = {w: distance(word, w) for w in near}
    return {w: 1 - d / max(size, len(w)) for w, d in found.items() if d <= slips}


def distance(a: str, b: str) -> int:
    """Return how many slips lead from one word to the other."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            best = min(last[j] + (x != y), last[j + 1] + 1, row[j] + 1)
            if i and j and x == b[j - 1] and a[i - 1] == y:
                best = min(best, before[j - 1] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
