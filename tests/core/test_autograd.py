"""The array tape against PyTorch, and its edges: broadcasting, dtypes, re-use, errors."""

import numpy as np
import pytest
import torch

from neurogebra.core.autograd import Tensor, concat, stack
from neurogebra.errors import BadValue, NotReady
from neurogebra.ops import ALPHABET
from neurogebra.ops.views import VIEWS

RNG = np.random.default_rng(11)
A, B, C = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(4,))
I = np.array([0, 2, 0])  # noqa: E741

# One program for both libraries: (name, function of tensors with NumPy's or torch's words).
PROGRAMS = {
    "broadcast": lambda a, b, c: (a * b - c) / (b * b + 1.0) + 2.0 * c,
    "left numbers": lambda a, b, c: 1.0 / (a * a + 1.0) + (3.0 - b) + 2.0 ** (0.1 * c),
    "powers": lambda a, b, c: (a * a + 0.5) ** b + (c * c + 1) ** -1.5,
    "matmul": lambda a, b, c: a @ b.T @ b,
    "vectors": lambda a, b, c: (a @ c).sum() * (c @ c) + (b @ c).exp().sum(),
    "reuse": lambda a, b, c: (b.tanh() * b + b.sigmoid() @ c[:, None]) * b.exp(),
    "softmax": lambda a, b, c: (a @ b.T).softmax(-1) @ b,
    "reshape": lambda a, b, c: a.reshape(6, 4) @ b.reshape(4, 3) * 0.5,
    "pick": lambda a, b, c: a[0, 1:, 2] + b[1:, 0] * a[1, 0, -1] + b[I, 1].sum() + c[::2],
    "mask": lambda a, b, c: a[a > 0].sum() + (b * (b > 0)).sum(),
    "iterate": lambda a, b, c: sum(row.relu() @ c for row in b),
    "extremes": lambda a, b, c: a.max() * a.min() + b.max().exp() * c,
    "means": lambda a, b, c: a.mean() * b + ((b - b.mean()) * (b - b.mean())).mean().sqrt(),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_programs_agree_with_torch(name, dtype):
    arrays = [x.astype(dtype) for x in (A, B, C)]
    ours = [Tensor(x, requires_grad=True) for x in arrays]
    theirs = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, wanted = PROGRAMS[name](*ours), PROGRAMS[name](*theirs)
    assert y.shape == tuple(wanted.shape)
    assert y.dtype == dtype
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    tolerance = 1e-11 if dtype == np.float64 else 3e-3
    np.testing.assert_allclose(y.data, wanted.detach().numpy(), rtol=tolerance, atol=tolerance)
    used = 0
    for t, w in zip(ours, theirs, strict=True):
        if w.grad is None:
            assert t.grad is None
            continue
        assert (t.grad.dtype, t.grad.shape) == (dtype, t.shape)
        np.testing.assert_allclose(t.grad, w.grad.numpy(), rtol=tolerance, atol=tolerance)
        used += 1
    assert used


REDUCTIONS = {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin", "logsumexp": "logsumexp",
              "var": "var", "std": "std"}  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(name, axis, keepdims):
    a, t = Tensor(A, True), torch.tensor(A, requires_grad=True)
    y = getattr(a, name)(axis=axis, keepdims=keepdims)
    more = {"correction": 0} if name in ("var", "std") else {}
    dim = (0, 1, 2) if axis is None else axis
    wanted = getattr(torch, REDUCTIONS[name])(t, dim=dim, keepdim=keepdims, **more)
    np.testing.assert_allclose(y.data, wanted.detach().numpy(), rtol=1e-13)
    (y * y).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_allclose(a.grad, t.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_ties_share_the_gradient_as_in_torch():
    a = Tensor([1.0, 3.0, 3.0], True)
    a.max().backward()
    np.testing.assert_array_equal(a.grad, [0.0, 0.5, 0.5])


@pytest.mark.parametrize("other", [2, 2.0, np.float32(2), np.array([1.0, 2.0]), [1.0, 2.0]])
def test_numbers_arrays_and_lists_on_either_side(other):
    a = Tensor([3.0, 5.0], True)
    for y, wanted in ((a + other, a.data + other), (other + a, other + a.data),
                      (a / other, a.data / other), (other - a, other - a.data),
                      (other * a, other * a.data), (a**other, a.data**other)):  # fmt: skip
        assert type(y) is Tensor
        np.testing.assert_allclose(y.data, wanted)
        assert y.requires_grad
    assert (np.ones((2, 2)) @ a).shape == ([[1.0, 1.0], [1.0, 1.0]] @ a).shape == (2,)


def test_join_and_stack():
    a, b = Tensor(B, True), Tensor(B[:1] * 2, True)
    t, u = (torch.tensor(x, requires_grad=True) for x in (B, B[:1] * 2))
    weights = RNG.normal(size=(4, 4))
    (concat([a, b]) * weights).sum().backward()
    (torch.cat([t, u]) * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(a.grad, t.grad)
    np.testing.assert_allclose(b.grad, u.grad)
    rows = [Tensor(r, True) for r in B]
    (stack(rows, axis=1) * B.T).sum().backward()
    assert stack(rows, axis=-1).shape == (4, 3)
    np.testing.assert_allclose([r.grad for r in rows], B)
    assert concat([a, B], axis=1).shape == (3, 8)


def test_views_have_their_derivatives():
    """Central differences for the rows that formulas cannot spell."""
    cases = {
        "index": [((A,), {"key": (0, slice(1, None))}), ((B,), {"key": ([0, 2, 0], 1)}),
                  ((A,), {"key": A > 0}), ((C,), {"key": np.array([3, 3, 1])}),
                  ((B,), {"key": (Ellipsis, None, 0)})],
        "reshape": [((A,), {"shape": (4, 6)})],
        "permute": [((A,), {"axes": (2, 0, 1)})],
        "join": [((A, A[:1]), {"axis": 0}), ((A, A[:, :2]), {"axis": 1})],
    }  # fmt: skip
    assert set(cases) == {op.name for op in VIEWS}
    for op in VIEWS:
        for arrays, attrs in cases[op.name]:
            y = op.value(*arrays, **attrs)
            g = RNG.normal(size=y.shape)
            for i, part in enumerate(op.vjp(g, y, *arrays, **attrs)):
                d = RNG.normal(size=arrays[i].shape)
                moved = op.value(*(a + d if i == j else a for j, a in enumerate(arrays)), **attrs)
                assert np.sum(part * d) == pytest.approx(np.sum(g * (moved - y)), rel=1e-9)


def test_transpose_follows_numpy():
    a = Tensor(A, True)
    assert a.T.shape == A.T.shape
    assert a.transpose(1, 0, -1).shape == a.transpose((1, 0, 2)).shape == (3, 2, 4)
    (a.transpose(1, 0, 2) * A.transpose(1, 0, 2)).sum().backward()
    np.testing.assert_allclose(a.grad, A)


def test_backward_twice_adds_once_more_in_the_leaves():
    x = Tensor([3.0], True)
    h = (x * x).retain_grad()
    y = (h * h).sum()
    y.backward()
    np.testing.assert_array_equal(x.grad, [108.0])
    y.backward()
    np.testing.assert_array_equal(x.grad, [216.0])
    np.testing.assert_array_equal(h.grad, [36.0])
    x.zero_grad()
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [6.0])


def test_leaves_own_their_gradients():
    a, b = Tensor([1.0, 2.0], True), Tensor([3.0, 4.0], True)
    (a + b).sum().backward()
    a.grad *= 10.0
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])


