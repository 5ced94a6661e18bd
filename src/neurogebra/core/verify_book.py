"""Whether the book knows a formula under a name of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from neurogebra.core.expression_maths import parsed
from neurogebra.core.expression_text import text
from neurogebra.core.tree import (
    MAX_WRITTEN,
    Node,
    number,
    substitute,
    symbol,
    symbols,
    written_size,
)
from neurogebra.core.verify_rewrites import form
from neurogebra.repository import FORMULAS, Formula

_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_SAME_WORD = {"max": "maximum", "min": "minimum", "Max": "maximum", "Min": "minimum",
              "amax": "maximum", "amin": "minimum"}  # fmt: skip
MOST_NAMES = 4  # every order of the names is tried


def in_book(root: Node, params: Mapping[str, Any]) -> list[str]:
    """Return the names of the book's formulas that say the same, whatever their inputs are called.

    A parameter of the book may be an input here, or the number that is its default.
    """
    if written_size(root) > min(MAX_WRITTEN, 200) or not root.args:
        return []
    named = {n: v for n, v in params.items() if isinstance(v, (int, float))}
    forms = _numbered(root) | _numbered(substitute(root, {n: number(v) for n, v in named.items()}))
    calls = _words(text(root))
    alike = [f for f in FORMULAS.values() if _words(f.expr) == calls and f.name not in _BARE]
    for which in (0, 1):
        found = [f.name for f in alike if forms & _forms(f)[which]]
        if found:
            return found
    return []


@lru_cache(maxsize=4096)
def _forms(record: Formula) -> tuple[frozenset[str], ...]:
    tree = parsed(record.expr).tree
    plain = substitute(tree, {n: number(v) for n, v in record.params})
    return _numbered(tree), _numbered(plain)


@lru_cache(maxsize=8192)
def _words(written: str) -> tuple[str, ...]:
    """Return the operations called in a text, by which most formulas are told apart at once."""
    found = {_SAME_WORD.get(w, w) for w in _CALL.findall(written)}
    return tuple(sorted(found))


def _numbered(root: Node) -> frozenset[str]:
    """Return the forms under every order of the names."""
    names = symbols(root)
    if len(names) > MOST_NAMES:
        return frozenset()
    orders = itertools.permutations(range(len(names)))
    return frozenset(
        form(substitute(root, {n: symbol(f"_{i}") for n, i in zip(names, order, strict=True)}))
        for order in orders
    )


# So bare that half of the formulas there are would be called by their names.
_BARE = frozenset({"linear", "identity"})
