"""The three logs: every event once, one line each, strict JSON, and no crash loses a whole one."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogebra.errors import BadValue, Corrupt, RunError
from neurogebra.observatory.events import (
    NOTHING,
    Alert,
    BatchEnd,
    CheckpointSaved,
    EpochEnd,
    EpochStart,
    Evaluated,
    LayerInfo,
    LayerSeen,
    Level,
    ModeSeen,
    Note,
    SinkFailed,
    Stamped,
    Stats,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.sinks import ndjson
from neurogebra.observatory.sinks.ndjson import Log, TieredStorage, read
from neurogebra.observatory.sinks.ndjson_events import stored_events

HOSTILE = "[red]x[/red] \x1b[2J a\r\nb \u2028c\u2029d\x85e \x00 \ud800 " + "z" * 3000
DENSE = LayerInfo(
    name="dense_1",
    type="Dense",
    formula="a1 = relu(x·W1 + b1)",
    gradient=("∂L/∂W1 = xᵀ·δ1",),
    in_shape=(30,),
    out_shape=(64,),
    params=1984,
)
STATS = Stats(size=4, mean=0.1, std=0.2, min=-1.0, max=1.0, norm=2.0)


def start(**changed):
    base = {"name": "m", "engine": "numpy", "seed": 0, "epochs": 3, "batches": 2}
    base |= {"train_rows": 8, "val_rows": 2, "layers": (DENSE,), "params": 1984}
    return TrainStart(**(base | changed))


def batch(step, loss=0.5):
    return BatchEnd(epoch=(step - 1) // 2, batch=(step - 1) % 2, step=step, rows=4, loss=loss)


def seen(step):
    at = {"epoch": 0, "batch": 0, "step": step, "index": 0, "layer": "dense_1"}
    return LayerSeen(**at, site="forward", shape=(4, 64), stats=STATS, activation="relu")


def epoch_end(epoch, loss=0.5):
    metrics = {"loss": loss, "accuracy": 0.9}
    at = {"epoch": epoch, "step": 2 * epoch + 2, "learning_rate": 0.01, "seconds": 0.1}
    return EpochEnd(**at, metrics=metrics)


def alert(**changed):
    base = {"rule": "nan_inf_loss", "severity": "critical", "message": "NaN"}
    return Alert(**(base | changed))


def three_epochs(first=0):
    """A run of three epochs of two steps, from the given epoch on."""
    yield start(resumed_step=2 * first)
    for epoch in range(first, 3):
        yield EpochStart(epoch=epoch, epochs=3, batches=2)
        for step in (2 * epoch + 1, 2 * epoch + 2):
            yield seen(step)
            yield batch(step)
        yield epoch_end(epoch)
        yield CheckpointSaved(epoch=epoch, step=2 * epoch + 2, what="last", path="p")
    yield TrainEnd(reason="completed", epochs=3, step=6, seconds=1.0)


def stamp(events):
    return [Stamped(i, 1_700_000_000.0 + i, event) for i, event in enumerate(events)]


def store(folder, events, **options):
    storage = TieredStorage(folder, **options)
    for stamped in stamp(events):
        storage.handle(stamped)
    return storage


def kinds(log):
    return [record["event_type"] for record in log]


def test_each_event_goes_to_its_tier(tmp_path):
    events = [start(), EpochStart(epoch=0, epochs=1, batches=1), seen(1), batch(1), epoch_end(0)]
    events += [alert(), SinkFailed(sink="dashboard", error="disk full")]
    events += [CheckpointSaved(epoch=0, step=1, what="best", path="p"), Note(message="n")]
    events += [TrainEnd(reason="completed", epochs=1, step=1, seconds=1.0)]
    events += [Evaluated(split="test", rows=3, metrics={}), Verdict(status="healthy", summary="s")]
    storage = store(tmp_path, events)
    basic = "train_start epoch_start epoch_end checkpoint note train_end evaluated verdict"
    assert kinds(storage.read_basic()) == basic.split()
    assert kinds(storage.read_health()) == ["health_check", "sink_failed"]
    assert kinds(storage.read_debug()) == ["layer_seen", "batch_end"]
    assert (storage.basic_count, storage.health_count, storage.debug_count) == (8, 2, 2)
    summary = storage.summary()
    assert summary["total_events"] == len(events)
    for tier in ("basic", "health", "debug"):
        size = (tmp_path / f"{tier}.log").stat().st_size
        assert summary[tier] == {"events": getattr(storage, f"{tier}_count"), "size_bytes": size}


def test_a_line_has_the_documented_keys(tmp_path):
    storage = store(tmp_path, [epoch_end(0)])
    storage.close()
    record = json.loads((tmp_path / "basic.log").read_text())
    assert record["event_type"] == "epoch_end"
    assert record["level"] == "BASIC"
    assert record["timestamp"] == 1_700_000_000.0
    assert (record["seq"], record["epoch"], record["step"]) == (0, 0, 2)
    assert (record["severity"], record["message"]) == ("info", "Epoch 1 done")
    assert record["data"]["metrics"] == {"loss": 0.5, "accuracy": 0.9}


def test_all_three_files_exist_once_opened(tmp_path):
    TieredStorage(tmp_path / "deep" / "er", write_debug=False)
    names = sorted(p.name for p in (tmp_path / "deep" / "er").iterdir())
    assert names == ["basic.log", "debug.log", "health.log"]


def test_without_debug_nothing_of_the_debug_tier_is_asked_for_or_written(tmp_path):
    storage = store(tmp_path, three_epochs(), write_debug=False)
    assert storage.level == Level.BASIC
    assert storage.debug_count == 0
    assert not storage.read_debug()
    assert storage.basic_count == 11


def test_lines_wait_in_the_buffer_but_alerts_and_epochs_do_not(tmp_path):
    debug, health = tmp_path / "debug.log", tmp_path / "health.log"
    storage = TieredStorage(tmp_path, buffer_size=3)
    for i in range(2):
        storage.handle(Stamped(i, 0.0, batch(i + 1)))
    assert debug.read_bytes() == b""
    storage.handle(Stamped(2, 0.0, batch(3)))
    assert len(debug.read_bytes().splitlines()) == 3
    storage.handle(Stamped(3, 0.0, batch(4)))
    storage.handle(Stamped(4, 0.0, alert()))
    assert len(health.read_bytes().splitlines()) == 1
    assert len(debug.read_bytes().splitlines()) == 4, "what led to the alert is on disk with it"
    storage.handle(Stamped(5, 0.0, batch(5)))
    storage.handle(Stamped(6, 0.0, epoch_end(1)))
    assert len(debug.read_bytes().splitlines()) == 5


def test_the_documented_backend_stores_log_events(tmp_path):
    storage = TieredStorage(tmp_path)
    event = SimpleNamespace(
        event_type="layer_forward",
        level=4,
        timestamp=12.5,
        epoch=1,
        batch=7,
        layer_name="dense_0",
        layer_index=0,
        data={"output": np.arange(3.0), "norm": np.float32(2.0), "bad": math.nan},
        severity="info",
        message="",
    )
    storage.handle_event(event)
    storage.handle_event(SimpleNamespace(**{**vars(event), "severity": "danger"}))
    storage.handle_event(SimpleNamespace(**{**vars(event), "event_type": "train_start"}))
    (record,) = storage.read_debug()
    assert (record["layer_name"], record["layer_index"], record["batch"]) == ("dense_0", 0, 7)
    assert (record["level"], record["timestamp"], record["epoch"]) == ("DEBUG", 12.5, 1)
    assert record["data"]["output"] == [0.0, 1.0, 2.0]
    assert record["data"]["norm"] == 2.0
    assert math.isnan(record["data"]["bad"])
    assert (storage.basic_count, storage.health_count) == (1, 1)
    assert [r["seq"] for r in (*storage.read_debug(), *storage.read_health())] == [0, 1]


def test_hostile_text_stays_inside_its_line(tmp_path):
    storage = store(tmp_path, [Note(message=HOSTILE), alert(message=HOSTILE, layer=HOSTILE)])
    storage.close()
    for name in ("basic.log", "health.log"):
        text = (tmp_path / name).read_bytes().decode("ascii")
        assert len(text.splitlines()) == 1
        assert "\x1b" not in text
    assert storage.read_basic()[0]["message"] == HOSTILE
    assert storage.read_health()[0]["layer_name"] == HOSTILE


@given(st.lists(st.sampled_from("behcns"), max_size=40), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_as_many_come_out_as_go_in(tmp_path_factory, plan, buffer_size):
    make = {"b": batch(1), "e": epoch_end(0), "h": alert(step=1), "s": seen(2)}
    make |= {"n": Note(message=HOSTILE), "c": batch(2, loss=math.nan)}
    events = [make[letter] for letter in plan]
    storage = store(tmp_path_factory.mktemp("logs"), events, buffer_size=buffer_size)
    logs = storage.read_basic() + storage.read_health() + storage.read_debug()
    assert sorted(record["seq"] for record in logs) == list(range(len(events)))
    assert storage.summary()["total_events"] == len(events)
    storage.close()
    again = [stamped.event for stamped in stored_events(storage.base_dir)]
    assert [repr(event) for event in again] == [repr(event) for event in events]


def whole(text: bytes) -> int:
    """How many events `text` holds, told without the reader: closed objects on their lines."""
    return sum(
        line.endswith(b"}") and line.count(b"{") == line.count(b"}") for line in text.split(b"\n")
    )


def check_every_cut(folder, reader):
    """Cut a log at every byte of its last two events: nothing whole is lost, nothing is silent."""
    storage = store(folder, [batch(1), batch(2, math.nan), Note(message="n"), batch(3), seen(4)])
    storage.close()
    path = folder / "debug.log"
    text = path.read_bytes()
    first = text[:-1].rfind(b"\n", 0, text[:-1].rfind(b"\n")) + 1
    assert len(text) - first > 300, "too few places to cut"
    for cut in range(first, len(text) + 1):
        path.write_bytes(text[:cut])
        log = reader(path)
        tail = text[:cut].rsplit(b"\n", 1)[1]
        complete = whole(text[:cut])
        assert len(log) == complete
        assert log.torn == (b"" if tail.endswith(b"}") and whole(tail) else tail)


def test_a_cut_anywhere_loses_no_whole_event(tmp_path):
    check_every_cut(tmp_path, read)


def test_tooth_a_reader_that_skips_bad_lines_fails_the_cut(tmp_path):
    def silent(path):
        log = Log()
        for line in path.read_bytes().splitlines():
            try:
                log.append(json.loads(line))
            except ValueError:
                continue
        return log

    with pytest.raises(AssertionError):
        check_every_cut(tmp_path, silent)


def test_a_damaged_line_in_the_middle_is_an_error_that_names_it(tmp_path):
    storage = store(tmp_path, [batch(1), batch(2), batch(3)])
    storage.close()
    path = tmp_path / "debug.log"
    lines = path.read_bytes().splitlines(keepends=True)
    for damage in (
        b'{"event_type":\n',
        b"\n",
        b"\xff\n",
        b"[1]\n",
        b"NaN\n",
        b"[" * 99_999 + b"\n",
    ):
        path.write_bytes(lines[0] + damage + lines[2])
        with pytest.raises(Corrupt, match=r"debug\.log line 2: expected one event"):
            read(path)


def test_a_missing_log_and_a_folder_that_cannot_be(tmp_path):
    with pytest.raises(RunError, match="no such log"):
        read(tmp_path / "basic.log")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no folder for logs"):
        TieredStorage(tmp_path / "file")
    for size in (0, "ten"):
        with pytest.raises(BadValue, match="buffer_size: expected int ≥ 1"):
            TieredStorage(tmp_path, buffer_size=size)


def test_closed_means_closed(tmp_path):
    storage = store(tmp_path, [batch(1)])
    storage.close()
    storage.close()
    with pytest.raises(RunError, match="closed"):
        storage.handle(Stamped(1, 0.0, batch(2)))
    assert len(storage.read_debug()) == 1
    assert storage.summary()["total_events"] == 1


def test_a_folder_with_logs_is_continued(tmp_path):
    store(tmp_path, [batch(1), Note(message="a")]).close()
    storage = store(tmp_path, [batch(2), Note(message="b"), alert()])
    assert [r["seq"] for r in storage.read_debug()] == [0, 2]
    assert [r["seq"] for r in storage.read_basic()] == [1, 3]
    assert [r["seq"] for r in storage.read_health()] == [4]
    assert storage.summary()["total_events"] == 5


@pytest.mark.parametrize("cut", [1, 20, 2])
def test_a_torn_line_is_taken_off_and_reported_when_the_log_goes_on(tmp_path, cut):
    store(tmp_path, [batch(1), batch(2)]).close()
    path = tmp_path / "debug.log"
    text = path.read_bytes()
    path.write_bytes(text[:-cut])
    storage = store(tmp_path, [batch(3)])
    steps = [r["step"] for r in storage.read_debug()]
    if cut == 1:  # only its newline was missing
        assert steps == [1, 2, 3]
        assert not storage.read_health()
    else:
        assert steps == [1, 3]
        (report,) = storage.read_health()
        assert report["event_type"] == "log_repaired"
        assert report["data"]["torn"] in repr(text[text.index(b"\n") + 1 : -cut])
    assert not storage.read_debug().torn


def story(folder):
    """What the logs tell, without the times and the numbers of the lines."""
    return {
        name: [(r["event_type"], r["step"], r["epoch"]) for r in read(folder / f"{name}.log")]
        for name in ("basic", "debug")
    }


@pytest.mark.parametrize("more", [0, 1, 3, 9])
def test_a_run_that_stops_and_resumes_tells_the_same_story(tmp_path, more):
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    store(straight, three_epochs()).close()
    events = list(three_epochs())
    saved = next(i for i, e in enumerate(events) if e.kind == "checkpoint" and e.step == 4)
    store(broken, events[: saved + 1 + more]).close()
    storage = TieredStorage(broken)
    before = storage.summary()["total_events"]
    dropped = storage.truncate_after(4)
    assert dropped == min(more, len(events) - saved - 1)
    assert storage.summary()["total_events"] == before - dropped
    for stamped in stamp(three_epochs(first=2)):
        storage.handle(stamped)
    storage.close()
    told = story(broken)
    told["basic"].remove(("train_start", 4, None))
    assert told == story(straight)


def test_tooth_without_truncation_rows_are_doubled(tmp_path):
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    store(straight, three_epochs()).close()
    store(broken, list(three_epochs())[:-3]).close()
    store(broken, three_epochs(first=2)).close()
    told = story(broken)
    told["basic"].remove(("train_start", 4, None))
    assert told != story(straight)


def test_truncation_replaces_a_file_whole_or_not_at_all(tmp_path, monkeypatch):
    storage = store(tmp_path, three_epochs())
    storage.flush()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def lost(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", lost)
    with pytest.raises(RunError, match="Input/output error"):
        storage.truncate_after(2)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    monkeypatch.undo()
    assert storage.truncate_after(99) == 0
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    storage.close()


def test_truncation_refuses_a_damaged_log(tmp_path):
    storage = store(tmp_path, three_epochs())
    storage.flush()
    path = tmp_path / "basic.log"
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(Corrupt, match="line 1"):
        storage.truncate_after(2)
    storage.close()


ODD = (0.0, -0.0, 5e-324, 1.7e308, math.nan, -math.inf, np.float64(0.1), np.float32(0.1), 3, True)


def general(folder, events):
    """The lines of the general encoder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson, "QUICK", {})
        store(folder, events).close()
    return (folder / "debug.log").read_text()


