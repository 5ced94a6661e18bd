"""Every layer beside an independent one in PyTorch: values, gradients, shapes, data and back."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from neurogebra.core.differentiate import gradient  # noqa: E402
from neurogebra.core.program import program  # noqa: E402
from neurogebra.core.tree import build, symbol  # noqa: E402
from neurogebra.engines.kernels import LOWERED  # noqa: E402
from neurogebra.engines.numpy_engine import record  # noqa: E402
from neurogebra.engines.symbol_ops import SymbolOps  # noqa: E402
from neurogebra.layers import LAYERS, Layer  # noqa: E402
from neurogebra.ops import ALPHABET  # noqa: E402
from neurogebra.spec import ModelSpec  # noqa: E402
from neurogebra.spec.layers import FIELDS, check_layer, layer_from_dict, layer_to_dict  # noqa: E402

from .layer_cases import At, all_cases  # noqa: E402

CASES = all_cases()
ROWS = 3
every_case = pytest.mark.parametrize("case", CASES, ids=[c.id for c in CASES])
both_modes = pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])


def given(case, dtype=np.float64):
    """Return weights that are no longer where they began, an input, and a slope of the output."""
    rng = np.random.default_rng(5)
    weights = case.layer.init(case.shape, np.random.default_rng(1))
    p = {n: (a + rng.uniform(0.05, 0.3, a.shape)).astype(dtype) for n, a in weights.items()}
    x = case.inputs(rng, (ROWS, *case.shape)).astype(dtype)
    g = rng.normal(size=(ROWS, *case.layer.out_shape(case.shape))).astype(dtype)
    return p, x, g


def computed(case, p, x, g, training, dtype=np.float64):
    """Return what the NumPy engine records of a layer: output, kept states, slopes by name."""
    ops = SymbolOps(training)
    ops.layer, ops.shape = "it", case.shape
    names = {n: symbol(n) for n in (*p, "x", "g")}
    out = case.layer.forward(ops, {n: names[n] for n in p}, names["x"])
    trained = [n for n in p if n not in case.layer.state]
    wrt = [*trained, *(["x"] if case.smooth else [])]
    slopes = gradient(build("sum", (out * names["g"],), {}), [names[n] for n in wrt])
    asked = [*ops.draws, out, *ops.kept.values(), *slopes]
    found = program(asked, LOWERED.__contains__)
    arrays = {**p, "x": x, "g": g}
    replay = record(found, arrays, np.dtype(dtype), {}, np.random.default_rng(3))
    replay.run()
    at = iter(replay.arrays[r] for r in found.outputs[len(ops.draws) :])
    output = next(at)
    return output, {n.split(".", 1)[1]: next(at) for n in ops.kept}, dict(zip(wrt, at, strict=True))


def defined(case, p, x, g, training):
    """Return the same by PyTorch alone."""
    rng = np.random.default_rng(3)
    draws = [torch.tensor(rng.random(shape)) for shape in case.draws] if training else []
    at = At(training, draws, {})
    leaves = {n: torch.tensor(a, requires_grad=n not in case.layer.state) for n, a in p.items()}
    image = torch.tensor(x, requires_grad=case.smooth)
    out = case.definition(leaves, image, at)
    wanted = {n: t for n, t in leaves.items() if t.requires_grad}
    wanted |= {"x": image} if case.smooth else {}
    grads = torch.autograd.grad(
        out, list(wanted.values()), torch.tensor(g), allow_unused=True, materialize_grads=True
    ) if out.requires_grad else []  # fmt: skip
    slopes = {n: s.numpy() for n, s in zip(wanted, grads, strict=bool(grads))}
    return out.detach().numpy(), {n: t.numpy() for n, t in at.kept.items()}, slopes


def compare(case, training, rtol=1e-10):
    """Hold a layer to its definition; return how many numbers were compared."""
    p, x, g = given(case)
    ours, theirs = computed(case, p, x, g, training), defined(case, p, x, g, training)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=rtol, atol=1e-11)
    count = ours[0].size
    for found, wanted in zip(ours[1:], theirs[1:], strict=True):
        assert set(found) == set(wanted)
        for name, array in wanted.items():
            assert np.shape(found[name]) == array.shape or array.size == np.size(found[name])
            full = np.broadcast_to(found[name], array.shape)
            np.testing.assert_allclose(full, array, rtol=rtol, atol=1e-10, err_msg=name)
            count += array.size
    return count


def test_every_layer_has_a_case():
    assert {type(case.layer).__name__ for case in CASES} == set(LAYERS)


@both_modes
@every_case
def test_values_and_gradients_are_pytorchs(case, training):
    assert compare(case, training) > 1


@every_case
def test_float32_stays_float32(case):
    p, x, g = given(case, np.float32)
    exact, _, slopes = computed(case, *given(case), True)
    out, _, found = computed(case, p, x, g, True, np.float32)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, exact, rtol=2e-3, atol=2e-4)
    for name, slope in found.items():
        scale = max(1.0, float(np.abs(slopes[name]).max()))
        np.testing.assert_allclose(slope, slopes[name], rtol=5e-3, atol=1e-3 * scale)


@every_case
def test_shapes_are_what_init_and_forward_give(case):
    layer, shape = case.layer, case.shape
    drawn = layer.init(shape, np.random.default_rng(0))
    trained = layer.shapes(shape)
    assert {n: drawn[n].shape for n in trained} == trained
    assert set(drawn) == {*trained, *layer.state}
    assert all(a.dtype == np.float64 for a in drawn.values())
    p, x, g = given(case)
    assert computed(case, p, x, g, False)[0].shape == (ROWS, *layer.out_shape(shape))
    model = ModelSpec("m", shape, (layer,))
    assert model.count() == sum(int(np.prod(s)) for s in trained.values())


@every_case
def test_one_seed_gives_one_draw(case):
    one, two = (case.layer.init(case.shape, np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(one[n], two[n]) for n in one)


@every_case
def test_a_layer_is_a_frozen_record_and_data_and_back(case):
    layer = case.layer
    assert isinstance(layer, Layer)
    check_layer("it", layer)
    data = json.loads(json.dumps(layer_to_dict(layer)))
    assert layer_from_dict("it", data) == layer
    assert hash(replace(layer)) == hash(layer)
    with pytest.raises(AttributeError):
        layer.name = "other"


@pytest.mark.parametrize("kind", LAYERS)
def test_every_field_has_a_rule_and_the_docstring_a_shape(kind):
    record = LAYERS[kind]
    assert {f.name for f in fields(record)} <= set(FIELDS)
    assert "x:" in record.__doc__


def case_of(kind, **settings):
    return next(
        c
        for c in CASES
        if type(c.layer).__name__ == kind
        and all(getattr(c.layer, k) == v for k, v in settings.items())
    )


# A fault in an operation, and a layer that must notice it.
FAULTS = {
    "patches": ("patches", "Conv2D", {}),
    "a kernel's slope": ("conv2d_left", "Conv2D", {}),
    "padding": ("pad", "Conv2D", {"padding": "same"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault, monkeypatch):
    op, kind, settings = FAULTS[fault]
    from neurogebra.engines import image_kernels, numpy_engine

    right = image_kernels._KERNELS[op]

    def wrong(args, attrs, out):
        if op == "pad":
            both = attrs["before"] + attrs["after"]
            attrs = {**attrs, "before": attrs["after"], "after": both - attrs["after"]}
            return right(args, attrs, out)
        function, given = right(args, attrs, out)

        def off(*arrays):
            function(*arrays)
            arrays[-1][...] *= 1.001

        return off, given

    case = case_of(kind, **settings)
    compare(case, True)
    monkeypatch.setitem(image_kernels._KERNELS, op, wrong)
    numpy_engine._planned.cache_clear()  # a plan that is kept knows its kernels
    with pytest.raises(AssertionError):
        compare(case, True)


def test_a_wrong_slope_of_a_pool_is_seen(monkeypatch):
    from neurogebra.engines import pool_kernels

    case, right = case_of("MaxPooling2D"), pool_kernels._spread

    def wrong(*arrays):
        right(*arrays)
        arrays[-1][...] *= 1.001

    compare(case, True)
    monkeypatch.setattr(pool_kernels, "_spread", wrong)
    with pytest.raises(AssertionError):
        compare(case, True)


def test_a_wrong_derivative_of_an_operation_is_seen(monkeypatch):
    row = ALPHABET["conv2d"]
    wrong = replace(row, vjp=lambda g, y, a, w, **at: row.vjp(2 * g, y, a, w, **at))
    monkeypatch.setitem(ALPHABET._members, "conv2d", wrong)
    with pytest.raises(AssertionError):
        compare(case_of("Conv2D"), True)
