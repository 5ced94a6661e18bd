"""The book: formulas as data, by name."""

from typing import Any

from neurogebra.repository.book import Book
from neurogebra.repository.porch import lead
from neurogebra.repository.record import CATEGORIES, Formula
from neurogebra.repository.search import Hit, search

FORMULAS = Book()

__all__ = ["CATEGORIES", "FORMULAS", "Formula", "Hit", "search"]


def __getattr__(name: str) -> Any:
    """Lead from a documented name to `core.library`, when it is asked for (PEP 562)."""
    return lead(__name__, name)
