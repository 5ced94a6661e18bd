"""A derivative as one would write it: fractions joined, like terms gathered, idle sums left out.

What is tidied here is shown; what runs is the derivative as it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from neurogebra.core.array_sample import Sample, TooLarge, alike, conventional
from neurogebra.core.expression_forms import Forms
from neurogebra.core.expression_shapes import Shapes
from neurogebra.core.expression_terms import decided, gathered, product, term_of, times
from neurogebra.core.matrix_tidy import kind_of, tidy_arrays
from neurogebra.core.tree import (
    MAX_WRITTEN,
    Node,
    build,
    in_order,
    is_elementwise,
    written_size,
)
from neurogebra.errors import BadValue
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, LINEAR

# Shapes that all inputs have, where none is said.
_CUSTOM = ((4, 3), (5,))


def tidy(root: Node, scalars: Collection[str] = (), examples: Sequence[Sample] = ()) -> Node:
    """Return a formula of the same values at the shapes of `examples`.

    Without examples that is for inputs of one shape, and `scalars` of none; a formula of whole
    arrays is taken by custom: A is a matrix, x a vector, α a number. What cannot be shown to
    agree is left as it is.
    """
    fitting = [s for s in examples if _fits(s, root)]
    if examples and not fitting and not is_elementwise(root):
        return root
    found = _by_arrays(root, scalars, fitting)
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


def _by_arrays(root: Node, scalars: Collection[str], examples: list[Sample]) -> Node | None:
    """Tidy what works on whole arrays; None for what treats each element by itself."""
    kind = kind_of(root)
    if is_elementwise(root) or (kind == ELEMENTWISE and not examples):
        return None
    samples = examples[:1]
    if not samples and kind == LINEAR:
        samples = conventional(root, scalars)
        examples = samples
    elif not samples:
        samples = [s for shape in _CUSTOM if (s := alike(root, scalars, shape)) is not None]
        moved = (alike(root, scalars, shape, i) for shape in _CUSTOM for i in (1, 2))
        examples = [*samples, *(s for s in moved if s is not None)]
    for sample in samples[:2]:
        tree = _arranged(root, sample)
        if tree is not None and _agree_all(examples, tree, root):
            return tree
    tree = _by_element(root, scalars)
    return tree if _agree_all(examples, tree, root) else root


def _arranged(root: Node, sample: Sample) -> Node | None:
    try:
        return tidy_arrays(root, sample)
    except (ValueError, IndexError, TooLarge):  # a part that does not fit the example
        return None


def _fits(sample: Sample, root: Node) -> bool:
    try:
        sample.value(root)
    except (ValueError, IndexError, TypeError, BadValue, TooLarge):
        return False
    return True


def is_spread(sample: Sample, leaf: Node, root: Node) -> bool:
    """Say whether an array is spread out by what a formula joins it with."""
    if not (_fits(sample, leaf) and _fits(sample, root)):
        return False
    return sample.shape(leaf) not in ((), sample.shape(root))


def _agree_all(samples: Sequence[Sample], tree: Node, root: Node) -> bool:
    """Say whether two formulas agree at every example, and have a value at one of them."""
    found = [_agree(s, tree, root) for s in samples]
    return None not in found and True in found


def _agree(sample: Sample, tree: Node, root: Node) -> bool | None:
    """Say whether formulas agree, but for rounding: None where not, False where none has a value.

    An example may lie outside of what the formula is for.
    """
    wanted = np.asarray(sample.value(root), float)
    try:
        found = np.broadcast_to(np.asarray(sample.value(tree), float), wanted.shape)
    except (ValueError, IndexError):  # shapes that do not fit
        return None
    known = np.isfinite(wanted)
    if not known.any():
        return False
    scale = float(np.max(np.abs(wanted[known])))
    least = 1e-10 * scale + 1e-14 * sample.largest(root)  # parts that cancel leave rounding
    near = np.abs(found[known] - wanted[known]) <= 1e-9 * np.abs(wanted[known]) + least
    return True if near.all() else None


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
