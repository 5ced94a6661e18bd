"""Watching somebody else's PyTorch loop: what is told, what it costs, that nothing changes."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import subprocess
import sys

import pytest

from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory import stats
from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    EpochStart,
    LayerSeen,
    Level,
    Note,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.governor import Governor

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tests.bridges.kept import Kept  # noqa: E402
from torch import nn  # noqa: E402

from neurogebra.bridges import watch  # noqa: E402
from neurogebra.bridges.torch_layers import layers_of  # noqa: E402
from neurogebra.bridges.torch_looks import Look, on_cpu, on_device, stats_of  # noqa: E402
from neurogebra.bridges.torch_probe import Flight  # noqa: E402


def net(*more, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), *more, nn.Linear(8, 3))


def train(
    model, steps=8, watcher=None, lr=0.05, how="loss", between=lambda i: None, optimizer=None
):
    """Train on random rows; with a watcher, tell it."""
    made = torch.Generator().manual_seed(1)
    optimizer = optimizer or watcher._eye.optimizer
    for i in range(steps):
        x, y = torch.randn(40, 6, generator=made), torch.randint(3, (40,), generator=made)
        loss = nn.functional.cross_entropy(model(x), y)
        if watcher and how == "loss":
            assert watcher.loss(loss) is loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if watcher and how == "step":
            watcher.step(loss)
        between(i)


def watched(model, steps=8, how="loss", between=lambda i: None, lr=0.05, sinks=None, **options):
    kept = Kept()
    given = {"log_level": Level.SILENT, "budget": None, **options}
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    with watch(model, optimizer, sinks=[kept] if sinks is None else sinks, **given) as watcher:
        train(model, steps, watcher, how=how, between=between)
    return kept, watcher


def hooks(model):
    return sum(len(m._forward_hooks) for m in model.modules())


@pytest.mark.parametrize("how", ["loss", "step"])
def test_a_run_is_told_in_order(how):
    kept, watcher = watched(net(), how=how)
    kinds = [type(e) for e in kept.events if not isinstance(e, (LayerSeen, Note))]
    assert kinds == [TrainStart, EpochStart, *[BatchEnd] * 8, TrainEnd, Verdict]
    start = kept.of(TrainStart)[0]
    assert [(row.name, row.activation) for row in start.layers] == [
        ("0", ""), ("1", "relu"), ("2", "")
    ]  # fmt: skip
    assert [row.out_shape for row in start.layers] == [(8,), (8,), (3,)]
    assert start.params == 6 * 8 + 8 + 8 * 3 + 3
    ends = kept.of(BatchEnd)
    assert [e.step for e in ends] == list(range(1, 9))
    assert {e.rows for e in ends} == {40}
    assert kept.of(TrainEnd)[0].reason == "completed"
    assert watcher.verdict.status == "not enough evidence"
    assert kept.closed
    assert watcher.close() is watcher.verdict


def test_each_look_has_every_site_and_true_numbers():
    model = net()
    first = {k: v.detach().clone() for k, v in model.named_parameters()}
    gradients = {}

    def keep(i):
        if i == 0:
            gradients.update({k: p.grad.clone() for k, p in model.named_parameters()})
            gradients["now"] = model[2].weight.detach().clone()

    kept, _ = watched(model, steps=1, between=keep)
    seen = {(e.site, e.layer, e.param): e for e in kept.of(LayerSeen)}
    assert [e.layer for e in kept.of(LayerSeen) if e.site == "forward"] == ["0", "1", "2"]
    for site in ("weight", "gradient", "update"):
        own = {(layer, param) for s, layer, param in seen if s == site}
        assert own == {("0", "weight"), ("0", "bias"), ("2", "weight"), ("2", "bias")}, site
    assert seen["gradient", "2", "weight"].stats == stats.of(gradients["2.weight"].numpy())
    moved = gradients["now"] - first["2.weight"]
    assert seen["update", "2", "weight"].stats == stats.of(moved.numpy())
    assert seen["forward", "1", ""].shape == (32, 8)
    assert seen["forward", "1", ""].stats.min == 0.0


@pytest.mark.parametrize("how", ["loss", "step"])
def test_watching_changes_no_bit(how):
    bare, seen = net(nn.Dropout(0.3)), net(nn.Dropout(0.3))
    torch.manual_seed(7)
    train(bare, 12, optimizer=torch.optim.Adam(bare.parameters(), lr=0.05))
    torch.manual_seed(7)
    kept, watcher = watched(seen, 12, how=how)
    assert watcher.looks == 12
    assert all(torch.equal(a, b) for a, b in zip(bare.parameters(), seen.parameters(), strict=True))
    assert len(kept.of(LayerSeen)) > 100


def test_hooks_hang_only_on_updates_that_are_looked_at():
    model = net()
    counts = []
    kept, watcher = watched(model, 9, every=4, between=lambda i: counts.append(hooks(model)))
    assert counts == [0, 0, 0, 3, 0, 0, 0, 3, 0]
    assert {e.step for e in kept.of(LayerSeen)} == {1, 5, 9}
    assert watcher.looks == 3
    assert hooks(model) == 0


def test_all_hooks_are_gone_after_an_error():
    model, kept = net(), Kept()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def fail():
        with watch(model, optimizer, log_level=0, sinks=[kept], budget=None) as watcher:
            train(model, 3, watcher)
            assert hooks(model) == 3
            raise KeyError("in the loop")

    with pytest.raises(KeyError, match="in the loop"):
        fail()
    assert hooks(model) == 0
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert kept.of(TrainEnd)[0].reason == "interrupted"
    count = len(kept.events)
    train(model, 2, optimizer=optimizer)
    assert len(kept.events) == count


class Burst(nn.Module):
    """Passes rows on, until told to divide by zero."""

    broken = False

    def forward(self, x):
        return x + (0.0 * x[:1]) / 0.0 if self.broken else x


def test_a_nan_is_reported_with_the_layer_where_it_began():
    model = net(Burst())

    def between(i):
        model[2].broken = i >= 3

    _kept, watcher = watched(model, 8, between=between)
    first = watcher.alerts[0]
    assert (first.rule, first.layer, first.step) == ("nan_inf_array", "2", 5)
    assert "nan_inf_array" in watcher.verdict.causes


def test_a_lost_loss_is_told_and_looked_at_whatever_it_costs():
    model = net(Burst())
    turns = itertools.count()
    expensive = lambda: float(next(turns))  # noqa: E731  every reading is a second: all is work

    def between(i):
        model[2].broken = i >= 3

    kept, watcher = watched(model, 8, between=between, budget=0.01, clock=expensive)
    assert {e.step for e in kept.of(LayerSeen)} == {1, 6, 7, 8}
    assert math.isnan(kept.of(BatchEnd)[-1].loss)
    nans = {a.layer for a in watcher.alerts if a.rule == "nan_inf_array"}
    assert "2" in nans


def test_a_frozen_layer_has_weights_and_nothing_else():
    model = net()
    model[0].requires_grad_(False)
    kept, watcher = watched(model, 4)
    sites = {e.site for e in kept.of(LayerSeen) if e.layer == "0"}
    assert sites == {"forward", "weight"}
    assert [a.rule for a in watcher.alerts] == ["frozen_parameters"]


def test_parameters_that_the_optimizer_does_not_have_are_named():
    model, kept = net(), Kept()
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    with watch(model, optimizer, log_level=0, sinks=[kept], budget=None) as watcher:
        train(model, 2, watcher)
    assert any("0.weight, 0.bias" in e.message for e in kept.of(Note))
    assert {e.layer for e in kept.of(LayerSeen) if e.site == "update"} == {"2"}


def test_what_is_shared_is_seen_once():
    torch.manual_seed(0)
    one = nn.Linear(6, 6)
    tied = nn.Linear(6, 6, bias=False)
    tied.weight = one.weight
    model = nn.Sequential(one, nn.Tanh(), one, tied, nn.Linear(6, 3))
    kept, _ = watched(model, 1)
    weights = [(e.layer, e.param) for e in kept.of(LayerSeen) if e.site == "weight"]
    assert weights == [("0", "weight"), ("0", "bias"), ("4", "weight"), ("4", "bias")]
    assert [e.layer for e in kept.of(LayerSeen) if e.site == "forward"] == ["1", "0", "3", "4"]


def test_epochs_by_call_and_by_with():
    model, kept = net(), Kept(Level.BASIC)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watcher = watch(model, optimizer, log_level=0, sinks=[kept], epochs=2, batches=3)
    with pytest.raises(NotReady):
        watcher.epoch({"val_loss": 1.0})
    train(model, 3, watcher)
    watcher.epoch({"val_loss": torch.tensor(0.5)})
    with watcher.epoch() as metrics:
        train(model, 3, watcher)
        metrics["accuracy"] = 0.75
    watcher.close()
    ends = kept.of(EpochEnd)
    assert [(e.epoch, e.step) for e in ends] == [(0, 3), (1, 6)]
    assert ends[0].metrics.keys() == {"loss", "val_loss"}
    assert ends[1].metrics["accuracy"] == 0.75
    assert 0.5 < ends[0].metrics["loss"] < 2
    assert ends[0].learning_rate == 0.1
    assert kept.of(TrainEnd)[0].epochs == 2


def test_without_a_loss_it_says_so_once_and_invents_none():
    kept, _ = watched(net(), 4, how="silent")
    assert not kept.of(BatchEnd)
    assert sum("without a loss" in e.message for e in kept.of(Note)) == 1


class Clock:
    """Says what it is told: each reading takes `tick` seconds, work between them is added."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


