"""A Hugging Face Trainer under watch: the events of `watch`, and no bit changed."""

from __future__ import annotations

import math
import warnings

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("accelerate", reason="accelerate, which Trainer needs, is not installed")

from tests.bridges.kept import Kept, is_told_in_order  # noqa: E402
from tests.bridges.loops import are_equal, body, has_hooks, rows  # noqa: E402
from torch import nn  # noqa: E402

from neurogebra.bridges import HuggingFaceCallback  # noqa: E402
from neurogebra.errors import NotReady  # noqa: E402
from neurogebra.observatory.events import (  # noqa: E402
    BatchEnd,
    EpochEnd,
    Note,
    TrainEnd,
    TrainStart,
)


class Net(nn.Module):
    """A classifier that returns its loss as the library's models do."""

    def __init__(self, returns=True, broken=-1):
        super().__init__()
        self.body = body()
        self.losses, self.returns, self.broken = [], returns, broken

    def forward(self, x, labels=None):
        z = self.body(x)
        loss = z.sum() if labels is None else nn.functional.cross_entropy(z, labels)
        if self.training:
            loss = loss * math.nan if len(self.losses) == self.broken else loss
            self.losses.append(float(loss))
        return {"loss": loss, "logits": z} if self.returns else {"logits": z}


class Summed(Net):
    """As language models do: told of all rows of the update, it returns its part."""

    def forward(self, x, labels=None, num_items_in_batch=None, **_):
        z = self.body(x)
        how = "mean" if num_items_in_batch is None else "sum"
        loss = nn.functional.cross_entropy(z, labels, reduction=how)
        loss = loss if num_items_in_batch is None else loss / num_items_in_batch
        if self.training:
            self.losses.append(float(loss))
        return {"loss": loss, "logits": z}


class Rows(torch.utils.data.Dataset):
    def __init__(self):
        self.x, self.y = rows()

    def __len__(self):
        return 80

    def __getitem__(self, i):
        return {"x": self.x[i], "labels": self.y[i]}


def fit(model, tmp_path, *callbacks, loss=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args = transformers.TrainingArguments(
            output_dir=str(tmp_path), per_device_train_batch_size=20, report_to=[], use_cpu=True,
            disable_tqdm=True, save_strategy="no", learning_rate=0.05, seed=4,
            dataloader_pin_memory=False, **{"num_train_epochs": 2, **options},
        )  # fmt: skip
        trainer = transformers.Trainer(
            model, args, train_dataset=Rows(), eval_dataset=Rows(), callbacks=[*callbacks],
            compute_loss_func=loss,
        )  # fmt: skip
        trainer.train()
    return model


def watched(model, tmp_path, **options):
    kept = Kept()
    with HuggingFaceCallback(log_level=0, budget=None, sinks=[kept]) as callback:
        fit(model, tmp_path, callback, **options)
    return kept, callback.watcher


def test_a_training_is_told_in_order(tmp_path):
    model = Net()
    kept, watcher = watched(model, tmp_path, eval_strategy="epoch")
    assert is_told_in_order(kept, epochs=2, batches=4)
    assert [e.loss for e in kept.of(BatchEnd)] == pytest.approx(model.losses)
    assert [e.rows for e in kept.of(BatchEnd)] == [20] * 8
    start, ends = kept.of(TrainStart)[0], kept.of(EpochEnd)
    assert (start.name, start.epochs, start.batches) == ("Net", 2, 4)
    assert [set(e.metrics) for e in ends] == [{"loss", "val_loss"}] * 2
    assert watcher.looks == 8
    assert not has_hooks(model)


def test_watching_changes_no_bit(tmp_path):
    bare, seen = fit(Net(), tmp_path), Net()
    watched(seen, tmp_path)
    assert are_equal(bare, seen)


@pytest.mark.parametrize("kind", [Net, Summed])
def test_an_update_of_several_batches_has_the_loss_of_all(kind, tmp_path):
    model = kind()
    kept, _ = watched(model, tmp_path, num_train_epochs=1, gradient_accumulation_steps=2)
    cut = [sum(model.losses[i : i + 2]) for i in (0, 2)]
    truth = cut if kind is Summed else [c / 2 for c in cut]
    assert [e.loss for e in kept.of(BatchEnd)] == pytest.approx(truth, rel=1e-6)
    assert 0.5 < truth[0] < 3


def test_a_lost_loss_is_told_though_the_trainer_hides_it(tmp_path):
    kept, watcher = watched(Net(broken=5), tmp_path)
    assert math.isnan(kept.of(BatchEnd)[5].loss)
    assert any(a.severity == "critical" and a.step == 6 for a in watcher.alerts)


def test_without_a_loss_it_says_so(tmp_path):
    def own(outputs, labels, num_items_in_batch=None):
        return nn.functional.cross_entropy(outputs["logits"], labels)

    kept, _ = watched(Net(returns=False), tmp_path, loss=own, num_train_epochs=1)
    assert not kept.of(BatchEnd)
    assert sum("without a loss" in e.message for e in kept.of(Note)) == 1


def test_an_error_leaves_no_hook(tmp_path):
    class Failing(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            raise KeyError("in the loop")

    kept, model = Kept(), Net()
    with (
        pytest.raises(KeyError, match="in the loop"),
        HuggingFaceCallback(log_level=0, sinks=[kept]) as callback,
    ):
        fit(model, tmp_path, callback, Failing())
    assert kept.of(TrainEnd)[0].reason == "interrupted"
    assert not has_hooks(model)
    with pytest.raises(NotReady, match="another"):
        fit(model, tmp_path, callback)
