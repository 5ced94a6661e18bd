"""The graph behind a Value or a Tensor, as text and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from neurogebra.core.autograd import Tensor, Value
from neurogebra.core.drawing import SHOWN, draw, facts
from neurogebra.errors import BadValue

SVG = "{http://www.w3.org/2000/svg}"


def graph():
    w, x, b = Value(2.0, "w"), Value(-3.0, "x"), Value(1.0, "b")
    y = ((w * x + b) * w).relu()
    y.backward()
    return y, w, x, b


def test_every_number_has_one_box_with_its_data_and_gradient():
    y, w, x, b = graph()
    boxes = {f.key: f for f in facts(y)}
    assert len(boxes) == 7
    for leaf in (w, x, b):
        box = boxes[id(leaf)]
        assert (box.title, box.value, box.grad) == (leaf.name, str(leaf.data), str(leaf.grad))
        assert box.kind == "leaf"
    assert facts(y)[-1].kind == "root"


def test_arrows_carry_the_local_derivatives():
    a, b = Value(3.0, "a"), Value(4.0, "b")
    root = facts(a * b)[-1]
    assert dict(root.sources) == {id(a): "4.0", id(b): "3.0"}


def test_sources_stand_left_of_what_they_are_used_for():
    y, *_ = graph()
    boxes = {f.key: f for f in facts(y)}
    for box in boxes.values():
        assert all(boxes[key].column < box.column for key, _ in box.sources)


def test_the_text_is_a_tree_from_the_result():
    a = Value(3.0, "a")
    lines = ((a * 2) + a).draw().splitlines()
    assert lines[0].startswith("y = v1 + a   9.0")
    assert lines[1].startswith("├─ v1 = a · 2.0   6.0")
    assert lines[2].startswith("│  └─ a   3.0")
    assert lines[3].startswith("└─ a   3.0")


def test_a_shared_result_is_written_once():
    a = Value(3.0, "a")
    shared = a.exp()
    text = (shared.sin() * shared.cos()).draw()
    assert text.count("exp(a)") == 2
    assert text.count("as above") == 1


def test_the_picture_is_well_formed_and_nothing_leaves_it():
    y, *_ = graph()
    root = ET.fromstring(draw(y, "svg"))
    boxes = root.findall(f"{SVG}rect")
    width, height = float(root.get("width")), float(root.get("height"))
    assert len(boxes) == 7
    for box in boxes:
        assert 0 <= float(box.get("x")) <= float(box.get("x")) + float(box.get("width")) <= width
        assert 0 <= float(box.get("y")) <= float(box.get("y")) + float(box.get("height")) <= height


def test_boxes_do_not_overlap():
    y, *_ = graph()
    boxes = ET.fromstring(draw(y, "svg")).findall(f"{SVG}rect")
    sides = [[float(b.get(k)) for k in ("x", "y", "width", "height")] for b in boxes]
    for i, (x, y0, w, h) in enumerate(sides):
        for x2, y2, w2, h2 in sides[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y0 + h <= y2 or y2 + h2 <= y0


def test_names_are_inert():
    text = (Value(1.0, "<script>alert(1)</script>") * 2).draw("svg")
    assert "<script" not in text
    ET.fromstring(text)


def test_tensors_are_drawn_with_their_arrays():
    X, W = Tensor([[1.0, 2.0]], name="X"), Tensor([[0.5], [0.25]], requires_grad=True, name="W")
    loss = (X @ W).sum()
    loss.backward()
    text = loss.draw()
    assert "v1 = X @ W" in text
    assert "grad [[1.], [2.]]" in text
    ET.fromstring(loss.draw("svg"))


def test_long_graphs_and_other_forms_are_refused():
    x = Value(1.0)
    for _ in range(SHOWN):
        x = x + 1.0
    with pytest.raises(BadValue, match="at most 80"):
        x.draw()
    with pytest.raises(BadValue, match="'unicode' or 'svg'"):
        Value(1.0).draw("png")


def test_a_leaf_alone_is_a_graph():
    assert Value(np.float64(2.5), "a").draw() == "a   2.5   grad 0.0"
