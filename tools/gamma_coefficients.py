"""Compute the polynomials of `neurogebra.ops.gamma` with mpmath at 40 digits, and print them.

All are Chebyshev fits in t ∈ [−1, 1] of what is left when the zero has been divided out:
ln Γ(x) / (x − 1) for 0.7 ≤ x ≤ 1.5, ln Γ(x) / (x − 2) for 1.5 ≤ x ≤ 2.5, and
ψ(x) / (x − ROOT) for 1 ≤ x ≤ 3. So each error is a relative one, at the zeros too.

Run: python tools/gamma_coefficients.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from mpmath import chebyfit, digamma, findroot, loggamma, mp, mpf

ONE, TWO, ROOT = ("0.7", "1.5"), ("1.5", "2.5"), (1, 3)
ONE_TERMS, TWO_TERMS, ROOT_TERMS = 24, 19, 31
TINY = mpf(10) ** -18


def one() -> tuple[list[float], float]:
    """Return the coefficients around 1, highest power first, and the largest error."""
    return _fit(lambda x: loggamma(x) / (x - 1), mpf(1), ONE, ONE_TERMS)


def two() -> tuple[list[float], float]:
    """Return the coefficients around 2, highest power first, and the largest error."""
    return _fit(lambda x: loggamma(x) / (x - 2), mpf(2), TWO, TWO_TERMS)


def digamma_root() -> tuple[list[float], float]:
    """Return the coefficients around the zero of ψ, highest power first, and the largest error."""
    with mp.workdps(40):
        at = root()
    return _fit(lambda x: digamma(x) / (x - at), at, ROOT, ROOT_TERMS)


def root() -> mpf:
    """Return the positive zero of ψ."""
    with mp.workdps(60):
        return findroot(digamma, mpf("1.4616321449683623"))


def _fit(
    f: Callable[[mpf], mpf], zero: mpf, ends: tuple[mpf, mpf], terms: int
) -> tuple[list[float], float]:
    with mp.workdps(40):
        low, high = mpf(ends[0]), mpf(ends[1])
        middle, half = (low + high) / 2, (high - low) / 2

        def of_t(t: mpf) -> mpf:
            x = middle + half * t
            return f(x if abs(x - zero) > TINY else zero + TINY)

        c, error = chebyfit(of_t, [-1, 1], terms, error=True)
        return [float(a) for a in c], float(error)


def main() -> None:
    """Print the tuples as Python source."""
    for name, (c, error) in (("_ONE", one()), ("_TWO", two()), ("_ROOT", digamma_root())):
        sys.stdout.write(f"# largest error {error:.1e}\n{name} = (\n")
        sys.stdout.writelines(f"    {a!r},\n" for a in c)
        sys.stdout.write(")\n")
    high = float(root())
    sys.stdout.write(f"_ZERO, _ZERO_REST = {high!r}, {float(root() - high)!r}\n")


if __name__ == "__main__":
    main()
