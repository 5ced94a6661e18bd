"""Other ways to write a formula that neither overflow nor cancel; each must prove itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from neurogebra.core.expression_tidy import tidy
from neurogebra.core.parse import parse
from neurogebra.core.tree import Node, build, in_order, substitute
from neurogebra.ops import ALPHABET

# What is written; what to write instead. a, b, c stand for any part, d for the tidy difference
# that follows the second bar.
TEXTS = (
    "log(1 + exp(a)) | softplus(a)",
    "log(exp(a) + exp(b)) | logaddexp(a, b)",
    "log(exp(a) + exp(b) + exp(c)) | logaddexp(logaddexp(a, b), c)",
    "log(exp(a) - 1) | a + log(-expm1(-a))",
    "log(1 + a) | log1p(a)",
    "log(1 - a) | log1p(-a)",
    "exp(a) - 1 | expm1(a)",
    "1 - exp(a) | -expm1(a)",
    "1 / (1 + exp(-a)) | sigmoid(a)",
    "1 / (1 + exp(a)) | sigmoid(-a)",
    "exp(a) / (1 + exp(a)) | sigmoid(a)",
    "1 - sigmoid(a) | sigmoid(-a)",
    "log(sigmoid(a)) | -softplus(-a)",
    "log(1 - sigmoid(a)) | -softplus(a)",
    "2*sigmoid(a) - 1 | tanh(a/2)",
    "(exp(a) - 1) / (exp(a) + 1) | tanh(a/2)",
    "(1 - exp(a)) / (1 + exp(a)) | -tanh(a/2)",
    "(exp(a) - exp(-a)) / (exp(a) + exp(-a)) | tanh(a)",
    "(exp(a) - exp(-a)) / 2 | sinh(a)",
    "(exp(a) + exp(-a)) / 2 | cosh(a)",
    "sinh(a) / cosh(a) | tanh(a)",
    "log(cosh(a)) | where(abs(a) < 1, log1p(2*sinh(a/2)**2), "
    "abs(a) + log1p(exp(-2*abs(a))) - log(2))",
    "log(exp(a)) | a",
    "exp(a) / exp(b) | exp(a - b)",
    "exp(a) * exp(b) | exp(a + b)",
    "a * log(b) | xlogy(a, b)",
    "log(a) - log(b) | log(a / b)",
    "log(a) - log(b) | log1p(d / b) | a - b",
    "1 - cos(a) | 2*sin(a/2)**2",
    "cos(a) - 1 | -2*sin(a/2)**2",
    "1 - erf(a) | erfc(a)",
    "1 + erf(a) | erfc(-a)",
    "sqrt(a**2) | abs(a)",
    "sqrt(a*a) | abs(a)",
    "sqrt(a**2 + b**2) | max(abs(a), abs(b))*sqrt(1 + (min(abs(a), abs(b)) / "
    "(max(abs(a), abs(b)) + (max(abs(a), abs(b)) == 0)))**2)",
    "sqrt(1 + a**2) | max(1, abs(a))*sqrt(1/max(1, abs(a))**2 + (a/max(1, abs(a)))**2)",
    "sqrt(a) - sqrt(b) | d/(sqrt(a) + sqrt(b)) | a - b",
    "sqrt(a) - b | d/(sqrt(a) + b) | a - b**2",
    "b - sqrt(a) | d/(sqrt(a) + b) | b**2 - a",
    "sqrt(a) - b | where(b > 0, d/(sqrt(a) + b), sqrt(a) - b) | a - b**2",
    "b - sqrt(a) | where(b > 0, d/(sqrt(a) + b), b - sqrt(a)) | b**2 - a",
    "a**2 - b**2 | (a - b)*(a + b)",
    "1 - a**2 | (1 - a)*(1 + a)",
    "a**2 - 1 | (a - 1)*(a + 1)",
    "a**2 / (1 + a**2) | 1/(1 + 1/a**2)",
    "log(sum(exp(a))) | logsumexp(a)",
    "exp(a) / sum(exp(a)) | softmax(a)",
    "log(softmax(a)) | log_softmax(a)",
    "mean(a**2) - mean(a)**2 | var(a)",
    "sqrt(sum(a**2)) | norm(a)",
    "sqrt(sum(a*a)) | norm(a)",
    "sqrt(dot(a, a)) | norm(a)",
    "log(prod(a)) | sum(log(a))",
    "log(det(a)) | logdet(a)",
    "matmul(inverse(a), b) | solve(a, b)",
)
WILD = ("a", "b", "c")
MOST, DEPTH = 24, 4
_EITHER = frozenset({"add", "mul", "maximum", "minimum", "logaddexp", "equal"})
Binding = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One rule: what is matched, what stands instead, and which tidy difference is its d."""

    text: str
    pattern: Node
    instead: Node
    difference: Node | None = None


