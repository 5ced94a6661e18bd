"""A stored run that neither goes on nor has ended is told, once it has long been silent."""

from __future__ import annotations

import time

import pytest

from neurogebra.cli import main
from neurogebra.observatory.events import Stamped, TrainEnd
from neurogebra.observatory.replay import silence
from neurogebra.observatory.rule import Thresholds
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.witness import epochs, losses, start

END = TrainEnd(reason="completed", epochs=1, step=10, seconds=1.0)
TOLD = "the run has not ended and nothing was heard of it for"


def stored(folder, *events, at=None):
    storage = TieredStorage(folder)
    for i, event in enumerate(events):
        storage.handle(Stamped(i, (time.time() if at is None else at) + i, event))
    storage.close()
    return folder


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1700.0, ""), (1860.0, "31 minutes"), (9000.0, "2 hours"), (400_000.0, "5 days")],
)
def test_a_run_without_an_end_is_silent_from_half_an_hour_on(tmp_path, seconds, words):
    folder = stored(tmp_path, *start(), *losses(*[0.7] * 20), at=1e9)
    said = silence(folder, now=1e9 + 20 + seconds)
    assert (f"{TOLD} {words}" in said) if words else said == ""


def test_the_latest_event_of_any_log_counts_and_the_threshold_is_one_of_all(tmp_path):
    stored(tmp_path, *start(), *epochs(loss=[0.7] * 3), at=1e9)
    assert silence(tmp_path, Thresholds(silent_seconds=5.0), now=1e9 + 9)
    assert not silence(tmp_path, Thresholds(silent_seconds=15.0), now=1e9 + 9)


def test_a_run_that_has_ended_is_never_silent_and_one_that_goes_on_may_be(tmp_path):
    ended = stored(tmp_path / "a", *start(), *losses(0.7), END, at=1e9)
    assert silence(ended) == ""
    resumed = stored(tmp_path / "b", *start(), *losses(0.7), END, *start(), at=1e9)
    assert TOLD in silence(resumed)
    assert silence(tmp_path) == "", "there are no logs"


def test_an_unfinished_last_line_is_passed_over(tmp_path):
    stored(tmp_path, *start(), *losses(*[0.7] * 20), at=1e9)
    with (tmp_path / "debug.log").open("ab") as file:
        file.write(b'{"event_type": "batch_end", "timest')
    assert TOLD in silence(tmp_path)


def test_diagnose_and_logs_say_it_in_a_sentence(tmp_path, capsys):
    old = stored(tmp_path / "old", *start(), *losses(*[0.7] * 20), at=1e9)
    new = stored(tmp_path / "new", *start(), *losses(*[0.7] * 20))
    for folder, expected in ((old, True), (new, False)):
        assert main(["diagnose", str(folder)]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert (TOLD in said) is expected
        assert main(["logs", str(folder)]) == 0
        told = capsys.readouterr()
        assert (TOLD in " ".join(told.err.split())) is expected
        assert TOLD not in told.out