@given(st.lists(st.sampled_from(ODD), min_size=9, max_size=9), st.text(max_size=5), st.booleans())
@settings(max_examples=50, deadline=None)
def test_the_quick_lines_are_those_of_the_general_encoder(tmp_path_factory, numbers, text, long):
    mean, std, low, high, norm, zeros, idle, loss, seconds = numbers
    of = {"mean": mean, "std": std, "min": low, "max": high, "norm": norm, "zero_pct": zeros}
    stats = Stats(size=np.int64(4) if long else 4, **of, idle_pct=idle if long else None)
    at = {"epoch": 0, "batch": 0, "step": 1}
    array = {"index": 0, "layer": text, "site": "forward", "shape": (4, np.int64(6))[: 1 + long]}
    rare = {"rank": idle, text: seconds} if long else NOTHING
    told = {"histogram": (1, 2) if long else (), "rare": rare}
    events = [
        LayerSeen(**at, **array, stats=stats, param=text, **told),
        BatchEnd(**at, rows=4, loss=loss, metrics={text: mean} if long else {}, seconds=seconds),
    ]
    folder = tmp_path_factory.mktemp("logs")
    store(folder / "quick", events).close()
    assert (folder / "quick" / "debug.log").read_text() == general(folder / "general", events)


def test_tooth_a_quick_line_that_differs_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(ndjson.QUICK, BatchEnd, lambda *said: '{"event_type":"batch_end"}')
    store(tmp_path / "quick", [batch(1)]).close()
    quick = (tmp_path / "quick" / "debug.log").read_text()
    assert quick != general(tmp_path / "general", [batch(1)])


