"""A seed or a generator in, a generator out; NumPy's global one is never touched."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from neurogebra.errors import BadValue

# In quotes: numpy.random is loaded when it is needed, not when the names are.
Seed: TypeAlias = "int | np.random.SeedSequence | np.random.Generator | None"


def generator(seed: Seed) -> np.random.Generator:
    """The generator of a seed: None draws fresh entropy, a generator is returned as it is."""
    if seed is None or isinstance(seed, (np.random.Generator, np.random.SeedSequence)):
        return np.random.default_rng(seed)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise BadValue("random_state", "None, a whole number ≥ 0 or a numpy Generator", seed)
    return np.random.default_rng(int(seed))
