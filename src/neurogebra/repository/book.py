"""The book as one family of formulas, whose files are read when somebody asks for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib import import_module

from neurogebra.registry import Registry
from neurogebra.repository.record import Formula

# The files of the book in the order of its pages; each has a tuple named as the file is, in
# capitals. Those that most programs ask for come first, for a name is looked for from the front.
FILES = (
    "activations",
    "losses",
    "regularizers",
    "activations_more",
    "activation_rows",
    "losses_regression",
    "losses_structured",
    "losses_generative",
    "losses_policy",
    "algebra",
    "polynomials",
    "kernels",
    "calculus",
    "numerics",
    "interpolation",
    "statistics",
    "distributions",
    "discrete",
    "samples",
    "hypothesis_tests",
    "regression",
    "information",
    "divergences",
    "bayes",
    "filters",
    "linalg",
    "matrices",
    "graphs",
    "optimization",
    "optimizers",
    "second_order",
    "schedules",
    "landscapes",
    "metrics",
    "metrics_more",
    "similarity",
    "transforms",
    "transforms_more",
    "networks",
    "convolution",
    "adaptation",
    "attention",
)


class Book(Registry[Formula]):
    """Every formula by name or alias; a file is read when a name is in none before it."""

    def __init__(self) -> None:
        super().__init__("formula")
        self._unread = list(FILES)
        self._reading = threading.RLock()

    def __getitem__(self, name: str) -> Formula:
        self._read_until(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._read_until(name)
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._read_until(None)
        return super().__iter__()

    def __len__(self) -> int:
        self._read_until(None)
        return super().__len__()

    def near(self, name: str, n: int = 3) -> list[str]:
        """Return up to `n` names, aliases included, that look like `name`."""
        self._read_until(None)
        return super().near(name, n)

    def _read_until(self, name: object) -> None:
        """Read files until one has the name; all of them for None."""
        if not self._unread:
            return
        with self._reading:
            while self._unread and not super().__contains__(name):
                self._read(self._unread[0])
                del self._unread[0]

    def _read(self, file: str) -> None:
        for formula in getattr(import_module(f"neurogebra.repository.{file}"), file.upper()):
            self.add(formula)
