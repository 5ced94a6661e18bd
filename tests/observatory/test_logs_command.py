"""`neurogebra logs`: what is stored is told, as it grows, through a resume, to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from tests.observatory.hostile import ACTS, NAME, RUN, Ticks, tell

from neurogebra.cli import main
from neurogebra.errors import RunError
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import EpochStart, TrainEnd, Verdict
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.sinks.ndjson_follow import POLL, QUIET, Tail, followed
from neurogebra.observatory.witness import epochs, losses, start

END = TrainEnd(reason="completed", epochs=1, step=10, seconds=1.0)


@pytest.fixture
def folder(tmp_path):
    """The logs of a hostile run."""
    tell(TieredStorage(tmp_path / "run"))
    return tmp_path / "run"


@pytest.fixture
def logs(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*words):
        capsys.readouterr()
        code = main(["logs", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def told(logs, *words):
    code, out, err = logs(*words)
    assert (code, err) == (0, "")
    return out.splitlines()


def test_events_are_lines_in_their_order(folder, logs):
    lines = told(logs, folder)
    kinds = ["train_start", "epoch_end", "epoch_end", "health_check", "evaluated", "train_end"]
    assert len(lines) == len(kinds) + 1
    assert all(kind in line for kind, line in zip(kinds, lines, strict=False))
    assert "loss 0.5000  accuracy 0.7000" in lines[1]
    assert "danger" in lines[3]
    debug = told(logs, folder, "--tier", "debug")
    assert len(debug) == len(RUN) - len(lines)
    assert any("gradient W norm inf mean NaN" in line for line in debug)


def test_users_text_is_inert(folder, logs):
    for words in ((), ("--tier", "debug"), ("--json",), ("--otel",), ("--layer", NAME)):
        lines = told(logs, folder, *words)
        assert lines
        for line in lines:
            assert line.isprintable(), line
            assert not any(sign in line for sign in ACTS)


def test_json_is_what_is_stored(folder, logs):
    stored = [json.loads(x) for x in (folder / "basic.log").read_text().splitlines()]
    found = [json.loads(x) for x in told(logs, folder, "--tier", "basic", "--json")]
    assert found == stored
    assert len(found) == 6
    otel = [json.loads(x) for x in told(logs, folder, "--tier", "basic", "--otel")]
    assert len(otel) == 6
    assert set(otel[0]) == {"resourceLogs"}


def test_steps_and_layers_are_chosen(folder, logs):
    steps = [json.loads(x)["step"] for x in told(logs, folder, "--since", 10, "--json")]
    assert steps == [10, 20, 20, 20, 20]
    layer = [json.loads(x) for x in told(logs, folder, "--layer", "dense_1", "--json")]
    assert [(r["step"], r["layer_name"]) for r in layer] == [(1, "dense_1"), (2, "dense_1")]
    assert told(logs, folder, "--layer", "none") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "there is no such folder"),
        ((".", "--tier", "healht"), "did you mean 'health'"),
        ((".", "--json", "--otel"), "--json or --otel"),
        ((".",), "no such log"),
        ((".", "--follow"), "no such log"),
    ],
)
def test_refusals_are_one_sentence(logs, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = logs(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_torn_last_line_is_reported_and_a_damaged_one_refused(folder, logs):
    path = folder / "basic.log"
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    code, out, err = logs(folder, "--tier", "basic")
    size = len(whole[:-30]) - whole[:-30].rindex(b"\n") - 1
    assert (code, len(out.splitlines())) == (0, 5)
    assert f"basic.log ends in an unfinished line of {size} bytes" in err
    path.write_bytes(b"{}\n" + whole)
    code, _, err = logs(folder, "--tier", "basic")
    assert code == 2
    assert "basic.log line 1: expected one event" in err
    path.write_bytes(b'{"event_type":"x","timestamp":1e300}\n')
    assert "without its time" in logs(folder, "--tier", "basic")[2]


class Reader:
    """Follows a folder by a clock of its own; between two looks the next deed is done."""

    def __init__(self, folder, *deeds):
        self.folder, self.deeds, self.now, self.torn = folder, list(deeds), 0.0, []

    def wait(self, seconds):
        self.now += seconds
        if self.deeds:
            (self.deeds.pop(0) or int)()
        assert self.now < 9 * QUIET, "it does not end"

    def read(self, *tiers):
        paths = [self.folder / f"{tier}.log" for tier in tiers or ("basic",)]
        clock = lambda: self.now  # noqa: E731
        return [
            (r["event_type"], r["step"])
            for r in followed(paths, self.torn.append, wait=self.wait, clock=clock)
        ]


def publish(storage, events, now=1e9):
    bus = Bus([storage], strict=True, clock=Ticks(now))
    for event in events:
        bus.publish(event)


def test_following_tells_each_event_once_and_ends_with_the_run(tmp_path):
    storage = TieredStorage(tmp_path)
    publish(storage, start())
    storage.flush()
    later = (*losses(0.5), *epochs(loss=[0.5]), END)
    reader = Reader(tmp_path, None, lambda: publish(storage, later), storage.flush)
    assert reader.read("basic", "debug") == [
        ("train_start", 0),
        ("batch_end", 1),
        ("epoch_end", 10),
        ("train_end", 10),
    ]
    assert reader.torn == []
    assert Reader(tmp_path).read("health") == [], "the end is told by another file"


def test_an_unfinished_line_is_waited_for(tmp_path):
    publish(TieredStorage(tmp_path, buffer_size=1), (*start(), *epochs(loss=[0.5]), END))
    path = tmp_path / "basic.log"
    whole = path.read_bytes()
    cut = whole.index(b"\n") + 40
    path.write_bytes(whole[:cut])

    def grow():
        with path.open("ab") as file:
            file.write(whole[cut:] + b'{"event_type"')

    reader = Reader(tmp_path, grow)
    assert reader.read() == [("train_start", 0), ("epoch_end", 10), ("train_end", 10)]
    assert [tuple(t) for t in reader.torn] == [("basic.log", 13)]


def test_a_line_without_its_newline_is_not_yet_a_line(tmp_path):
    publish(TieredStorage(tmp_path, buffer_size=1), (*start(), END))
    path = tmp_path / "basic.log"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])

    def grow():
        with path.open("ab") as file:
            file.write(b"\n")

    reader = Reader(tmp_path, None, grow)
    assert reader.read() == [("train_start", 0), ("train_end", 10)]
    assert reader.torn == []


def test_what_follows_the_end_is_told(tmp_path):
    storage = TieredStorage(tmp_path, buffer_size=1)
    publish(storage, (*start(), END))
    last = Verdict(status="healthy", summary="fine")
    reader = Reader(tmp_path, None, lambda: publish(storage, [last], now=2e9))
    assert [kind for kind, _ in reader.read()] == ["train_start", "train_end", "verdict"]


def test_a_run_that_is_resumed_goes_on_without_telling_twice(tmp_path):
    two = epochs(loss=[0.5, 0.4])
    storage = TieredStorage(tmp_path, buffer_size=1)
    publish(storage, (*start(), *two))

    def resume():
        again = TieredStorage(tmp_path, buffer_size=1)
        again.truncate_after(10)
        (begun,) = start()
        publish(again, (replace(begun, resumed_step=10), two[1], END), now=2e9)

    reader = Reader(tmp_path, resume)
    first = [("train_start", 0), ("epoch_end", 10), ("epoch_end", 20)]
    assert reader.read() == [*first, ("train_start", 10), ("epoch_end", 20), ("train_end", 10)]


def test_a_train_end_that_is_not_the_last_word_is_no_end(tmp_path):
    storage = TieredStorage(tmp_path, buffer_size=1)
    publish(storage, (*start(), END, *start(), EpochStart(epoch=0, epochs=1, batches=1)))
    assert 9 * POLL > QUIET
    reader = Reader(tmp_path, *[None] * 9, lambda: publish(storage, [END], now=2e9))
    assert [kind for kind, _ in reader.read()][-1] == "train_end"
    assert reader.deeds == []


def test_a_file_that_is_not_there_yet_has_no_news(tmp_path):
    assert list(Tail(tmp_path / "basic.log").news()) == []
    with pytest.raises(RunError, match="no such log"):
        list(followed([tmp_path / "basic.log"], print))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="signals are POSIX")
def test_ctrl_c_ends_following_without_a_word(tmp_path):
    publish(TieredStorage(tmp_path, buffer_size=1), start())
    code = "import sys; from neurogebra.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "logs", str(tmp_path), "--follow", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert json.loads(process.stdout.readline())["event_type"] == "train_start"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")
