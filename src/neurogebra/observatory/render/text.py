"""Text that people see: user strings made inert; numbers, shares, shapes and times made short."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence


def inert(text: object, limit: int = 500) -> str:
    r"""Return `text` with nothing left in it that a screen or a log would act on.

    Control, format and line-separating characters become escapes (`\x1b`, `\u2028`); what
    is longer than `limit` characters is cut and ends in "…".
    """
    whole = str(text)
    kept = whole if len(whole) <= limit else whole[: limit - 1]
    if not kept.isprintable():
        kept = "".join(_escaped(c) for c in kept)
    return kept if len(whole) <= limit else kept + "…"


def _escaped(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    return repr(char)[1:-1]


def number(x: float, digits: int = 4) -> str:
    """Return `x` with `digits` significant digits: `0.0312`, `12,345`, `3.1e-7`, `NaN`."""
    if not math.isfinite(x):
        return _nonfinite(x)
    if isinstance(x, int):
        return count(x)
    if x and not 1e-3 <= abs(x) < 1e6:
        mantissa, exponent = scientific(x, digits).split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"
    places = digits if not x else max(0, digits - 1 - math.floor(math.log10(abs(x))))
    text = f"{x:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scientific(x: float, digits: int = 2) -> str:
    """Return `x` as a magnitude of `digits` digits, for comparing sizes: `3.1e-2`, `0`."""
    if not math.isfinite(x):
        return _nonfinite(x)
    if not x:
        return "0"
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def metric(x: float) -> str:
    """Return a loss or a score so that it keeps its width from epoch to epoch: `0.0891`."""
    if not math.isfinite(x):
        return _nonfinite(x)
    if x and not 1e-3 <= abs(x) < 1e6:
        return scientific(x, 3)
    return f"{x:.4f}" if abs(x) < 100 else number(x, 6)


def percent(share: float) -> str:
    """Return a share given in percent: `48 %`, `0.4 %`; 0 and 100 only when they are exact."""
    if not math.isfinite(share):
        return _nonfinite(share)
    size = abs(share)
    if 0 < size < 0.01:
        return "<0.01 %"
    if 99.5 <= size < 100:
        return f"{math.floor(share * 10) / 10:.1f} %"
    places = 0 if size >= 10 or not size else 1 if size >= 0.1 else 2
    text = f"{share:.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def count(n: int) -> str:
    """Return a whole number with thousands separators: `1,984`."""
    return f"{n:,}"


def many(n: int, word: str) -> str:
    """Return a number of things: `1 epoch`, `1,200 epochs`."""
    return f"{count(n)} {word}" + ("" if n == 1 else "s")


def shape(dims: Sequence[int]) -> str:
    """Return an array's shape as NumPy writes it: `(32, 64)`, `(10,)`."""
    return str(tuple(int(d) for d in dims))


def sizes(dims: Sequence[int]) -> str:
    """Return a shape without its batch in the short form of tables: `28×28×1`."""
    return "×".join(str(int(d)) for d in dims) or "1"


def duration(seconds: float) -> str:
    """Return a time span in the unit that suits it: `85 µs`, `12 ms`, `3.4 s`, `2 min 05 s`."""
    if not math.isfinite(seconds):
        return _nonfinite(seconds)
    if seconds < 0.9995:
        scale, unit = (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
        value = seconds * scale
        return f"{value:.1f} {unit}" if 0 < value < 9.95 else f"{value:.0f} {unit}"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _nonfinite(x: float) -> str:
    return "NaN" if math.isnan(x) else "inf" if x > 0 else "-inf"
