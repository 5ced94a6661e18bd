"""The alphabet: every operation once, with its value, its derivative and its LaTeX."""

from neurogebra.ops.alphabet import ALPHABET, apply, carry
from neurogebra.ops.record import Op

__all__ = ["ALPHABET", "Op", "apply", "carry"]
