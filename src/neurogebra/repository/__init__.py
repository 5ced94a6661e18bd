"""The book: formulas as data, by name."""

from neurogebra.repository.book import Book
from neurogebra.repository.record import CATEGORIES, Formula
from neurogebra.repository.search import Hit, search

FORMULAS = Book()

__all__ = ["CATEGORIES", "FORMULAS", "Formula", "Hit", "search"]
