"""Search over formula records: ranked, forgiving of typos, by name, word, use or symbol."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import Any

from neurogebra.repository.porch import lead
from neurogebra.repository.record import Formula
from neurogebra.repository.search_words import SMALL, SYNONYMS, alike, letters, stem, words

# How much a word counts, by where it stands.
_NAME, _ALIAS, _CATEGORY, _SUMMARY, _USAGE, _SYMBOL, _REMARK, _SOURCE = (
    1.0, 0.95, 0.8, 0.6, 0.5, 0.45, 0.3, 0.2,
)  # fmt: skip
# How much is left of it when a record has another word: a longer one that begins so, its kin (less
# beside the word itself), what means the same, a longer one around it, or what it misspells.
_PREFIX, _KIN, _KIN_BESIDE, _SAME, _INSIDE, _TYPO = 0.75, 0.8, 0.4, 0.7, 0.5, 0.7
# What makes a score: the words found, how much of a name they are, and words side by side.
_FOUND, _LIKE_NAME, _SIDE_BY_SIDE = 0.64, 0.18, 0.16
# So many of the best are looked at closely.
_CLOSELY = 80


@dataclass(frozen=True, slots=True)
class Hit:
    """A formula that answers a query; score: 1 for its exact name, down to 0."""

    name: str
    score: float
    formula: Formula


def search(
    formulas: Mapping[str, Formula] | Iterable[Formula],
    query: str,
    category: str | None = None,
    max_results: int | None = None,
) -> list[Hit]:
    """Return the formulas that answer a query, best first, the exact name before all.

    Words are looked for in names, aliases, categories, summaries, uses, symbols (γ and gamma
    alike) and sources; a record must have at least half of those that any record has, and a
    rare word counts for more than a common one. An empty query returns everything in order.
    """
    members = tuple(formulas.values() if isinstance(formulas, Mapping) else formulas)
    if not query.strip():
        hits = [Hit(f.name, 0.0, f) for f in members]
    else:
        scores = _scores(_index(_Book(members)), words(query[:200]))
        found = (Hit(members[i].name, round(s, 4), members[i]) for i, s in sorted(scores.items()))
        hits = sorted(found, key=lambda hit: -hit.score)
    kept = (hit for hit in hits if category is None or hit.formula.category == category)
    return list(kept if max_results is None else islice(kept, max(0, max_results)))


@dataclass(frozen=True, slots=True)
class _Book:
    """Records as the key of their index: cheap to hash, and equal where every record is."""

    members: tuple[Formula, ...]

    def __hash__(self) -> int:
        return hash((len(self.members), *(f.name for f in self.members[:: len(self.members) or 1])))


@dataclass(frozen=True, slots=True)
class _Index:
    """Where every word stands: word → number of the record → weight of the best place.

    known: the words in order; spelt: with their letters; exact: names and aliases without
    spaces → record and score.
    """

    members: tuple[Formula, ...]
    places: Mapping[str, dict[int, float]]
    known: list[str]
    spelt: list[tuple[str, int]]
    exact: Mapping[str, dict[int, float]]

    def beginning(self, start: str) -> Iterator[str]:
        """Yield the known words that begin so."""
        first = bisect_left(self.known, start)
        return takewhile(lambda w: w.startswith(start), islice(self.known, first, None))


@lru_cache(maxsize=4)
def _index(book: _Book) -> _Index:
    places: defaultdict[str, dict[int, float]] = defaultdict(dict)
    exact: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for i, formula in enumerate(book.members):
        for text, weight in _texts(formula):
            for word in words(text):
                places[word].setdefault(i, weight)
        for name, score in ((formula.name, 1.0), *((a, 0.99) for a in formula.aliases)):
            exact["".join(words(name))].setdefault(i, score)
    known = sorted(places.keys() - SMALL)
    return _Index(book.members, dict(places), known, [(w, letters(w)) for w in known], dict(exact))


def _texts(formula: Formula) -> tuple[tuple[str, float], ...]:
    """Return the texts of a record with the weight of their words, the weightiest first."""
    joined = " ".join(a.replace("_", "") for a in formula.aliases)
    return (
        (f"{formula.name} {formula.name.replace('_', '')}", _NAME),
        (f"{' '.join(formula.aliases)} {joined}", _ALIAS),
        (f"{formula.category} {formula.subcategory}", _CATEGORY),
        (formula.summary, _SUMMARY),
        (formula.usage, _USAGE),
        (" ".join((*formula.inputs, *(p for p, _ in formula.params))), _SYMBOL),
        (" ".join((*formula.pros, *formula.cons)), _REMARK),
        (formula.source, _SOURCE),
    )


def _scores(index: _Index, wanted: list[str]) -> dict[int, float]:
    """Return the score of every record that has at least half of the words anybody knows."""
    asked = list(dict.fromkeys(w for w in wanted if w not in SMALL)) or list(dict.fromkeys(wanted))
    readings = [_readings(index, word) for word in asked]
    times: dict[int, int] = {}
    sums: dict[int, float] = {}
    total = 0.0
    for word, read in zip(asked, readings, strict=True):
        records = _records(index, read)
        rarity = _rarity(len(index.places.get(word, records)), len(index.members))
        total += rarity
        for i, value in records.items():
            times[i] = times.get(i, 0) + 1
            sums[i] = sums.get(i, 0.0) + rarity * value
    known = sum(map(bool, readings))
    scores = {i: _FOUND * s / total for i, s in sums.items() if 2 * times[i] >= known}
    for i in sorted(scores, key=lambda i: -scores[i])[:_CLOSELY]:
        scores[i] += _closely(index.members[i], wanted, readings)
    scores.update(index.exact.get("".join(wanted), {}))
    return scores


def _rarity(count: int, size: int) -> float:
    return math.log1p(size / count) if count else 1.0


def _records(index: _Index, readings: Mapping[str, float]) -> dict[int, float]:
    """Return the records that a word finds, by any of its readings, with the best weight."""
    best: dict[int, float] = {}
    for known, share in readings.items():
        for i, weight in index.places[known].items():
            if share * weight > best.get(i, 0.0):
                best[i] = share * weight
    return best


def _readings(index: _Index, word: str) -> dict[str, float]:
    """Return the known words that a word may stand for, each with what is left of its weight."""
    best: dict[str, float] = {}
    for known, share in _read(index, word):
        best[known] = max(share, best.get(known, 0.0))
    return best


def _read(index: _Index, word: str) -> Iterator[tuple[str, float]]:
    yield from _meant(index, word, 1.0)
    if len(word) < 3:
        return
    root, kin = stem(word), _KIN_BESIDE if word in index.places else _KIN
    yield from ((w, kin) for w in index.beginning(root) if stem(w) == root)
    yield from ((w, _PREFIX) for w in index.beginning(word))
    if len(word) == 3:
        return
    inside = [w for w in index.known if word in w]
    yield from ((w, _INSIDE) for w in inside)
    if not inside:
        for near, like in alike(word, index.spelt).items():
            yield from _meant(index, near, _TYPO * like)


def _meant(index: _Index, word: str, share: float) -> Iterator[tuple[str, float]]:
    if word in index.places:
        yield word, share
    yield from ((w, _SAME * share) for w in SYNONYMS.get(word, ()) if w in index.places)


def _closely(formula: Formula, wanted: list[str], readings: list[dict[str, float]]) -> float:
    """Return what a record gains from a name like the query, and from words side by side."""
    like = max(_likeness(words(n), readings) for n in (formula.name, *formula.aliases))
    pairs = [f" {a} {b} " for a, b in pairwise(wanted)]
    lines = [f" {' '.join(words(text))} " for text, _ in _texts(formula)[:5]]
    beside = sum(any(p in line for line in lines) for p in pairs) / len(pairs) if pairs else 0.0
    return _LIKE_NAME * like + _SIDE_BY_SIDE * beside


def _likeness(name: list[str], readings: list[dict[str, float]]) -> float:
    """Return how far the words of a name and those asked for are the same, from 0 to 1."""
    both = sum(max((read.get(n, 0.0) for read in readings), default=0.0) for n in name)
    return 2 * both / (len(name) + len(readings))


def __getattr__(name: str) -> Any:
    """Lead from a documented name to `core.library`, when it is asked for (PEP 562)."""
    return lead(__name__, name)
