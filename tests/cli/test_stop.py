"""Ctrl-C and SIGKILL in mid-run: the folder is whole, and a resumed run ends like one unstopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neurogebra.observatory.sinks.ndjson import read
from neurogebra.training.arrays import load_arrays

RUN = ("breast_cancer", "--epochs", "300", "--patience", "0", "--seed", "7", "--quiet")
# Checkpoints come so often only here, for the sake of a short test.
CODE = (
    "import sys; from neurogebra.training import runner; runner.EVERY = 0.05; "
    "from neurogebra.cli import main; sys.exit(main(sys.argv[1:]))"
)
FOLDER = {
    "basic.log",
    "health.log",
    "debug.log",
    "dashboard.html",
    "fingerprint.json",
    "run.json",
    "checkpoints",
}


def start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, "train", *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def when(condition, seconds=30.0):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def epochs_in(folder: Path) -> int:
    path = folder / "basic.log"
    return path.read_bytes().count(b'"epoch_end"') if path.exists() else 0


def rows(folder: Path) -> list[tuple[object, ...]]:
    """What the log says of epochs, without the time they took."""
    ends = [r for r in read(folder / "basic.log") if r["event_type"] == "epoch_end"]
    return [(r["epoch"], r["step"], r["data"]["metrics"], r["data"]["best"]) for r in ends]


def model(folder: Path) -> bytes:
    return (folder / "model" / "weights.safetensors").read_bytes()


def last_state(folder: Path):
    path = max((folder / "checkpoints").iterdir())
    arrays, rest = load_arrays(path)
    return path.name, {n: a.tobytes() for n, a in arrays.items()}, rest


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same run, never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    code, _, err = told(start(*RUN, "--out", "r", cwd=folder))
    assert code == 0, err
    return folder / "r"


def require_the_same(folder: Path, whole: Path) -> None:
    found = rows(folder)
    assert [row[0] for row in found] == list(range(300)), "an epoch is missing or told twice"
    assert found == rows(whole)
    assert model(folder) == model(whole)
    assert last_state(folder) == last_state(whole)
    steps = [r["step"] for r in read(folder / "debug.log") if r["event_type"] == "batch_end"]
    assert steps == list(range(1, 300 * 12 + 1))


def test_ctrl_c_leaves_a_whole_folder_that_goes_on_bit_for_bit(tmp_path, whole):
    folder = tmp_path / "a run"
    process = start(*RUN, "--out", folder.name, cwd=tmp_path)
    when(lambda: epochs_in(folder) > 20)
    process.send_signal(signal.SIGINT)
    code, out, err = told(process)
    assert code == 130
    assert err == f"interrupted; to go on: neurogebra train --resume '{folder.name}'\n"
    assert "Traceback" not in out + err
    assert {p.name for p in folder.iterdir()} == FOLDER
    for log in ("basic", "health", "debug"):
        assert read(folder / f"{log}.log").torn == b""
    basic = read(folder / "basic.log")
    assert basic[-1]["event_type"] == "train_end"
    assert basic[-1]["data"]["reason"] == "interrupted"
    stopped = len(rows(folder))
    assert 20 < stopped < 300, "it was over before the signal came"
    code, _, err = told(start("--resume", str(folder), "--quiet", cwd=tmp_path))
    assert (code, err) == (0, "")
    require_the_same(folder, whole)
    page = (folder / "dashboard.html").read_text("utf-8")
    assert "interrupted" not in page


def test_sigkill_loses_at_most_what_came_after_the_last_checkpoint(tmp_path, whole):
    folder = tmp_path / "r"
    process = start(*RUN, "--out", "r", cwd=tmp_path)
    when(lambda: epochs_in(folder) > 20 and any((folder / "checkpoints").glob("step-*")))
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    killed = epochs_in(folder)
    assert killed < 300, "it was over before the signal came"
    code, _, err = told(start("--resume", str(folder), "--quiet", cwd=tmp_path))
    assert (code, err) == (0, "")
    require_the_same(folder, whole)


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    """The first one is answered after the update that goes on, which may be a long one."""
    words = ("spirals", "--epochs", "100000", "--patience", "0", "--layers", "2048,2048")
    process = start(*words, "--batch-size", "1000", "--out", "r", "--quiet", cwd=tmp_path)
    when(lambda: (tmp_path / "r" / "basic.log").exists())
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, _, err = told(process)
    assert code == 130
    assert "Traceback" not in err


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="signals of groups are POSIX")
def test_a_polite_end_is_heard_like_ctrl_c(tmp_path):
    process = start(*RUN, "--out", "r", cwd=tmp_path)
    when(lambda: epochs_in(tmp_path / "r") > 5)
    process.terminate()
    code, _, err = told(process)
    assert code == 130
    assert "--resume r" in err
