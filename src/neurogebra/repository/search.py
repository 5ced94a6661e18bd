"""Search over formula records: ranked, forgiving of typos, by name, word, use or symbol."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from neurogebra.repository.record import Formula

# How much a word counts, by where it stands.
_NAME, _ALIAS, _CATEGORY, _SUMMARY, _USAGE, _SYMBOL, _REMARK = 1.0, 0.95, 0.8, 0.6, 0.5, 0.45, 0.3
# How much is left of it when the query has only its beginning, its inside, or a misspelling.
_PREFIX, _INSIDE, _TYPO = 0.8, 0.6, 0.6
_CUTOFF = 0.72
_SMALL = frozenset(
    re.findall(r"\w+", "a an and are by for from how i in is it of on or that the to what with")
)


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

    Words are looked for in names, aliases, categories, summaries, uses and symbols (γ and gamma
    alike); at least half of them must be found. An empty query returns everything in order.
    """
    given = formulas.values() if isinstance(formulas, Mapping) else formulas
    members = [f for f in given if category is None or f.category == category]
    wanted = _words(query[:200])
    asked = [w for w in wanted if w not in _SMALL] or wanted
    if not asked:
        hits = [Hit(f.name, 0.0, f) for f in members] if not query.strip() else []
    else:
        close = _corrections(asked, members)
        scored = ((f, _score(f, wanted, asked, close)) for f in members)
        hits = sorted(
            (Hit(f.name, round(s, 4), f) for f, s in scored if s > 0),
            key=lambda hit: (-hit.score, len(hit.name)),
        )
    return hits if max_results is None else hits[: max(0, max_results)]


def _score(
    formula: Formula, wanted: list[str], asked: list[str], close: Mapping[str, dict[str, float]]
) -> float:
    """Return 1 for the name, .99 for an alias, else how well the words are covered."""
    joined = "".join(wanted)
    if joined == "".join(_words(formula.name)):
        return 1.0
    if any(joined == "".join(_words(a)) for a in formula.aliases):
        return 0.99
    index = _index(formula)
    found = [max(_match(w, index), _nearly(close.get(w, {}), index)) for w in asked]
    if 2 * sum(f > 0 for f in found) < len(asked):
        return 0.0
    name = _words(formula.name)
    told = sum(any(n.startswith(w) for w in asked) for n in name) / len(name)
    return 0.9 * sum(found) / len(found) + 0.05 * told


def _match(word: str, index: Mapping[str, float]) -> float:
    best = index.get(word, 0.0)
    if len(word) < 3:
        return best
    for known, weight in index.items():
        if known.startswith(word):
            best = max(best, _PREFIX * weight)
        elif len(word) > 3 and word in known:
            best = max(best, _INSIDE * weight)
    return best


def _nearly(close: Mapping[str, float], index: Mapping[str, float]) -> float:
    return max((_TYPO * r * index[w] for w, r in close.items() if w in index), default=0.0)


def _corrections(asked: list[str], members: list[Formula]) -> dict[str, dict[str, float]]:
    """Return, for words that nobody uses, the ones that look alike, with their likeness."""
    known = {w for f in members for w in _index(f)}
    return {
        word: {
            near: SequenceMatcher(None, word, near).ratio()
            for near in get_close_matches(word, known, 5, _CUTOFF)
        }
        for word in asked
        if len(word) > 3 and not any(word in w for w in known)
    }


@lru_cache(maxsize=4096)
def _index(formula: Formula) -> dict[str, float]:
    """Return every word of a record with the weight of the best place it stands in."""
    places = (
        (" ".join((*formula.pros, *formula.cons)), _REMARK),
        (" ".join((*formula.inputs, *(p for p, _ in formula.params))), _SYMBOL),
        (formula.usage, _USAGE),
        (formula.summary, _SUMMARY),
        (f"{formula.category} {formula.subcategory}", _CATEGORY),
        (" ".join((*formula.aliases, *(a.replace("_", "") for a in formula.aliases))), _ALIAS),
        (f"{formula.name} {formula.name.replace('_', '')}", _NAME),
    )
    return {w: weight for text, weight in places for w in _words(text) if w not in _SMALL}


def _words(text: str) -> list[str]:
    """Return the words of a text: lower case, plurals cut, Greek letters by their names."""
    spelt = "".join(_greek(c) for c in text)
    return [_singular(w) for w in re.findall(r"[^\W_]+", spelt.casefold())]


def _greek(char: str) -> str:
    if "\u0370" <= char <= "\u03ff":
        return f" {unicodedata.name(char, char).rsplit(' ', 1)[-1]} "
    return char


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "sui" else word
