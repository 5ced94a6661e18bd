"""A Lightning training under watch: the events of `watch`, and no bit changed."""

from __future__ import annotations

import warnings

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pl = pytest.importorskip("lightning.pytorch", reason="Lightning is not installed")

from tests.bridges.kept import Kept, is_told_in_order  # noqa: E402
from tests.bridges.loops import are_equal, body, rows  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from neurogebra.bridges import LightningCallback  # noqa: E402
from neurogebra.errors import BadValue, NotReady  # noqa: E402
from neurogebra.observatory.events import (  # noqa: E402
    BatchEnd,
    EpochEnd,
    LayerSeen,
    TrainEnd,
    TrainStart,
)

warnings.filterwarnings("ignore", module="lightning")


class Net(pl.LightningModule):
    """Six features, three classes; keeps the losses that it returns."""

    def __init__(self, fail_at=-1):
        super().__init__()
        self.body = body()
        self.losses, self.fail_at = [], fail_at

    def training_step(self, batch, index):
        if index == self.fail_at:
            raise KeyError("in the loop")
        loss = nn.functional.cross_entropy(self.body(batch[0]), batch[1])
        self.losses.append(float(loss))
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", nn.functional.cross_entropy(self.body(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.05)


def loader():
    return DataLoader(TensorDataset(*rows()), batch_size=20)


def fit(model, *callbacks, epochs=2, **options):
    torch.manual_seed(9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            max_epochs=epochs, callbacks=list(callbacks), logger=False, accelerator="cpu",
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            **options,
        )  # fmt: skip
        trainer.fit(model, loader(), loader())
    return model


def watched(model=None, **options):
    kept = Kept()
    callback = LightningCallback(log_level=0, budget=None, sinks=[kept])
    model = fit(model or Net(), callback, **options)
    return kept, callback.watcher, model


def test_a_training_is_told_in_order():
    kept, watcher, model = watched()
    assert is_told_in_order(kept, epochs=2, batches=4)
    assert [e.loss for e in kept.of(BatchEnd)] == pytest.approx(model.losses)
    start, end = kept.of(TrainStart)[0], kept.of(EpochEnd)[-1]
    assert (start.name, start.epochs, start.batches) == ("Net", 2, 4)
    assert [row.name for row in start.layers if row.params] == ["body.0", "body.3"]
    assert set(end.metrics) == {"loss", "val_loss"}
    assert watcher.looks == 8


def test_watching_changes_no_bit():
    assert are_equal(fit(Net()), watched()[2])


@pytest.mark.parametrize("parts", [2, 3])
def test_an_update_of_several_batches_has_their_mean(parts):
    kept, _, model = watched(epochs=1, accumulate_grad_batches=parts)
    cut = [model.losses[i : i + parts] for i in range(0, 4, parts)]
    means = [sum(c) / len(c) for c in cut]
    assert [e.loss for e in kept.of(BatchEnd)] == pytest.approx(means, rel=1e-6)


def test_bfloat16_is_watched():
    kept, _, model = watched(epochs=1, precision="bf16-mixed")
    assert [e.loss for e in kept.of(BatchEnd)] == pytest.approx(model.losses, rel=1e-2)
    assert {e.site for e in kept.of(LayerSeen)} == {"forward", "weight", "gradient", "update"}


def test_an_error_is_said():
    kept = Kept()
    with pytest.raises(KeyError, match="in the loop"):
        fit(Net(fail_at=2), LightningCallback(log_level=0, sinks=[kept]))
    assert kept.of(TrainEnd)[0].reason == "interrupted"
    assert kept.closed


def test_what_cannot_be_is_refused():
    class Two(Net):
        def configure_optimizers(self):
            return [torch.optim.SGD(self.parameters(), lr=0.1) for _ in range(2)]

        def training_step(self, batch, index):
            return None

        automatic_optimization = False

    with pytest.raises(BadValue, match="one optimizer"):
        fit(Two(), LightningCallback(log_level=0))
    with pytest.raises(BadValue, match="option"):
        LightningCallback(loglevel=0)
    with pytest.raises(NotReady):
        _ = LightningCallback().watcher
    callback = LightningCallback(log_level=0)
    fit(Net(), callback, epochs=1)
    with pytest.raises(NotReady, match="another"):
        fit(Net(), callback, epochs=1)
