"""The book: formulas as data, by name."""

from neurogebra.registry import Registry
from neurogebra.repository.activations import ACTIVATIONS
from neurogebra.repository.algebra import ALGEBRA
from neurogebra.repository.calculus import CALCULUS
from neurogebra.repository.linalg import LINALG
from neurogebra.repository.losses import LOSSES
from neurogebra.repository.metrics import METRICS
from neurogebra.repository.optimization import OPTIMIZATION
from neurogebra.repository.record import CATEGORIES, Formula
from neurogebra.repository.regularizers import REGULARIZERS
from neurogebra.repository.search import Hit, search
from neurogebra.repository.statistics import STATISTICS
from neurogebra.repository.transforms import TRANSFORMS

DOMAINS: tuple[tuple[Formula, ...], ...] = (
    ACTIVATIONS,
    LOSSES,
    REGULARIZERS,
    ALGEBRA,
    CALCULUS,
    STATISTICS,
    LINALG,
    OPTIMIZATION,
    METRICS,
    TRANSFORMS,
)
FORMULAS: Registry[Formula] = Registry("formula", (f for domain in DOMAINS for f in domain))

__all__ = ["CATEGORIES", "FORMULAS", "Formula", "Hit", "search"]