def test_what_is_as_it_is_by_default_is_left_out_and_read_again(tmp_path):
    store(tmp_path, [seen(1), batch(2)]).close()
    lines = (tmp_path / "debug.log").read_text().splitlines()
    array, update = (record["data"] for record in map(json.loads, lines))
    assert list(array) == ["site", "shape", "stats", "activation"]
    assert list(array["stats"]) == ["size", "mean", "std", "min", "max", "norm"]
    assert list(update) == ["rows", "loss"]
    assert [s.event for s in stored_events(tmp_path)] == [seen(1), batch(2)]


def test_what_is_taken_now_and_then_is_read_again(tmp_path):
    events = [
        replace(seen(1), rare={"rank": 3.25, "kurtosis": 0.5}),
        replace(seen(2), rare={"overlap": -1e-9, "spread": 1e-3}),
        ModeSeen(epoch=0, step=2, layer="dropout", passes=3),
        replace(epoch_end(0), waited=0.25),
    ]
    store(tmp_path, events).close()
    assert [s.event for s in stored_events(tmp_path)] == events


def waited(path, lines):
    end = time.monotonic() + 5
    while len(path.read_bytes().splitlines()) < lines and time.monotonic() < end:
        time.sleep(0.01)
    return len(path.read_bytes().splitlines())


