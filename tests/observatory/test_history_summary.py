"""The curves that `fit` returns and the summary of an epoch."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Level
from neurogebra.observatory.sinks.history import History
from neurogebra.observatory.sinks.summary import EpochStats, EpochSummarizer, EpochSummary
from neurogebra.observatory.witness import epochs, losses, seen, start


def test_history_has_the_four_curves_and_never_invents_a_value():
    history = History()
    bus = Bus([history], strict=True)
    for event in start() + epochs(loss=[1.0, 0.5], val_loss=[1.1, 0.6]):
        bus.publish(event)
    assert history.level is Level.BASIC
    assert history.curves == {
        "loss": [1.0, 0.5],
        "accuracy": [],
        "val_loss": [1.1, 0.6],
        "val_accuracy": [],
    }


def test_the_summary_agrees_with_numpy():
    values = np.random.default_rng(0).normal(1e3, 1.0, 200)
    summarizer = EpochSummarizer()
    for value in values:
        summarizer.record_batch(3, metrics={"loss": value}, gradient_norms={"dense_0": 2 * value})
    summary = summarizer.finalize_epoch(3)
    loss = summary.metrics["loss"]
    assert isinstance(loss, EpochStats)
    assert (loss.count, loss.first, loss.last) == (200, values[0], values[-1])
    assert loss.mean == pytest.approx(values.mean())
    assert loss.std == pytest.approx(values.std())
    assert (loss.min, loss.max) == (values.min(), values.max())
    assert summary.gradient_norms["dense_0"].mean == pytest.approx(2 * values.mean())
    assert json.loads(json.dumps(summary.to_dict()))["metrics"]["loss"]["std"] == loss.std


def test_the_text_is_the_documented_one():
    summarizer = EpochSummarizer()
    for loss, norm in ((0.31, 0.031), (0.38, 0.084)):
        summarizer.record_batch(epoch=4, metrics={"loss": loss}, gradient_norms={"dense_0": norm})
    assert summarizer.finalize_epoch(4).format_text().splitlines() == [
        "══ Epoch 5 Summary (2 batches) ══",
        "  Metrics:",
        "    loss                  mean=0.345000  std=0.035000  min=0.310000  max=0.380000",
        "  Gradient Norms:",
        "    dense_0               mean=5.75e-02  std=2.65e-02  min=3.10e-02  max=8.40e-02",
    ]


def test_statistics_of_layers_are_flattened_and_texts_left_out():
    summarizer = EpochSummarizer()
    summarizer.record_batch(
        0,
        weight_stats={"dense_0": {"mean": 0.1}},
        activation_stats={"dense_0": {"zeros_pct": 40.0, "activation_type": "relu"}},
    )
    summary = summarizer.finalize_epoch(0)
    assert set(summary.weight_stats) == {"dense_0.mean"}
    assert set(summary.activation_stats) == {"dense_0.zeros_pct"}
    assert "Activations:" in summary.format_text()


def test_epochs_are_kept_in_order_and_closing_twice_changes_nothing():
    summarizer = EpochSummarizer()
    for epoch in (1, 0):
        summarizer.record_batch(epoch, metrics={"loss": float(epoch)})
        first = summarizer.finalize_epoch(epoch)
        assert summarizer.finalize_epoch(epoch) is first
    assert [s.epoch for s in summarizer.get_all_summaries()] == [0, 1]
    summarizer.reset()
    assert summarizer.get_all_summaries() == []
    assert summarizer.finalize_epoch(7) == EpochSummary(epoch=7, num_batches=0)


def test_a_nan_is_not_hidden():
    summarizer = EpochSummarizer()
    for loss in (1.0, math.nan, 2.0):
        summarizer.record_batch(0, metrics={"loss": loss})
    loss = summarizer.finalize_epoch(0).metrics["loss"]
    assert math.isnan(loss.mean)
    assert loss.count == 3


def test_it_also_listens_to_a_run():
    summarizer = EpochSummarizer()
    bus = Bus([summarizer], strict=True)
    batches, ends = losses(1.0, 3.0), epochs(loss=[2.0])
    for event in start() + seen("gradient", (0.5, 1.5)) + batches + ends:
        bus.publish(event)
    (summary,) = summarizer.get_all_summaries()
    assert summary.num_batches == 2
    assert summary.metrics["loss"].mean == 2.0
    assert summary.gradient_norms["dense_0.W"].mean == 1.0
