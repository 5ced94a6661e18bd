"""Compute the polynomials of `neurogebra.ops.erf` with mpmath at 40 digits, and print them.

All are Chebyshev fits, hence close to the best polynomials of their degree: the near one of
erf(√t)/√t in t = x², which is entire; the far one of e^(x²) erfc(x), which is smooth in
u = (x − 3)/(x + 3) all the way to infinity. The error of the far fit is multiplied by e^(−x²).
The tail is (1 + 9x/8) e^(x²) erfc(x), nearly constant, so that its error is a relative one; in
the same u one polynomial does for every x ≥ 0.

Run: python tools/erf_coefficients.py
"""

from __future__ import annotations

import sys

from mpmath import chebyfit, erf, erfc, exp, mp, mpf, sqrt

EDGE, END, MIDDLE = mpf("1.5"), mpf(6), 3
NEAR_TERMS, FAR_TERMS, TAIL_TERMS = 15, 14, 24
TAIL = mpf(0), mpf(28)


def near() -> tuple[list[float], float]:
    """Return the coefficients for |x| ≤ 1.5, highest power first, and the largest error."""
    with mp.workdps(40):
        c, error = chebyfit(_near, [0, EDGE**2], NEAR_TERMS, error=True)
        return [float(a) for a in c], float(error)


def far() -> tuple[list[float], float]:
    """Return the coefficients for 1.5 ≤ |x| ≤ 6, highest power first, and the largest error."""
    with mp.workdps(40):
        c, error = chebyfit(_far, [_u(EDGE), _u(END)], FAR_TERMS, error=True)
        return [float(a) for a in c], float(error * exp(-(EDGE**2)))


def tail() -> tuple[list[float], float]:
    """Return the coefficients for 0 ≤ x ≤ 28, highest power first, and the largest error."""
    with mp.workdps(40):
        c, error = chebyfit(_tail, [_u(a) for a in TAIL], TAIL_TERMS, error=True)
        return [float(a) for a in c], float(error)


def _near(t: mpf) -> mpf:
    return erf(sqrt(t)) / sqrt(t) if t > 0 else 2 / sqrt(mp.pi)


def _far(u: mpf) -> mpf:
    return _scaled(MIDDLE * (1 + u) / (1 - u))


def _tail(u: mpf) -> mpf:
    x = MIDDLE * (1 + u) / (1 - u)
    return (1 + 9 * x / 8) * _scaled(x)


def _scaled(x: mpf) -> mpf:
    return exp(x * x) * erfc(x)


def _u(x: mpf) -> mpf:
    return (x - MIDDLE) / (x + MIDDLE)


def main() -> None:
    """Print the tuples as Python source."""
    for name, (c, error) in (("_NEAR", near()), ("_FAR", far()), ("_TAIL", tail())):
        sys.stdout.write(f"# largest error {error:.1e}\n{name} = (\n")
        sys.stdout.writelines(f"    {a!r},\n" for a in c)
        sys.stdout.write(")\n")


if __name__ == "__main__":
    main()
