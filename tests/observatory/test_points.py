"""The rows of numbers behind every export: none lost, none invented, each at its update."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.observatory.hostile import ACTS, NAME, RUN, records

from neurogebra.observatory.events import BatchEnd, EpochEnd, Evaluated, LayerSeen, Stamped
from neurogebra.observatory.recorder import TrainingLogger
from neurogebra.observatory.sinks.points import STATISTICS, path, points
from neurogebra.observatory.verbs import LogEvent
from neurogebra.observatory.witness import epochs, losses, seen

OF_UNITS = ("dead_pct", "saturated_pct", "idle_pct", "row_std")


def test_a_run_gives_every_metric_and_statistic_once():
    found = [(p.step, p.group, p.layer, p.param, p.statistic, p.value) for p in points(records())]
    wanted = []
    for e in RUN:
        match e:
            case BatchEnd():
                wanted += [(e.step, "batch", "", "", "loss", e.loss)]
                wanted += [(e.step, "batch", "", "", "seconds", e.seconds)]
            case EpochEnd():
                values = {**e.metrics, "learning_rate": e.learning_rate, "seconds": e.seconds}
                wanted += [(e.step, "epoch", "", "", k, v) for k, v in values.items()]
            case LayerSeen():
                names = STATISTICS if e.site == "forward" else STATISTICS[: -len(OF_UNITS)]
                known = {n: getattr(e.stats, n) for n in names}
                wanted += [
                    (e.step, e.site, e.layer, e.param, n, float(v))
                    for n, v in known.items()
                    if v is not None
                ]
    wanted += [(20, "test", "", "", "loss", 0.45)]
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))
    assert len(found) > 40, "too few numbers: the law would be vacuous"
    assert STATISTICS[-len(OF_UNITS) :] == OF_UNITS


def test_what_is_taken_now_and_then_is_told_beside_the_statistics():
    (event,) = seen("forward", (1.0,))
    (epoch,) = epochs(loss=[1.0])
    rare = replace(event, rare={"rank": 3.0, "kurtosis": 0.5})
    stamped = [Stamped(0, 0.0, e) for e in (rare, replace(epoch, waited=0.25))]
    found = {p.statistic: p.value for p in points(map(LogEvent.of, stamped))}
    assert (found["rank"], found["kurtosis"], found["waited"]) == (3.0, 0.5, 0.25)


def by_hand(level):
    logger = TrainingLogger(level, strict=True)
    logger.on_train_start(total_epochs=2)
    for epoch in range(2):
        logger.on_epoch_start(epoch)
        for batch in range(3):
            logger.on_gradient_computed("dense_0", [3.0, 4.0])
            logger.on_batch_end(batch, loss=0.5, metrics={"note": "text", "ok": True})
        logger.on_epoch_end(epoch, metrics={"loss": 0.25})
    return list(points(logger.get_event_log()))


def test_records_without_steps_are_counted():
    found = by_hand("expert")
    assert [p.step for p in found if p.group == "batch"] == [1, 2, 3, 4, 5, 6]
    norms = [p for p in found if p.statistic == "norm"]
    assert [(p.step, p.value) for p in norms] == [(i, 5.0) for i in range(1, 7)]
    assert [p.step for p in found if p.group == "epoch"] == [3, 6]
    assert {p.statistic for p in found} & {"note", "ok"} == set()
    assert [p.step for p in by_hand("basic")] == [1, 2], "epochs, where no batch was kept"


def test_a_late_word_is_of_its_own_step_and_what_follows_does_not_go_back():
    late = (*losses(0.5, 0.4, 0.3), *seen("gradient", (1.0,)))
    end = Evaluated(split="test", rows=1, metrics={"loss": 0.1})
    found = {(p.group, p.step) for p in points(records((*late, end)))}
    assert found == {("batch", 1), ("batch", 2), ("batch", 3), ("gradient", 1), ("test", 3)}


def test_a_path_is_one_line_and_its_slashes_are_its_own():
    text = path((NAME, "W"))
    assert text.count("/") == 1
    assert not any(sign in text for sign in (*ACTS, "\n"))
    assert text.isprintable()


def test_numbers_that_are_none_are_none():
    record = LogEvent(event_type="epoch_end", level=1, timestamp=0.0, epoch=0, data={"metrics": 3})
    assert list(points([record])) == []
    nan = LogEvent(
        event_type="batch_end", level=2, timestamp=0.0, data={"step": 7, "loss": math.nan}
    )
    (only,) = points([nan])
    assert (only.step, math.isnan(only.value)) == (7, True)
