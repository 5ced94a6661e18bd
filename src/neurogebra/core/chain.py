"""A recorded computation as text: operations, numbers, local derivatives, and the chain rule."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from neurogebra.core.tape import users_first
from neurogebra.core.tree import Node, symbol
from neurogebra.ops import ALPHABET

Nodes = Sequence[Any]  # Values or Tensors, users before sources
Names = dict[Any, str]

SIGNS = {"add": "+", "sub": "−", "mul": "·", "div": "/", "pow": "^", "matmul": "@"}
SUFFIXED = {"transpose": "{0}ᵀ", "matmul_left": "{0} @ {1}ᵀ", "matmul_right": "{0}ᵀ @ {1}"}
SHOWN = 24  # operations; of a longer computation the last ones
FEW = 6  # elements of a tensor that are still printed


def explain_value(root: Any) -> str:
    """Return how a Value was computed and how its derivative reaches every number behind it."""
    order = users_first(root)
    names = names_of(order)
    shown = [n for n in order if n._op][:SHOWN]
    lines = _head(root, order, shown, names)
    for node in reversed(shown):
        formula = call_text(node._op.name, [name_of(a, names) for a in node._args])
        numbers = call_text(node._op.name, [plain(getattr(a, "data", a)) for a in node._args])
        lines.append(f"{names[node]} = {formula} = {numbers} = {plain(node.data)}")
        lines += [
            f"    ∂{names[node]}/∂{names[s]} = {plain(slope)}"
            for s, slope in zip(node._sources, node._slopes, strict=True)
        ]
    return "\n".join([*lines, *_chain(root, order, shown, names)])


def explain_tensor(root: Any) -> str:
    """Return how a Tensor was computed, with shapes, and what each operand gets from g = dL/dy."""
    order = users_first(root)
    names = names_of(order)
    shown = [n for n in order if n._op][:SHOWN]
    lines = _head(root, order, shown, names)
    for node in reversed(shown):
        formula = call_text(node._op.name, [name_of(a, names) for a in node._args], node._attrs)
        shapes = ", ".join(str(np.shape(v)) for v in node._values)
        lines.append(f"{names[node]} = {formula}: {shapes} → {node.shape}{_few(node.data)}")
        lines += _cotangents(node, names)
    return "\n".join(lines)


def _head(root: Any, order: Nodes, shown: Nodes, names: Names) -> list[str]:
    """Name the leaves that appear, and say what is left out."""
    used = {s for n in shown for s in n._sources} | {root}
    lines = [f"{names[n]} = {content(n.data)}" for n in reversed(order) if not n._op and n in used]
    more = sum(1 for n in order if n._op) - len(shown)
    return [*lines, f"… {more} earlier operations"] if more else lines


def _chain(root: Any, order: Nodes, shown: Nodes, names: Names) -> list[str]:
    """Say, for each number, how the derivatives of its users add up to its own."""
    flow: dict[Any, float] = {root: 1.0}
    terms: dict[Any, list[tuple[str, str]]] = {}
    y = names[root]
    for node in shown:
        for source, slope in zip(node._sources, node._slopes, strict=True):
            flow[source] = flow.get(source, 0.0) + flow[node] * slope
            rule, numbers = f"∂{names[node]}/∂{names[source]}", plain(slope)
            if node is not root:
                rule = f"d{y}/d{names[node]} · {rule}"
                numbers = call_text("mul", [plain(flow[node]), numbers])
            terms.setdefault(source, []).append((rule, numbers))
    lines = [f"chain rule, from {y} back:"] if terms else []
    for node in order:
        if node in terms:
            rule, numbers = (" + ".join(part) for part in zip(*terms[node], strict=True))
            chain = [f"d{y}/d{names[node]}", rule, numbers, plain(flow[node])]
            lines.append("    " + " = ".join(dict.fromkeys(chain)))
    return lines


def _cotangents(node: Any, names: Names) -> list[str]:
    """Write the rule of an operation with the names of its operands."""
    if node._op.name not in ALPHABET:
        return [f"    {names[s]} gets g back where its elements were" for s in node._sources]
    made = {names[a]: symbol(names[a]) for a in (*node._sources, node)}
    args = [made.get(name_of(a, names)) or _operand(a, names) for a in node._args]
    parts = node._op.vjp(symbol("g"), made[names[node]], *args, **node._attrs)
    return [
        f"    {names[a]} gets {_text(part)}"
        for a, part in zip(node._args, parts, strict=True)
        if part is not None and any(a is s for s in node._sources)
    ]


def _operand(a: Any, names: Names) -> Any:
    return a if isinstance(a, (int, float)) else symbol(name_of(a, names))


def names_of(order: Nodes) -> Names:
    """Name leaves x1, x2, …, results v1, v2, … in the order they are needed, and the root y."""
    names = {n: n.name for n in order if n.name}
    taken = set(names.values())
    if order[0]._op and not order[0].name and "y" not in taken:
        names[order[0]] = "y"
    free = {"x": map("x{}".format, count(1)), "v": map("v{}".format, count(1))}
    for node in reversed(order):
        if node not in names:
            names[node] = next(n for n in free["v" if node._op else "x"] if n not in taken)
    return names


def name_of(a: Any, names: Names) -> str:
    """Return what an operand is called, or a constant itself."""
    if isinstance(a, (int, float)):
        return plain(a)
    if isinstance(a, np.ndarray):
        return content(a)
    return names.get(a) or a.name or content(a.data)


def call_text(op: str, args: Sequence[str], attrs: Any = ()) -> str:
    """Write an operation with its operands: a · b, tanh(x), sum(x, axis=0)."""
    if op in SIGNS:
        return f" {SIGNS[op]} ".join(f"({a})" if a.startswith("-") else a for a in args)
    if op == "neg":
        return f"−({args[0]})" if args[0].startswith("-") else f"−{args[0]}"
    if op in SUFFIXED:
        return SUFFIXED[op].format(*args)
    given = [f"{k}={attrs[k]}" for k in attrs if attrs[k] is not None and attrs[k] is not False]
    return f"{op}({', '.join([*args, *given])})"


def _text(part: Any) -> str:
    """Write a formula with operators between its operands."""
    if not isinstance(part, Node):
        return plain(part)
    if not part.args:
        return plain(part.value) if part.is_number else str(part.value)
    inner = [_text(a) for a in part.args]
    if part.op in SIGNS or part.op in SUFFIXED or part.op == "neg":
        inner = [f"({t})" if a.op in SIGNS else t for a, t in zip(part.args, inner, strict=True)]
    return call_text(part.op, inner, dict(part.attrs))


def plain(x: Any) -> str:
    """Write a number with at most six digits."""
    return str(x) if isinstance(x, int) else repr(float(f"{x:.6g}"))


def _few(data: Any) -> str:
    return f" = {content(data)}" if data.size <= FEW else ""


def content(data: Any) -> str:
    """Write a number, a small array, or the shape of a larger one."""
    if isinstance(data, float):
        return plain(data)
    if data.size > FEW:
        return f"array of shape {data.shape}"
    return np.array2string(data, separator=", ", precision=6).replace("\n", "")
