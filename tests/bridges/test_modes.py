"""Passes without gradients in the mode for training: which are told, and which are legitimate."""

from __future__ import annotations

import copy

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.bridges.kept import Kept  # noqa: E402
from tests.bridges.loops import has_hooks, rows  # noqa: E402
from torch import nn  # noqa: E402
from torch.optim.swa_utils import update_bn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from neurogebra.bridges import watch  # noqa: E402
from neurogebra.observatory.events import Level, ModeSeen  # noqa: E402


def net(*middle):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.Linear(8, 3))


def look(model, passes=3):
    """Run passes without gradients, in whatever mode the module is."""
    with torch.no_grad():
        for x in rows()[0].split(20)[:passes]:
            model(x)


def train(model, evaluate, *, epochs=3, forward=None, each=lambda model: None):
    """Return what is told of the module's mode; evaluate(model) comes after every epoch."""
    kept = Kept(Level.BASIC)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, log_level=0, sinks=[kept]) as watcher:
        for _ in range(epochs):
            for x, y in zip(*(part.split(10) for part in rows()), strict=True):
                each(model)
                loss = nn.functional.cross_entropy((forward or model)(x), y)
                optimizer.zero_grad()
                watcher.loss(loss).backward()
                optimizer.step()
            evaluate(model)
            watcher.epoch({})
    return kept.of(ModeSeen)


def rightly(model):
    model.eval()
    look(model)
    model.train()


def test_an_evaluation_in_training_mode_is_told():
    found = train(net(nn.Dropout(0.5)), look)
    assert [(e.epoch, e.step, e.passes) for e in found] == [(1, 8, 3), (2, 16, 6)]
    assert {e.layer for e in found} == {"1"}
    assert not train(net(nn.Dropout(0.5)), rightly)


def test_the_last_passes_may_be_for_the_means_of_batch_normalisation():
    middle = [nn.BatchNorm1d(8)]
    assert [e.passes for e in train(net(*middle), look, epochs=2)] == [3]
    assert not train(net(*middle), look, epochs=1)
    assert [e.passes for e in train(net(nn.Dropout(0.5)), look, epochs=1)] == [3]


def test_it_is_said_a_few_times_only():
    found = train(net(nn.Dropout(0.5)), look, epochs=40)
    assert [e.passes for e in found] == [3, 6, 12, 24, 48]


def test_inference_mode_counts_too():
    def evaluate(model):
        with torch.inference_mode():
            model(rows()[0])

    assert [e.passes for e in train(net(nn.Dropout(0.5)), evaluate)] == [1, 2]


def renewed(model):
    update_bn(rows()[0].split(20), model)


def before(model):
    look(model, 1)


def nothing(model):
    return None


class Lean(nn.Module):
    """Runs its middle again in the backward pass, without gradients the first time."""

    def __init__(self, middle):
        super().__init__()
        self.ends = nn.ModuleList([nn.Linear(6, 8), nn.Linear(8, 3)])
        self.middle = middle

    def forward(self, x):
        return self.ends[1](checkpoint(self.middle, self.ends[0](x), use_reentrant=True))


def test_what_is_legitimate_is_not_told():
    norm = lambda: net(nn.BatchNorm1d(8), nn.Dropout(0.5))  # noqa: E731
    assert not train(norm(), renewed), "the means of batch normalisation, taken anew"
    assert not train(Lean(nn.Sequential(nn.Dropout(0.5))), nothing), "a checkpoint inside"
    model = net(nn.Dropout(0.5))
    whole = lambda x: checkpoint(model, x.requires_grad_(), use_reentrant=True)  # noqa: E731
    assert not train(model, nothing, forward=whole), "a checkpoint of everything"
    assert not train(net(nn.Dropout(0.5)), nothing, each=before), "part of every update"
    assert not train(net(nn.Dropout(0.0)), look), "a dropout that drops nothing"
    assert not train(net(nn.BatchNorm1d(8, track_running_stats=False)), look), "the same in both"
    assert not train(net(nn.ReLU()), look)
    drawing = net(nn.Dropout(0.5))

    def several(model):
        model.eval()
        model[1].train()
        look(model)
        model.train()

    assert not train(drawing, several), "dropout left on by intent"


def test_a_checkpoint_is_known_by_the_backward_pass_that_it_is_repeated_in(monkeypatch):
    monkeypatch.setattr("neurogebra.bridges.torch_modes._is_backward", lambda: False)
    model = net(nn.Dropout(0.5))
    whole = lambda x: checkpoint(model, x.requires_grad_(), use_reentrant=True)  # noqa: E731
    kept, optimizer = Kept(Level.BASIC), torch.optim.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, log_level=0, sinks=[kept]) as watcher:
        for x in rows()[0].split(10):
            watcher.loss(whole(x).square().mean()).backward()
            optimizer.step()
        assert watcher._eye._modes._blocks == 7, "each would count, but for the first"


@pytest.mark.parametrize("place", [False, True])
def test_a_compiled_module_is_heard_without_a_break(place):
    torch._dynamo.reset()
    model = net(nn.Dropout(0.5))
    if place:
        model.compile(backend="eager", fullgraph=True)
    else:
        model = torch.compile(model, backend="eager", fullgraph=True)
    found = train(model, look)
    assert [e.passes for e in found] == ([] if place else [3, 6])
    torch._dynamo.reset()


def test_hooks_hang_only_where_there_is_something_to_see():
    plain, model = net(nn.ReLU()), net(nn.Dropout(0.5))
    for module, count in ((plain, 0), (model, 1)):
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        watcher = watch(module, optimizer, log_level=0)
        assert len(module._forward_pre_hooks) == count
        twin = copy.deepcopy(module)
        look(twin)
        assert not watcher._eye._modes.passes
        assert not any(m._forward_pre_hooks for m in list(module.modules())[1:])
        watcher.close()
        assert not has_hooks(module)
