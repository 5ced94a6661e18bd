"""Names in printed source: safe ones for inputs, telling ones for what lies between."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Sequence

_TAKEN = {*keyword.kwlist, *dir(builtins)}
# What an intermediate value is called after the operation that made it.
_NOUNS = {
    "add": "total", "sub": "difference", "mul": "product", "div": "ratio", "pow": "power",
    "neg": "negative", "sum": "total", "mean": "mean", "var": "variance", "std": "deviation",
    "amax": "highest", "amin": "lowest", "maximum": "larger", "minimum": "smaller",
    "sqrt": "root", "size": "n", "where": "choice", "matmul": "product", "expand_like": "spread",
    "sum_to": "total", "matmul_left": "slope", "matmul_right": "slope", "softmax": "shares",
    "exp": "exponential", "abs": "magnitude", "transpose": "transposed", "sigmoid": "gate",
    "prod": "product", "norm": "length", "reshape_like": "reshaped", "expand_dims": "widened",
}  # fmt: skip
# Operations of one named thing that are called after both: exp_x.
_BOTH = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "arctan",
    "sigmoid",
    "softplus",
    "relu",
    "erf",
    "erfc",
    "mean",
    "var",
    "std",
    "norm",
    "abs",
    "sign",
    "sort",
    "argsort",
    "cumsum",
    "softmax",
    "log_softmax",
    "logsumexp",
    "inverse",
]
_LONGEST, _LONGEST_GIVEN = 24, 64


def safe(name: str, taken: Collection[str]) -> str:
    """Return a name as a Python identifier that is neither a keyword, a builtin nor taken."""
    allowed = "".join(c if f"a{c}".isidentifier() else "_" for c in name)  # ² is a word to re
    found = re.sub("_+", "_", allowed).strip("_")[:_LONGEST_GIVEN] or "formula"
    found = f"_{found}" if found[0].isdigit() else found
    while found in _TAKEN or found in taken:
        found += "_"
    return found


def telling(op: str, args: Sequence[str], taken: Collection[str]) -> str:
    """Return a name for the value of an operation on what is called `args` ("": no name)."""
    named = args[0] if args else ""
    if op in _BOTH and len(args) == 1 and named:
        found = f"{op}_{named}"
    elif named and ((op == "mul" and list(args) == [named] * 2) or (op, *args[1:]) == ("pow", "2")):
        found = f"{named}_squared"
    elif op in ("add", "sub") and args[0] == "1" and args[1]:
        found = f"one_{'plus' if op == 'add' else 'minus'}_{args[1]}"
    else:
        found = _NOUNS.get(op, op)
    if len(found) > _LONGEST:
        found = _NOUNS.get(op, op)
    fresh, i = found, 2
    while fresh in taken or fresh in _TAKEN:
        fresh, i = f"{found}_{i}", i + 1
    return fresh
