"""Readable source of a formula for another library: one function, with what it needs."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurogebra.core.code.draft import Draft
from neurogebra.core.code.jax_table import JAX
from neurogebra.core.code.levels import ARITHMETIC, COMPARISONS, facts
from neurogebra.core.code.numpy_table import NUMPY
from neurogebra.core.code.scalar_tables import PYTHON, SYMPY
from neurogebra.core.code.target import Target
from neurogebra.core.code.tensorflow_table import TENSORFLOW
from neurogebra.core.code.torch_table import TORCH
from neurogebra.core.code.words import safe
from neurogebra.core.expression_maths import Maths, derived
from neurogebra.core.expression_text import shown, text
from neurogebra.core.latex import unicode
from neurogebra.core.program import Program, lowered, program
from neurogebra.core.tree import Node, build, is_elementwise, same, symbol, symbols
from neurogebra.errors import BadValue, FormulaError
from neurogebra.registry import Registry

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

TARGETS: Registry[Target] = Registry(
    "target of code", (NUMPY, TORCH, JAX, TENSORFLOW, SYMPY, PYTHON)
)
_KNOWN = ARITHMETIC | COMPARISONS.keys() | {"where"}
_WIDTH = 88
# Parameters that are arrays of more numbers than this are not written out.
_MOST = 64


def source(expression: Expression, target: str = "numpy", gradient: str | None = None) -> str:
    """Return a formula as the source of one function in Python.

    target: one of TARGETS. gradient: a name, for the derivative by it; of an elementwise formula
    it is written for inputs of one shape. What is written is what runs, the stable form; for
    SymPy the definition. Raises UnknownName for another target,
    BadValue for a name that the formula does not have, FormulaError for an operation that the
    target cannot express.
    """
    where = TARGETS[target]
    shown_as = expression if gradient is None else expression.gradient(gradient)
    maths = shown_as.maths if gradient is None else _of_mixed_shapes(expression, shown_as.maths)
    root = maths.tree if where.exact else _spread(maths) if where.arrays else maths.runs
    line = _program(root, where, shown_as.name)
    names = _names(shown_as.name, maths, where)
    arrays = frozenset(n for n, v in maths.params.items() if getattr(v, "ndim", 0))
    known = facts(line, where, maths.params, arrays)
    if known.lifted and not maths.inputs:
        raise FormulaError(f"{where.name} needs an array: {shown_as.name} has parameters only")
    draft = Draft(where, line, known, names, maths.inputs)
    result = draft.write()
    body = [
        *_docstring(expression, shown_as, where, names),
        *([] if where.exact else _why(expression)),
        *draft.lines,
        f"return {result}",
    ]
    head = _head(names[""], maths, where, names)
    function = "\n".join([head, *(f"    {part}" if part else "" for part in body)])
    return _with_needs(function, where)


def _of_mixed_shapes(expression: Expression, slope: Maths) -> Maths:
    """Return a derivative that sums to the shape of its name, where the book's inputs differ."""
    domain = dict(expression.record.domain) if expression.record else {}
    shapes = {getattr(domain.get(n), "shape", ()) for n in slope.inputs}
    whole = expression.maths
    if not getattr(domain.get(str(slope.like)), "shape", ()) or len(shapes) == 1:
        return slope
    if not is_elementwise(whole.runs):
        return slope
    total = build("sum", (whole.runs,), {})
    made = derived(replace(whole, runs=total), str(slope.like), f"{expression.name}.to_code")
    return replace(slope, runs=made.runs)


def _spread(maths: Maths) -> Node:
    """Return what runs, in the shape of an input where it is one number whatever the inputs."""
    asked = maths.like if maths.like in maths.inputs else next(iter(maths.inputs), None)
    free = not set(symbols(maths.runs)) & set(maths.inputs)
    if asked is None or not free or not is_elementwise(maths.runs):
        return maths.runs
    return Node("expand_like", (maths.runs, symbol(asked)))