@pytest.mark.parametrize(
    ("step", "fewest", "most", "told"), [(10.0, 59, 59, 60), (0.03, 3, 20, 40)]
)
def test_the_governor_thins_out_when_watching_is_dear(step, fewest, most, told):
    """A reading of the clock is 1e-4 s: nothing beside 10 s of a step, much beside 0.03 s."""
    clock = Clock(1e-4)

    def between(i):
        clock.now += step

    kept, watcher = watched(net(), 60, between=between, budget=0.03, clock=clock, every=1)
    assert fewest <= watcher.looks <= most
    ends = len(kept.of(BatchEnd))
    assert ends == told if most == 59 else fewest <= ends <= told
    assert watcher.share < 0.033
    said = kept.of(Note)[-1].message
    assert f"{watcher.looks} of 60 updates looked at, {ends} told one by one" in said


def test_the_governor_counts_its_own_clock():
    clock = Clock(0.5)
    governor = Governor(0.5, clock)
    assert governor.tick == 1.0
    governor.start()
    governor.begin()
    clock.now += 2.0
    governor.end()
    assert governor.spent == pytest.approx(2.0 + 0.5 + 1.0)
    governor.learn("look", 10.0)
    governor.begin()
    assert not governor.affords("look")
    clock.now += 100.0
    governor.begin()
    assert governor.affords("look")
    assert not governor.affords("look", share=0.1)


