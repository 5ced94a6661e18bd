"""What an expression is, apart from its verbs: trees, inputs, parameters; how two are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from neurogebra.core.array_domain import Domains, examples
from neurogebra.core.differentiate import gradient
from neurogebra.core.expression_tidy import is_spread, tidy
from neurogebra.core.parse import Parsed, read
from neurogebra.core.tree import Node, build, is_elementwise, number, substitute, symbol, symbols
from neurogebra.errors import BadValue, short
from neurogebra.registry import near
from neurogebra.repository import Formula

# Other names by which an input may be given.
ALIASES = {"y_true": "y"}


@dataclass(frozen=True, slots=True)
class Maths:
    """A formula to be shown and the one that runs, with their names.

    tree: the definition; runs: the same values without overflow (often the same tree).
    inputs: names in order; params: names with values; like: the input whose shape the value
    takes (a gradient's), if any. domain: what the record says of the inputs; () without one.
    """

    tree: Node
    runs: Node
    inputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    trainable: tuple[str, ...] = ()
    like: str | None = None
    domain: Domains = ()


parsed = lru_cache(maxsize=4096)(read)


def of_record(record: Formula) -> Maths:
    """Return the maths of a formula of the book."""
    tree = parsed(record.expr).tree
    runs = tree if record.stable is None else parsed(record.stable).tree
    return Maths(tree, runs, tuple(record.inputs), dict(record.params), domain=record.domain)


def of_source(
    source: object, params: Mapping[str, Any] | None, trainable: Sequence[str] | None
) -> Maths:
    """Return the maths of a text, a tree, a SymPy expression or a record.

    Raises FormulaError for what is no formula, BadValue for parameters it does not have.
    """
    if isinstance(source, Formula):
        found = of_record(source)
    else:
        given = _read(source)
        found = Maths(given.tree, given.tree, given.names)
    return with_params(found, params or {}, trainable or ())


def _read(source: object) -> Parsed:
    if isinstance(source, str):
        return parsed(source)
    if isinstance(source, Node):
        return Parsed(source, tuple(symbols(source)))
    if type(source) in (int, float):
        return Parsed(number(source), ())
    if any(str(kind.__module__).startswith("sympy.") for kind in type(source).__mro__):
        from neurogebra.core.sympy_view import from_sympy

        tree = from_sympy(source)
        return Parsed(tree, tuple(symbols(tree)))
    raise BadValue("formula", "a text, a tree, a SymPy expression or a Formula", source)


def with_params(maths: Maths, params: Mapping[str, Any], trainable: Sequence[str]) -> Maths:
    """Return the maths with some of its names made parameters, and some of those trainable."""
    names = (*maths.inputs, *maths.params)
    for name, value in params.items():
        if name not in names:
            raise BadValue("params", _one_of(names), name, _hint(name, names))
        checked_number(f"params[{name!r}]", value)
    merged = {**maths.params, **params}
    for name in trainable:
        if name not in merged:
            expected = f"names with a value in params: {', '.join(merged) or 'there are none'}"
            raise BadValue("trainable_params", expected, name, _hint(name, merged))
    inputs = tuple(n for n in maths.inputs if n not in merged)
    return replace(maths, inputs=inputs, params=merged, trainable=tuple(trainable))


def checked_number(where: str, value: Any) -> Any:
    """Return a parameter's value, a number or an array of numbers; refuse texts and the rest."""
    if isinstance(value, (bool, str, bytes)) or value is None:
        raise BadValue(where, "a number", value)
    if not isinstance(value, (int, float)) and not hasattr(value, "__array__"):
        raise BadValue(where, "a number", value)
    return value


def derived(maths: Maths, var: str, where: str) -> Maths:
    """Return the derivative by one name, with every input and parameter kept."""
    var = checked_name(maths, var, where)
    tree = shown(maths, derivative(maths.tree, var), var)
    return replace(maths, tree=tree, runs=derivative(maths.runs, var), like=var)


def shown(maths: Maths, made: Node, var: str) -> Node:
    """Return what was made by `var` as one would write it, at the record's shapes if it has any."""
    samples = examples(maths.domain, maths.inputs, maths.params)
    leaf = symbol(var)
    if samples and is_elementwise(made) and is_spread(samples[0], leaf, maths.tree):
        made = build("sum_to", (build("expand_like", (made, maths.tree), {}), leaf), {})
    return tidy(made, tuple(maths.params), samples)


def checked_name(maths: Maths, var: str, where: str) -> str:
    """Return the input or parameter that `var` names; raise BadValue where there is none."""
    names = (*maths.inputs, *maths.params)
    var = ALIASES.get(var, var) if var not in names else var
    if var not in names:
        raise BadValue(where, _one_of(names), var, _hint(var, names))
    return var


def derivative(tree: Node, var: str) -> Node:
    """Return the derivative as it is made, before anything is tidied."""
    leaf = symbol(var)  # one node, where joining left several of one name
    root = substitute(tree, {var: leaf})
    found = gradient(root, [leaf])[0]
    if is_elementwise(found) and not is_elementwise(root):
        return build("sum_to", (found, leaf), {})  # what forgot its shape, as 0 does
    return found


def joined(op: str, a: Maths | float, b: Maths | float) -> Maths:
    """Return a and b under one operation; b's parameters make way where names meet."""
    if isinstance(a, Maths) and isinstance(b, Maths) and a is not b:
        b = _kept_apart(b, a)
        a = _kept_apart(a, replace(b, params={}))
    trees = [(m.tree, m.runs) if isinstance(m, Maths) else (number(m),) * 2 for m in (a, b)]
    (left, left_runs), (right, right_runs) = trees
    tree = build(op, (left, right), {})
    plain = left is left_runs and right is right_runs
    runs = tree if plain else build(op, (left_runs, right_runs), {})
    parts = [m for m in (a, b) if isinstance(m, Maths)]
    domain = parts[0].domain if len(parts) == 1 else ()
    return Maths(tree, runs, *_names(parts), like=_like(parts), domain=domain)


def composed(outer: Maths, inner: Maths | float, var: str) -> Maths:
    """Return the outer formula with the inner one in place of one of its inputs."""
    if not isinstance(inner, Maths):
        inner = Maths(number(inner), number(inner), ())
    inner = _kept_apart(inner, outer)
    outer = _kept_apart(outer, replace(inner, params={}))
    tree = substitute(outer.tree, {var: inner.tree})
    plain = outer.tree is outer.runs and inner.tree is inner.runs
    runs = tree if plain else substitute(outer.runs, {var: inner.runs})
    inputs = tuple(n for n in outer.inputs if n != var)
    params = {n: v for n, v in outer.params.items() if n != var}
    trainable = tuple(n for n in outer.trainable if n != var)
    rest = replace(outer, inputs=inputs, params=params, trainable=trainable)
    return Maths(tree, runs, *_names([inner, rest]))


def only_input(maths: Maths, var: str | None, where: str) -> str:
    """Return the one input there is, or the one named; raise BadValue where it is not clear."""
    names = (*maths.inputs, *maths.params)
    if var is None and len(maths.inputs) == 1:
        return maths.inputs[0]
    if var is None:
        raise BadValue(where, f"the name of an input, {_one_of(maths.inputs)}", var)
    if var not in names:
        raise BadValue(where, _one_of(names), var, _hint(var, names))
    return var


def _names(parts: Sequence[Maths]) -> tuple[tuple[str, ...], dict[str, Any], tuple[str, ...]]:
    inputs = dict.fromkeys(n for m in parts for n in m.inputs)
    params = {n: v for m in parts for n, v in m.params.items()}
    trainable = dict.fromkeys(n for m in parts for n in m.trainable)
    return tuple(inputs), params, tuple(trainable)


def _like(parts: Sequence[Maths]) -> str | None:
    found = {m.like for m in parts}
    return found.pop() if len(found) == 1 else None


def _kept_apart(maths: Maths, other: Maths) -> Maths:
    """Rename the parameters whose names the other one uses: alpha becomes alpha_2."""
    taken = {*other.inputs, *other.params}
    own = {*maths.inputs, *maths.params}
    new: dict[str, str] = {}
    for name in maths.params:
        if name in taken:
            free = (f"{name.rstrip('_')}_{i}" for i in range(2, 1_000))
            new[name] = next(n for n in free if n not in taken | own | set(new.values()))
    if not new:
        return maths
    nodes = {old: symbol(fresh) for old, fresh in new.items()}
    tree = substitute(maths.tree, nodes)
    runs = tree if maths.runs is maths.tree else substitute(maths.runs, nodes)
    params = {new.get(n, n): v for n, v in maths.params.items()}
    trainable = tuple(new.get(n, n) for n in maths.trainable)
    return replace(maths, tree=tree, runs=runs, params=params, trainable=trainable)


def _one_of(names: Sequence[str]) -> str:
    return f"one of {', '.join(names)}" if names else "nothing: the formula has no names"


def _hint(name: Any, names: Sequence[str] | Mapping[str, Any]) -> str:
    close = near(str(name), list(names))
    return f"did you mean {close[0]!r}?" if close else ""


def arguments(
    name: str, maths: Maths, args: Sequence[Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values given, by name; raise BadValue with the right names for a wrong one."""
    names = (*maths.inputs, *maths.params)
    if len(args) > len(names):
        raise BadValue(f"{name}.eval", f"at most {len(names)} values", f"{len(args)}")
    found = dict(zip(names, args, strict=False))
    for key, value in given.items():
        alias = ALIASES.get(key)
        key = alias if key not in names and alias in names else key
        if key not in names:
            raise BadValue(f"{name}.eval", listed(maths), key, _hint(key, names))
        if key in found:
            raise BadValue(f"{name}.eval", f"one value for {key!r}", "two")
        found[key] = value
    return found


def listed(maths: Maths) -> str:
    """Return the right names as words: inputs x, y and parameters alpha."""
    words = []
    for kind, names in (("input", maths.inputs), ("parameter", tuple(maths.params))):
        if names:
            words.append(f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}")
    return " and ".join(words) or "no names: it is a constant"


def missing(name: str, maths: Maths, absent: Sequence[str]) -> BadValue:
    """Return the error for inputs without a value."""
    hint = short(f"give {', '.join(f'{n}=…' for n in absent)}", 200).strip("'")
    return BadValue(f"{name}.eval", listed(maths), f"no {', '.join(absent)}", hint)