def _program(root: Node, target: Target, name: str) -> Program:
    """Return the instructions in operations that the target has."""

    def absent(op: str) -> bool:
        return op not in target.rows and op not in _KNOWN

    found = program([lowered(root, absent)])
    for line in found.lines:
        if absent(line.op):
            able = [t for t in TARGETS if line.op in TARGETS[t].rows]
            instead = f"{', '.join(able)} can" if able else "no target can"
            raise FormulaError(f"{target.name} cannot express {line.op} of {name}; {instead}")
    return found


def _names(name: str, maths: Maths, target: Target) -> dict[str, str]:
    """Return what every name is called in the source; the function's is under ""."""
    taken = {*target.modules, *target.helpers}
    names = {"": safe(name, taken)}
    for given in (*maths.inputs, *maths.params):
        names[given] = safe(given, {*taken, *names.values()})
    return names


def _head(function: str, maths: Maths, target: Target, names: Mapping[str, str]) -> str:
    args = [names[n] for n in maths.inputs]
    args += [f"{names[n]}={_default(n, v, target)}" for n, v in maths.params.items()]
    line = f"def {function}({', '.join(args)}):"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"def {function}(", *(f"    {a}," for a in args), "):"])


def _default(name: str, value: Any, target: Target) -> str:
    value = value.item() if getattr(value, "ndim", None) == 0 else value
    if not hasattr(value, "__array__"):
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if not target.array:
        raise BadValue(f"params[{name!r}]", f"a number, as {target.name} takes", value)
    if value.size > _MOST:
        raise BadValue(f"params[{name!r}]", f"at most {_MOST} numbers to write out", value.size)
    return target.array.format(value.tolist(), value.dtype)


def _docstring(
    expression: Expression, written: Expression, target: Target, names: Mapping[str, str]
) -> list[str]:
    record, words = expression.record, expression.metadata
    summary = record.summary if record else str(words.get("description", ""))
    origin = record.source if record else str(words.get("source", ""))
    if written is not expression:
        summary = f"The derivative of {expression.name} by {written.maths.like}."
    formula = f"{names['']}({', '.join(written.inputs)}) = {shown(written.tree, unicode)}"
    renamed = [
        f"{new} is the formula's {old}." for old, new in names.items() if old not in ("", new)
    ]
    rest = [formula, "", f"{target.note} {' '.join(renamed)}".strip()]
    rest += [f"Source: {origin}"] if origin else []
    lines = [part for r in rest for part in (textwrap.wrap(r, _WIDTH - 4) or [""])]
    first = textwrap.wrap(summary or f"{expression.name}.", _WIDTH - 7)
    clean = [_inert(p) for p in [*first, "", *lines]]
    return [f'"""{clean[0]}', *clean[1:], '"""']


def _inert(text: str) -> str:
    """Return a line that can stand in a docstring, whatever a name of a user is made of."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return printable.replace("\\", "\\\\").replace('"""', "'''")


def _why(expression: Expression) -> list[str]:
    """Return the comment on a form that is not the definition."""
    maths = expression.maths
    if maths.like is not None or maths.runs is maths.tree or same(maths.runs, maths.tree):
        return []
    words = (
        f"By definition {shown(maths.tree, text)}; the form below neither overflows nor cancels."
    )
    return [f"# {part}" for part in textwrap.wrap(words, _WIDTH - 6)]


def _with_needs(function: str, target: Target) -> str:
    """Put the helpers and the imports that a function uses above it."""
    helpers: dict[str, str] = {}
    queue = [function]
    while queue:
        used = re.findall(r"\b_[a-z]\w*", _without_words(queue.pop()))
        for name in used:
            if name in target.helpers and name not in helpers:
                helpers[name] = target.helpers[name].strip("\n")
                queue.append(helpers[name])
    code = "\n".join(_without_words(part) for part in (*helpers.values(), function))
    imports = [i for m, i in target.modules.items() if re.search(rf"(?<![\w.]){m}\b(?=[.(])", code)]
    parts = ["\n".join(imports)] if imports else []
    return "\n\n\n".join([*parts, *reversed(helpers.values()), function]) + "\n"


def _without_words(code: str) -> str:
    """Return code without docstrings and comments, whose words are no names."""
    return re.sub(r'"""[\s\S]*?"""|#[^\n]*', "", code)
