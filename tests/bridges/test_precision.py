"""`watch` on modules that are compiled, run in mixed precision, or have their loss scaled."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.bridges.kept import Kept  # noqa: E402
from torch import nn  # noqa: E402

from neurogebra.bridges import watch  # noqa: E402
from neurogebra.observatory.events import BatchEnd, LayerSeen, Note  # noqa: E402


class Own(nn.Sequential):
    """PyTorch compiles no Sequential of its own in place."""

    def forward(self, x):
        return self[2](self[1](self[0](x)))


def net():
    torch.manual_seed(0)
    return Own(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))


def optimizer_of(model, **options):
    return torch.optim.Adam(model.parameters(), lr=0.05, **options)


def batches(n):
    made = torch.Generator().manual_seed(1)
    for _ in range(n):
        yield torch.randn(40, 6, generator=made), torch.randint(3, (40,), generator=made)


def train(model, optimizer, n=6, watcher=None, scaler=None, mixed=False, burst=-1):
    """Train; returns the gradients that each update was made with, where it was made."""
    used = []
    for i, (x, y) in enumerate(batches(n)):
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = nn.functional.cross_entropy(model(x).float(), y)
        if watcher:
            watcher.loss(loss)
        optimizer.zero_grad()
        scaled = loss if scaler is None else scaler.scale(loss)
        (scaled * math.inf if i == burst else scaled).backward()
        factor = 1.0 if scaler is None else scaler.get_scale()
        used.append([p.grad.detach() / factor for p in model.parameters()])
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
    return used


def watched(model, optimizer, **options):
    kept = Kept()
    with watch(model, optimizer, log_level=0, budget=None, sinks=[kept]) as watcher:
        used = train(model, optimizer, watcher=watcher, **options)
    return kept, used


def bits(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_bfloat16_changes_no_bit_and_is_seen():
    bare, seen = net(), net()
    train(bare, optimizer_of(bare), mixed=True)
    kept, used = watched(seen, optimizer_of(seen), mixed=True)
    assert bits(bare, seen)
    assert not any(e.stats.nonfinite for e in kept.of(LayerSeen))
    outs = [e for e in kept.of(LayerSeen) if e.site == "forward" and e.step == 1]
    assert [e.layer for e in outs] == ["0", "1", "2"]
    x = next(batches(1))[0][:32]
    with torch.autocast("cpu", torch.bfloat16):
        truth = net()[0](x).detach()
    assert truth.dtype == torch.bfloat16
    assert outs[0].stats.norm == pytest.approx(float(truth.float().norm()), rel=1e-5)
    norms = [e.stats.norm for e in kept.of(LayerSeen) if e.site == "gradient" and e.step == 6]
    assert norms == pytest.approx([float(g.norm()) for g in used[5]], rel=1e-5)


@pytest.mark.parametrize("fused", [False, True])
def test_gradients_are_seen_unscaled(fused):
    """A fused optimizer takes them scaled and divides inside its step."""
    bare, seen = net(), net()
    scalers = [torch.amp.GradScaler("cpu", init_scale=1024.0) for _ in range(2)]
    train(bare, optimizer_of(bare, fused=fused), scaler=scalers[0])
    kept, used = watched(seen, optimizer_of(seen, fused=fused), scaler=scalers[1])
    assert bits(bare, seen)
    for step in (1, 6):
        found = [e for e in kept.of(LayerSeen) if e.site == "gradient" and e.step == step]
        truth = [float(g.norm()) for g in used[step - 1]]
        assert [e.stats.norm for e in found] == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_an_update_that_the_scaler_leaves_out_shows_no_layers(fused, away, monkeypatch):
    """A fused optimizer makes its step all the same, and changes nothing in it."""
    if away:  # the way of a device, walked on the CPU
        monkeypatch.setattr("neurogebra.bridges.torch_probe._is_here", lambda x: False)
    model = net()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    kept, _ = watched(model, optimizer_of(model, fused=fused), scaler=scaler, burst=2)
    assert scaler.get_scale() == 512.0
    assert len(kept.of(BatchEnd)) == (6 if fused else 5)
    assert not any(e.stats.nonfinite for e in kept.of(LayerSeen))
    assert {e.step for e in kept.of(LayerSeen)} == {*range(1, 7 if fused else 6)} - (
        {3} if fused else set()
    )


@pytest.mark.parametrize("how", ["wrapped", "in place"])
def test_a_compiled_module_is_watched_without_a_break(how):
    """The backend counts graphs: hooks inside would cut them, and change what is compiled."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    bare, seen = net(), net()
    train(bare, optimizer_of(bare))
    if how == "wrapped":
        module = torch.compile(seen, backend=backend)
    else:
        module = seen
        module.compile(backend=backend)
    kept, used = watched(module, optimizer_of(seen))
    assert bits(bare, seen)
    assert len(graphs) == 1
    assert any("compiled" in e.message for e in kept.of(Note))
    assert {e.layer for e in kept.of(LayerSeen)} == {"0", "2"}
    assert {e.site for e in kept.of(LayerSeen)} == {"weight", "gradient", "update"}
    norms = [e.stats.norm for e in kept.of(LayerSeen) if e.site == "gradient" and e.step == 6]
    assert norms == pytest.approx([float(g.norm()) for g in used[5]], rel=1e-5)