def test_only_leaves_keep_gradients_unless_asked():
    a = Tensor([1.0], True)
    h = a * 2.0
    h.sum().backward()
    assert h.grad is None


def test_nothing_is_recorded_where_nothing_requires_grad():
    a, b = Tensor([1.0]), Tensor([2.0], True)
    y = a * 2.0 + a.exp()
    assert (y._sources, y._args, y.requires_grad) == ((), (), False)
    z = a * b
    assert z._sources == (b,)
    assert (b.detach() * 2.0).requires_grad is False
    assert b.argmax().requires_grad is False
    with pytest.raises(NotReady, match="requires grad"):
        y.backward()


def test_a_gradient_is_needed_where_there_is_no_single_number():
    a = Tensor([1.0, 2.0], True)
    y = a * 3.0
    with pytest.raises(BadValue, match=r"a gradient of shape \(2,\)"):
        y.backward()
    with pytest.raises(BadValue, match=r"shape \(3,\)"):
        y.backward(np.ones(3))
    y.backward([1.0, 10.0])
    np.testing.assert_array_equal(a.grad, [3.0, 30.0])


def test_integers_cannot_require_grad():
    with pytest.raises(BadValue, match="floating-point data"):
        Tensor([1, 2], requires_grad=True)
    t = Tensor([1, 2])
    with pytest.raises(BadValue, match="floating-point"):
        t.requires_grad = True
    t = Tensor([1, 2], dtype=np.float32)
    t.requires_grad = True
    assert (t * t).requires_grad


