"""A formula as a straight line of instructions: shared parts once, arguments before users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order, number
from neurogebra.ops import ALPHABET


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line: register `out` becomes the operation of the registers `args`."""

    out: int
    op: str
    args: tuple[int, ...]
    attrs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What to compute: constants and inputs into registers, then line after line.

    numbers and inputs: register → number / name; outputs: the registers asked for.
    """

    registers: int
    numbers: Mapping[int, Any]
    inputs: Mapping[int, str]
    lines: tuple[Instruction, ...]
    outputs: tuple[int, ...]


def program(outputs: Sequence[Node], lower: Callable[[str], bool] = lambda op: False) -> Program:
    """Return the instructions that compute `outputs`, equal parts computed once.

    lower(op) says which operations the caller has no kernel for; these are written out in
    simpler ones first.
    """
    roots = _lowered(outputs, lower)
    forms: dict[Any, int] = {}
    register: dict[int, int] = {}
    numbers: dict[int, Any] = {}
    inputs: dict[int, str] = {}
    lines: list[Instruction] = []
    for node in in_order(*roots):
        args = tuple(register[id(a)] for a in node.args)
        key = (node.op, args, node.attrs, type(node.value), repr(node.value))
        known = forms.get(key)
        if known is None:
            known = forms[key] = len(forms)
            if node.op == NUMBER:
                numbers[known] = node.value
            elif node.op == SYMBOL:
                inputs[known] = node.value
            else:
                lines.append(Instruction(known, node.op, args, node.attrs))
        register[id(node)] = known
    return Program(len(forms), numbers, inputs, tuple(lines), tuple(register[id(r)] for r in roots))


def lowered(root: Node, lower: Callable[[str], bool]) -> Node:
    """Return the formula with every operation that `lower` names written in simpler ones."""
    return _lowered([root], lower)[0]


def _lowered(roots: Sequence[Node], lower: Callable[[str], bool]) -> list[Node]:
    """Return formulas in simpler operations; what they share is written once."""
    made: dict[int, Node] = {}
    alive: list[Node] = []  # the memo is by id, and a freed node's id may come back

    def visit(top: Node) -> Node:
        alive.append(top)
        for node in in_order(top, known=made):
            args = tuple(made[id(a)] for a in node.args)
            rule = ALPHABET[node.op].lower if node.args and lower(node.op) else None
            if rule is not None:
                made.update((id(a), a) for a in args)
                found = rule(*args, **dict(node.attrs))
                new = visit(found if isinstance(found, Node) else number(found))
            elif all(a is b for a, b in zip(args, node.args, strict=True)):
                new = node
            else:
                new = Node(node.op, args, node.attrs)
            alive.append(new)
            made[id(node)] = new
        return made[id(top)]

    return [made[id(root)] if id(root) in made else visit(root) for root in roots]
