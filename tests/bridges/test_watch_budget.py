"""What `watch` does with its budget: what passes, which looks are kept, what is waited for."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.bridges.kept import Kept  # noqa: E402
from torch import nn  # noqa: E402

from neurogebra.bridges import watch  # noqa: E402
from neurogebra.bridges.torch_looks import counts_on_cpu, counts_on_device  # noqa: E402
from neurogebra.observatory import stats  # noqa: E402
from neurogebra.observatory.events import (  # noqa: E402
    BatchEnd,
    EpochEnd,
    LayerSeen,
    Level,
    TrainEnd,
)


class Clock:
    """Says what it is told; each reading takes a tenth of a microsecond."""

    now = 0.0

    def __call__(self):
        self.now += 1e-7
        return self.now


class Net(nn.Sequential):
    """Three layers; divides by zero in one pass."""

    broken, passes = -1, 0

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x):
        self.passes += 1
        return super().forward(x) * (math.nan if self.passes == self.broken else 1.0)


def train(model, steps, *, seconds=1e-3, level=Level.BASIC, epochs=1, **options):
    """Train within the budget, an update taking so many seconds of a made-up clock."""
    clock, kept, losses = Clock(), Kept(level), []
    made = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    given = {"log_level": 0, "sinks": [kept], "clock": clock, **options}
    with watch(model, optimizer, **given) as watcher:
        for _ in range(epochs):
            for _ in range(steps):
                x, y = torch.randn(40, 6, generator=made), torch.randint(3, (40,), generator=made)
                loss = nn.functional.cross_entropy(model(x), y)
                losses.append(watcher.loss(loss).item())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                clock.now += seconds
            watcher.epoch({})
    return kept, watcher, losses


def test_updates_that_nobody_asks_for_count_all_the_same():
    kept, watcher, losses = train(Net(), 300, seconds=1e-6)
    assert watcher._course.told < 100, "most pass"
    assert kept.of(EpochEnd)[0].metrics["loss"] == pytest.approx(sum(losses) / 300)
    assert kept.of(TrainEnd)[0].step == 300
    kept, watcher, _ = train(Net(), 300, seconds=1.0)
    assert watcher._course.told == 300, "there is time for all"


def test_a_lost_loss_does_not_pass():
    model = Net()
    model.broken = 200
    kept, watcher, losses = train(model, 220, seconds=1e-6)
    assert math.isnan(losses[199])
    assert watcher.alerts[0].step == 200
    assert math.isnan(kept.of(EpochEnd)[0].metrics["loss"])


def test_some_looks_are_taken_whatever_they_cost():
    """Of a run without time: the first five, and one in five of those planned after."""
    _, watcher, _ = train(Net(), 300, seconds=1e-6)
    free, _, _ = train(Net(), 300, seconds=1e-6, budget=None, level=Level.EXPERT)
    planned = len({e.step for e in free.of(LayerSeen)})
    assert planned == 300
    assert 8 <= watcher.looks <= 20
    with_plan, doctor = watcher, watcher._doctor
    assert doctor._pace._passed >= 30
    assert with_plan.looks == pytest.approx(5 + (doctor._pace._passed - 5) / 5, abs=2)


def test_looks_that_take_long_are_not_taken_whatever_they_cost(monkeypatch):
    monkeypatch.setattr("neurogebra.bridges.torch_eye.GRACE", 0.0)
    _, watcher, _ = train(Net(), 300, seconds=1e-6)
    assert watcher.looks == 0


def test_every_is_kept_to_when_updates_pass():
    kept, _, _ = train(Net(), 100, seconds=1.0, every=30)
    assert kept.of(TrainEnd)[0].observer["looks"] == 4  # of updates 1, 31, 61 and 91


@pytest.mark.parametrize("here", [True, False])
def test_values_are_counted_in_the_first_look_of_an_epoch_for_who_asks(here, monkeypatch):
    monkeypatch.setattr("neurogebra.bridges.torch_probe._is_here", lambda x: here)
    kept, _, _ = train(Net(), 4, epochs=2, budget=None, level=Level.DEBUG)
    counted = [e for e in kept.of(LayerSeen) if e.histogram]
    assert {e.step for e in counted} == {1, 5}
    assert {e.site for e in counted} == {"forward", "weight", "gradient"}
    assert all(sum(e.histogram) == e.stats.size for e in counted)
    kept, _, _ = train(Net(), 4, budget=None, level=Level.EXPERT)
    assert not any(e.histogram for e in kept.of(LayerSeen))
    assert len(kept.of(BatchEnd)) == 4


def test_values_are_counted_alike_here_and_there():
    made = torch.Generator().manual_seed(0)
    x = torch.randn(4000, generator=made) * torch.exp(6 * torch.randn(4000, generator=made))
    x[:6] = torch.tensor([0.0, -0.0, math.nan, math.inf, -math.inf, 1e-44])
    for array in (x, x.double(), x.bfloat16(), x.reshape(50, 80).T):
        truth = stats.histogram(array.float().numpy() if array.dtype != torch.float64 else array)
        assert counts_on_cpu(array) == truth
        assert tuple(counts_on_device(array).int().tolist()) == truth
    assert truth != stats.histogram(2 * x.numpy())


def test_what_is_waited_for_is_what_the_loader_takes():
    clock, kept, model = Clock(), Kept(Level.BASIC), Net()

    def loader():
        for _ in range(4):
            clock.now += 0.5
            yield torch.ones(8, 6)

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, log_level=0, sinks=[kept], clock=clock) as watcher:
        for rows in (watcher.batches(loader()), loader()):
            for x in rows:
                clock.now += 0.1
                watcher.loss(model(x).square().mean()).backward()
                optimizer.step()
            watcher.epoch({})
    assert [e.waited for e in kept.of(EpochEnd)] == pytest.approx([2.0, 0.0], abs=1e-4)
