"""How names and numbers are written: Greek letters, hats, indices, constants that have a sign."""

from __future__ import annotations

import math
import re

GREEK = (  # noqa: SIM905
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega"
).split()
_LETTERS = dict(zip(GREEK, "αβγδεζηθκλμνξρστφχψωΓΔΘΛΞΣΦΨΩ", strict=True))
_SPELT = {letter: name for name, letter in _LETTERS.items()}
_HATS = {"y_pred": (r"\hat{y}", "ŷ"), "y_true": ("y", "y")}
_ATOM, _POWER, _PRODUCT, _SUM = 4, 3, 2, 1

# Numbers that have a sign of their own: LaTeX, Unicode, and how tightly each binds.
_SIGNS: tuple[tuple[float, str, int, str, int], ...] = (
    (math.pi, r"\pi", _ATOM, "π", _ATOM),
    (2 * math.pi, r"2 \pi", _PRODUCT, "2π", _PRODUCT),
    (1 / math.pi, r"\frac{1}{\pi}", _POWER, "1 / π", _SUM),
    (2 / math.pi, r"\frac{2}{\pi}", _POWER, "2 / π", _SUM),
    (math.sqrt(2 * math.pi), r"\sqrt{2 \pi}", _POWER, "√(2π)", _POWER),
    (1 / math.sqrt(2 * math.pi), r"\frac{1}{\sqrt{2 \pi}}", _POWER, "1 / √(2π)", _SUM),
    (1 / math.sqrt(math.pi), r"\frac{1}{\sqrt{\pi}}", _POWER, "1 / √π", _SUM),
    (2 / math.sqrt(math.pi), r"\frac{2}{\sqrt{\pi}}", _POWER, "2 / √π", _SUM),
    (math.sqrt(2 / math.pi), r"\sqrt{\frac{2}{\pi}}", _POWER, "√(2 / π)", _POWER),
    (math.log(2), r"\ln(2)", _ATOM, "log(2)", _ATOM),
)
_LATEX = {round(value, 13): (tex, tight) for value, tex, tight, _, _ in _SIGNS}
_UNICODE = {round(value, 13): (line, tight) for value, _, _, line, tight in _SIGNS}


def latex_symbol(name: str) -> str:
    """Return a name in LaTeX: beta1 is β with index 1, y_pred is ŷ."""
    if name in _HATS:
        return _HATS[name][0]
    head, _, sub = name.rstrip("_").partition("_")
    digits = re.fullmatch(r"(\D+)(\d+)", head)
    if digits and not sub:
        head, sub = digits.groups()
    head = _SPELT.get(head, head)
    if head not in GREEK and len(head) > 1:
        whole = name.replace("_", r"\_") if "_" in name else head
        return rf"\mathrm{{{whole}}}" + (f"_{{{sub}}}" if digits and "_" not in name else "")
    shown = f"\\{head}" if head in GREEK else head
    if not sub:
        return shown
    plain = len(sub) == 1 or sub.isdigit()
    index = sub.replace("_", r"\_")
    return f"{shown}_{{{index}}}" if plain else rf"{shown}_{{\mathrm{{{index}}}}}"


def unicode_symbol(name: str) -> str:
    """Return a name in Unicode: beta1 is β1, lambda_reg is λ_reg, y_pred is ŷ."""
    if name in _HATS:
        return _HATS[name][1]
    head, mark, sub = name.rstrip("_").partition("_")
    word = head.rstrip("0123456789")
    return _LETTERS.get(word, word) + head[len(word) :] + mark + sub


def latex_number(value: float) -> tuple[str, int]:
    """Return a number of six digits and how tightly it binds; powers of ten as such."""
    known = _LATEX.get(round(value, 13)) if isinstance(value, float) else None
    if known:
        return known
    text = str(value) if isinstance(value, int) else f"{value:.6g}"
    digits, _, power = text.partition("e")
    if power:
        tens = f"10^{{{int(power)}}}"
        text = tens if digits == "1" else rf"{digits} \cdot {tens}"
    return text, _SUM if value < 0 else _PRODUCT if power else _ATOM


def unicode_number(value: float) -> tuple[str, int]:
    """Return a number of six digits and how tightly it binds."""
    known = _UNICODE.get(round(value, 13)) if isinstance(value, float) else None
    if known:
        return known
    size = abs(value)
    text = str(size) if isinstance(value, int) else f"{size:.6g}".replace("e-0", "e-")
    return (f"−{text}", _SUM) if value < 0 else (text, _ATOM)
