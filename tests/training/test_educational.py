"""The narrator: what it tells is measured, each tip comes on its event and only there."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Alert, EpochStart, Stamped, TrainEnd, Verdict
from neurogebra.observatory.sinks.narrator import Narrator
from neurogebra.observatory.tips import TIPS
from neurogebra.observatory.witness import epochs, start
from neurogebra.training.educational_trainer import EducationalTrainer

builder = ModelBuilder()
every_tip = pytest.mark.parametrize("tip", TIPS.values(), ids=lambda tip: tip.name)


def narrate(events, **options):
    """The tips and alerts told over events, and the text."""
    out = io.StringIO()
    narrator = Narrator(console=Console(file=out, width=120), **options)
    bus = Bus([narrator], strict=True)
    for event in events:
        bus.publish(event)
    return [told.rule for told in narrator.told], out.getvalue()


@every_tip
def test_a_tip_comes_on_its_witness_and_not_on_the_other(tip):
    told, text = narrate(tip.fires_on, tips={tip.name: tip})
    assert told == [tip.name]
    assert text.count("Tip: ") == 1
    assert f"why: {tip.diagnosis}" in text
    assert all(f"try: {advice}" in text for advice in tip.advice)
    assert narrate(tip.quiet_on, tips={tip.name: tip})[0] == []


@every_tip
def test_a_tip_comes_at_its_moment_not_before(tip):
    assert narrate(tip.fires_on[:-1], tips={tip.name: tip})[0] == []


@every_tip
def test_a_witness_can_fail(tip):
    always = replace(tip, when=lambda *_: {})
    with pytest.raises((AssertionError, KeyError)):
        assert narrate(tip.quiet_on, tips={tip.name: always})[0] == []


def test_a_witness_of_one_tip_is_quiet_for_the_others():
    for tip in TIPS.values():
        told, _ = narrate(tip.fires_on)
        assert told == [tip.name]


def test_a_tip_is_told_once_a_run():
    falling = start(baseline={"trivial_loss": 0.69}) + epochs(loss=[0.6, 0.5, 0.4, 0.3])
    assert narrate(falling)[0] == ["beats_guess"]
    assert narrate(falling + falling)[0] == ["beats_guess"]  # a second run begins anew


def test_numbers_that_are_not_there_are_no_reason_to_speak():
    begun = EpochStart(epoch=0, epochs=3, batches=5)
    told, text = narrate((*start(), begun, *epochs(val_loss=[0.5, 0.4, 0.3])))
    assert told == []
    assert "Epoch 3 of 10: unseen rows: loss 0.3000" in text


def test_alerts_are_told_with_reason_and_advice():
    alert = Alert(rule="overfitting", severity="warning", message="val 2, train 1",
                  diagnosis="Known by heart.", advice=("Add dropout",))  # fmt: skip
    told, text = narrate([*start(), alert])
    assert told == ["overfitting"]
    assert all(part in text for part in ("warning: val 2", "why: Known by heart.", "Add dropout"))
    _, short = narrate([*start(), alert], explain=False)
    assert "warning: val 2" in short
    assert "why" not in short


def test_without_explanations_there_are_numbers_only():
    events = start(baseline={"trivial_loss": 0.69}) + epochs(loss=[0.6, 0.5])
    told, text = narrate((events[0], EpochStart(epoch=0, epochs=10, batches=5), *events[1:]),
                         explain=False)  # fmt: skip
    assert told == []
    assert "Tip" not in text
    assert "Epoch 1 of 10: loss 0.6000" in text


def test_the_change_is_that_since_the_last_epoch_told():
    begun = EpochStart(epoch=0, epochs=10, batches=5)
    _, text = narrate((*start(), begun, *epochs(loss=[0.8, 0.6])))
    assert "loss 0.6000 (25 % lower)" in text
    _, text = narrate((*start(), begun, *epochs(loss=[0.5, 0.6])))
    assert "loss 0.6000 (20 % higher)" in text


def test_user_strings_are_inert():
    named = replace(start()[0], name="a\x1b[31m[bold]b")
    _, text = narrate([named, Verdict(status="healthy", summary="fine\x07")])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]" in text


def test_a_diverged_run_is_told_as_such():
    end = TrainEnd(reason="diverged", epochs=0, step=3, seconds=0.1, metrics={})
    assert "no number any more" in narrate([*start(), end])[1]


def rows(n=200):
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, (X[:, 0] > 0).astype(int)


def model(**options):
    made = builder.Sequential(
        [builder.Dense(16, "relu", input_shape=(2,)), builder.Dropout(0.5),
         builder.Dense(1, "sigmoid")], name="taught")  # fmt: skip
    made.compile(loss="binary_crossentropy", learning_rate=0.01, **options)
    return made


def test_a_training_is_told_and_is_the_one_loop(capsys):
    X, y = rows()
    trainer = EducationalTrainer(model())
    history = trainer.train(X, y, epochs=12, batch_size=16, validation_split=0.25, seed=1)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(curve) == 12 for curve in history.values())
    plain = model().fit(X, y, epochs=12, batch_size=16, validation_split=0.25, seed=1,
                        verbose=False)  # fmt: skip
    assert history == plain
    text = capsys.readouterr().out
    assert "taught learns from 150 rows" in text
    assert "Seed 1." in text
    assert f"Epoch 12 of 12: loss {history['loss'][-1]:.4f}" in text
    assert "Health: " in text
    said = [tip.rule for tip in trainer.tips]
    assert "beats_guess" in said
    assert "dropout_gap" in said
    assert text.count("Tip: ") == len(said)


def test_a_quiet_trainer_is_quiet(capsys):
    X, y = rows()
    trainer = EducationalTrainer(model(log_level="expert"), verbose=False)
    assert len(trainer.train(X, y, epochs=2)["loss"]) == 2
    assert capsys.readouterr().out == ""


def test_a_log_level_shows_its_own_display_too(capsys):
    X, y = rows()
    EducationalTrainer(model(log_level="expert"), explain_steps=False).train(X, y, epochs=2)
    text = capsys.readouterr().out
    assert "∂L/∂W1" in text
    assert "learns from" in text


def test_training_again_goes_on():
    X, y = rows()
    trainer = EducationalTrainer(model(), verbose=False)
    first = trainer.train(X, y, epochs=5, seed=0)
    assert trainer.train(X, y, epochs=5, seed=1)["loss"][0] < first["loss"][0]


def test_more_callbacks_are_heard():
    X, y = rows()
    seen = []
    EducationalTrainer(model(), verbose=False).train(X, y, epochs=1, callbacks=[seen.append])
    assert seen[0].kind == "train_start"


def test_what_cannot_be_taught_is_refused():
    X, y = rows()
    with pytest.raises(BadValue, match="a model with a fit method"):
        EducationalTrainer("model")
    raw = builder.Sequential([builder.Dense(1, "sigmoid")])
    with pytest.raises(NotReady, match="compile"):
        EducationalTrainer(raw).train(X, y, epochs=1)


def test_a_stamped_event_without_a_start_is_taken():
    narrator = Narrator(console=Console(file=io.StringIO()))
    narrator.handle(Stamped(0, 0.0, epochs(loss=[0.5])[0]))
    narrator.close()
