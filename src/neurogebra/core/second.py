"""Second derivatives along a direction: differentiate, join with a direction, differentiate."""

from __future__ import annotations

from dataclasses import replace

from neurogebra.core.differentiate import gradient
from neurogebra.core.expression_maths import Maths, checked_name, shown
from neurogebra.core.tree import Node, build, is_elementwise, substitute, symbol
from neurogebra.errors import BadValue


def hessian_vector(maths: Maths, var: str, v: str, where: str) -> Maths:
    """Return H v: the Hessian by `var` times a new input `v` of that name's shape.

    The Hessian itself is never made. An elementwise formula gives its second derivative times
    v; anything else that is not one number is summed first. Raises BadValue for a name that
    the formula does not have, and for a `v` that it has.
    """
    var = checked_name(maths, var, where)
    if v in (*maths.inputs, *maths.params):
        raise BadValue(where, "a new name for the direction", v)
    domain = (*maths.domain, *((v, d) for name, d in maths.domain if name == var))
    found = replace(maths, inputs=(*maths.inputs, v), like=var, domain=domain)
    tree = shown(found, along(maths.tree, var, v), var)
    return replace(found, tree=tree, runs=along(maths.runs, var, v))


def along(tree: Node, var: str, v: str) -> Node:
    """Return the derivative of ⟨gradient by `var`, v⟩ by `var`, as it is made."""
    leaf, direction = symbol(var), symbol(v)
    root = substitute(tree, {var: leaf})
    slope = build("mul", (gradient(root, [leaf])[0], direction), {})
    if not is_elementwise(root):
        slope = build("sum", (slope,), {})
    found = gradient(slope, [leaf])[0]
    if is_elementwise(found) and not is_elementwise(root):
        return build("sum_to", (found, leaf), {})
    return found
