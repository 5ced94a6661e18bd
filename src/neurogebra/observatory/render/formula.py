"""Mathematics for screens that know only ASCII: `∂L/∂W1 = xᵀ·δ1` becomes `dL/dW1 = x^T*delta1`."""

from __future__ import annotations

import unicodedata

_SPELLING = """
    ₀ 0  ₁ 1  ₂ 2  ₃ 3  ₄ 4  ₅ 5  ₆ 6  ₇ 7  ₈ 8  ₉ 9  ² ^2  ³ ^3  ᵀ ^T  ′ '  ½ 1/2
    ∂ d  · *  ∗ *  × x  ⊙ o  ⊗ x  − -  – -  — -  ± +-  √ sqrt  ∞ inf  ∇ grad  ∈ in  ∑ sum
    → ->  ← <-  ≤ <=  ≥ >=  ≈ ~  ≠ !=  ⌊ floor(  ⌋ )  ‖ ||  … ...  “ "  ” "  ’ '  µ u
    α alpha  β beta  γ gamma  δ delta  ε eps  η eta  θ theta  κ kappa  λ lambda  μ mu  π pi
    ρ rho  σ sigma  τ tau  φ phi  χ chi  ψ psi  ω omega  Δ D  Σ sum  Π prod  Φ Phi  ŷ y_hat
    ━ -  ╸ -  ╺ -  ─ -  │ |  ▲ !
"""
_WORDS = _SPELLING.split()
_ASCII = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))


def ascii_math(text: str) -> str:
    r"""Return `text` in ASCII: known signs are spelt, accents dropped, the rest escaped."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else _spelt(c) for c in text.replace("x\u0302", "x_hat"))


def _spelt(char: str) -> str:
    if char in _ASCII:
        return _ASCII[char]
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() else char.encode("ascii", "backslashreplace").decode("ascii")
