"""The graph of recorded operations, and formulas in their notations."""

from __future__ import annotations

import gc
import json

import numpy as np
import pytest
from tests.observatory.hostile import NAME

from neurogebra.core.expression import Expression
from neurogebra.errors import BadValue, FormulaError, UnknownName
from neurogebra.logging.computation_graph import GraphTracker
from neurogebra.logging.formula_renderer import FormulaRenderer
from neurogebra.observatory.events import LayerInfo


def dense(graph, x, layer):
    """A layer, computed and recorded; its output."""
    W, b = np.ones((x.shape[-1], 2)), np.zeros(2)
    z = x @ W
    graph.record_operation("matmul", layer, [x, W], z)
    s = z + b
    graph.record_operation("add", layer, [z, b], s, formula="z + b")
    return s


def test_operations_are_joined_by_the_arrays_they_share():
    graph = GraphTracker()
    x = np.ones((4, 3))
    dense(graph, dense(graph, x, "dense_0"), "dense_1")
    nodes = {n.id: n for n in graph.get_all_nodes()}
    names = [(n.operation, [nodes[i].operation for i in n.inputs]) for n in nodes.values()]
    assert [n for n in names if n[1]] == [
        ("matmul", ["input", "input"]),
        ("add", ["matmul", "input"]),
        ("matmul", ["add", "input"]),
        ("add", ["matmul", "input"]),
    ]
    assert all(i < n.id for n in nodes.values() for i in n.inputs), "no cycles"
    assert nodes[2].shape == (4, 2)
    found = graph.export_graph()
    json.dumps(found, allow_nan=False)
    assert len(found["edges"]) == sum(len(n.inputs) for n in nodes.values()) == 8
    assert sorted(i for ids in found["layers"].values() for i in ids) == sorted(nodes)


def test_the_part_of_a_layer_says_what_it_reads():
    graph = GraphTracker()
    dense(graph, dense(graph, np.ones((4, 3)), "dense_0"), "dense_1")
    part = graph.get_layer_subgraph("dense_1")
    assert [n["operation"] for n in part["nodes"]] == ["input", "matmul", "input", "add"]
    assert part["reads"] == [4]
    inside = {n["id"] for n in part["nodes"]}
    assert {i for edge in part["edges"] for i in edge} <= inside
    with pytest.raises(UnknownName, match="did you mean 'dense_1'"):
        graph.get_layer_subgraph("dense1")


def test_names_and_nodes_join_too():
    graph = GraphTracker()
    first = graph.record_operation("load", "in", (), "x")
    second = graph.record_operation("relu", "a", inputs=["x"], output="y")
    third = graph.record_operation("sum", "a", inputs=second, metadata={"nan": float("nan")})
    assert (first.inputs, second.inputs, third.inputs) == ((), (0,), (1,))
    assert graph.record_operation("neg", NAME, 3.0).inputs == (3,)
    json.dumps(graph.export_graph(), allow_nan=False)
    graph.reset()
    assert graph.get_all_nodes() == []
    with pytest.raises(BadValue, match="a node of this graph"):
        graph.record_operation("neg", "a", [first])
    with pytest.raises(BadValue, match="operation"):
        graph.record_operation("", "a")


def test_arrays_are_not_kept_alive_nor_mistaken_for_their_successors():
    graph = GraphTracker()
    for _ in range(50):  # a new array often lies where the last one did
        made = np.ones(3)
        graph.record_operation("make", "a", (), made)
        del made
        gc.collect()
        other = np.ones(3)
        node = graph.record_operation("use", "a", [other])
        assert graph.get_all_nodes()[node.inputs[0]].operation == "input"
        del other


LAYER = LayerInfo(
    name="dense_0",
    type="Dense",
    formula="a1 = σ(x·W1 + b1)",
    gradient=("∂L/∂W1 = xᵀ·δ1",),
    in_shape=(8,),
    out_shape=(1,),
    params=9,
    latex=r"a_1 = \sigma(x W_1 + b_1)",
)


def test_a_formula_is_written_in_each_style():
    text = "x**2 / (1 + exp(-x))"
    unicode, latex, ascii_ = (
        FormulaRenderer(s).render(text) for s in ("unicode", "latex", "ascii")
    )
    assert "²" in unicode
    assert r"\frac" in latex
    assert ascii_.isascii()
    expression = Expression("f", text)
    assert expression.to_unicode().endswith(unicode)
    assert FormulaRenderer().unicode(expression) == expression.to_unicode()
    assert FormulaRenderer("latex").render(expression) == expression.to_latex()


def test_a_layer_is_written_with_its_gradients():
    assert FormulaRenderer().layers([LAYER]) == "dense_0: a1 = σ(x·W1 + b1)\n    ∂L/∂W1 = xᵀ·δ1"
    assert FormulaRenderer("ascii").layers([LAYER]).isascii()
    assert FormulaRenderer("latex").layers([LAYER]) == f"dense_0: {LAYER.latex}"


def test_hostile_formulas_and_names_do_nothing():
    from dataclasses import replace

    layer = replace(LAYER, name=NAME, formula=NAME, gradient=(NAME,), latex=NAME)
    for style in ("unicode", "ascii", "latex"):
        lines = FormulaRenderer(style).layers([layer]).split("\n")
        assert all(line.isprintable() for line in lines)
    with pytest.raises(FormulaError):
        FormulaRenderer().render("__import__('os').system('true')")
    with pytest.raises(BadValue, match="LaTeX"):
        FormulaRenderer("latex").render(replace(LAYER, latex=""))
    with pytest.raises(UnknownName, match="did you mean 'latex'"):
        FormulaRenderer("latxe")
