"""From the texts of one column to numbers, categories or yes-no words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.errors import BadValue, DataError, short

NUMERIC: Final = "numeric"
CATEGORICAL: Final = "categorical"
BOOLEAN: Final = "boolean"
KINDS = (NUMERIC, CATEGORICAL, BOOLEAN)
MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"})
YES_NO = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"))

Cells: TypeAlias = NDArray[Any]
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)


def read_cells(
    texts: Sequence[str], place: Callable[[int], str], kind: str | None = None
) -> tuple[str, Cells]:
    """The kind of a column and its values: float64 with NaN, or object strings with "".

    kind: None finds it out. place: says where the i-th text stands, for the message.
    Raises DataError where a number is asked for, or is the rule, and a text stands, and where
    a number is not finite; BadValue for a kind that does not exist.
    """
    if kind not in (None, *KINDS):
        raise BadValue("kind", "one of " + ", ".join(KINDS), kind)
    if kind in (None, NUMERIC):
        values = _numbers(texts)
        if values is not None:
            return NUMERIC, _finite(values, texts, place)
        _refuse_odd_text(texts, place, asked=kind == NUMERIC)
    words = [_word(t) for t in texts]
    if kind is None:
        kind = BOOLEAN if _all_yes_no(words) else CATEGORICAL
    if kind == BOOLEAN:
        words = [w.lower() for w in words]
    return kind, np.array(words, dtype=object)


def _numbers(texts: Sequence[str]) -> Cells | None:
    try:
        values = np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        try:
            values = np.array([float(_word(t) or "nan") for t in texts], dtype=np.float64)
        except ValueError:
            return None
    # float() also takes "1_000" and digits of other scripts, which no CSV means as numbers.
    joined = "".join(texts)
    if ("_" in joined or not joined.isascii()) and not all(map(_is_number_or_missing, texts)):
        return None
    return values


def _finite(values: Cells, texts: Sequence[str], place: Callable[[int], str]) -> Cells:
    for i in np.flatnonzero(np.isinf(values))[:1]:
        raise DataError(f"{place(int(i))}: {short(texts[i])} is not a finite number")
    return values


def _refuse_odd_text(texts: Sequence[str], place: Callable[[int], str], asked: bool) -> None:
    present = [i for i, t in enumerate(texts) if _word(t)]
    odd = [i for i in present if not _NUMBER.fullmatch(texts[i])]
    if not asked and 2 * len(odd) >= len(present):
        commas = [i for i in odd if _DECIMAL_COMMA.fullmatch(texts[i])]
        if len(commas) == len(present):
            raise DataError(
                f"{place(odd[0])}: {short(texts[odd[0]])} has a decimal comma; "
                "write numbers with a decimal point"
            )
        return
    got = f"expected a number, got {short(texts[odd[0]])}"
    more = "" if len(odd) == 1 else f" and {len(odd) - 1} more like it"
    why = "" if asked else f" ({len(present) - len(odd)} of {len(present)} values are numbers)"
    hint = "" if asked else "; correct it, leave it empty, or read the column as categorical"
    raise DataError(f"{place(odd[0])}: {got}{more}{why}{hint}")


def _word(text: str) -> str:
    stripped = text.strip()
    return "" if stripped in MISSING else stripped


def _is_number_or_missing(text: str) -> bool:
    return not _word(text) or _NUMBER.fullmatch(text) is not None


def _all_yes_no(words: Sequence[str]) -> bool:
    low = {w.lower() for w in words} - {""}
    return bool(low) and any(low <= set(pair) for pair in YES_NO)
