"""On a terminal there are colours and tables, elsewhere plain lines and CSV."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="there are no such terminals here")

COLOUR = re.compile(r"\x1b\[[\d;]*3\d[\d;]*m|\x1b\[[\d;]*9\d[\d;]*m")


def seen(*words: object, cwd, **environment: str) -> str:
    """What a command shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from neurogebra.cli import main; sys.exit(main())"]
        + [str(word) for word in words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**plain, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    assert process.wait(60) == 0, text.decode()
    return text.decode()


def lines(text: str) -> list[str]:
    """The lines that stay on the screen, without codes."""
    return [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line).rstrip("\r") for line in text.split("\n")]


def test_a_run_is_coloured_and_fits_into_80_columns(tmp_path):
    text = seen("train", "breast_cancer", "--log-level", "expert", "--out", "r", cwd=tmp_path)
    assert COLOUR.search(text)
    shown = lines(text)
    last = [line.split("\r")[-1] for line in shown]
    assert max(map(len, last)) <= 80
    assert any(line.startswith("Backward") for line in last)


def test_no_color_is_respected(tmp_path):
    assert COLOUR.search(seen("datasets", cwd=tmp_path))
    assert not COLOUR.search(seen("datasets", cwd=tmp_path, NO_COLOR="1"))


def test_predictions_are_a_table_there(run, tmp_path, flowers):
    words = ("--target", "answer", "--epochs", 5, "--quiet", "--out", "r")
    assert run("train", flowers, *words).code == 0
    shown = [line.split() for line in lines(seen("predict", "r", flowers, cwd=tmp_path))]
    assert shown[0] == ["row", "answer", "probability", "actual"]
    assert ["…", "and", "55", "more", "rows;", "--out", "FILE", "writes", "them", "all"] in shown
    assert any(line[:1] == ["accuracy"] for line in shown)
