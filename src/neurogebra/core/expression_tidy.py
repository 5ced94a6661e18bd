"""A derivative as one would write it: fractions joined, like terms gathered, idle sums left out.

What is tidied here is shown; what runs is the derivative as it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from neurogebra.core.array_sample import Sample, alike, conventional
from neurogebra.core.expression_forms import Forms
from neurogebra.core.expression_shapes import Shapes
from neurogebra.core.expression_terms import decided, gathered, product, term_of, times
from neurogebra.core.matrix_tidy import kind_of, tidy_arrays
from neurogebra.core.tree import MAX_WRITTEN, Node, build, in_order, written_size
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, LINEAR


def tidy(root: Node, scalars: Collection[str] = ()) -> Node:
    """Return a formula of the same values for inputs of one shape, and `scalars` of none.

    A formula of whole arrays is taken by custom: A is a matrix, x a vector, α a number.
    """
    found = _by_arrays(root, scalars)
    if found is None:
        found = _by_element(root, scalars)
    return root if written_size(found) > max(written_size(root), MAX_WRITTEN) else found


def _by_element(root: Node, scalars: Collection[str]) -> Node:
    """Tidy with every input of one shape, whichever it is."""
    forms = Forms()
    shapes = Shapes(scalars, forms)
    made: dict[int, Node] = {}
    for node in in_order(root):
        args = tuple(made[id(a)] for a in node.args)
        if node.op == "expand_like" or (
            node.op == "sum_to" and shapes.of(node.args[0]) <= shapes.of(node.args[1])
        ):
            made[id(node)] = args[0]
        else:
            args = tuple(_borne(shapes, node, i, made) for i in range(len(args)))
            spread = node.op == "sum_to" and args[0].op == "expand_like"
            made[id(node)] = (
                _counted(forms, shapes, *args) if spread else _joined(forms, node, args)
            )
    return made[id(root)]


def _by_arrays(root: Node, scalars: Collection[str]) -> Node | None:
    """Tidy what works on whole arrays at shapes that custom gives; None where none fits."""
    kind = kind_of(root)
    if kind == ELEMENTWISE:
        return None
    if kind == LINEAR:
        sample = conventional(root, scalars)
        return None if sample is None else tidy_arrays(root, sample)
    samples = [s for shape in ((4, 3), (5,)) if (s := alike(root, scalars, shape)) is not None]
    if not samples:
        return None
    moved = (alike(root, scalars, shape, 0.6) for shape in ((4, 3), (5,)))
    tests = [*samples, *(s for s in moved if s is not None)]
    for sample in samples:
        tree = tidy_arrays(root, sample)
        if all(_agree(s, tree, root) for s in tests):
            return tree
    tree = _by_element(root, scalars)
    return tree if all(_agree(s, tree, root) for s in tests) else root


def _agree(sample: Sample, tree: Node, root: Node) -> bool:
    """Say whether a formula has the value of another at an example, but for rounding."""
    wanted = sample.value(root)
    try:
        found = sample.value(tree)
        near = np.isclose(found, wanted, rtol=1e-9, atol=1e-12, equal_nan=True)
    except (ValueError, IndexError):  # shapes that do not fit
        return False
    return bool(near.shape == np.shape(wanted) and near.all())


def _borne(shapes: Shapes, node: Node, i: int, made: Mapping[int, Node]) -> Node:
    """Return a tidy argument, spread again where its shape was lost and is needed."""
    old, new = node.args[i], made[id(node.args[i])]
    op = ALPHABET.get(node.op)
    shape = shapes.of(old)
    if op is None or op.kind == ELEMENTWISE or i >= _SHAPED.get(node.op, 9):
        return new
    if shapes.of(new) == shape:
        return new
    bearers = (n for n in in_order(old) if shapes.of(made[id(n)]) == shape)
    return build("expand_like", (new, made[id(next(bearers, old))]), {})


# How many of its arguments are more than a shape to these operations.
_SHAPED = {"sum_to": 1, "reshape_like": 1, "matmul_left": 2, "matmul_right": 2}


def _joined(forms: Forms, node: Node, args: tuple[Node, ...]) -> Node:
    if node.op in ("mul", "div", "neg", "pow", "sqrt"):
        return product(forms, term_of(forms, Node(node.op, args)))
    if node.op in ("add", "sub"):
        return gathered(forms, node.op, args)
    known = decided(node.op, args)
    if known is not None:
        return known
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else build(node.op, args, dict(node.attrs))


def _counted(forms: Forms, shapes: Shapes, spread: Node, like: Node) -> Node:
    """Write the sum of one number over all places, or over a kept axis, as a product."""
    value, bearer = spread.args
    shape = shapes.of(like)
    kept = (n for n in in_order(like) if dict(n.attrs).get("keepdims") and shapes.of(n) == shape)
    reduction = next(kept, None)
    if reduction is not None:
        axis = dict(reduction.attrs).get("axis", -1)
        count = build("size", (reduction.args[0],), {"axis": axis})
    elif not shape:
        count = build("size", (bearer,), {})
    else:
        return build("sum_to", (spread, like), {})
    return product(forms, times(term_of(forms, value), term_of(forms, count)))