@pytest.mark.parametrize("bad", [["a"], [[1.0], [1.0, 2.0]], None, {"a": 1}, [1j]])
def test_only_rectangular_real_numbers(bad):
    with pytest.raises(BadValue, match="rectangular real numbers"):
        Tensor(bad)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(BadValue, match=r"matmul: .*\(2, 3\), \(2, 3\)"):
        Tensor(np.ones((2, 3))) @ Tensor(np.ones((2, 3)))
    with pytest.raises(BadValue, match=r"add: .*\(2,\), \(3,\)"):
        Tensor([1.0, 2.0]) + np.ones(3)
    with pytest.raises(TypeError):
        Tensor([1.0]) + "a"
    with pytest.raises(IndexError):
        Tensor([1.0])[3]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    x = Tensor(np.linspace(0.1, 0.9, 6).reshape(2, 3), True, dtype=dtype)
    y = (2 * x.softmax() + x.var(axis=0) - 1.5 * x.max() ** 2 / 3).erf() @ x.T * x.logsumexp()
    assert y.dtype == dtype
    y.sum().backward()
    assert x.grad.dtype == dtype


def test_no_warning_leaks_from_legal_limits():
    x = Tensor([0.0, 1e300, -1e300, np.inf], True)
    y = x.sigmoid() + x.tanh() + x.softplus() * 0.0 + (x * x).exp() * 0.0 + x.log().relu() * 0.0
    y.sum().backward()
    np.testing.assert_array_equal(x.sigmoid().data, [0.5, 1.0, 0.0, 1.0])


def test_data_are_copied_and_numpy_is_not():
    a = np.ones(2)
    t = Tensor(a)
    a[0] = 5.0
    assert t.data[0] == 1.0
    assert t.numpy() is t.data


def test_comparisons_give_truths_and_identity_gives_the_key():
    t = Tensor([1.0, 2.0])
    assert (t > 1.5).data.tolist() == [False, True]
    assert [(t <= 1.0).data.tolist(), (t == [1.0, 3.0]).data.tolist()] == [[True, False]] * 2
    assert (t == "x") is False
    assert len({t, Tensor([1.0, 2.0]), t}) == 2
    assert bool(t[0] < t[1])


def test_it_reads_like_an_array():
    t = Tensor([[1.0, 2.0]], requires_grad=True)
    assert (t.ndim, t.size, len(t), t.shape, t.T.shape) == (2, 2, 1, (1, 2), (2, 1))
    assert repr(t) == "Tensor([[1., 2.]], requires_grad=True)"
    assert t[0, 1].item() == float(t[0, 1]) == 2.0
    with pytest.raises(BadValue, match="one element"):
        t.item()


def test_depth_and_reuse_are_linear():
    x = Tensor(1.0, True)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_backward_visits_every_operation_once(monkeypatch):
    seen = []
    real = ALPHABET["tanh"].vjp
    object.__setattr__(ALPHABET["tanh"], "vjp", lambda *a: seen.append(1) or real(*a))
    try:
        x = Tensor(0.5, True)
        y = x
        for _ in range(12):
            y = y.tanh() + y
        y.backward()
    finally:
        object.__setattr__(ALPHABET["tanh"], "vjp", real)
    assert len(seen) == 12


def test_explain_shows_shapes_and_what_each_operand_gets():
    X, w = Tensor(np.ones((3, 2)), True, name="X"), Tensor([1.0, 2.0], True, name="w")
    text = ((X @ w - [1, 2, 3]) ** 2).mean(axis=0).explain()
    assert text.splitlines() == [
        "w = [1., 2.]",
        "X = [[1., 1.], [1., 1.], [1., 1.]]",
        "v1 = X @ w: (3, 2), (2,) → (3,) = [3., 3., 3.]",
        "    X gets g @ wᵀ",
        "    w gets Xᵀ @ g",
        "v2 = v1 − [1, 2, 3]: (3,), (3,) → (3,) = [2., 1., 0.]",
        "    v1 gets g",
        "v3 = v2 ^ 2: (3,), () → (3,) = [4., 1., 0.]",
        "    v2 gets g · (2 · v2)",
        "y = mean(v3, axis=0): (3,) → () = 1.666667",
        "    v3 gets expand_like(g, v3, axis=0) / size(v3, axis=0)",
    ]
    assert "gets g back where its elements were" in X[0].explain()
    assert concat([X, X]).explain().startswith("X = ")


def test_a_network_learns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2))
    target = Tensor((x[:, :1] * x[:, 1:] > 0).astype(float))
    W, b, V = (Tensor(rng.normal(size=s), True) for s in ((2, 16), (16,), (16, 1)))
    losses = []
    for _ in range(300):
        logits = (x @ W + b).tanh() @ V
        loss = (logits.softplus() - target * logits).mean()
        losses.append(loss.item())
        loss.backward()
        for p in (W, b, V):
            p.data -= 0.5 * p.grad
            p.zero_grad()
    assert losses[-1] < 0.1 < losses[0]
