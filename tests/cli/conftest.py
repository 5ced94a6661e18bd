"""The command line inside this process: words in; exit code, stdout and stderr out."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurogebra.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command ended with."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder of 80 columns, where nobody watches."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def refused(run):
    """Run a command that must be refused; return its one sentence."""

    def call(*words: object) -> str:
        found = run(*words)
        assert (found.code, found.out) == (2, ""), found
        assert found.err.startswith("error: ")
        assert found.err.count("\n") == 1, "one sentence"
        assert "Traceback" not in found.err
        return found.err

    return call


@pytest.fixture
def table(tmp_path):
    """Write a CSV file into the test's folder."""

    def write(name: str, header: list[str], rows: list[list[object]]) -> Path:
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return tmp_path / name

    return write


@pytest.fixture
def flowers(table):
    """A file of two numbers, a word and a class that follows from them."""
    rows = [
        [i % 7, i % 5 - 2, "red" if i % 3 else "blue", "yes" if i % 7 + (i % 3 > 0) > 3 else "no"]
        for i in range(105)
    ]
    return table("flowers.csv", ["x", "z", "colour", "answer"], rows)