@lru_cache(maxsize=8)
def rules(texts: tuple[str, ...] = TEXTS) -> tuple[Rewriting, ...]:
    """Return the table with its texts read."""
    found = []
    for text in texts:
        pattern, instead, *difference = (part.strip() for part in text.split("|"))
        d = parse(difference[0]) if difference else None
        found.append(Rewriting(text, parse(pattern), parse(instead), d))
    return tuple(found)


def rewritten(root: Node, table: tuple[Rewriting, ...] | None = None) -> list[Node]:
    """Return other forms of a formula, those of fewest steps first; at most 24."""
    table = rules() if table is None else table
    found: list[Node] = []
    seen = {form(root)}
    edge = [root]
    for _ in range(DEPTH):
        following = []
        for tree in edge:
            for made in _steps(tree, table):
                key = form(made)
                if key not in seen and len(found) < MOST:
                    seen.add(key)
                    found.append(made)
                    following.append(made)
        edge = following
    return found


def _steps(root: Node, table: tuple[Rewriting, ...]) -> Iterator[Node]:
    """Yield the formula with one rule applied wherever it fits one part."""
    forms = {id(n): form(n) for n in in_order(root)}
    done: set[tuple[str, int]] = set()
    for node in reversed(in_order(root)):
        for i, rule in enumerate(table):
            if (forms[id(node)], i) in done or not node.args:
                continue
            binding = next(matches(rule.pattern, node, {}), None)
            if binding is not None:
                done.add((forms[id(node)], i))
                yield _replaced(root, forms, forms[id(node)], _made(rule, binding))


def _replaced(root: Node, forms: Mapping[int, str], old: str, new: Node) -> Node:
    made: dict[int, Node] = {}
    for node in in_order(root):
        if forms[id(node)] == old:
            made[id(node)] = new
        elif node.args:
            made[id(node)] = build(node.op, tuple(made[id(a)] for a in node.args), dict(node.attrs))
        else:
            made[id(node)] = node
    return made[id(root)]


def _made(rule: Rewriting, binding: Binding) -> Node:
    values = {k: v for k, v in binding.items() if k in WILD}
    if rule.difference is not None:
        values["d"] = tidy(substitute(rule.difference, values))
    made = substitute(rule.instead, values)
    attrs = binding.get("attrs")
    if not attrs:
        return made
    kept = {k: v for k, v in attrs.items() if k in ALPHABET[made.op].attrs}
    return build(made.op, made.args, kept)


def matches(pattern: Node, node: Node, binding: Binding) -> Iterator[Binding]:
    """Yield every way in which a part of a formula is what a pattern says."""
    if pattern.is_symbol:
        bound = binding.get(pattern.value)
        if bound is None:
            yield {**binding, pattern.value: node}
        elif form(bound) == form(node):
            yield binding
        return
    if pattern.is_number:
        if node.is_number and node.value == pattern.value:
            yield binding
        return
    if pattern.op == "neg" and node.op != "neg":
        opposite = _opposite(node)
        if opposite is not None:
            yield from matches(pattern.args[0], opposite, binding)
        return
    if pattern.op != node.op or len(pattern.args) != len(node.args):
        return
    if node.attrs:
        if pattern.attrs or binding.get("attrs", dict(node.attrs)) != dict(node.attrs):
            return
        binding = {**binding, "attrs": dict(node.attrs)}
    orders = [node.args, node.args[::-1]] if node.op in _EITHER else [node.args]
    for args in orders:
        yield from _all(pattern.args, args, binding)


def _all(
    patterns: tuple[Node, ...], nodes: tuple[Node, ...], binding: Binding
) -> Iterator[Binding]:
    if not patterns:
        yield binding
        return
    for found in matches(patterns[0], nodes[0], binding):
        yield from _all(patterns[1:], nodes[1:], found)


def _opposite(node: Node) -> Node | None:
    """Return −f of what is written with a minus sign: -2*x, 3 - 5; None for anything else."""
    if node.op in ("mul", "div") and node.args[0].is_number and node.args[0].value < 0:
        return build(node.op, (-node.args[0], node.args[1]), {})
    if node.op == "sub":
        return build("sub", node.args[::-1], {})
    if node.op in ("mul", "div"):
        first = _opposite(node.args[0]) if node.args[0].op == "neg" else None
        return None if first is None else build(node.op, (first, node.args[1]), {})
    return None


def form(root: Node) -> str:
    """Return a text that is the same for formulas that differ in the order of sums and products."""
    made: dict[int, str] = {}
    for node in in_order(root):
        if node.is_number:
            made[id(node)] = repr(float(node.value))
        elif node.is_symbol:
            made[id(node)] = str(node.value)
        else:
            args = [made[id(a)] for a in node.args]
            args = sorted(args) if node.op in _EITHER else args
            attrs = "".join(f";{k}={v}" for k, v in node.attrs)
            made[id(node)] = f"{node.op}({','.join(args)}{attrs})"
    return made[id(root)]