def test_a_copy_of_a_watched_module_is_deaf():
    model, kept = net(), Kept()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, log_level=0, sinks=[kept], budget=None) as watcher:
        train(model, 1, watcher)
        assert hooks(model) == 3
        twin = copy.deepcopy(model)
        twin(torch.full((4, 6), 1e9))
        pickle.loads(pickle.dumps(model))
        train(model, 1, watcher)
    assert max(e.stats.max for e in kept.of(LayerSeen)) < 1e3


def test_a_failing_sink_costs_only_itself():
    class Broken(Kept):
        def handle(self, stamped):
            raise OSError("disk full")

    kept = Kept()
    with pytest.warns(RuntimeWarning, match="kept failed and was taken off: OSError: disk full"):
        watched(net(), 3, sinks=[Broken(), kept])
    assert len(kept.of(BatchEnd)) == 3


@pytest.mark.parametrize("activation", ["", "relu", "tanh"])
def test_numbers_from_a_device_are_those_of_the_cpu(activation):
    torch.manual_seed(3)
    x = torch.randn(32, 5, 7).relu() - 0.0
    x[:, 2] = 0.0
    y = x.clone()
    y[0, 0, 0], y[1, 1, 1] = math.nan, -math.inf
    lost = torch.full((3,), math.nan)
    for array, axis in ((x, 1), (x, -1), (y, 1), (lost, -1), (x.bfloat16(), -1)):
        look = Look("a", 0, "forward", tuple(array.shape), activation=activation, axis=axis)
        here = on_cpu([look], [array])[0]
        there = stats_of(look, on_device([look], [array])[0].tolist())
        for field in ("size", "nonfinite", "zero_pct", "dead_pct", "saturated_pct", "min", "max",
                      "mean", "std", "norm"):  # fmt: skip
            a, b = getattr(here, field), getattr(there, field)
            same = pytest.approx(a, rel=1e-5, abs=1e-6, nan_ok=True)
            assert b == same or (array is lost and field.endswith("pct")), field