def test_lines_are_written_by_themselves_when_nothing_follows(tmp_path):
    storage = TieredStorage(tmp_path, every=0.02)
    storage.handle(Stamped(0, 0.0, batch(1)))
    assert waited(tmp_path / "debug.log", 1) == 1
    storage.close()
    with pytest.raises(BadValue, match="every: expected seconds > 0"):
        TieredStorage(tmp_path, every=0)


def threads():
    return [t for t in threading.enumerate() if t.name == "logs"]


def test_the_thread_ends_with_the_storage_or_when_it_is_forgotten(tmp_path):
    before = set(threads())  # of other tests, which may end at any time
    storage = store(tmp_path / "a", [batch(1)], every=0.02)
    lost = store(tmp_path / "b", [batch(1)], every=0.02)
    assert len({*threads()} - before) == 2
    storage.close()
    assert len({*threads()} - before) == 1
    del lost
    end = time.monotonic() + 5
    while {*threads()} - before and time.monotonic() < end:
        time.sleep(0.01)
    assert not {*threads()} - before


def test_what_the_thread_cannot_write_is_raised_by_the_next_line(tmp_path):
    storage = TieredStorage(tmp_path / "r", every=0.02)
    storage.handle(Stamped(0, 0.0, batch(1)))
    assert waited(tmp_path / "r" / "debug.log", 1) == 1
    (tmp_path / "r" / "debug.log").unlink()
    (tmp_path / "r" / "debug.log").mkdir()
    storage.handle(Stamped(1, 0.0, batch(2)))
    with pytest.raises(RunError, match=r"debug\.log: cannot be written"):
        many(storage)


def many(storage):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        storage.handle(Stamped(2, 0.0, batch(3)))
        time.sleep(0.01)


KILLED = """
import sys, time
from pathlib import Path
from neurogebra.observatory.events import BatchEnd, Stamped
from neurogebra.observatory.sinks.ndjson import TieredStorage
storage = TieredStorage(sys.argv[1], buffer_size=10**6, every=0.05)
for i in range(10**9):
    storage.handle(Stamped(i, 0.0, BatchEnd(epoch=0, batch=i, step=i + 1, rows=1, loss=0.5)))
"""


def test_a_process_that_is_killed_leaves_whole_lines_up_to_the_last_moment(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    try:
        path, end = tmp_path / "debug.log", time.monotonic() + 30
        while not (path.exists() and path.stat().st_size > 1e6) and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    log = read(path)
    assert [r["step"] for r in log] == list(range(1, len(log) + 1))
    assert len(log) > 1000
    again = TieredStorage(tmp_path)
    assert again.debug_count == len(log)
    assert again.health_count == (log.torn != b"")
    again.close()
