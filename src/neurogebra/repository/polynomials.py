"""Orthogonal polynomials: Chebyshev, Legendre, Hermite, Laguerre."""

from neurogebra.repository.record import Formula, Interval, Same, Value, at

_DLMF = "NIST Digital library of mathematical functions"


def _polynomial(
    name: str, expr: str, words: tuple[str, str, str, str], section: str, *checks: Value | Same
) -> Formula:
    """Return the record of an orthogonal polynomial; words: summary, usage, pro, con."""
    summary, usage, pro, con = words
    return Formula(
        name=name,
        expr=expr,
        inputs=("x",),
        summary=summary,
        category="algebra",
        domain=(("x", Interval(-100.0, 100.0)),),
        usage=usage,
        pros=(pro,),
        cons=(con,),
        subcategory="orthogonal_polynomial",
        source=f"{_DLMF}, section {section}",
        checks=checks,
        sensitive=True,
        ulp=8.0,
    )


_T = "cos(n arccos x): between −1 and 1 wherever x is."
_P = "Orthogonal on −1 … 1 with equal weight."
_HE = "Orthogonal under the normal bell."
_L = "Orthogonal from 0 on under e^(−x)."
_AWAY = "Grows without bound outside −1 … 1."
_FAST = "Grows fast: scale its input."

POLYNOMIALS = (
    _polynomial(
        "chebyshev_t2",
        "2 * x ** 2 - 1",
        (
            "The second Chebyshev polynomial, cos 2θ of x = cos θ.",
            "Series on an interval, and graph filters.",
            _T,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(-0.5),
        Same("scipy.special.eval_chebyt", ("2", "x")),
    ),
    _polynomial(
        "chebyshev_t3",
        "4 * x ** 3 - 3 * x",
        (
            "The third Chebyshev polynomial, cos 3θ of x = cos θ.",
            "Series on an interval, and graph filters.",
            _T,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(-1.0),
        Same("scipy.special.eval_chebyt", ("3", "x")),
    ),
    _polynomial(
        "chebyshev_t4",
        "8 * x ** 4 - 8 * x ** 2 + 1",
        (
            "The fourth Chebyshev polynomial, cos 4θ of x = cos θ.",
            "Approximation with the smallest worst error.",
            _T,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(-0.5),
        Same("scipy.special.eval_chebyt", ("4", "x")),
    ),
    _polynomial(
        "chebyshev_t5",
        "16 * x ** 5 - 20 * x ** 3 + 5 * x",
        (
            "The fifth Chebyshev polynomial, cos 5θ of x = cos θ.",
            "Approximation with the smallest worst error.",
            _T,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(0.5),
        Same("scipy.special.eval_chebyt", ("5", "x")),
    ),
    _polynomial(
        "legendre_p2",
        "(3 * x ** 2 - 1) / 2",
        (
            "The second Legendre polynomial.",
            "Multipoles, Gauss quadrature, memory of state-space models.",
            _P,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(-0.125),
        Same("scipy.special.eval_legendre", ("2", "x")),
    ),
    _polynomial(
        "legendre_p3",
        "(5 * x ** 3 - 3 * x) / 2",
        (
            "The third Legendre polynomial; its zeros are Gauss's three nodes.",
            "Multipoles, Gauss quadrature, memory of state-space models.",
            _P,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(-0.4375),
        Same("scipy.special.eval_legendre", ("3", "x")),
    ),
    _polynomial(
        "legendre_p4",
        "(35 * x ** 4 - 30 * x ** 2 + 3) / 8",
        (
            "The fourth Legendre polynomial.",
            "Multipoles, Gauss quadrature, memory of state-space models.",
            _P,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(-0.2890625),
        Same("scipy.special.eval_legendre", ("4", "x")),
    ),
    _polynomial(
        "legendre_p5",
        "(63 * x ** 5 - 70 * x ** 3 + 15 * x) / 8",
        (
            "The fifth Legendre polynomial.",
            "Multipoles, Gauss quadrature, memory of state-space models.",
            _P,
            _AWAY,
        ),
        "18.5",
        at(x=0.5)(0.08984375),
        Same("scipy.special.eval_legendre", ("5", "x")),
    ),
    _polynomial(
        "hermite_he2",
        "x ** 2 - 1",
        (
            "The second Hermite polynomial, as probabilists write it.",
            "Edgeworth expansions, Milstein's correction, analysis of wide networks.",
            _HE,
            _FAST,
        ),
        "18.5",
        at(x=2.0)(3.0),
        Same("scipy.special.eval_hermitenorm", ("2", "x")),
    ),
    _polynomial(
        "hermite_he3",
        "x ** 3 - 3 * x",
        (
            "The third Hermite polynomial, as probabilists write it.",
            "Skewness of nearly normal variables.",
            _HE,
            _FAST,
        ),
        "18.5",
        at(x=2.0)(2.0),
        Same("scipy.special.eval_hermitenorm", ("3", "x")),
    ),
    _polynomial(
        "hermite_he4",
        "x ** 4 - 6 * x ** 2 + 3",
        (
            "The fourth Hermite polynomial, as probabilists write it.",
            "Kurtosis of nearly normal variables.",
            _HE,
            _FAST,
        ),
        "18.5",
        at(x=2.0)(-5.0),
        Same("scipy.special.eval_hermitenorm", ("4", "x")),
    ),
    _polynomial(
        "laguerre_l2",
        "(x ** 2 - 4 * x + 2) / 2",
        (
            "The second Laguerre polynomial.",
            "Radial waves of hydrogen; filters with memory.",
            _L,
            _FAST,
        ),
        "18.5",
        at(x=2.0)(-1.0),
        Same("scipy.special.eval_laguerre", ("2", "x")),
    ),
    _polynomial(
        "laguerre_l3",
        "(6 - 18 * x + 9 * x ** 2 - x ** 3) / 6",
        (
            "The third Laguerre polynomial.",
            "Radial waves of hydrogen; filters with memory.",
            _L,
            _FAST,
        ),
        "18.5",
        at(x=2.0)(-0.3333333333333333),
        Same("scipy.special.eval_laguerre", ("3", "x")),
    ),
)