def test_updates_whose_numbers_come_later_are_told_in_order(monkeypatch):
    """The way of a device, walked on the CPU."""
    monkeypatch.setattr("neurogebra.bridges.torch_probe._is_here", lambda x: False)
    came = []
    monkeypatch.setattr(Flight, "_arrive", lambda self, old=Flight._arrive: came.append(old(self)))
    model, other = net(), net()
    kept, _ = watched(model, 40, every=10)
    assert [e.step for e in kept.of(BatchEnd)] == list(range(1, 41))
    assert {e.step for e in kept.of(LayerSeen)} == {1, 11, 21, 31}
    monkeypatch.undo()
    assert 4 <= len(came) <= 8, "one transfer a look, or for sixteen losses"
    there, _ = watched(other, 40, every=10)
    for a, b in zip(kept.of(LayerSeen), there.of(LayerSeen), strict=True):
        assert (a.step, a.site, a.layer, a.param) == (b.step, b.site, b.layer, b.param)
        assert a.stats.norm == pytest.approx(b.stats.norm, rel=1e-5)
    for a, b in zip(kept.of(BatchEnd), there.of(BatchEnd), strict=True):
        assert a.loss == pytest.approx(b.loss)


def test_images_have_their_units_second():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)
    )
    with torch.no_grad():
        model[1].bias[:] = torch.tensor([-99.0, 9.0, 9.0, 9.0])
    kept, _ = watched(model, 1)
    relu = next(e for e in kept.of(LayerSeen) if e.layer == "2")
    assert relu.stats.dead_pct == 25.0


def test_our_sinks_take_it(tmp_path, capsys):
    from neurogebra.observatory.sinks.dashboard import Dashboard
    from neurogebra.observatory.sinks.ndjson import TieredStorage

    logs = TieredStorage(tmp_path / "logs", level=Level.EXPERT)
    page = Dashboard(tmp_path / "run.html", level=Level.EXPERT)
    _, _watcher = watched(net(), 6, sinks=[logs, page], log_level="expert")
    assert "Linear" in capsys.readouterr().out
    assert (tmp_path / "logs" / "debug.log").read_text().count("batch_end") == 6
    assert "Linear" in (tmp_path / "run.html").read_text()


@pytest.mark.parametrize(
    "wrong",
    [{"every": 0}, {"budget": 2.0}, {"budget": 0}, {"epochs": -1}, {"log_level": 9}],
)
def test_what_cannot_be_is_refused(wrong):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(BadValue):
        watch(model, optimizer, **wrong)
    with pytest.raises(BadValue, match="module"):
        watch(optimizer, optimizer)
    with pytest.raises(BadValue, match="optimizer"):
        watch(model, model)
    assert not optimizer._optimizer_step_post_hooks
    assert hooks(model) == 0
    watcher = watch(model, optimizer, log_level=0)
    with pytest.raises(BadValue, match="loss"):
        watcher.loss(torch.zeros(2))
    watcher.close()


def test_layers_are_modules_with_numbers_of_their_own():
    attention = nn.MultiheadAttention(4, 2)
    assert [layer.name for layer in layers_of(attention)] == ["multiheadattention", "out_proj"]


def test_without_torch_the_extra_is_named():
    program = (
        "import sys, importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "from neurogebra.errors import MissingExtra\n"
        "try:\n"
        "    from neurogebra.bridges import watch\n"
        "except MissingExtra as error:\n"
        "    print(error)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "neurogebra[torch]" in done.stdout, done.stderr
