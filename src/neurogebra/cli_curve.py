"""A curve in a terminal, eight dots a character."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.text import Text

# Where the dot of (row, column) of a character is in its code.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800


def curves(
    x: np.ndarray, lines: Sequence[tuple[np.ndarray, str]], *, width: int, height: int
) -> list[Text]:
    """Return rows of characters that draw each line over x; later lines lie over earlier ones.

    lines: (values, colour); what is not finite is left out. width, height: in characters.
    The first and last row carry the scale, a row beneath the ends of x.
    """
    low, high = _scale([values for values, _ in lines])
    marks = [f"{high:.3g}", f"{low:.3g}"]
    margin = max(map(len, marks)) + 1
    columns = width - margin - 1
    codes = np.zeros((height, columns), int)
    colours = np.full((height, columns), "", object)
    for values, colour in lines:
        _draw(codes, colours, x, values, (low, high), colour)
    rows = []
    for i in range(height):
        label = marks[0] if i == 0 else marks[1] if i == height - 1 else ""
        row = Text(label.rjust(margin - 1) + " │", "dim")
        for code, colour in zip(codes[i], colours[i], strict=True):
            row.append(chr(_BLANK + code) if code else " ", colour)
        rows.append(row)
    left, right = f"{x[0]:g}", f"{x[-1]:g}"
    rows.append(Text(" " * margin + "└" + "─" * columns, "dim"))
    rows.append(Text(" " * (margin + 1) + left + right.rjust(columns - len(left)), "dim"))
    return rows


def _scale(all_values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the lowest and highest value drawn; a few extreme ones do not decide."""
    found = np.concatenate([v[np.isfinite(v)] for v in all_values])
    if not found.size:
        return 0.0, 1.0
    low, high = float(found.min()), float(found.max())
    inner_low, inner_high = (float(q) for q in np.quantile(found, (0.02, 0.98)))
    span = inner_high - inner_low
    if span > 0 and high - low > 8 * span:
        low, high = max(low, inner_low - span), min(high, inner_high + span)
    return (low, high) if high > low else (low - 1, high + 1)


def _draw(
    codes: np.ndarray,
    colours: np.ndarray,
    x: np.ndarray,
    values: np.ndarray,
    scale: tuple[float, float],
    colour: str,
) -> None:
    height, columns = codes.shape
    low, high = scale
    across = np.linspace(x[0], x[-1], 2 * columns)
    y = np.interp(across, x, values)
    dots = (high - y) / (high - low) * (4 * height - 1)
    for i, (here, there) in enumerate(pairwise([*dots, dots[-1]])):
        if not (np.isfinite(here) and np.isfinite(there)):
            continue
        first, last = sorted((round(float(here)), round(float(there))))
        for dot in range(max(first, 0), min(last, 4 * height - 1) + 1):
            row, column = dot // 4, i // 2
            codes[row, column] |= _DOTS[dot % 4][i % 2]
            colours[row, column] = colour
